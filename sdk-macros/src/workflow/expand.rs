//! What is generated for workflows.

use super::check::{ContextArgument, Init, Message, MessageKind, Run, Validator, Workflow};
use crate::errors::Errors;
use crate::path::{hidden, local};
use crate::signature::{
    arguments, codec, conditions, data_check, fallible, input_pattern, input_type, is_fallible, kept_attributes,
    last_segment, locals, tuple_pattern, tuple_type,
};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Type, spanned::Spanned};

/// An impl block: definition and implementation.
pub(super) fn implementation(workflow: &Workflow, errors: Errors) -> TokenStream {
    let definition = definition(workflow);
    let (self_ty, run) = (&workflow.self_ty, workflow.run.as_ref());
    let (impl_generics, _, where_clause) = workflow.generics.split_for_impl();
    let init = init(workflow.init.as_ref(), self_ty);
    let run_body = run.map_or_else(|| quote!(loop {}), |run| run_call(run, &quote!(Self)));
    let run_pattern = run.map_or_else(|| quote!(_), run_pattern);
    let handlers = handlers(workflow, &quote!(Self));
    let same_input = same_input(workflow);
    let (context, handler_list) = (local("context"), local("handlers"));
    let mistake = if run.is_some() {
        errors.into_items()
    } else {
        errors.into_items_and_type()
    };
    hidden(
        workflow.krate.as_ref(),
        &quote! {
            #mistake
            #definition
            #[automatically_derived]
            impl #impl_generics __sf::WorkflowImplementation for #self_ty #where_clause {
                #init
                fn run(
                    #context: __sf::WorkflowContext<Self>,
                    #run_pattern: Self::Input,
                ) -> __sf::BoxFuture<__sf::WorkflowResult<Self::Output>> {
                    #run_body
                }
                fn handlers(#handler_list: &mut __sf::Handlers<Self>) { #handlers }
            }
            #same_input
        },
    )
}

/// What clients need: names, types, messages. `self_ty` may be `dyn Trait`.
pub(super) fn definition(workflow: &Workflow) -> TokenStream {
    let (self_ty, name) = (&workflow.self_ty, &workflow.name);
    let (impl_generics, _, where_clause) = workflow.generics.split_for_impl();
    let (input, output, codec) = match &workflow.run {
        Some(run) => (input_type(&run.input), fallible(&run.output, "Ok"), codec(&run.input)),
        None => (quote!(__Mistake), quote!(__Mistake), mistaken_codec()),
    };
    let messages = messages(workflow);
    let checks = data_checks(workflow);
    quote! {
        #messages
        #[automatically_derived]
        impl #impl_generics __sf::Workflow for #self_ty #where_clause {
            const NAME: &'static str = #name;
            type Input = #input;
            type Output = #output;
            type Messages<__T: __sf::Target> = __Messages<Self, __T>;
            #codec
        }
        #checks
    }
}

fn mistaken_codec() -> TokenStream {
    quote! {
        fn encode(_: &Self::Input, _: &__sf::Converter) -> __sf::Result<__sf::Payloads, __sf::EncodeError> { loop {} }
        fn decode(
            _: __sf::Option<&__sf::Payloads>,
            _: &__sf::Converter,
        ) -> __sf::Result<Self::Input, __sf::DecodeError> { loop {} }
    }
}

/// The methods of handles: signals for all targets, queries and updates for clients. Public whatever the handler is, since
/// a private handler is called through a handle all the same.
fn messages(workflow: &Workflow) -> TokenStream {
    let (self_ty, generics) = (&workflow.self_ty, &workflow.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let of = |kind| {
        workflow
            .messages
            .iter()
            .filter(move |message| message.kind == kind)
            .map(message_method)
    };
    let (signals, queries) = (of(MessageKind::Signal), of(MessageKind::Query));
    let updates = of(MessageKind::Update);
    let mut with_target = generics.clone();
    with_target.params.push(syn::parse_quote!(__T: __sf::Target));
    let (target_generics, _, _) = with_target.split_for_impl();
    quote! {
        pub struct __Messages<__W: ?Sized, __T>(__sf::HandleCore<__W, __T>);
        #[automatically_derived]
        impl<__W: ?Sized, __T> __sf::Deref for __Messages<__W, __T> {
            type Target = __sf::HandleCore<__W, __T>;
            fn deref(&self) -> &Self::Target { &self.0 }
        }
        #[automatically_derived]
        impl<__W: ?Sized, __T> ::core::convert::From<__sf::HandleCore<__W, __T>> for __Messages<__W, __T> {
            fn from(core: __sf::HandleCore<__W, __T>) -> Self { Self(core) }
        }
        impl #target_generics __Messages<#self_ty, __T> #where_clause { #(#signals)* }
        impl #impl_generics __Messages<#self_ty, __sf::ToClient> #where_clause { #(#queries)* #(#updates)* }
    }
}

fn message_method(message: &Message) -> TokenStream {
    let attributes = kept_attributes(&message.attributes);
    let (function, name) = (&message.function, &message.name);
    let names: Vec<_> = message.parameters.iter().map(|parameter| &parameter.name).collect();
    let types = message.parameters.iter().map(|parameter| &parameter.ty);
    let (call, method) = match message.kind {
        MessageKind::Query => {
            let output = plain_output(message.output.as_ref());
            (quote!(__sf::QueryCall<#output>), quote!(query))
        }
        MessageKind::Update => {
            let output = plain_output(message.output.as_ref());
            (quote!(__sf::UpdateCall<#output>), quote!(update))
        }
        MessageKind::Signal | MessageKind::DynamicSignal => (quote!(__T::Signal), quote!(signal)),
    };
    quote! {
        #(#attributes)*
        pub fn #function(&self, #(#names: #types),*) -> #call {
            self.0.target.#method(#name, (#(#names,)*))
        }
    }
}

/// What the sender gets: what is in the `Result`, or the value itself.
fn plain_output(output: Option<&Type>) -> TokenStream {
    match output {
        Some(output) if is_fallible(output) => fallible(output, "Ok"),
        Some(output) => quote!(#output),
        None => quote!(()),
    }
}

fn init(init: Option<&Init>, self_ty: &Type) -> TokenStream {
    let (context, payloads, converter) = (local("context"), local("payloads"), local("converter"));
    let body = match init {
        None => {
            let default = quote_spanned!(self_ty.span()=> __sf::default_state::<Self>());
            quote!(__sf::Result::Ok(#default))
        }
        Some(init) => {
            let (function, tuple) = (&init.function, tuple_type(&init.parameters));
            let pattern = tuple_pattern(&init.parameters);
            let arguments = arguments(&init.parameters);
            let context = match init.context {
                ContextArgument::None => quote!(),
                ContextArgument::Value => quote!(#context,),
                ContextArgument::Reference => quote!(&#context,),
            };
            quote! {
                let #pattern: #tuple = __sf::Args::decode(#payloads, #converter)?;
                __sf::Result::Ok(Self::#function(#context #arguments))
            }
        }
    };
    quote! {
        fn init(
            #context: __sf::HandlerContext,
            #payloads: __sf::Option<&__sf::Payloads>,
            #converter: &__sf::Converter,
        ) -> __sf::Result<Self, __sf::DecodeError> {
            #body
        }
    }
}

/// A pattern for the input; what `run` leaves to `init` is dropped.
pub(super) fn run_pattern(run: &Run) -> TokenStream {
    if run.parameters.is_empty() && !run.input.is_empty() {
        quote!(_)
    } else {
        input_pattern(&run.parameters)
    }
}

/// The user's `run` as a boxed future, without a layer of its own where none is needed.
pub(super) fn run_call(run: &Run, self_ty: &TokenStream) -> TokenStream {
    let (function, arguments) = (&run.function, arguments(&run.parameters));
    let context = run
        .has_context
        .then(|| local("context"))
        .map(|context| quote!(#context,));
    let call = quote!(#self_ty::#function(#context #arguments));
    let is_exact = last_segment(&run.output).is_some_and(|segment| segment == "WorkflowResult");
    if is_exact && run.parameters.iter().all(|parameter| !parameter.lent) {
        return quote!(__sf::Box::pin(#call));
    }
    let convert = quote_spanned!(run.output.span()=> ::core::convert::Into::into);
    let convert = (!is_exact).then(|| quote!(.map_err(#convert)));
    quote!(__sf::Box::pin(async move { #call.await #convert }))
}

/// The registration of all handlers.
pub(super) fn handlers(workflow: &Workflow, self_ty: &TokenStream) -> TokenStream {
    let messages = workflow.messages.iter().map(|message| handler(message, self_ty));
    let validators = workflow
        .validators
        .iter()
        .map(|validator| self::validator(validator, self_ty));
    quote!(#(#messages)* #(#validators)*)
}

fn handler(message: &Message, self_ty: &TokenStream) -> TokenStream {
    let conditions = conditions(&message.attributes);
    let (function, name) = (&message.function, &message.name);
    let (handlers, state, context) = (local("handlers"), local("state"), local("context"));
    let (pattern, tuple) = (tuple_pattern(&message.parameters), tuple_type(&message.parameters));
    let arguments = arguments(&message.parameters);
    if message.is_async {
        let context_argument = (message.context != ContextArgument::None).then(|| quote!(#context,));
        let call = quote!(#self_ty::#function(#context_argument #arguments));
        let (method, body) = match message.kind {
            MessageKind::Update => (quote!(update_async), async_answer(&call, message.output.as_ref())),
            _ => (quote!(signal_async), async_signal(&call, message.output.as_ref())),
        };
        return quote! {
            #(#conditions)*
            #handlers.#method(#name, |#context: __sf::WorkflowContext<_>, #pattern: #tuple| __sf::Box::pin(#body));
        };
    }
    let context_argument = context_argument(message.context, &context);
    let call = quote!(#self_ty::#function(#state, #context_argument #arguments));
    let (method, body) = match message.kind {
        MessageKind::DynamicSignal => {
            let (signal, payloads) = (local("name"), local("arguments"));
            let call = quote!(#self_ty::#function(#state, #context_argument #signal, #payloads));
            return quote! {
                #(#conditions)*
                #handlers.signal_any(|#state, #context: &__sf::HandlerContext, #signal, #payloads| #call);
            };
        }
        MessageKind::Signal => (quote!(signal), call),
        MessageKind::Query => (quote!(query), answer(&call, message.output.as_ref(), &context)),
        MessageKind::Update => (quote!(update), answer(&call, message.output.as_ref(), &context)),
    };
    quote! {
        #(#conditions)*
        #handlers.#method(#name, |#state, #context: &__sf::HandlerContext, #pattern: #tuple| #body);
    }
}

/// A synchronous call as `Result<O, Failure>`.
fn answer(call: &TokenStream, output: Option<&Type>, context: &Ident) -> TokenStream {
    match output {
        Some(output) if is_fallible(output) => {
            let map_error = map_error(output, &quote!(#context.converter()));
            quote!(#call #map_error)
        }
        _ => quote!(__sf::Result::Ok(#call)),
    }
}

/// An async call as a future of `Result<O, Failure>`.
fn async_answer(call: &TokenStream, output: Option<&Type>) -> TokenStream {
    let (context, converter) = (local("context"), local("converter"));
    match output {
        Some(output) if is_fallible(output) => {
            let map_error = map_error(output, &quote!(&#converter));
            quote!(async move {
                let #converter = ::core::clone::Clone::clone(#context.converter());
                #call.await #map_error
            })
        }
        _ => quote!(async move { __sf::Result::Ok(#call.await) }),
    }
}

/// An async signal as a future of `WorkflowResult<()>`.
fn async_signal(call: &TokenStream, output: Option<&Type>) -> TokenStream {
    match output {
        Some(output) if last_segment(output).is_some_and(|segment| segment == "WorkflowResult") => {
            quote!(async move { #call.await })
        }
        Some(output) => {
            let convert = quote_spanned!(output.span()=> ::core::convert::Into::into);
            quote!(async move { #call.await.map_err(#convert) })
        }
        None => quote! {
            async move {
                #call.await;
                __sf::Result::Ok(())
            }
        },
    }
}

fn map_error(output: &Type, converter: &TokenStream) -> TokenStream {
    let error = local("error");
    let failure = quote_spanned!(output.span()=> failure);
    quote! {
        .map_err(|#error| {
            use __sf::error_kind::*;
            (&&&Tag(#error)).#failure(#converter)
        })
    }
}

fn validator(validator: &Validator, self_ty: &TokenStream) -> TokenStream {
    let conditions = conditions(&validator.attributes);
    let (function, name) = (&validator.function, &validator.name);
    let (handlers, state, context) = (local("handlers"), local("state"), local("context"));
    let (pattern, tuple) = (tuple_pattern(&validator.parameters), tuple_type(&validator.parameters));
    let context_argument = context_argument(validator.context, &context);
    let locals = locals(&validator.parameters);
    quote! {
        #(#conditions)*
        #handlers.validator(#name, |#state, #context: &__sf::HandlerContext, #pattern: &#tuple| {
            #self_ty::#function(#state, #context_argument #(#locals),*)
        });
    }
}

fn context_argument(argument: ContextArgument, context: &Ident) -> TokenStream {
    match argument {
        ContextArgument::None => quote!(),
        ContextArgument::Value => quote!(::core::clone::Clone::clone(#context),),
        ContextArgument::Reference => quote!(#context,),
    }
}

/// `init` and `run` get the same input: their parameters must have the same types, reported on those of `init`.
fn same_input(workflow: &Workflow) -> TokenStream {
    let (Some(init), Some(run)) = (&workflow.init, &workflow.run) else {
        return TokenStream::new();
    };
    let generics = &workflow.generics;
    let (_, _, where_clause) = generics.split_for_impl();
    let value = local("value");
    let checks = init.parameters.iter().zip(&run.parameters).map(|(init, run)| {
        let (init, run) = (&init.ty, &run.ty);
        let value = Ident::new("value", value.span().located_at(init.span()));
        quote!(let _ = |#value: #init| -> #run { #value };)
    });
    quote!(fn __same_input #generics () #where_clause { #(#checks)* })
}

/// A function that compiles if everything in the signatures can travel, reported on the user's types.
fn data_checks(workflow: &Workflow) -> TokenStream {
    let run = workflow.run.iter().flat_map(|run| {
        let output = fallible(&run.output, "Ok");
        let output = quote_spanned!(run.output.span()=> __sf::data::<#output>(););
        run.input
            .iter()
            .map(|parameter| data_check(&parameter.ty))
            .chain([output])
    });
    let messages = workflow.messages.iter().flat_map(|message| {
        let conditions = conditions(&message.attributes);
        let output = message
            .output
            .as_ref()
            .filter(|_| message.kind != MessageKind::Signal)
            .map(|output| {
                let plain = plain_output(Some(output));
                quote_spanned!(output.span()=> __sf::data::<#plain>();)
            });
        let checks = message
            .parameters
            .iter()
            .map(|parameter| data_check(&parameter.ty))
            .chain(output);
        checks.map(|check| quote!(#(#conditions)* #check)).collect::<Vec<_>>()
    });
    let generics = &workflow.generics;
    let (_, _, where_clause) = generics.split_for_impl();
    quote!(fn __data #generics () #where_clause { #(#run)* #(#messages)* })
}
