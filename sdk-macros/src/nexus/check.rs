//! The rules of Nexus services.

use super::parse::{Method, Role};
use crate::errors::Errors;
use crate::options::default_name;
use crate::signature::{self, Context, ContextKind, Parameter, Receiver};
use proc_macro2::{Ident, Span};
use syn::{Attribute, Expr, Type, parse_quote};

/// A service's operations that keep the rules.
pub(super) struct Service {
    pub(super) operations: Vec<Operation>,
    pub(super) cancels: Vec<Cancel>,
}

/// An operation.
pub(super) struct Operation {
    pub(super) function: Ident,
    pub(super) attributes: Vec<Attribute>,
    pub(super) name: Expr,
    pub(super) context: Option<Context>,
    /// None or one.
    pub(super) parameters: Vec<Parameter>,
    pub(super) output: Type,
}

/// The method that cancels an operation.
pub(super) struct Cancel {
    pub(super) function: Ident,
    pub(super) attributes: Vec<Attribute>,
    /// The operation's name on the wire.
    pub(super) name: Expr,
    pub(super) context: Option<Context>,
    /// The operation's token.
    pub(super) parameters: Vec<Parameter>,
}

pub(super) fn service(methods: &[Method], self_ty: &Type, place: Span, errors: &mut Errors) -> Service {
    let before = errors.len();
    let is_operation = |method: &&Method| matches!(method.role, Role::Operation { .. });
    if !methods.iter().any(|method| is_operation(&method)) {
        errors.push_at(
            place,
            "a service has at least one operation: `async fn greet(&self, name: String) -> Result<String, NexusError>`",
        );
    }
    let mut operations: Vec<Operation> = Vec::new();
    for method in methods {
        let Role::Operation { name } = &method.role else {
            continue;
        };
        let Some(operation) = operation(method, name.as_ref(), self_ty, errors) else {
            continue;
        };
        let is_same = |earlier: &&Operation| {
            earlier.name == operation.name && !signature::has_conditions(&earlier.attributes, &operation.attributes)
        };
        if let Some(earlier) = operations.iter().find(is_same) {
            let message = format!(
                "`{}` has this name on the wire already: choose another",
                earlier.function
            );
            errors.push(&operation.name, message);
        }
        operations.push(operation);
    }
    let are_all_sound = errors.len() == before;
    let mut cancels = Vec::new();
    for method in methods {
        let Role::Cancel {
            operation: Some(target),
        } = &method.role
        else {
            continue;
        };
        match operations.iter().find(|operation| operation.function == *target) {
            Some(operation) => cancels.extend(cancel(method, operation, self_ty, errors)),
            // One with a mistake of its own has been reported.
            None if are_all_sound => {
                let known = operations.iter().map(|operation| format!("`{}`", operation.function));
                let known = known.collect::<Vec<_>>().join(", ");
                errors.push(
                    target,
                    format!("there is no operation `{target}`: the operations are {known}"),
                );
            }
            None => {}
        }
    }
    Service { operations, cancels }
}

fn operation(method: &Method, name: Option<&Expr>, self_ty: &Type, errors: &mut Errors) -> Option<Operation> {
    let before = errors.len();
    let signature = &method.signature;
    let (context, parameters) = inputs(method, self_ty, errors);
    if let Some(surplus) = parameters.get(1) {
        errors.push(
            &surplus.written,
            "an operation has one input: put several values into a struct",
        );
    }
    let output = signature::output(signature, Some(self_ty));
    if output.is_none() {
        errors.push(
            &signature.ident,
            "an operation returns a `Result`: write `-> Result<(), NexusError>` and end with `Ok(())`",
        );
    }
    let name = name.cloned().unwrap_or_else(|| {
        let name = default_name(&signature.ident);
        parse_quote!(#name)
    });
    let output = output?;
    (errors.len() == before).then(|| Operation {
        function: signature.ident.clone(),
        attributes: method.attributes.clone(),
        name,
        context,
        parameters,
        output,
    })
}

fn cancel(method: &Method, operation: &Operation, self_ty: &Type, errors: &mut Errors) -> Option<Cancel> {
    let before = errors.len();
    let (context, parameters) = inputs(method, self_ty, errors);
    let is_text = |parameter: &Parameter| signature::last_segment(&parameter.ty).is_some_and(|ty| ty == "String");
    if parameters.len() != 1 || !parameters.iter().all(is_text) {
        errors.push(
            &method.signature.ident,
            "who cancels an operation is given its token: take `token: &str`, or `token: String`",
        );
    }
    if signature::output(&method.signature, None).is_none() {
        errors.push(
            &method.signature.ident,
            "who cancels an operation may fail to: write `-> Result<(), NexusError>` and end with `Ok(())`",
        );
    }
    (errors.len() == before).then(|| Cancel {
        function: method.signature.ident.clone(),
        attributes: method.attributes.clone(),
        name: operation.name.clone(),
        context,
        parameters,
    })
}

/// What holds for every method of a service.
fn inputs(method: &Method, self_ty: &Type, errors: &mut Errors) -> (Option<Context>, Vec<Parameter>) {
    let signature = &method.signature;
    signature::check_plain(signature, "a method of a service", errors);
    if let Some(parameter) = signature.generics.params.first() {
        errors.push(
            parameter,
            "an operation has one name on the wire, so it cannot be generic: write one method for each type",
        );
    }
    if signature.asyncness.is_none() {
        errors.push(
            signature.fn_token,
            "an operation is an `async fn`; what blocks goes into `tokio::task::spawn_blocking`",
        );
    }
    let inputs = signature::inputs(signature, Some(self_ty), errors);
    match inputs.receiver {
        Receiver::Shared => {}
        Receiver::None => errors.push(&signature.ident, "a method of a service takes `&self`"),
        Receiver::Mutable | Receiver::Owned => {
            let cure = "take `&self`, and put what changes into a `Mutex` or an atomic";
            let message = format!("operations run side by side and share the value: {cure}");
            errors.push(signature.receiver(), message);
        }
    }
    if let Some(context) = inputs
        .context
        .as_ref()
        .filter(|context| context.kind != ContextKind::Nexus)
    {
        errors.push(
            &context.ty,
            "an operation runs outside of workflows and activities: its context is `NexusContext`",
        );
    }
    (inputs.context, inputs.parameters)
}
