//! `#[workflow]` on a trait, which describes a workflow, and on the trait's impls.

use super::check::{self, Workflow};
use super::expand;
use super::parse::{self, WorkflowOptions};
use crate::errors::Errors;
use crate::options::default_name;
use crate::path::{hidden, local};
use crate::payload::{fallible_ok, run_function};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{ImplItem, ItemImpl, ItemTrait, TraitItem, Type, parse_quote};

/// A trait: the impl without bodies. It becomes one that can be `dyn`, with futures that are `Send`.
pub(super) fn definition(options: TokenStream, mut item: ItemTrait, mut errors: Errors) -> TokenStream {
    let options = WorkflowOptions::parse(options, &mut errors);
    if let Some(parameter) = item.generics.params.first() {
        errors.push(
            parameter,
            "an interface is used as `dyn Trait`, one workflow: it cannot be generic",
        );
    }
    if let Some(behavior) = &options.versioning {
        errors.push(
            behavior,
            "how runs move on to new versions is a matter of the implementation: put `versioning` there",
        );
    }
    if let Some(word) = &options.dynamic {
        errors.push(
            word,
            "an interface is what callers know by name, a dynamic workflow has none: put `dynamic` on an impl block without a trait",
        );
    }
    if let Some((option, _)) = options.failure_policy.first() {
        errors.push(
            option,
            "what fails the workflow is a matter of the implementation: put this there",
        );
    }
    let mut functions = Vec::new();
    for member in &mut item.items {
        match member {
            TraitItem::Fn(function) => {
                match parse::take_function(&mut function.attrs, &function.sig, &mut errors) {
                    Some(role) if matches!(role.role, parse::Role::Init | parse::Role::Validator { .. }) => {
                        errors.push(
                            &role.word,
                            "this is a matter of the implementation, not of the interface: remove it",
                        );
                    }
                    Some(function) => functions.push(function),
                    None => errors.push(
                        &function.sig.ident,
                        "an interface has messages only: `#[signal]`, `#[query]`, `#[update]`",
                    ),
                }
                crate::interface::make_dyn_compatible(function);
            }
            other => errors.push(&*other, "an interface has `#[run]` and messages only: remove this"),
        }
    }
    crate::interface::add_supertraits(&mut item);
    let ident = &item.ident;
    let self_ty: Type = parse_quote!(dyn #ident + '__a);
    let generics = crate::interface::object_generics();
    let name = options.name.unwrap_or_else(|| {
        let name = default_name(ident);
        parse_quote!(#name)
    });
    let place = item.trait_token.span;
    let workflow = check::functions(&functions, &self_ty, place, &mut errors).into_workflow(
        self_ty,
        generics,
        name,
        options.krate,
    );
    let generated = expand_definition(&workflow, ident, errors);
    quote!(#item #generated)
}

fn expand_definition(workflow: &Workflow, ident: &Ident, errors: Errors) -> TokenStream {
    let mistake = if workflow.run.is_some() {
        errors.into_items()
    } else {
        errors.into_items_and_type()
    };
    let definition = expand::definition(workflow);
    let self_ty = &workflow.self_ty;
    let owner = quote!(<__X as #ident>);
    let (context, handler_list) = (local("context"), local("handlers"));
    let run = workflow
        .run
        .as_ref()
        .map_or_else(|| quote!(loop {}), |run| expand::run_call(run, &owner));
    let output = workflow
        .run
        .as_ref()
        .map_or_else(|| quote!(__Mistake), |run| fallible_ok(&run.output));
    let pattern = workflow.run.as_ref().map_or_else(|| quote!(_), expand::run_pattern);
    let written = workflow.run.as_ref().map(|run| &run.output);
    let inputs = quote!(#context: __sf::WorkflowContext<__X>, #pattern: Self::Input);
    let run = run_function(written, &inputs, &quote!(__sf::WorkflowResult<#output>), run);
    let handlers = expand::handlers(workflow, &owner);
    hidden(
        workflow.krate.as_ref(),
        &quote! {
            #mistake
            #definition
            #[automatically_derived]
            impl<'__a, __X: #ident> __sf::WorkflowInterface<__X> for #self_ty {
                #run
                fn handlers(#handler_list: &mut __sf::Handlers<__X>) { #handlers }
            }
        },
    )
}

/// `impl Api for Quick`: the macro sees the trait's name alone, so everything comes through `dyn Api`.
pub(super) fn implementation(options: TokenStream, block: &ItemImpl, mut errors: Errors) -> TokenStream {
    let options = WorkflowOptions::parse(options, &mut errors);
    let Some((interface, _)) = &block.trait_ else {
        return quote!(#block);
    };
    let mut item = block.clone();
    for member in &mut item.items {
        let ImplItem::Fn(function) = member else { continue };
        if let Some(role) = parse::take_function(&mut function.attrs, &function.sig, &mut errors) {
            let message = "the interface says what its functions are: remove the attribute here";
            errors.push(&role.word, message);
        }
    }
    if let Some(word) = &options.dynamic {
        errors.push(
            word,
            "the interface gives the name, a dynamic workflow has none: put `dynamic` on an impl block without a trait",
        );
    }
    if let Some(name) = &options.name {
        errors.push(
            name,
            "the interface gives the name: put `#[workflow(name = \"..\")]` on the trait",
        );
    }
    let (self_ty, errors) = (&item.self_ty, errors.into_items());
    let (impl_generics, _, where_clause) = item.generics.split_for_impl();
    let (input, converter, context) = (local("input"), local("converter"), local("context"));
    let handlers = local("handlers");
    let versioning = expand::versioning(options.versioning.as_ref());
    let failure_policy = expand::failure_policy(&options.failure_policy);
    let generated = hidden(
        options.krate.as_ref(),
        &quote! {
            #errors
            type __Interface = dyn #interface;
            #[automatically_derived]
            impl #impl_generics __sf::Workflow for #self_ty #where_clause {
                const NAME: &'static str = <__Interface as __sf::Workflow>::NAME;
                type Input = <__Interface as __sf::Workflow>::Input;
                type Output = <__Interface as __sf::Workflow>::Output;
                type Messages<__T: __sf::Target> = __sf::NoMessages<Self, __T>;
                fn encode(
                    #input: &Self::Input,
                    #converter: &__sf::Converter,
                ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
                    <__Interface as __sf::Workflow>::encode(#input, #converter)
                }
                fn decode(
                    #input: __sf::Option<&__sf::Payloads>,
                    #converter: &__sf::Converter,
                ) -> __sf::Result<Self::Input, __sf::DecodeError> {
                    <__Interface as __sf::Workflow>::decode(#input, #converter)
                }
            }
            #[automatically_derived]
            impl #impl_generics __sf::WorkflowImplementation for #self_ty #where_clause {
                #versioning
                #failure_policy
                fn init(
                    _: __sf::HandlerContext,
                    _: __sf::Option<&__sf::Payloads>,
                    _: &__sf::Converter,
                ) -> __sf::Result<Self, __sf::DecodeError> {
                    __sf::Result::Ok(__sf::default_state::<Self>())
                }
                fn run(
                    #context: __sf::WorkflowContext<Self>,
                    #input: Self::Input,
                ) -> __sf::BoxFuture<__sf::WorkflowResult<Self::Output>> {
                    <__Interface as __sf::WorkflowInterface<Self>>::run(#context, #input)
                }
                fn handlers(#handlers: &mut __sf::Handlers<Self>) {
                    <__Interface as __sf::WorkflowInterface<Self>>::handlers(#handlers)
                }
            }
        },
    );
    quote!(#item #generated)
}
