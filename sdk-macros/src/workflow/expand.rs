//! What is generated for workflows.

use super::check::{ContextArgument, Init, Message, MessageKind, Run, Validator, Workflow};
use crate::errors::Errors;
use crate::path::{hidden, local};
use crate::payload::{
    call_type, codec, failure_method, fallible_ok, into_result, method_at, output_item, payload, run_function,
};
use crate::signature::{
    arguments, conditions, input_pattern, input_type, is_fallible, kept_attributes, last_segment, locals, sent_tuple,
    sent_types, tuple_pattern, tuple_type,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Type, spanned::Spanned};

/// An impl block: definition and implementation.
pub(super) fn implementation(workflow: &Workflow, errors: Errors) -> TokenStream {
    if workflow.generics.lifetimes().next().is_some() {
        return errors.into_items();
    }
    let definition = definition(workflow);
    let (self_ty, run) = (&workflow.self_ty, workflow.run.as_ref());
    let (impl_generics, _, where_clause) = workflow.generics.split_for_impl();
    let init = init(workflow.init.as_ref(), self_ty);
    let output = run.map_or_else(|| quote!(__Mistake), |run| fallible_ok(&run.output));
    let written = run.map(|run| &run.output);
    let run_body = run.map_or_else(|| quote!(loop {}), |run| run_call(run, &quote!(Self)));
    let run_pattern = run.map_or_else(|| quote!(_), run_pattern);
    let handlers = handlers(workflow, &quote!(Self));
    let same_input = same_input(workflow);
    let versioning = versioning(workflow.versioning.as_ref());
    let failure_policy = failure_policy(&workflow.failure_policy);
    let (context, handler_list) = (local("context"), local("handlers"));
    let inputs = quote!(#context: __sf::WorkflowContext<Self>, #run_pattern: Self::Input);
    let has_run = run.is_some();
    let run = run_function(written, &inputs, &quote!(__sf::WorkflowResult<#output>), run_body);
    let mistake = if has_run {
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
                #versioning
                #failure_policy
                #init
                #run
                fn handlers(#handler_list: &mut __sf::Handlers<Self>) { #handlers }
            }
            #same_input
        },
    )
}

/// How runs move on to other versions, if the user says so.
pub(super) fn versioning(behavior: Option<&Ident>) -> Option<TokenStream> {
    behavior.map(|behavior| {
        quote! {
            const VERSIONING: __sf::Option<__sf::VersioningBehavior> =
                __sf::Option::Some(__sf::VersioningBehavior::#behavior);
        }
    })
}

/// What fails the workflow, if the user says so.
pub(super) fn failure_policy(setters: &[(Ident, Ident)]) -> Option<TokenStream> {
    let calls = setters
        .iter()
        .map(|(setter, fails)| quote!(.#setter(__sf::Fails::#fails)));
    (!setters.is_empty()).then(|| {
        quote! {
            const FAILURE_POLICY: __sf::FailurePolicy = __sf::FailurePolicy::new() #(#calls)*;
        }
    })
}

/// What clients need: names, types, messages. `self_ty` may be `dyn Trait`.
pub(super) fn definition(workflow: &Workflow) -> TokenStream {
    let (self_ty, name) = (&workflow.self_ty, &workflow.name);
    let (impl_generics, _, where_clause) = workflow.generics.split_for_impl();
    let (input, output, codec) = match &workflow.run {
        Some(run) => {
            let (input, place) = (input_type(&run.input), input_place(run));
            let input = quote_spanned!(place=> type Input = #input;);
            (input, output_item(&run.output), codec(&run.input))
        }
        None => (
            quote!(
                type Input = __Mistake;
            ),
            quote!(
                type Output = __Mistake;
            ),
            mistaken_codec(),
        ),
    };
    let messages = messages(workflow);
    quote! {
        #messages
        #[automatically_derived]
        impl #impl_generics __sf::Workflow for #self_ty #where_clause {
            const NAME: &'static str = #name;
            #input
            #output
            type Messages<__T: __sf::Target> = __Messages<Self, __T>;
            #codec
        }
    }
}

/// Where a type is reported that is less visible than the workflow.
fn input_place(run: &Run) -> Span {
    run.input
        .first()
        .map_or_else(Span::call_site, |parameter| parameter.written.span())
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

/// The methods of handles: signals for all targets, updates for clients and for starts, queries for clients. Public whatever the handler is, since
/// a private handler is called through a handle all the same.
fn messages(workflow: &Workflow) -> TokenStream {
    let (self_ty, generics) = (&workflow.self_ty, &workflow.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let of = |kind| {
        workflow
            .messages
            .iter()
            .filter(move |message| message.kind == kind && !message.is_dynamic)
            .map(message_method)
    };
    let (signals, queries) = (of(MessageKind::Signal), of(MessageKind::Query));
    let updates = of(MessageKind::Update);
    let to = |bound: TokenStream| {
        let mut generics = generics.clone();
        generics.params.push(syn::parse_quote!(__T: #bound));
        generics
    };
    let (signal_target, update_target) = (to(quote!(__sf::Target)), to(quote!(__sf::UpdateTarget)));
    let (signal_generics, _, _) = signal_target.split_for_impl();
    let (update_generics, _, _) = update_target.split_for_impl();
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
        impl #signal_generics __Messages<#self_ty, __T> #where_clause { #(#signals)* }
        impl #update_generics __Messages<#self_ty, __T> #where_clause { #(#updates)* }
        impl #impl_generics __Messages<#self_ty, __sf::ToClient> #where_clause { #(#queries)* }
    }
}

fn message_method(message: &Message) -> TokenStream {
    let attributes = kept_attributes(&message.attributes);
    let (function, name) = (&message.function, &message.name);
    let names = message.parameters.iter().map(|parameter| &parameter.name);
    let (types, sent) = (sent_types(&message.parameters), sent_tuple(&message.parameters));
    let answered = |call, method| {
        let written = message.output.as_ref();
        let (output, method) = (plain_output(written), method_at(method, written));
        (call_type(call, written, &output), quote!(#method::<#output>))
    };
    let (call, method) = match message.kind {
        MessageKind::Query => answered(quote!(__sf::QueryCall), "query"),
        MessageKind::Update => answered(quote!(__T::Update), "update"),
        MessageKind::Signal => (quote!(__T::Signal), quote!(signal)),
    };
    let (tuple, arguments) = (tuple_type(&message.parameters), local("arguments"));
    quote! {
        #(#attributes)*
        pub fn #function(&self, #(#names: #types),*) -> #call {
            let #arguments = <#tuple as __sf::Args>::encode(&#sent, __sf::Target::converter(&self.0.target));
            self.0.target.#method(__sf::Cow::Borrowed(#name), #arguments)
        }
    }
}

/// What the sender gets: what is in the `Result`, or the value itself.
fn plain_output(output: Option<&Type>) -> TokenStream {
    match output {
        Some(output) if is_fallible(output) => fallible_ok(output),
        Some(output) => payload(output),
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
                let #pattern = <#tuple as __sf::Args>::decode(#payloads, #converter)?;
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
    let result = into_result(&run.output, &quote!(#call.await));
    quote!(__sf::Box::pin(async move { #result.map_err(::core::convert::Into::into) }))
}

/// The registration of all handlers.
pub(super) fn handlers(workflow: &Workflow, self_ty: &TokenStream) -> TokenStream {
    let messages = workflow.messages.iter().map(|message| {
        let (handler, notes) = (handler(message, self_ty), notes(message));
        quote!(#handler #notes)
    });
    let validators = workflow
        .validators
        .iter()
        .map(|validator| self::validator(validator, self_ty));
    quote!(#(#messages)* #(#validators)*)
}

/// What is registered of a message beside its handler.
fn notes(message: &Message) -> TokenStream {
    let (handlers, name) = (local("handlers"), &message.name);
    let conditions = conditions(&message.attributes);
    let kind = message.kind.word();
    let description = message.description.as_ref().map(|text| {
        quote! {
            #(#conditions)*
            #handlers.describe(#kind, #name, #text);
        }
    });
    let abandons = message.abandons.then(|| {
        let method = Ident::new(&format!("abandon_{kind}"), Span::call_site());
        quote! {
            #(#conditions)*
            #handlers.#method(#name);
        }
    });
    quote!(#description #abandons)
}

fn handler(message: &Message, self_ty: &TokenStream) -> TokenStream {
    let conditions = conditions(&message.attributes);
    let (function, name) = (&message.function, &message.name);
    let (handlers, state, context) = (local("handlers"), local("state"), local("context"));
    let (pattern, tuple) = (tuple_pattern(&message.parameters), tuple_type(&message.parameters));
    let arguments = arguments(&message.parameters);
    let types = answer_types(message);
    if message.is_async {
        let context_argument = (message.context != ContextArgument::None).then(|| quote!(#context,));
        let call = quote!(#self_ty::#function(#context_argument #arguments));
        let (method, body) = match message.kind {
            MessageKind::Update => (
                method_at("update_async", message.output.as_ref()),
                async_answer(&call, message.output.as_ref()),
            ),
            _ => (
                method_at("signal_async", None),
                async_signal(&call, message.output.as_ref()),
            ),
        };
        return quote! {
            #(#conditions)*
            #handlers.#method #types(#name, |#context: __sf::WorkflowContext<_>, #pattern: #tuple| __sf::Box::pin(#body));
        };
    }
    let context_argument = context_argument(message.context, &context);
    if message.is_dynamic {
        let (name, payloads) = (local("name"), local("arguments"));
        let call = quote!(#self_ty::#function(#state, #context_argument #name, #payloads));
        let output = message.output.as_ref();
        let (method, body) = match message.kind {
            MessageKind::Signal => (method_at("signal_any", None), quote!({ #call; })),
            MessageKind::Query => (method_at("query_any", output), answer(&call, output, &context)),
            MessageKind::Update => (method_at("update_any", output), answer(&call, output, &context)),
        };
        return quote! {
            #(#conditions)*
            #handlers.#method #types(|#state, #context: &__sf::HandlerContext, #name, #payloads| #body);
        };
    }
    let call = quote!(#self_ty::#function(#state, #context_argument #arguments));
    let (method, body) = match message.kind {
        MessageKind::Signal => (method_at("signal", None), call),
        MessageKind::Query => (
            method_at("query", message.output.as_ref()),
            answer(&call, message.output.as_ref(), &context),
        ),
        MessageKind::Update => (
            method_at("update", message.output.as_ref()),
            answer(&call, message.output.as_ref(), &context),
        ),
    };
    quote! {
        #(#conditions)*
        #handlers.#method #types(#name, |#state, #context: &__sf::HandlerContext, #pattern: #tuple| #body);
    }
}

/// The types of a handler that answers, written out so that an answer that can't travel is reported where it is written.
fn answer_types(message: &Message) -> TokenStream {
    match message.kind {
        MessageKind::Query | MessageKind::Update => {
            let output = plain_output(message.output.as_ref());
            if message.is_dynamic {
                quote!(::<#output>)
            } else {
                quote!(::<_, #output>)
            }
        }
        MessageKind::Signal => TokenStream::new(),
    }
}

/// A synchronous call as `Result<O, Failure>`.
fn answer(call: &TokenStream, output: Option<&Type>, context: &Ident) -> TokenStream {
    match output {
        Some(output) if is_fallible(output) => {
            let (result, map_error) = (
                into_result(output, call),
                map_error(output, &quote!(#context.converter())),
            );
            quote!(#result #map_error)
        }
        _ => quote!(__sf::Result::Ok(#call)),
    }
}

/// An async call as a future of `Result<O, Failure>`.
fn async_answer(call: &TokenStream, output: Option<&Type>) -> TokenStream {
    let (context, converter) = (local("context"), local("converter"));
    match output {
        Some(output) if is_fallible(output) => {
            let result = into_result(output, &quote!(#call.await));
            let map_error = map_error(output, &quote!(&#converter));
            quote!(async move {
                let #converter = ::core::clone::Clone::clone(#context.converter());
                #result #map_error
            })
        }
        _ => quote!(async move { __sf::Result::Ok(#call.await) }),
    }
}

/// An async signal as a future of `WorkflowResult<()>`.
fn async_signal(call: &TokenStream, output: Option<&Type>) -> TokenStream {
    match output {
        Some(output) => {
            let result = into_result(output, &quote!(#call.await));
            quote!(async move { #result.map_err(::core::convert::Into::into) })
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
    let (error, failure) = (local("error"), failure_method(output));
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
    let pairs: Vec<_> = init.parameters.iter().zip(&run.parameters).collect();
    if pairs.is_empty() {
        return TokenStream::new();
    }
    let generics = &workflow.generics;
    let (_, _, where_clause) = generics.split_for_impl();
    let checks = pairs.into_iter().map(|(init, run)| {
        let (init, run) = (&init.ty, &run.ty);
        quote_spanned!(init.span()=> __sf::same_input::<#init, #run>();)
    });
    quote!(fn __same_input #generics () #where_clause { #(#checks)* })
}
