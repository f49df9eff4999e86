//! What is generated for Nexus services.

use super::check::{Cancel, Operation, Service};
use super::parse::ServiceOptions;
use crate::errors::Errors;
use crate::options::default_name;
use crate::path::{hidden, local};
use crate::payload::{answer, answer_type, awaited, call_type, method_at, payload, reply};
use crate::signature::{self, Context, arguments, conditions, input_pattern, input_type, kept_attributes};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Generics, ItemImpl, ItemTrait, LitStr, Path, TraitItem, Type, parse_quote};

/// Lets the methods of implementations answer with a result, or that it takes a while: `impl Future<Output: NexusAnswer<..>>`.
pub(super) fn answer_freely(item: &mut ItemTrait, service: &Service, krate: Option<&Path>) {
    let krate = krate.map_or_else(|| quote!(::steadfast), |path| quote!(#path));
    for member in &mut item.items {
        let TraitItem::Fn(function) = member else { continue };
        let operation = service
            .operations
            .iter()
            .find(|operation| operation.function == function.sig.ident);
        let Some(operation) = operation.filter(|_| function.sig.asyncness.is_some()) else {
            crate::interface::make_dyn_compatible(function);
            continue;
        };
        function.sig.asyncness = None;
        let future = answer_type(&operation.output, &quote!(#krate::__private));
        function.sig.output = parse_quote!(-> #future);
        crate::interface::make_dyn_compatible(function);
    }
}

/// A trait: the operations as workflows call them, and how they reach who implements it.
pub(super) fn definition(
    ident: &Ident,
    self_ty: &Type,
    options: &ServiceOptions,
    service: &Service,
    errors: Errors,
) -> TokenStream {
    let generics = crate::interface::object_generics();
    let errors = errors.into_items();
    let caller = caller(self_ty, &generics, &name(options, &default_name(ident)), service);
    let registrations = registrations(service, &quote!(<__X as #ident>));
    let (implementation, list) = (local("implementation"), local("operations"));
    let items = quote! {
        #errors
        #caller
        #[automatically_derived]
        impl<'__a, __X: #ident> __sf::NexusImplementedBy<__X> for #self_ty {
            fn register(#implementation: __sf::Arc<__X>, #list: &mut __sf::NexusOperations) { #registrations }
        }
    };
    hidden(options.krate.as_ref(), &items)
}

/// `impl Greetings for English`.
pub(super) fn implementation(block: &ItemImpl, options: &ServiceOptions, errors: Errors) -> TokenStream {
    let Some((interface, _)) = &block.trait_ else {
        return errors.into_items();
    };
    let (self_ty, errors) = (&block.self_ty, errors.into_items());
    let (impl_generics, _, where_clause) = block.generics.split_for_impl();
    let list = local("operations");
    let items = quote! {
        #errors
        type __Interface = dyn #interface;
        #[automatically_derived]
        impl #impl_generics __sf::NexusServiceImplementation for #self_ty #where_clause {
            const NAME: &'static str = <__Interface as __sf::NexusService>::NAME;
            fn register(self: __sf::Arc<Self>, #list: &mut __sf::NexusOperations) {
                <__Interface as __sf::NexusImplementedBy<Self>>::register(self, #list)
            }
        }
    };
    hidden(options.krate.as_ref(), &items)
}

/// An impl block with `#[operation]` methods.
pub(super) fn inherent(self_ty: &Type, options: &ServiceOptions, service: &Service, errors: Errors) -> TokenStream {
    let errors = errors.into_items();
    let default = signature::last_segment(self_ty).map_or_else(|| LitStr::new("", Span::call_site()), default_name);
    let caller = caller(self_ty, &Generics::default(), &name(options, &default), service);
    let registrations = registrations(service, &quote!(Self));
    let (implementation, list) = (local("implementation"), local("operations"));
    let items = quote! {
        #errors
        #caller
        #[automatically_derived]
        impl __sf::NexusServiceImplementation for #self_ty {
            const NAME: &'static str = <Self as __sf::NexusService>::NAME;
            fn register(self: __sf::Arc<Self>, #list: &mut __sf::NexusOperations) {
                let #implementation = self;
                #registrations
            }
        }
    };
    hidden(options.krate.as_ref(), &items)
}

/// The service's definition, and the methods that its stub has. Generic over the service, so that it is legal for any visibility of it.
fn caller(self_ty: &Type, generics: &Generics, name: &TokenStream, service: &Service) -> TokenStream {
    let (impl_generics, _, _) = generics.split_for_impl();
    let methods = service.operations.iter().map(|operation| {
        let attributes = kept_attributes(&operation.attributes);
        let (function, name) = (&operation.function, &operation.name);
        let written = Some(&operation.output);
        let result = reply(&operation.output, &quote!(__sf));
        let call = call_type(quote!(__sf::NexusCall), written, &result);
        let method = method_at("call", written);
        let (parameters, ty, input) = match operation.parameters.as_slice() {
            [] => (quote!(), quote!(()), quote!(&())),
            [one, ..] => {
                let (name, ty) = (&one.name, payload(&one.ty));
                (quote!(#name: #ty), ty, quote!(&#name))
            }
        };
        quote! {
            #(#attributes)*
            pub fn #function(&self, #parameters) -> #call {
                self.0.#method::<#result, #ty>(#name, #input)
            }
        }
    });
    quote! {
        pub struct __Operations<__N: ?Sized>(__sf::NexusStubCore<__N>);
        #[automatically_derived]
        impl<__N: ?Sized> __sf::Deref for __Operations<__N> {
            type Target = __sf::NexusStubCore<__N>;
            fn deref(&self) -> &Self::Target { &self.0 }
        }
        #[automatically_derived]
        impl<__N: ?Sized> ::core::convert::From<__sf::NexusStubCore<__N>> for __Operations<__N> {
            fn from(core: __sf::NexusStubCore<__N>) -> Self { Self(core) }
        }
        impl #impl_generics __Operations<#self_ty> { #(#methods)* }
        #[automatically_derived]
        impl #impl_generics __sf::NexusService for #self_ty {
            const NAME: &'static str = #name;
            type Operations = __Operations<Self>;
        }
    }
}

/// Tells the worker how the operations of the value in the `Arc` called `implementation` are handled.
fn registrations(service: &Service, owner: &TokenStream) -> TokenStream {
    let operations = service.operations.iter().map(|operation| {
        let Operation {
            function,
            name,
            parameters,
            context,
            ..
        } = operation;
        let input = match parameters.as_slice() {
            [one] => payload(&one.ty),
            several => input_type(several),
        };
        let result = reply(&operation.output, &quote!(__sf));
        let pattern = input_pattern(parameters);
        let call = call(owner, function, context.as_ref(), &arguments(parameters));
        let call = awaited(&operation.output, call);
        let converter = local("converter");
        let answer = answer(&operation.output, &result, &call, &converter);
        register(
            &conditions(&operation.attributes),
            &quote!(operation::<#input>),
            name,
            &pattern,
            &answer,
        )
    });
    let cancels = service.cancels.iter().map(|cancel| {
        let Cancel {
            function,
            name,
            parameters,
            context,
            ..
        } = cancel;
        let pattern = input_pattern(parameters);
        let call = call(owner, function, context.as_ref(), &arguments(parameters));
        let call = quote!(#call.await);
        register(&conditions(&cancel.attributes), &quote!(cancel), name, &pattern, &call)
    });
    quote!(#(#operations)* #(#cancels)*)
}

fn register(
    conditions: &[syn::Attribute],
    method: &TokenStream,
    name: &syn::Expr,
    pattern: &TokenStream,
    call: &TokenStream,
) -> TokenStream {
    let (list, implementation, this) = (local("operations"), local("implementation"), local("this"));
    let (context, converter) = (local("context"), local("converter"));
    quote! {
        #(#conditions)*
        {
            let #this = __sf::Arc::clone(&#implementation);
            #list.#method(#name, move |#context: __sf::NexusContext, #pattern| {
                let (#this, #converter) = (__sf::Arc::clone(&#this), ::core::clone::Clone::clone(#context.converter()));
                __sf::Box::pin(async move { #call })
            });
        }
    }
}

fn call(owner: &TokenStream, function: &Ident, context: Option<&Context>, arguments: &TokenStream) -> TokenStream {
    let (this, local) = (local("this"), local("context"));
    let context = context.map(|context| {
        if context.by_reference {
            quote!(&#local,)
        } else {
            quote!(#local,)
        }
    });
    quote!(#owner::#function(&*#this, #context #arguments))
}

fn name(options: &ServiceOptions, default: &LitStr) -> TokenStream {
    let name = &options.name;
    name.as_ref().map_or_else(|| quote!(#default), |name| quote!(#name))
}
