//! The rules of workflows.

use super::dynamic;
use super::parse::{Block, Function, Role};
use crate::errors::Errors;
use crate::options::{default_name, dynamic_name};
use crate::signature::{self, ContextKind, Inputs, Parameter, Receiver};
use proc_macro2::{Ident, Span};
use syn::{Attribute, Expr, Generics, LitStr, Path, Type, parse_quote};

/// Methods that every handle has, so that no message may be called like them.
const RESERVED: &[&str] = &[
    "id",
    "run_id",
    "result",
    "cancel",
    "terminate",
    "describe",
    "signal",
    "query",
    "update",
];

/// A workflow that keeps the rules, or the rest of one that does not.
pub(super) struct Workflow {
    pub(super) self_ty: Type,
    pub(super) generics: Generics,
    pub(super) name: Expr,
    pub(super) krate: Option<Path>,
    /// The variant of `VersioningBehavior`.
    pub(super) versioning: Option<Ident>,
    pub(super) failure_policy: Vec<(Ident, Ident)>,
    pub(super) init: Option<Init>,
    /// `None`: a mistake that has been reported.
    pub(super) run: Option<Run>,
    pub(super) messages: Vec<Message>,
    pub(super) validators: Vec<Validator>,
}

/// `#[init]`.
pub(super) struct Init {
    pub(super) function: Ident,
    pub(super) context: ContextArgument,
    pub(super) parameters: Vec<Parameter>,
}

/// `#[run]`.
pub(super) struct Run {
    pub(super) function: Ident,
    pub(super) has_context: bool,
    /// Of the workflow: those of `run`, or those of `init` if `run` takes none.
    pub(super) input: Vec<Parameter>,
    /// Of the function.
    pub(super) parameters: Vec<Parameter>,
    pub(super) output: Type,
}

/// A signal, a query or an update.
pub(super) struct Message {
    pub(super) kind: MessageKind,
    pub(super) function: Ident,
    pub(super) attributes: Vec<Attribute>,
    /// It gets the messages that no other one is named after; it has no name then.
    pub(super) is_dynamic: bool,
    pub(super) name: LitStr,
    /// It may be left behind unfinished when the workflow ends.
    pub(super) abandons: bool,
    /// What people are told of it.
    pub(super) description: Option<LitStr>,
    pub(super) is_async: bool,
    pub(super) context: ContextArgument,
    pub(super) parameters: Vec<Parameter>,
    pub(super) output: Option<Type>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MessageKind {
    Signal,
    Query,
    Update,
}

impl MessageKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Query => "query",
            Self::Update => "update",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Signal => "signals",
            Self::Query => "queries",
            Self::Update => "updates",
        }
    }
}

/// `#[validator(..)]`.
pub(super) struct Validator {
    pub(super) function: Ident,
    pub(super) attributes: Vec<Attribute>,
    /// The name of the update on the wire.
    pub(super) name: LitStr,
    pub(super) context: ContextArgument,
    /// Of the update, at the places of the validator's.
    pub(super) parameters: Vec<Parameter>,
}

/// How the user's function takes its context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ContextArgument {
    None,
    Value,
    Reference,
}

pub(super) fn workflow(block: &Block, errors: &mut Errors) -> Workflow {
    let self_ty = &*block.item.self_ty;
    if let Some(lifetime) = block.item.generics.lifetimes().next() {
        errors.push(
            lifetime,
            "a workflow outlives every borrow: own what it needs, don't borrow it",
        );
    }
    let dynamic = block.options.dynamic.as_ref();
    let name = block.options.name.clone().unwrap_or_else(|| {
        let written = signature::last_segment(self_ty).filter(|_| dynamic.is_none());
        let name = written.map_or_else(dynamic_name, default_name);
        parse_quote!(#name)
    });
    let functions = functions(&block.functions, self_ty, block.item.impl_token.span, errors);
    if let (Some(dynamic), Some(run)) = (dynamic, &functions.run)
        && !signature::takes_all(&run.input)
    {
        let cure = "`async fn run(ctx: WorkflowContext<Self>, args: RawArgs) -> WorkflowResult<RawValue>`";
        errors.push(
            dynamic,
            format!("a dynamic workflow gets the raw arguments, and its name from `ctx.info()`: {cure}"),
        );
    }
    let (generics, krate) = (block.item.generics.clone(), block.options.krate.clone());
    Workflow {
        versioning: block.options.versioning.clone(),
        failure_policy: block.options.failure_policy.clone(),
        ..functions.into_workflow(self_ty.clone(), generics, name, krate)
    }
}

/// The functions of an impl block or of a trait, checked and sorted.
pub(super) struct Functions {
    init: Option<Init>,
    run: Option<Run>,
    messages: Vec<Message>,
    validators: Vec<Validator>,
}

impl Functions {
    pub(super) fn into_workflow(self, self_ty: Type, generics: Generics, name: Expr, krate: Option<Path>) -> Workflow {
        let Self {
            init,
            run,
            messages,
            validators,
        } = self;
        Workflow {
            self_ty,
            generics,
            name,
            krate,
            versioning: None,
            failure_policy: Vec::new(),
            init,
            run,
            messages,
            validators,
        }
    }
}

pub(super) fn functions(functions: &[Function], self_ty: &Type, place: Span, errors: &mut Errors) -> Functions {
    let init = only("#[init]", functions, |role| matches!(role, Role::Init), errors)
        .and_then(|function| init(function, self_ty, errors));
    let run = only("#[run]", functions, |role| matches!(role, Role::Run), errors);
    if run.is_none() {
        let cure = "add `#[run] async fn run(ctx: WorkflowContext<Self>, ..) -> WorkflowResult<..>`";
        errors.push_at(place, format!("a workflow has one `#[run]` function: {cure}"));
    }
    let run = run.and_then(|function| self::run(function, init.as_ref(), self_ty, errors));
    let messages: Vec<_> = functions
        .iter()
        .filter_map(|function| message(function, self_ty, errors))
        .collect();
    check_names(&messages, errors);
    let validators = validators(functions, &messages, self_ty, errors);
    Functions {
        init,
        run,
        messages,
        validators,
    }
}

/// What holds for every function of a workflow.
fn check_plain(function: &Function, errors: &mut Errors) {
    if let Some(parameter) = function.signature.generics.params.first() {
        let cure = "put the type parameter on the impl block";
        errors.push(
            parameter,
            format!("what the worker calls cannot be generic by itself: {cure}"),
        );
    }
    signature::check_plain(&function.signature, "a function of a workflow", errors);
}

fn only<'a>(
    attribute: &str,
    functions: &'a [Function],
    is_it: fn(&Role) -> bool,
    errors: &mut Errors,
) -> Option<&'a Function> {
    let mut found = functions.iter().filter(|function| is_it(&function.role));
    let first = found.next();
    for surplus in found {
        errors.push(
            &surplus.word,
            format!("a workflow has one `{attribute}` function: remove this one"),
        );
    }
    first
}

fn init(function: &Function, self_ty: &Type, errors: &mut Errors) -> Option<Init> {
    let before = errors.len();
    check_plain(function, errors);
    let inputs = signature::inputs(&function.signature, Some(self_ty), errors);
    if let Some(receiver) = function.signature.receiver() {
        errors.push(
            receiver,
            "`#[init]` makes the state, so there is no `self` yet: `fn new(..) -> Self`",
        );
    }
    if let Some(token) = &function.signature.asyncness {
        errors.push(
            token,
            "`#[init]` only makes the state: what waits belongs into `#[run]`",
        );
    }
    if signature::output(&function.signature, None).is_none() {
        errors.push(&function.signature.ident, "`#[init]` makes the state: write `-> Self`");
    }
    let context = handler_context(&inputs, errors);
    let init = Init {
        function: function.signature.ident.clone(),
        context,
        parameters: inputs.parameters,
    };
    (errors.len() == before).then_some(init)
}

fn run(function: &Function, init: Option<&Init>, self_ty: &Type, errors: &mut Errors) -> Option<Run> {
    let before = errors.len();
    check_plain(function, errors);
    let signature = &function.signature;
    let inputs = signature::inputs(signature, Some(self_ty), errors);
    if let Some(receiver) = signature.receiver() {
        let cure =
            "take `ctx: WorkflowContext<Self>`, and reach the state by `ctx.state(|s| ..)`, `ctx.state_mut(|s| ..)`";
        errors.push(
            receiver,
            format!("`#[run]` shares the state with the handlers, so it cannot hold `self`: {cure}"),
        );
    }
    if signature.asyncness.is_none() {
        errors.push(
            signature.fn_token,
            "`#[run]` waits for timers, activities and messages: write `async fn`",
        );
    }
    let output = signature::output(signature, Some(self_ty));
    if output.is_none() {
        let message = "`#[run]` returns the workflow's result: write `-> WorkflowResult<()>` and end with `Ok(())`";
        errors.push(&signature.ident, message);
    }
    let context = workflow_context(&inputs, "`#[run]` gets `ctx: WorkflowContext<Self>`", errors);
    if let Some(init) = init.filter(|init| !init.parameters.is_empty() && !inputs.parameters.is_empty())
        && init.parameters.len() != inputs.parameters.len()
    {
        let cure = "let both take the same parameters, or `#[run]` none";
        errors.push(
            &signature.ident,
            format!("`#[init]` and `#[run]` both get the workflow's input: {cure}"),
        );
    }
    let input = match init {
        Some(init) if inputs.parameters.is_empty() => init.parameters.clone(),
        _ => inputs.parameters.clone(),
    };
    let output = output?;
    (errors.len() == before).then_some(Run {
        function: signature.ident.clone(),
        has_context: context == ContextArgument::Value,
        input,
        parameters: inputs.parameters,
        output,
    })
}

fn message(function: &Function, self_ty: &Type, errors: &mut Errors) -> Option<Message> {
    let (kind, options) = match &function.role {
        Role::Signal(options) => (MessageKind::Signal, options),
        Role::Query(options) => (MessageKind::Query, options),
        Role::Update(options) => (MessageKind::Update, options),
        Role::Init | Role::Run | Role::Validator { .. } => return None,
    };
    let before = errors.len();
    check_plain(function, errors);
    let signature = &function.signature;
    let is_async = signature.asyncness.is_some();
    if options.is_dynamic {
        return dynamic::message(kind, options, function, self_ty, errors);
    }
    let inputs = signature::inputs(signature, Some(self_ty), errors);
    check_receiver(kind, function, inputs.receiver, errors);
    let context = if is_async {
        let message = "an async handler gets `ctx: WorkflowContext<Self>`";
        workflow_context(&inputs, message, errors)
    } else {
        handler_context(&inputs, errors)
    };
    check_reserved(&function.word, &signature.ident, errors);
    let output = signature::output(signature, Some(self_ty));
    match (&output, kind) {
        (Some(output), MessageKind::Signal) if !is_async || !signature::is_fallible(output) => {
            errors.push(
                output,
                "who signals does not wait for an answer: return nothing, or make it an `#[update]`",
            );
        }
        (None, MessageKind::Query) => {
            errors.push(&signature.ident, "a query answers something: give it a return type");
        }
        _ => {}
    }
    (errors.len() == before).then(|| Message {
        kind,
        is_dynamic: false,
        function: signature.ident.clone(),
        attributes: function.attributes.clone(),
        name: options.name.clone().unwrap_or_else(|| default_name(&signature.ident)),
        abandons: options.abandons,
        description: options.description(&function.attributes),
        is_async,
        context,
        parameters: inputs.parameters,
        output,
    })
}

fn check_receiver(kind: MessageKind, function: &Function, receiver: Receiver, errors: &mut Errors) {
    let signature = &function.signature;
    let place = signature.receiver();
    let is_async = signature.asyncness.is_some();
    match (kind, is_async, receiver) {
        (MessageKind::Query, true, _) => {
            let message = "a query reads the state as it is and cannot wait: remove `async`, or make it an `#[update]`";
            errors.push(signature.asyncness, message);
        }
        (MessageKind::Query, false, Receiver::Shared)
        | (MessageKind::Signal | MessageKind::Update, true, Receiver::None)
        | (MessageKind::Signal, false, Receiver::Mutable)
        | (MessageKind::Update, false, Receiver::Mutable | Receiver::Shared) => {}
        (MessageKind::Query, false, Receiver::None) => {
            errors.push(&signature.ident, "a query reads the state: take `&self`");
        }
        (MessageKind::Query, false, _) => {
            let message = "a query only reads: take `&self`, or make it an `#[update]` or a `#[signal]`";
            errors.push(place, message);
        }
        (_, true, _) => {
            let cure = "take `ctx: WorkflowContext<Self>` instead, and reach the state by `ctx.state_mut(|s| ..)`";
            errors.push(
                place,
                format!("an async handler cannot hold `self` while it waits: {cure}"),
            );
        }
        (MessageKind::Update, false, Receiver::None) => {
            let cure = "take `&mut self`, or make it `async` with `ctx: WorkflowContext<Self>`";
            errors.push(&signature.ident, format!("an update works on the state: {cure}"));
        }
        (_, false, Receiver::None) => {
            let cure = "take `&mut self`, or make it `async` with `ctx: WorkflowContext<Self>`";
            errors.push(&signature.ident, format!("a signal changes the state: {cure}"));
        }
        (MessageKind::Update, false, _) => errors.push(place, "an update works on the state: take `&mut self`"),
        (_, false, _) => errors.push(place, "a signal changes the state: take `&mut self`"),
    }
}

/// Synchronous functions hold the state, so their context has none.
pub(super) fn handler_context(inputs: &Inputs, errors: &mut Errors) -> ContextArgument {
    let Some(context) = &inputs.context else {
        return ContextArgument::None;
    };
    if context.kind != ContextKind::Handler {
        let cure = "take `ctx: &HandlerContext`";
        let message = match context.kind {
            ContextKind::Workflow => format!("a function that is not async holds the state and cannot wait: {cure}"),
            _ => format!("this runs in a workflow, not in an activity: {cure}"),
        };
        errors.push(&context.ty, message);
    }
    if context.by_reference {
        ContextArgument::Reference
    } else {
        ContextArgument::Value
    }
}

/// Async functions own their context.
fn workflow_context(inputs: &Inputs, rule: &str, errors: &mut Errors) -> ContextArgument {
    let Some(context) = &inputs.context else {
        return ContextArgument::None;
    };
    if context.kind != ContextKind::Workflow || context.by_reference {
        errors.push(&context.ty, rule);
    }
    ContextArgument::Value
}

/// The handle's method is called like the function.
fn check_reserved(word: &Ident, function: &Ident, errors: &mut Errors) {
    if RESERVED.iter().any(|reserved| function == reserved) {
        let cure = format!("`#[{word}(name = \"{function}\")] fn on_{function}`");
        errors.push(
            function,
            format!("every workflow handle has a method `{function}` already: write {cure}"),
        );
    }
}

fn check_names(messages: &[Message], errors: &mut Errors) {
    for (index, message) in messages.iter().enumerate() {
        let has_same_name = |earlier: &&Message| {
            earlier.kind == message.kind
                && earlier.name.value() == message.name.value()
                && !signature::has_conditions(&earlier.attributes, &message.attributes)
        };
        let Some(earlier) = messages.iter().take(index).find(has_same_name) else {
            continue;
        };
        if message.is_dynamic {
            errors.push(
                &message.function,
                format!(
                    "`{}` takes all unknown {} already",
                    earlier.function,
                    message.kind.words()
                ),
            );
        } else {
            let (name, earlier) = (message.name.value(), &earlier.function);
            let place = if message.function == name.as_str() {
                message.function.span()
            } else {
                message.name.span()
            };
            errors.push_at(
                place,
                format!("`{earlier}` is called \"{name}\" on the wire already: choose another name"),
            );
        }
    }
}

fn validators(functions: &[Function], messages: &[Message], self_ty: &Type, errors: &mut Errors) -> Vec<Validator> {
    let mut validators: Vec<Validator> = Vec::new();
    for function in functions {
        let Role::Validator { update: Some(target) } = &function.role else {
            continue;
        };
        // An update with a mistake of its own has been reported.
        let is_update = |f: &&Function| f.signature.ident == *target && matches!(f.role, Role::Update(_));
        if !functions.iter().any(|f| is_update(&f)) {
            errors.push(target, unknown_update(target, functions));
            continue;
        }
        let is_it = |m: &&Message| m.kind == MessageKind::Update && m.function == *target;
        let Some(update) = messages.iter().find(is_it) else {
            continue;
        };
        if update.is_dynamic {
            errors.push(
                target,
                format!("`{target}` gets raw arguments, and refuses them by what it returns: remove the validator"),
            );
            continue;
        }
        let Some(validator) = validator(function, update, self_ty, errors) else {
            continue;
        };
        if validators
            .iter()
            .any(|earlier| earlier.name.value() == validator.name.value())
        {
            errors.push(target, format!("`{target}` has a validator already: join the two"));
        } else {
            validators.push(validator);
        }
    }
    validators
}

fn unknown_update(target: &Ident, functions: &[Function]) -> String {
    let is_update = |function: &&Function| matches!(function.role, Role::Update(_));
    let updates = functions
        .iter()
        .filter(is_update)
        .map(|function| format!("`{}`", function.signature.ident));
    let updates: Vec<_> = updates.collect();
    match updates.as_slice() {
        [] => format!("there is no update `{target}`: put `#[update]` on the function that this validates"),
        updates => format!("there is no update `{target}`: the updates are {}", updates.join(", ")),
    }
}

fn validator(function: &Function, update: &Message, self_ty: &Type, errors: &mut Errors) -> Option<Validator> {
    let before = errors.len();
    check_plain(function, errors);
    let signature = &function.signature;
    let inputs = signature::inputs(signature, Some(self_ty), errors);
    if inputs.receiver != Receiver::Shared {
        let message = "a validator only looks at the state: take `&self`";
        match signature.receiver() {
            Some(receiver) => errors.push(receiver, message),
            None => errors.push(&signature.ident, message),
        }
    }
    if let Some(token) = &signature.asyncness {
        errors.push(token, "a validator answers at once: remove `async`");
    }
    for parameter in inputs.parameters.iter().filter(|parameter| !parameter.lent) {
        let message = "a validator looks at what the update will get: take it by reference, with `&`";
        errors.push(&parameter.written, message);
    }
    if inputs.parameters.len() != update.parameters.len() {
        let (target, count) = (&update.function, update.parameters.len());
        let message = format!("a validator takes the parameters of its update, by reference: `{target}` has {count}");
        errors.push(&signature.ident, message);
    }
    if signature::output(signature, None).is_none() {
        errors.push(
            &signature.ident,
            "a validator accepts or rejects: write `-> Result<(), Rejection>`",
        );
    }
    let context = handler_context(&inputs, errors);
    let place = |(parameter, own): (&Parameter, &Parameter)| Parameter {
        written: own.written.clone(),
        ..parameter.clone()
    };
    (errors.len() == before).then(|| Validator {
        function: signature.ident.clone(),
        attributes: function.attributes.clone(),
        name: update.name.clone(),
        context,
        parameters: update.parameters.iter().zip(&inputs.parameters).map(place).collect(),
    })
}
