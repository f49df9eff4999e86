//! What the macros read from a function's signature: its context, its parameters, its result.

use crate::errors::Errors;
use crate::path::{self, local_at};
use crate::payload::payload;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, FnArg, Pat, PatType, ReceiverKind, ReturnType, Signature, Type};

/// As many parameters as `Args` is implemented for.
const PARAMETERS_MAX: usize = 8;

/// The context types, known by the last segment of their path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ContextKind {
    Workflow,
    Handler,
    Activity,
    Nexus,
}

/// The context parameter.
pub(crate) struct Context {
    pub(crate) kind: ContextKind,
    pub(crate) by_reference: bool,
    pub(crate) ty: Type,
}

/// A parameter that travels as a payload of its own.
#[derive(Clone)]
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    /// What is decoded: `String` for a `&str`, `T` for a `&T`.
    pub(crate) ty: Type,
    /// The function takes a reference: the decoded value is lent to it.
    pub(crate) lent: bool,
    /// As the user wrote it.
    pub(crate) written: Type,
}

/// The `self` of a method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Receiver {
    None,
    Shared,
    Mutable,
    Owned,
}

/// A signature, sorted.
pub(crate) struct Inputs {
    pub(crate) receiver: Receiver,
    pub(crate) context: Option<Context>,
    pub(crate) parameters: Vec<Parameter>,
}

/// Sorts the inputs of a function. `self_ty` replaces `Self`, because the types move into other impls.
pub(crate) fn inputs(signature: &Signature, self_ty: Option<&Type>, errors: &mut Errors) -> Inputs {
    let mut inputs = Inputs {
        receiver: receiver(signature),
        context: None,
        parameters: Vec::new(),
    };
    for argument in &signature.inputs {
        let FnArg::Typed(argument) = argument else { continue };
        match context(&argument.ty) {
            Some(context) if inputs.context.is_none() && inputs.parameters.is_empty() => inputs.context = Some(context),
            Some(_) => errors.push(&argument.ty, "the context comes once, as the first parameter"),
            None => inputs
                .parameters
                .extend(parameter(argument, inputs.parameters.len(), self_ty, errors)),
        }
    }
    if let Some(surplus) = inputs.parameters.get(PARAMETERS_MAX) {
        let message = format!("more than {PARAMETERS_MAX} parameters: put them into a struct, which is one payload");
        errors.push(&surplus.written, message);
        inputs.parameters.truncate(PARAMETERS_MAX);
    }
    inputs
}

pub(crate) fn receiver(signature: &Signature) -> Receiver {
    match signature.receiver().map(|receiver| &receiver.kind) {
        None => Receiver::None,
        Some(ReceiverKind::Reference(_, _, None)) => Receiver::Shared,
        Some(ReceiverKind::Reference(_, _, Some(_))) => Receiver::Mutable,
        Some(_) => Receiver::Owned,
    }
}

pub(crate) fn context(ty: &Type) -> Option<Context> {
    let (inner, by_reference) = match ty {
        Type::Reference(reference) => (&*reference.elem, true),
        ty => (ty, false),
    };
    let kind = match last_segment(inner)?.to_string().as_str() {
        "WorkflowContext" => ContextKind::Workflow,
        "HandlerContext" => ContextKind::Handler,
        "ActivityContext" => ContextKind::Activity,
        "NexusContext" => ContextKind::Nexus,
        _ => return None,
    };
    Some(Context {
        kind,
        by_reference,
        ty: ty.clone(),
    })
}

fn parameter(argument: &PatType, index: usize, self_ty: Option<&Type>, errors: &mut Errors) -> Option<Parameter> {
    let name = match &*argument.pat {
        Pat::Ident(pattern) => pattern.ident.clone(),
        other => format_ident!("argument_{}", index, span = other.span()),
    };
    let written = (*argument.ty).clone();
    let (mut ty, lent) = owned(&written, errors)?;
    if let Some(self_ty) = self_ty {
        path::replace_self(&mut ty, self_ty);
    }
    Some(Parameter {
        name,
        ty,
        lent,
        written,
    })
}

/// The owned form of a parameter's type: what a payload can be decoded into.
fn owned(ty: &Type, errors: &mut Errors) -> Option<(Type, bool)> {
    let before = errors.len();
    let owned = match ty {
        Type::Reference(reference) => {
            if reference.mutability.is_some() {
                errors.push(
                    ty,
                    "a parameter is decoded from a payload: take it by value, or as `&T`",
                );
            } else if let Some(lifetime) = &reference.lifetime {
                let message = "a parameter is decoded for this call and lent to it: leave the lifetime out";
                errors.push(lifetime, message);
            }
            let elem = &reference.elem;
            match &**elem {
                Type::Path(path) if path.path.is_ident("str") => syn::parse_quote_spanned!(elem.span()=> __sf::String),
                Type::Slice(slice) => {
                    let elem = &slice.elem;
                    syn::parse_quote_spanned!(elem.span()=> __sf::Vec<#elem>)
                }
                _ => (**elem).clone(),
            }
        }
        ty => ty.clone(),
    };
    Undecodable(errors).visit_type(&owned);
    (errors.len() == before).then_some((owned, matches!(ty, Type::Reference(_))))
}

/// Finds what no payload can be decoded into.
struct Undecodable<'a>(&'a mut Errors);

impl<'ast> Visit<'ast> for Undecodable<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        match ty {
            Type::Reference(_) => {
                let cure = "take an owned value (`Option<String>`, `Vec<T>`)";
                self.0.push(
                    ty,
                    format!("a reference inside a parameter cannot be decoded from a payload: {cure}"),
                );
            }
            Type::ImplTrait(_) => {
                self.0.push(
                    ty,
                    "a parameter travels as a payload, so its type must be named: `String`, not `impl ..`",
                );
            }
            ty => syn::visit::visit_type(self, ty),
        }
    }
}

/// The last segment of a path type.
pub(crate) fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// What a function returns, `None` for nothing.
pub(crate) fn output(signature: &Signature, self_ty: Option<&Type>) -> Option<Type> {
    let ReturnType::Type(_, ty) = &signature.output else {
        return None;
    };
    let mut ty = (**ty).clone();
    if let Some(self_ty) = self_ty {
        path::replace_self(&mut ty, self_ty);
    }
    match &ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => None,
        _ => Some(ty),
    }
}

/// Whether a query's or an update's return type is a `Result`: by its name, because `T` and `Result<T, E>` cannot be told
/// apart at the level of types.
pub(crate) fn is_fallible(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.to_string().ends_with("Result"))
}

/// Refuses what no annotated function may be: `unsafe`, `extern`, variadic, generic.
pub(crate) fn check_plain(signature: &Signature, what: &str, errors: &mut Errors) {
    if let syn::Safety::Unsafe(token) = &signature.safety {
        errors.push(token, format!("{what} cannot be `unsafe`: the worker calls it"));
    }
    if let Some(abi) = &signature.abi {
        errors.push(abi, format!("{what} is a plain Rust function: remove `extern`"));
    }
}

/// The type of the input: none is `()`, one is itself, several are a tuple.
pub(crate) fn input_type(parameters: &[Parameter]) -> TokenStream {
    match parameters {
        [one] => one.ty.to_token_stream(),
        several => {
            let types = several.iter().map(|parameter| &parameter.ty);
            quote!((#(#types,)*))
        }
    }
}

/// Whether all arguments are taken as they came, by one parameter of type `RawArgs`: it is a list of arguments itself, so it stands
/// wherever others have a tuple.
pub(crate) fn takes_all(parameters: &[Parameter]) -> bool {
    matches!(parameters, [one] if last_segment(&one.ty).is_some_and(|name| name == "RawArgs"))
}

/// The parameters as `Args`: one payload each.
pub(crate) fn tuple_type(parameters: &[Parameter]) -> TokenStream {
    if takes_all(parameters) {
        return input_type(parameters);
    }
    let types = parameters.iter().map(|parameter| payload(&parameter.ty));
    quote!((#(#types,)*))
}

/// The type of each parameter of a method that sends them.
pub(crate) fn sent_types(parameters: &[Parameter]) -> Vec<TokenStream> {
    if takes_all(parameters) {
        return vec![input_type(parameters)];
    }
    parameters.iter().map(|parameter| payload(&parameter.ty)).collect()
}

/// The parameters of a method that sends them, as a value of their [`tuple_type`].
pub(crate) fn sent_tuple(parameters: &[Parameter]) -> TokenStream {
    let names = parameters.iter().map(|parameter| &parameter.name);
    if takes_all(parameters) {
        return quote!(#(#names)*);
    }
    quote!((#(#names,)*))
}

/// The names that generated code gives to the parameters, at the place of their types.
pub(crate) fn locals(parameters: &[Parameter]) -> Vec<Ident> {
    let at = |(index, parameter): (usize, &Parameter)| local_at(index, parameter.written.span());
    parameters.iter().enumerate().map(at).collect()
}

/// A pattern for the input, to go with [`input_type`].
pub(crate) fn input_pattern(parameters: &[Parameter]) -> TokenStream {
    match locals(parameters).as_slice() {
        [one] => one.to_token_stream(),
        several => quote!((#(#several,)*)),
    }
}

/// A pattern for the arguments, to go with [`tuple_type`].
pub(crate) fn tuple_pattern(parameters: &[Parameter]) -> TokenStream {
    if takes_all(parameters) {
        return input_pattern(parameters);
    }
    let locals = locals(parameters);
    quote!((#(#locals,)*))
}

/// The arguments of the call to the user's function, each with its comma.
pub(crate) fn arguments(parameters: &[Parameter]) -> TokenStream {
    locals(parameters)
        .into_iter()
        .zip(parameters)
        .map(|(local, parameter)| {
            if parameter.lent {
                quote!(&#local,)
            } else {
                quote!(#local,)
            }
        })
        .collect()
}

/// The attributes that a generated twin of a function keeps: documentation, deprecation, conditions.
pub(crate) fn kept_attributes(attributes: &[Attribute]) -> Vec<Attribute> {
    let kept = |attribute: &&Attribute| {
        ["doc", "deprecated", "cfg"]
            .iter()
            .any(|name| attribute.path().is_ident(name))
    };
    attributes.iter().filter(kept).cloned().collect()
}

/// The conditions of a function, which hold for what is generated from it.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .cloned()
        .collect()
}

/// Whether one of two functions may be compiled without the other.
pub(crate) fn has_conditions(one: &[Attribute], other: &[Attribute]) -> bool {
    !conditions(one).is_empty() || !conditions(other).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn sorted(signature: &Signature) -> (Inputs, Vec<String>) {
        let mut errors = Errors::default();
        let inputs = inputs(signature, None, &mut errors);
        (inputs, errors.messages())
    }

    fn types(inputs: &Inputs) -> Vec<String> {
        inputs
            .parameters
            .iter()
            .map(|parameter| parameter.ty.to_token_stream().to_string())
            .collect()
    }

    #[test]
    fn the_context_is_known_by_its_last_segment_and_optional() {
        let (with, _) = sorted(&parse_quote!(fn f(ctx: steadfast::activity::ActivityContext, order: Order)));
        assert_eq!(with.context.map(|context| context.kind), Some(ContextKind::Activity));
        assert_eq!(with.parameters.len(), 1);
        let (without, _) = sorted(&parse_quote!(fn f(order: Order)));
        assert!(without.context.is_none());
        let (lent, _) = sorted(&parse_quote!(fn f(&self, ctx: &HandlerContext)));
        assert!(
            lent.context
                .is_some_and(|context| context.by_reference && context.kind == ContextKind::Handler)
        );
    }

    #[test]
    fn references_are_decoded_into_their_owned_form_and_lent() {
        let (inputs, errors) = sorted(&parse_quote!(fn f(a: &str, b: &[u8], c: &Order, d: u32)));
        assert_eq!(errors, [""; 0]);
        assert_eq!(types(&inputs), ["__sf :: String", "__sf :: Vec < u8 >", "Order", "u32"]);
        assert_eq!(
            inputs.parameters.iter().map(|p| p.lent).collect::<Vec<_>>(),
            [true, true, true, false]
        );
    }

    #[test]
    fn what_cannot_be_decoded_is_refused_all_at_once() {
        let (_, errors) =
            sorted(&parse_quote!(fn f(a: &mut u8, b: &'static str, c: Option<&str>, d: impl Into<String>)));
        assert_eq!(errors.len(), 4, "{errors:?}");
    }

    #[test]
    fn a_result_is_known_by_its_name() {
        assert!(is_fallible(&parse_quote!(std::io::Result<u8>)));
        assert!(is_fallible(&parse_quote!(WorkflowResult<u8>)));
        assert!(!is_fallible(&parse_quote!(Option<Result<u8, u8>>)));
    }
}
