//! Handlers of messages as a workflow's instance calls them: by name, with payloads.

#![allow(clippy::result_large_err)] // failures travel as they are between generated code and the core

use super::{HandlerContext, WorkflowContext, exit::refusal};
use crate::{
    convert::{Args, Converter, Data, DecodeError, EncodeError, RawArgs},
    error::{Rejection, WorkflowError, WorkflowResult},
};
use std::sync::Arc;
use steadfast_core::BoxFuture;
use steadfast_proto::{common::Payloads, failure::Failure};

/// A message that was handed to its handler.
pub(super) enum Delivery<T> {
    Done(T),
    Routine(BoxFuture<T>),
    Undecodable(DecodeError),
}

pub(super) type Arguments<'a> = Option<&'a Payloads>;
type SignalDelivery = Delivery<WorkflowResult<()>>;
type UpdateDelivery = Delivery<Result<Payloads, Failure>>;
type Checked = Result<(), Failure>;
type Answered = Result<Payloads, Failure>;

/// Gets the message's name beside its arguments: most handlers know it.
pub(super) type SignalHandler<S> =
    Arc<dyn Fn(&WorkflowContext<S>, &str, Arguments<'_>) -> SignalDelivery + Send + Sync>;
pub(super) type QueryHandler<S> = Arc<dyn Fn(&WorkflowContext<S>, &str, Arguments<'_>) -> Answered + Send + Sync>;
pub(super) type UpdateHandler<S> =
    Arc<dyn Fn(&WorkflowContext<S>, &str, Arguments<'_>) -> UpdateDelivery + Send + Sync>;
pub(super) type Validator<S> = Arc<dyn Fn(&WorkflowContext<S>, Arguments<'_>) -> Checked + Send + Sync>;

/// An update's handler, and whether its arguments can be decoded, which is asked before it is accepted.
pub(super) struct Update<S> {
    pub(super) check: fn(Arguments<'_>, &Converter) -> Checked,
    pub(super) handle: UpdateHandler<S>,
}

impl<S> Clone for Update<S> {
    fn clone(&self) -> Self {
        Self {
            check: self.check,
            handle: Arc::clone(&self.handle),
        }
    }
}

/// A synchronous signal handler.
pub(super) fn signal<S: Send + 'static, A: Args>(
    handle: impl Fn(&mut S, &HandlerContext, A) + Send + Sync + 'static,
) -> SignalHandler<S> {
    Arc::new(
        move |context, _, arguments| match A::decode(arguments, context.converter()) {
            Ok(arguments) => {
                let handler_context = context.handler_context();
                context.state_mut(|state| handle(state, &handler_context, arguments));
                Delivery::Done(Ok(()))
            }
            Err(error) => Delivery::Undecodable(error),
        },
    )
}

/// An asynchronous signal handler.
pub(super) fn signal_async<S: Send + 'static, A: Args>(
    handle: impl Fn(WorkflowContext<S>, A) -> BoxFuture<WorkflowResult<()>> + Send + Sync + 'static,
) -> SignalHandler<S> {
    Arc::new(
        move |context, _, arguments| match A::decode(arguments, context.converter()) {
            Ok(arguments) => Delivery::Routine(handle(context.clone(), arguments)),
            Err(error) => Delivery::Undecodable(error),
        },
    )
}

/// The handler of signals of any name.
pub(super) fn signal_any<S: Send + 'static>(
    handle: impl Fn(&mut S, &HandlerContext, &str, RawArgs) + Send + Sync + 'static,
) -> SignalHandler<S> {
    Arc::new(move |context, name, arguments| {
        let arguments = RawArgs::new(arguments.cloned(), context.converter().clone());
        let handler_context = context.handler_context();
        context.state_mut(|state| handle(state, &handler_context, name, arguments));
        Delivery::Done(Ok(()))
    })
}

/// A query handler.
pub(super) fn query<S: Send + 'static, A: Args, O: Data>(
    answer: impl Fn(&S, &HandlerContext, A) -> Result<O, Failure> + Send + Sync + 'static,
) -> QueryHandler<S> {
    Arc::new(move |context, _, arguments| {
        let converter = context.converter();
        let arguments = A::decode(arguments, converter).map_err(undecodable)?;
        let handler_context = context.reading_context();
        let output = context.state(|state| answer(state, &handler_context, arguments))?;
        converter.encode_result(&output).map_err(unencodable)
    })
}

/// The handler of queries of any name.
pub(super) fn query_any<S: Send + 'static, O: Data>(
    answer: impl Fn(&S, &HandlerContext, &str, RawArgs) -> Result<O, Failure> + Send + Sync + 'static,
) -> QueryHandler<S> {
    Arc::new(move |context, name, arguments| {
        let converter = context.converter();
        let arguments = RawArgs::new(arguments.cloned(), converter.clone());
        let handler_context = context.reading_context();
        let output = context.state(|state| answer(state, &handler_context, name, arguments))?;
        converter.encode_result(&output).map_err(unencodable)
    })
}

/// A synchronous update handler.
pub(super) fn update<S: Send + 'static, A: Args, O: Data>(
    handle: impl Fn(&mut S, &HandlerContext, A) -> Result<O, Failure> + Send + Sync + 'static,
) -> Update<S> {
    with_check::<S, A>(Arc::new(move |context, _, arguments| {
        let arguments = match A::decode(arguments, context.converter()) {
            Ok(arguments) => arguments,
            Err(error) => return Delivery::Undecodable(error),
        };
        let handler_context = context.handler_context();
        let output = context.state_mut(|state| handle(state, &handler_context, arguments));
        Delivery::Done(encode_outcome(output, context.converter()))
    }))
}

/// An asynchronous update handler.
pub(super) fn update_async<S: Send + 'static, A: Args, O: Data>(
    handle: impl Fn(WorkflowContext<S>, A) -> BoxFuture<Result<O, Failure>> + Send + Sync + 'static,
) -> Update<S> {
    with_check::<S, A>(Arc::new(move |context, _, arguments| {
        let arguments = match A::decode(arguments, context.converter()) {
            Ok(arguments) => arguments,
            Err(error) => return Delivery::Undecodable(error),
        };
        let converter = context.converter().clone();
        let routine = handle(context.clone(), arguments);
        Delivery::Routine(Box::pin(async move { encode_outcome(routine.await, &converter) }))
    }))
}

/// The handler of updates of any name.
pub(super) fn update_any<S: Send + 'static, O: Data>(
    handle: impl Fn(&mut S, &HandlerContext, &str, RawArgs) -> Result<O, Failure> + Send + Sync + 'static,
) -> Update<S> {
    Update {
        check: |_, _| Ok(()),
        handle: Arc::new(move |context, name, arguments| {
            let arguments = RawArgs::new(arguments.cloned(), context.converter().clone());
            let handler_context = context.handler_context();
            let output = context.state_mut(|state| handle(state, &handler_context, name, arguments));
            Delivery::Done(encode_outcome(output, context.converter()))
        }),
    }
}

/// What is asked before an update is accepted.
pub(super) fn validator<S: Send + 'static, A: Args>(
    check: impl Fn(&S, &HandlerContext, &A) -> Result<(), Rejection> + Send + Sync + 'static,
) -> Validator<S> {
    Arc::new(move |context, arguments| {
        let arguments = A::decode(arguments, context.converter()).map_err(undecodable)?;
        let handler_context = context.reading_context();
        context
            .state(|state| check(state, &handler_context, &arguments))
            .map_err(Rejection::into_failure)
    })
}

fn with_check<S, A: Args>(handle: UpdateHandler<S>) -> Update<S> {
    Update {
        check: |arguments, converter| A::decode(arguments, converter).map(drop).map_err(undecodable),
        handle,
    }
}

fn encode_outcome<O: Data>(output: Result<O, Failure>, converter: &Converter) -> Answered {
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
