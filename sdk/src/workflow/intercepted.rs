//! The main routine and messages, on their way through interceptors.
//!
//! With interceptors that only go on, everything runs when it would without them: a synchronous handler when its message is
//! delivered, an asynchronous one when it is polled.

use super::{
    FailurePolicy, WorkflowContext, WorkflowImplementation,
    exit::exit,
    handler::{Delivery, SignalHandler, UpdateHandler, undecodable},
};
use crate::{
    error::{WorkflowError, WorkflowResult},
    interceptor::{
        Answer, AnyWorkflowInterceptor, Attached, ExecuteWorkflow, HandleSignal, HandleUpdate, Headers, Next,
    },
};
use std::{
    future::poll_fn,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Waker},
};
use steadfast_core::{BoxFuture, Exit, Handled, Host, Signal, UpdateRequest};
use steadfast_proto::common::Payloads;

/// The main routine, which decodes its input again, as an interceptor may have changed it.
pub(super) fn execute<W: WorkflowImplementation>(
    attached: &Attached,
    host: &Host,
    context: WorkflowContext<W>,
    input: Option<&Payloads>,
) -> BoxFuture<WorkflowResult<Payloads>> {
    let call = ExecuteWorkflow {
        ctx: attached.context(host),
        arguments: input.cloned(),
        headers: Headers::of(host.info().rare().header.clone()),
    };
    let end = Next::end(move |call: ExecuteWorkflow| -> BoxFuture<_> {
        Box::pin(async move {
            let converter = context.converter().clone();
            let input = W::decode(call.arguments.as_ref(), &converter)?;
            let output = W::run(context, input).await?;
            converter.encode_result(&output).map_err(WorkflowError::from)
        })
    });
    let next = attached.interceptors.next(<dyn AnyWorkflowInterceptor>::execute, end);
    Box::pin(next.run(call))
}

pub(super) fn signal<S: Send + 'static>(
    attached: &Attached,
    host: &Host,
    context: &WorkflowContext<S>,
    (handler, policy): (SignalHandler<S>, FailurePolicy),
    signal: &Signal,
) -> Handled<Result<(), Exit>> {
    let call = HandleSignal {
        ctx: attached.context(host),
        name: signal.name.clone(),
        arguments: signal.arguments.clone(),
        headers: Headers::of(signal.header.clone()),
    };
    let unreadable = Arc::new(OnceLock::new());
    let end = {
        let (context, unreadable) = (context.clone(), Arc::clone(&unreadable));
        Next::end(move |call: HandleSignal| -> BoxFuture<_> {
            Box::pin(async move {
                match handler(&context, &call.name, call.arguments.as_ref()) {
                    Delivery::Done(result) => result,
                    Delivery::Undecodable(error) => {
                        let _ = unreadable.set(error.to_string());
                        Ok(())
                    }
                    Delivery::Routine(routine) => {
                        when_polled_again().await;
                        routine.await
                    }
                }
            })
        })
    };
    let next = attached.interceptors.next(<dyn AnyWorkflowInterceptor>::signal, end);
    let mut routine = Box::pin(next.run(call));
    match routine.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => match unreadable.get() {
            Some(reason) => Handled::Undecodable(reason.clone()),
            None => Handled::Done(result.map_err(|error| exit(error, host, policy))),
        },
        Poll::Pending => {
            let host = host.clone();
            Handled::Routine(Box::pin(async move {
                let result = routine.await.map_err(|error| exit(error, &host, policy));
                host.state_changed(); // for those who wait for all handlers
                result
            }))
        }
    }
}

pub(super) fn update<S: Send + 'static>(
    attached: &Attached,
    host: &Host,
    context: &WorkflowContext<S>,
    handler: UpdateHandler<S>,
    update: &UpdateRequest,
) -> Handled<Result<Option<Payloads>, Exit>> {
    let end = {
        let context = context.clone();
        Next::end(move |call: HandleUpdate| -> BoxFuture<Answer> {
            Box::pin(async move {
                match handler(&context, &call.name, call.arguments.as_ref()) {
                    Delivery::Done(outcome) => outcome,
                    Delivery::Undecodable(error) => Err(undecodable(error)),
                    Delivery::Routine(routine) => {
                        when_polled_again().await;
                        routine.await
                    }
                }
            })
        })
    };
    let next = attached.interceptors.next(<dyn AnyWorkflowInterceptor>::update, end);
    let mut routine = Box::pin(next.run(handle_update(attached, host, update)));
    match routine.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Handled::Done(outcome_of(outcome)),
        Poll::Pending => {
            let host = host.clone();
            Handled::Routine(Box::pin(async move {
                let outcome = routine.await;
                host.state_changed(); // for those who wait for all handlers
                outcome_of(outcome)
            }))
        }
    }
}

pub(super) fn handle_update(attached: &Attached, host: &Host, update: &UpdateRequest) -> HandleUpdate {
    HandleUpdate {
        ctx: attached.context(host),
        id: update.id.clone(),
        name: update.name.clone(),
        arguments: update.arguments.clone(),
        headers: Headers::of(update.header.clone()),
    }
}

pub(super) fn outcome_of(outcome: Answer) -> Result<Option<Payloads>, Exit> {
    outcome.map(Some).map_err(|failure| Exit::Failed(Box::new(failure)))
}

/// The first time is when the message is delivered, the second when it is the handler's turn.
async fn when_polled_again() {
    let mut was_polled = false;
    poll_fn(|_| {
        if std::mem::replace(&mut was_polled, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
