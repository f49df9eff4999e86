//! A workflow as the core runs it.

use super::{
    HandlerContext, Handlers, WorkflowContext, WorkflowImplementation,
    exit::{exit, refusal},
    handlers::{Delivery, undecodable, unencodable},
    metadata,
};
use crate::convert::{Converter, RawArgs};
use std::sync::Arc;
use steadfast_core::{BoxFuture, Exit, Handled, Host, Program, Signal, TaskFailure, UpdateRequest};
use steadfast_proto::{common::Payloads, failure::Failure, history::WorkflowExecutionStartedEventAttributes};

/// What all instances of a registered workflow share.
pub(crate) struct Definition<W> {
    handlers: Handlers<W>,
    converter: Converter,
}

impl<W: WorkflowImplementation> Definition<W> {
    pub(crate) fn new(converter: Converter) -> Self {
        let mut handlers = Handlers::empty();
        W::handlers(&mut handlers);
        Self { handlers, converter }
    }

    /// Handlers of one kind that have the same name: `("signal", "decide")`.
    pub(crate) fn duplicates(&self) -> &[(&'static str, &'static str)] {
        &self.handlers.duplicates
    }

    /// Updates that have a validator but no handler.
    pub(crate) fn orphaned_validators(&self) -> impl Iterator<Item = &'static str> {
        let handlers = &self.handlers;
        handlers
            .validators
            .keys()
            .filter(|name| !handlers.updates.contains_key(*name))
            .copied()
    }

    pub(crate) fn instance(self: &Arc<Self>) -> Box<dyn Program> {
        Box::new(Instance {
            definition: Arc::clone(self),
            context: None,
        })
    }
}

/// One execution's program.
struct Instance<W> {
    definition: Arc<Definition<W>>,
    /// There is none before the start.
    context: Option<WorkflowContext<W>>,
}

impl<W: WorkflowImplementation> Instance<W> {
    fn update_names(&self) -> String {
        names(self.definition.handlers.updates.keys())
    }
}

impl<W: WorkflowImplementation> Program for Instance<W> {
    fn start(
        &mut self,
        host: &Host,
        started: &WorkflowExecutionStartedEventAttributes,
    ) -> Result<BoxFuture<Result<Option<Payloads>, Exit>>, TaskFailure> {
        let converter = &self.definition.converter;
        let input = started.input.as_ref();
        let undecodable = |error: crate::convert::DecodeError| TaskFailure {
            message: format!("the input of workflow type `{}` can't be decoded: {error}", W::NAME),
            location: None,
        };
        let handler_context = HandlerContext::writing(host.clone(), converter.clone());
        let state = W::init(handler_context, input, converter).map_err(undecodable)?;
        let input = W::decode(input, converter).map_err(undecodable)?;
        let context = WorkflowContext::new(host.clone(), converter.clone(), state);
        self.context = Some(context.clone());
        let routine = W::run(context, input);
        let (host, converter) = (host.clone(), converter.clone());
        Ok(Box::pin(async move {
            let output = routine.await.map_err(|error| exit(error, &host))?;
            let result = converter.encode_result(&output);
            result
                .map(Some)
                .map_err(|error| Exit::Failed(Box::new(unencodable(error))))
        }))
    }

    fn signal(&mut self, host: &Host, signal: &Signal) -> Handled<Result<(), Exit>> {
        let Some(context) = &self.context else {
            return Handled::Unknown;
        };
        let handlers = &self.definition.handlers;
        let arguments = signal.arguments.as_ref();
        let delivery = match (handlers.signals.get(signal.name.as_str()), handlers.any_signal) {
            (Some(handler), _) => handler(context, arguments),
            (None, Some(handler)) => {
                let arguments = RawArgs::new(arguments.cloned(), self.definition.converter.clone());
                let handler_context = context.handler_context();
                context.state_mut(|state| handler(state, &handler_context, &signal.name, arguments));
                Delivery::Done(Ok(()))
            }
            (None, None) => return Handled::Unknown,
        };
        match delivery {
            Delivery::Done(result) => Handled::Done(result.map_err(|error| exit(error, host))),
            Delivery::Undecodable(error) => Handled::Undecodable(error.to_string()),
            Delivery::Routine(routine) => {
                let host = host.clone();
                Handled::Routine(Box::pin(async move {
                    let result = routine.await.map_err(|error| exit(error, &host));
                    host.state_changed(); // for those who wait for all handlers
                    result
                }))
            }
        }
    }

    fn validate(&mut self, _: &Host, update: &UpdateRequest) -> Result<(), Failure> {
        let handlers = &self.definition.handlers;
        let known = handlers.updates.get(update.name.as_str());
        let (Some(known), Some(context)) = (known, &self.context) else {
            return Err(refusal(
                "NotFoundError",
                format!(
                    "unknown update `{}`; the workflow `{}` has {}",
                    update.name,
                    W::NAME,
                    self.update_names()
                ),
            ));
        };
        match handlers.validators.get(update.name.as_str()) {
            Some(validator) => validator(context, update.arguments.as_ref()),
            None => (known.check)(update.arguments.as_ref(), context.converter()),
        }
    }

    fn update(&mut self, host: &Host, update: &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>> {
        let handler = self.definition.handlers.updates.get(update.name.as_str());
        let (Some(handler), Some(context)) = (handler, &self.context) else {
            return Handled::Unknown;
        };
        match (handler.handle)(context, update.arguments.as_ref()) {
            Delivery::Done(outcome) => Handled::Done(update_outcome(outcome)),
            // It was accepted, so whoever waits for it is told, and the workflow goes on.
            Delivery::Undecodable(error) => Handled::Done(Err(Exit::Failed(Box::new(undecodable(error))))),
            Delivery::Routine(routine) => {
                let host = host.clone();
                Handled::Routine(Box::pin(async move {
                    let outcome = routine.await;
                    host.state_changed(); // for those who wait for all handlers
                    update_outcome(outcome)
                }))
            }
        }
    }

    fn query(&mut self, host: &Host, name: &str, arguments: Option<&Payloads>) -> Result<Option<Payloads>, Failure> {
        let handlers = &self.definition.handlers;
        if name == metadata::METADATA_QUERY {
            return Ok(Some(metadata::answer(
                &host
                    .info()
                    .started
                    .workflow_type
                    .as_ref()
                    .map_or_else(String::new, |known| known.name.clone()),
                handlers.queries.keys().copied(),
                handlers.signals.keys().copied(),
                handlers.updates.keys().copied(),
            )));
        }
        if name == metadata::STACK_TRACE_QUERY {
            let text = stack_trace(host);
            return self
                .definition
                .converter
                .encode_result(&text)
                .map(Some)
                .map_err(unencodable);
        }
        let Some(handler) = handlers.queries.get(name) else {
            return Err(refusal(
                "NotFoundError",
                format!(
                    "unknown query `{name}`; the workflow `{}` has {}",
                    W::NAME,
                    names(handlers.queries.keys())
                ),
            ));
        };
        let Some(context) = &self.context else {
            return Err(refusal(
                "NotStartedError",
                format!("query `{name}` came before the workflow had a state"),
            ));
        };
        handler(context, arguments).map(Some)
    }
}

fn update_outcome(outcome: Result<Payloads, Failure>) -> Result<Option<Payloads>, Exit> {
    outcome.map(Some).map_err(|failure| Exit::Failed(Box::new(failure)))
}

/// What the workflow waits for, and since which line.
fn stack_trace(host: &Host) -> String {
    let pending = host.pending_operations();
    let lines = pending
        .iter()
        .map(|operation| format!("{} at {}", operation.what, operation.location));
    lines.collect::<Vec<_>>().join("\n")
}

/// A list for people.
fn names<'a>(names: impl Iterator<Item = &'a &'static str>) -> String {
    let list: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if list.is_empty() {
        "none".to_owned()
    } else {
        list.join(", ")
    }
}
