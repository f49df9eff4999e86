//! Which handlers a workflow has.

#![allow(clippy::result_large_err)] // failures travel as they are between generated code and the core

use super::{HandlerContext, WorkflowContext, exit::refusal};
use crate::{
    convert::{Args, Converter, Data, DecodeError, EncodeError, RawArgs},
    error::{Rejection, WorkflowError, WorkflowResult},
};
use std::collections::BTreeMap;
use steadfast_core::BoxFuture;
use steadfast_proto::{common::Payloads, failure::Failure};

/// The table of a workflow's handlers, filled once for each registration by code that `#[workflow]` writes.
pub struct Handlers<S> {
    pub(super) signals: BTreeMap<&'static str, SignalHandler<S>>,
    pub(super) any_signal: Option<fn(&mut S, &HandlerContext, &str, RawArgs)>,
    pub(super) queries: BTreeMap<&'static str, QueryHandler<S>>,
    pub(super) updates: BTreeMap<&'static str, Update<S>>,
    pub(super) validators: BTreeMap<&'static str, Validator<S>>,
    /// Names that were given to two handlers of a kind; the worker refuses to start with them.
    pub(super) duplicates: Vec<(&'static str, &'static str)>,
}

/// An update's handler, and whether its arguments can be decoded, which is asked before it is accepted.
pub(super) struct Update<S> {
    pub(super) check: fn(Arguments<'_>, &Converter) -> Result<(), Failure>,
    pub(super) handle: UpdateHandler<S>,
}

/// A message that was handed to its handler.
pub(super) enum Delivery<T> {
    Done(T),
    Routine(BoxFuture<T>),
    Undecodable(DecodeError),
}

pub(super) type Arguments<'a> = Option<&'a Payloads>;
type SignalDelivery = Delivery<WorkflowResult<()>>;
type UpdateDelivery = Delivery<Result<Payloads, Failure>>;
pub(super) type SignalHandler<S> = Box<dyn Fn(&WorkflowContext<S>, Arguments<'_>) -> SignalDelivery + Send + Sync>;
pub(super) type QueryHandler<S> =
    Box<dyn Fn(&WorkflowContext<S>, Arguments<'_>) -> Result<Payloads, Failure> + Send + Sync>;
pub(super) type UpdateHandler<S> = Box<dyn Fn(&WorkflowContext<S>, Arguments<'_>) -> UpdateDelivery + Send + Sync>;
pub(super) type Validator<S> = Box<dyn Fn(&WorkflowContext<S>, Arguments<'_>) -> Result<(), Failure> + Send + Sync>;

impl<S> Handlers<S> {
    pub(super) fn empty() -> Self {
        Self {
            signals: BTreeMap::new(),
            any_signal: None,
            queries: BTreeMap::new(),
            updates: BTreeMap::new(),
            validators: BTreeMap::new(),
            duplicates: Vec::new(),
        }
    }
}

impl<S: Send + 'static> Handlers<S> {
    /// A synchronous signal handler.
    pub fn signal<A: Args>(&mut self, name: &'static str, handle: fn(&mut S, &HandlerContext, A)) {
        let handler: SignalHandler<S> =
            Box::new(
                move |context, arguments| match A::decode(arguments, context.converter()) {
                    Ok(arguments) => {
                        let handler_context = context.handler_context();
                        context.state_mut(|state| handle(state, &handler_context, arguments));
                        Delivery::Done(Ok(()))
                    }
                    Err(error) => Delivery::Undecodable(error),
                },
            );
        self.insert_signal(name, handler);
    }

    /// An asynchronous signal handler.
    pub fn signal_async<A: Args>(
        &mut self,
        name: &'static str,
        handle: fn(WorkflowContext<S>, A) -> BoxFuture<WorkflowResult<()>>,
    ) {
        let handler: SignalHandler<S> =
            Box::new(
                move |context, arguments| match A::decode(arguments, context.converter()) {
                    Ok(arguments) => Delivery::Routine(handle(context.clone(), arguments)),
                    Err(error) => Delivery::Undecodable(error),
                },
            );
        self.insert_signal(name, handler);
    }

    /// The handler of signals that no other one is named after.
    pub fn signal_any(&mut self, handle: fn(&mut S, &HandlerContext, &str, RawArgs)) {
        if self.any_signal.replace(handle).is_some() {
            self.duplicates.push(("signal", "(dynamic)"));
        }
    }

    /// A query handler.
    pub fn query<A: Args, O: Data>(
        &mut self,
        name: &'static str,
        answer: fn(&S, &HandlerContext, A) -> Result<O, Failure>,
    ) {
        let handler: QueryHandler<S> = Box::new(move |context, arguments| {
            let converter = context.converter();
            let arguments = A::decode(arguments, converter).map_err(undecodable)?;
            let handler_context = context.reading_context();
            let output = context.state(|state| answer(state, &handler_context, arguments))?;
            converter.encode_result(&output).map_err(unencodable)
        });
        if self.queries.insert(name, handler).is_some() {
            self.duplicates.push(("query", name));
        }
    }

    /// A synchronous update handler.
    pub fn update<A: Args, O: Data>(
        &mut self,
        name: &'static str,
        handle: fn(&mut S, &HandlerContext, A) -> Result<O, Failure>,
    ) {
        let handler: UpdateHandler<S> = Box::new(move |context, arguments| {
            let arguments = match A::decode(arguments, context.converter()) {
                Ok(arguments) => arguments,
                Err(error) => return Delivery::Undecodable(error),
            };
            let handler_context = context.handler_context();
            let output = context.state_mut(|state| handle(state, &handler_context, arguments));
            Delivery::Done(encode_outcome(output, context.converter()))
        });
        self.insert_update::<A>(name, handler);
    }

    /// An asynchronous update handler.
    pub fn update_async<A: Args, O: Data>(
        &mut self,
        name: &'static str,
        handle: fn(WorkflowContext<S>, A) -> BoxFuture<Result<O, Failure>>,
    ) {
        let handler: UpdateHandler<S> = Box::new(move |context, arguments| {
            let arguments = match A::decode(arguments, context.converter()) {
                Ok(arguments) => arguments,
                Err(error) => return Delivery::Undecodable(error),
            };
            let converter = context.converter().clone();
            let routine = handle(context.clone(), arguments);
            Delivery::Routine(Box::pin(async move { encode_outcome(routine.await, &converter) }))
        });
        self.insert_update::<A>(name, handler);
    }

    /// What is asked before an update of this name is accepted.
    pub fn validator<A: Args>(
        &mut self,
        name: &'static str,
        check: fn(&S, &HandlerContext, &A) -> Result<(), Rejection>,
    ) {
        let validator: Validator<S> = Box::new(move |context, arguments| {
            let arguments = A::decode(arguments, context.converter()).map_err(undecodable)?;
            let handler_context = context.reading_context();
            context
                .state(|state| check(state, &handler_context, &arguments))
                .map_err(Rejection::into_failure)
        });
        if self.validators.insert(name, validator).is_some() {
            self.duplicates.push(("validator", name));
        }
    }

    fn insert_signal(&mut self, name: &'static str, handler: SignalHandler<S>) {
        if self.signals.insert(name, handler).is_some() {
            self.duplicates.push(("signal", name));
        }
    }

    fn insert_update<A: Args>(&mut self, name: &'static str, handle: UpdateHandler<S>) {
        let check = |arguments: Arguments<'_>, converter: &Converter| {
            A::decode(arguments, converter).map(drop).map_err(undecodable)
        };
        if self.updates.insert(name, Update { check, handle }).is_some() {
            self.duplicates.push(("update", name));
        }
    }
}

fn encode_outcome<O: Data>(output: Result<O, Failure>, converter: &Converter) -> Result<Payloads, Failure> {
    converter.encode_result(&output?).map_err(unencodable)
}

/// The failure of arguments that can't be decoded, which is not worth a retry.
#[allow(clippy::needless_pass_by_value)] // as `map_err` wants it
pub(super) fn undecodable(error: DecodeError) -> Failure {
    refusal("DecodeError", error.to_string())
}

/// The failure of a result that can't be encoded.
#[allow(clippy::needless_pass_by_value)] // as `map_err` wants it
pub(super) fn unencodable(error: EncodeError) -> Failure {
    WorkflowError::from(error).failure().cloned().unwrap_or_default()
}
