//! Handlers of messages of any name: `#[signal(dynamic)] fn any(&mut self, name: &str, args: RawArgs)`, and alike.

use super::check::{Message, MessageKind, handler_context};
use super::parse::{Function, MessageOptions};
use crate::errors::Errors;
use crate::options::dynamic_name;
use crate::signature::{self, Inputs, Receiver};
use syn::Type;

/// It is called with what came, so there is little to read.
pub(super) fn message(
    kind: MessageKind,
    options: &MessageOptions,
    function: &Function,
    self_ty: &Type,
    errors: &mut Errors,
) -> Option<Message> {
    let before = errors.len();
    let signature = &function.signature;
    let context = signature.inputs.iter().nth(1).and_then(|argument| match argument {
        syn::FnArg::Typed(argument) => signature::context(&argument.ty),
        syn::FnArg::Receiver(_) => None,
    });
    let inputs = Inputs {
        receiver: signature::receiver(signature),
        context,
        parameters: Vec::new(),
    };
    let parameters = signature.inputs.len() - usize::from(inputs.context.is_some());
    let (what, fits, cure) = match kind {
        MessageKind::Query => (
            "query",
            inputs.receiver == Receiver::Shared,
            "`fn any(&self, name: &str, args: RawArgs) -> Result<String, Rejection>`",
        ),
        MessageKind::Update => (
            "update",
            matches!(inputs.receiver, Receiver::Mutable | Receiver::Shared),
            "`fn any(&mut self, name: &str, args: RawArgs) -> Result<String, UpdateError>`",
        ),
        MessageKind::Signal => (
            "signal",
            inputs.receiver == Receiver::Mutable,
            "`fn any(&mut self, name: &str, args: RawArgs)`",
        ),
    };
    let output = signature::output(signature, Some(self_ty));
    let answers = output.is_some() || kind != MessageKind::Query;
    if signature.asyncness.is_some() || !fits || !answers || parameters != 3 {
        errors.push(
            &signature.ident,
            format!("a dynamic {what} gets the name and the raw arguments: {cure}"),
        );
    }
    let context = handler_context(&inputs, errors);
    (errors.len() == before).then(|| Message {
        kind,
        is_dynamic: true,
        function: signature.ident.clone(),
        attributes: function.attributes.clone(),
        name: dynamic_name(),
        abandons: options.abandons,
        description: options.description(&function.attributes),
        is_async: false,
        context,
        parameters: Vec::new(),
        output: output.filter(|_| kind != MessageKind::Signal),
    })
}
