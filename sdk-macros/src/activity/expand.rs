//! What is generated for activities.

use super::check::{Activity, Function};
use super::parse::Set;
use crate::errors::Errors;
use crate::path::{hidden, local};
use crate::payload::{
    call_type, codec, failure_call, failure_function, fallible, fallible_ok, into_result, output_item, run_function,
    typed_call,
};
use crate::signature::{
    arguments, conditions, input_pattern, input_type, kept_attributes, locals, sent_tuple, sent_types, tuple_type,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Generics, Type};

/// A free function: a type of the same name beside it, and what the type knows.
pub(super) fn function(function: &Function, errors: Errors) -> TokenStream {
    let activity = &function.activity;
    let (marker, visibility) = (&function.marker, &function.visibility);
    let conditions = conditions(&activity.attributes);
    let docs = if function.is_marker_public {
        let text = format!(" The activity [`{0}`]({0}()), as a type.", activity.function);
        quote!(#[doc = #text] #[allow(dead_code)])
    } else {
        quote!(#[doc(hidden)] #[allow(non_camel_case_types, dead_code)])
    };
    let items = if activity.is_callable {
        let errors = errors.into_items();
        let definition = definition(activity, &quote!(#marker), &Generics::default());
        let implementation = implementation(activity, marker);
        quote!(#errors #definition #implementation)
    } else {
        let mistake = errors.into_items_and_type();
        let definition = mistaken_definition(activity, &quote!(#marker), &Generics::default());
        quote!(#mistake #definition)
    };
    let hidden = hidden(function.krate.as_ref(), &items);
    quote! {
        #(#conditions)*
        #docs
        #visibility enum #marker {}
        #(#conditions)*
        #hidden
    }
}

/// `impl Activity`.
pub(super) fn definition(activity: &Activity, marker: &TokenStream, generics: &Generics) -> TokenStream {
    // Not callable without one, so nothing is asked of it.
    let Some(output) = &activity.output else {
        return TokenStream::new();
    };
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let name = &activity.name;
    let input = input_type(&activity.parameters);
    let (ok, err) = (output_item(output), fallible(output, "Err"));
    let timeout = timeout(activity);
    let defaults = activity
        .options
        .defaults()
        .map(|body| quote!(fn defaults() -> __sf::ActivityOptions { #body }));
    let codec = codec(&activity.parameters);
    let failure = failure_function(output);
    quote! {
        #[automatically_derived]
        impl #impl_generics __sf::Activity for #marker #where_clause {
            const NAME: &'static str = #name;
            type Input = #input;
            #ok
            type Error = #err;
            type Timeout = #timeout;
            #defaults
            #codec
            #failure
        }
    }
}

/// `impl Activity` for a function with a mistake: everything fits it, so that its uses are not reported as well.
fn mistaken_definition(activity: &Activity, marker: &TokenStream, generics: &Generics) -> TokenStream {
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let name = &activity.name;
    quote! {
        #[automatically_derived]
        impl #impl_generics __sf::Activity for #marker #where_clause {
            const NAME: &'static str = #name;
            type Input = __Mistake;
            type Output = __Mistake;
            type Error = __Mistake;
            type Timeout = __sf::CloseTimeoutSet;
            fn encode(_: &Self::Input, _: &__sf::Converter) -> __sf::Result<__sf::Payloads, __sf::EncodeError> { loop {} }
            fn decode(
                _: __sf::Option<&__sf::Payloads>,
                _: &__sf::Converter,
            ) -> __sf::Result<Self::Input, __sf::DecodeError> { loop {} }
            fn failure(_: Self::Error, _: &__sf::Converter) -> __sf::Failure { loop {} }
        }
        #[automatically_derived]
        impl #impl_generics __sf::ActivityImplementation for #marker #where_clause {
            fn run(
                _: __sf::ActivityContext,
                _: Self::Input,
            ) -> __sf::BoxFuture<__sf::Result<Self::Output, __sf::Failure>> { loop {} }
        }
    }
}

/// `impl ActivityImplementation`: how the worker calls a free function.
fn implementation(activity: &Activity, marker: &Ident) -> TokenStream {
    let pattern = input_pattern(&activity.parameters);
    let function = &activity.function;
    let context = local("context");
    let body = call(activity, &quote!(#function), None, &quote!(Self));
    let output = activity.output.as_ref().map(fallible_ok);
    let inputs = quote!(#context: __sf::ActivityContext, #pattern: Self::Input);
    let result = quote!(__sf::Result<#output, __sf::Failure>);
    let run = run_function(activity.output.as_ref(), &inputs, &result, body);
    quote! {
        #[automatically_derived]
        impl __sf::ActivityImplementation for #marker {
            #run
        }
    }
}

/// The call of the user's function, as a boxed future: on the runtime, or on the blocking pool.
fn call(activity: &Activity, function: &TokenStream, this: Option<&Ident>, marker: &TokenStream) -> TokenStream {
    let (context, converter) = (local("context"), local("converter"));
    let error = local("error");
    let context_argument = activity.context.as_ref().map(|written| {
        if written.by_reference {
            quote!(&#context,)
        } else {
            quote!(#context,)
        }
    });
    let this = this.map(|this| quote!(&*#this,));
    let arguments = arguments(&activity.parameters);
    let call = quote!(#function(#this #context_argument #arguments));
    let call = if activity.is_async { quote!(#call.await) } else { call };
    let body = activity.output.as_ref().map(|output| {
        let result = into_result(output, &call);
        let failure = failure_call(output, marker, quote!(#error, &#converter));
        quote!(#result.map_err(|#error| #failure))
    });
    let boxed = if activity.is_async {
        quote!(__sf::Box::pin(async move { #body }))
    } else {
        quote!(__sf::blocking(#context.blocking_pool(), move || #body))
    };
    quote! {
        let #converter = ::core::clone::Clone::clone(#context.converter());
        #boxed
    }
}

/// An impl block: its stub's methods, its mock's, and its registration.
pub(super) fn set(set: &Set, activities: &[Activity], errors: Errors) -> TokenStream {
    let (self_ty, generics) = (&*set.block.self_ty, &set.block.generics);
    let callable: Vec<_> = activities.iter().filter(|activity| activity.is_callable).collect();
    let errors = errors.into_items();
    if generics.lifetimes().next().is_some() {
        return errors;
    }
    let shared = shared((self_ty, generics), (self_ty, generics), &callable);
    let registration = registration(self_ty, generics, &callable);
    hidden(set.krate.as_ref(), &quote!(#errors #shared #registration))
}

/// What impl blocks and traits have in common: markers, stub, mock. `self_ty` may be `dyn Trait + '__a`; `owner` is it without
/// that lifetime.
pub(super) fn shared(
    (self_ty, generics): (&Type, &Generics),
    (owner, owner_generics): (&Type, &Generics),
    activities: &[&Activity],
) -> TokenStream {
    let markers = activities.iter().map(|activity| {
        let (ident, conditions) = (marker_ident(activity), conditions(&activity.attributes));
        let (_, type_generics, where_clause) = owner_generics.split_for_impl();
        let definition = definition(activity, &quote!(#ident #type_generics), owner_generics);
        quote! {
            #(#conditions)*
            struct #ident #owner_generics (__sf::PhantomData<fn() -> __sf::Box<#owner>>) #where_clause;
            #(#conditions)*
            const _: () = { #definition };
        }
    });
    // What has no name can't be called by a method, nor be stood in for.
    let named: Vec<_> = activities
        .iter()
        .copied()
        .filter(|activity| !activity.options.is_dynamic)
        .collect();
    let stub = stub(self_ty, generics, &named);
    let mock = mock(owner, owner_generics, &named);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = owner_generics.split_for_impl();
    quote! {
        #(#markers)*
        #stub
        #mock
        #[automatically_derived]
        impl #impl_generics __sf::ActivitySet for #self_ty #where_clause {
            type Methods<__K: __sf::CallKind> = __Methods<Self, __K>;
            type Mock = __Mock #type_generics;
        }
    }
}

/// The methods that a stub has. Generic over the implementing type, so that it is legal for any visibility of that type.
fn stub(self_ty: &Type, generics: &Generics, activities: &[&Activity]) -> TokenStream {
    let methods = activities.iter().map(|activity| {
        let attributes = kept_attributes(&activity.attributes);
        let (function, name) = (&activity.function, &activity.name);
        let names = activity.parameters.iter().map(|parameter| &parameter.name);
        let (types, sent) = (sent_types(&activity.parameters), sent_tuple(&activity.parameters));
        let (tuple, input) = (tuple_type(&activity.parameters), local("input"));
        let output = activity.output.as_ref().map(fallible_ok);
        let timeout = timeout(activity);
        let defaults = activity
            .options
            .defaults()
            .unwrap_or_else(|| quote!(::core::default::Default::default()));
        let call = call_type(quote!(__K::Call), activity.output.as_ref(), &quote!(#output, #timeout));
        quote! {
            #(#attributes)*
            pub fn #function(&self, #(#names: #types),*) -> #call {
                let #input = <#tuple as __sf::Args>::encode(&#sent, __sf::CallKind::converter(&self.0.kind));
                self.0.kind.call::<#output, #timeout>(#name, #input, #defaults)
            }
        }
    });
    let mut with_kind = generics.clone();
    with_kind.params.push(syn::parse_quote!(__K: __sf::CallKind));
    let (impl_generics, _, where_clause) = with_kind.split_for_impl();
    quote! {
        pub struct __Methods<__A: ?Sized, __K>(__sf::StubCore<__A, __K>);
        #[automatically_derived]
        impl<__A: ?Sized, __K> __sf::Deref for __Methods<__A, __K> {
            type Target = __sf::StubCore<__A, __K>;
            fn deref(&self) -> &Self::Target { &self.0 }
        }
        #[automatically_derived]
        impl<__A: ?Sized, __K> ::core::convert::From<__sf::StubCore<__A, __K>> for __Methods<__A, __K> {
            fn from(core: __sf::StubCore<__A, __K>) -> Self { Self(core) }
        }
        impl #impl_generics __Methods<#self_ty, __K> #where_clause { #(#methods)* }
    }
}

/// The builder that `mock_activities` hands out.
fn mock(self_ty: &Type, generics: &Generics, activities: &[&Activity]) -> TokenStream {
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let answer = local("answer");
    let methods = activities.iter().map(|activity| {
        let attributes = kept_attributes(&activity.attributes);
        let (function, name, marker) = (&activity.function, &activity.name, marker_ident(activity));
        let types = activity.parameters.iter().map(|parameter| &parameter.ty);
        let output = &activity.output;
        let locals = locals(&activity.parameters);
        let by_input = match locals.as_slice() {
            [_] => quote!(#answer),
            locals => quote!(move |(#(#locals,)*)| #answer(#(#locals),*)),
        };
        let marker = quote!(#marker #type_generics);
        let mock = typed_call(output.as_ref(), quote!(__sf::mock_activity), &marker, by_input);
        quote! {
            #(#attributes)*
            pub fn #function(
                mut self,
                #answer: impl ::core::ops::Fn(#(#types),*) -> #output + ::core::marker::Send + ::core::marker::Sync + 'static,
            ) -> Self {
                self.0.push((#name, #mock));
                self
            }
        }
    });
    quote! {
        pub struct __Mock #generics (__sf::MockSet, __sf::PhantomData<fn() -> __sf::Box<#self_ty>>) #where_clause;
        #[automatically_derived]
        impl #impl_generics ::core::default::Default for __Mock #type_generics #where_clause {
            fn default() -> Self { Self(::core::default::Default::default(), __sf::PhantomData) }
        }
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<__Mock #type_generics> for __sf::MockSet #where_clause {
            fn from(mock: __Mock #type_generics) -> Self { mock.0 }
        }
        impl #impl_generics __Mock #type_generics #where_clause { #(#methods)* }
    }
}

fn registration(self_ty: &Type, generics: &Generics, activities: &[&Activity]) -> TokenStream {
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let registry = local("registry");
    let this = local("set");
    let owner = quote!(Self);
    let registrations = activities
        .iter()
        .map(|activity| register(activity, &owner, &this, &registry, &type_generics));
    quote! {
        #[automatically_derived]
        impl #impl_generics __sf::ActivitySetImplementation for #self_ty #where_clause {
            fn register(self: __sf::Arc<Self>, #registry: &mut __sf::Registry) {
                let #this = self;
                #(#registrations)*
            }
        }
    }
}

/// Registers one method of the value in the `Arc` called `shared`.
pub(super) fn register(
    activity: &Activity,
    owner: &TokenStream,
    shared: &Ident,
    registry: &Ident,
    type_generics: &impl quote::ToTokens,
) -> TokenStream {
    let conditions = conditions(&activity.attributes);
    let (marker, function) = (marker_ident(activity), &activity.function);
    let (this, context) = (local("this"), local("context"));
    let pattern = input_pattern(&activity.parameters);
    let marker = quote!(#marker #type_generics);
    let body = call(activity, &quote!(#owner::#function), Some(&this), &marker);
    let run = quote! {
        #registry, move |#context, #pattern| {
            let #this = __sf::Arc::clone(&#this);
            #body
        }
    };
    let register = typed_call(activity.output.as_ref(), quote!(__sf::Registry::activity), &marker, run);
    quote! {
        #(#conditions)*
        {
            let #this = __sf::Arc::clone(&#shared);
            #register;
        }
    }
}

fn timeout(activity: &Activity) -> TokenStream {
    if activity.options.has_close_timeout() {
        quote!(__sf::CloseTimeoutSet)
    } else {
        quote!(__sf::CloseTimeoutMissing)
    }
}

/// The type of a method: private, so it needs no place in the user's namespace.
fn marker_ident(activity: &Activity) -> Ident {
    format_ident!("__{}", activity.function)
}
