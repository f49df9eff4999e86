//! What workflow code logs: within a span that says which workflow it is, and not again on replay.

#![allow(clippy::result_large_err)] // failures travel as they are between generated code and the core

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use steadfast_core::{
    BoxFuture, Exit, FailurePolicy, Handled, Host, MessageKind, Program, Signal, TaskFailure, UpdateRequest,
};
use steadfast_proto::{
    common::Payloads, enums::VersioningBehavior, failure::Failure, history::WorkflowExecutionStartedEventAttributes,
    query::WorkflowQuery,
};
use tracing::{Dispatch, Span, dispatcher, level_filters::LevelFilter};

/// A program whose code logs as `tracing` does everywhere, by the macros that everybody uses.
pub(super) struct Logged<P> {
    program: P,
    span: Span,
}

impl<P> Logged<P> {
    pub(super) fn new(program: P) -> Self {
        Self {
            program,
            span: Span::none(),
        }
    }
}

/// Nobody listens: nothing is to be done.
fn is_off() -> bool {
    LevelFilter::current() == LevelFilter::OFF
}

fn span(host: &Host) -> Span {
    let info = host.info();
    tracing::info_span!(
        "workflow",
        namespace = info.namespace,
        task_queue = info.task_queue,
        workflow_type = info.workflow_type,
        workflow_id = info.workflow_id,
        run_id = info.run_id,
    )
}

/// Runs code whose events were logged already, if it is replayed.
fn within<R>(span: &Span, host: &Host, code: impl FnOnce() -> R) -> R {
    if is_off() {
        code()
    } else if host.is_replaying() {
        dispatcher::with_default(&Dispatch::none(), code)
    } else {
        span.in_scope(code)
    }
}

struct Routine<T> {
    routine: BoxFuture<T>,
    span: Span,
    host: Host,
}

impl<T> Future for Routine<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        within(&this.span, &this.host, || this.routine.as_mut().poll(context))
    }
}

fn routine<T: 'static>(span: &Span, host: &Host, routine: BoxFuture<T>) -> BoxFuture<T> {
    if is_off() {
        return routine;
    }
    Box::pin(Routine {
        routine,
        span: span.clone(),
        host: host.clone(),
    })
}

fn handled<T: 'static>(span: &Span, host: &Host, handled: Handled<T>) -> Handled<T> {
    match handled {
        Handled::Routine(future) => Handled::Routine(routine(span, host, future)),
        other => other,
    }
}

impl<P: Program> Program for Logged<P> {
    fn start(
        &mut self,
        host: &Host,
        started: &WorkflowExecutionStartedEventAttributes,
    ) -> Result<BoxFuture<Result<Option<Payloads>, Exit>>, TaskFailure> {
        if !is_off() {
            self.span = span(host);
        }
        let main = within(&self.span, host, || self.program.start(host, started))?;
        Ok(routine(&self.span, host, main))
    }

    fn versioning(&self) -> Option<VersioningBehavior> {
        self.program.versioning()
    }

    fn failure_policy(&self) -> FailurePolicy {
        self.program.failure_policy()
    }

    fn signal(&mut self, host: &Host, signal: &Signal) -> Handled<Result<(), Exit>> {
        let outcome = within(&self.span, host, || self.program.signal(host, signal));
        handled(&self.span, host, outcome)
    }

    fn validate(&mut self, host: &Host, update: &UpdateRequest) -> Result<(), Failure> {
        within(&self.span, host, || self.program.validate(host, update))
    }

    fn knows_update(&self, name: &str) -> bool {
        self.program.knows_update(name)
    }

    fn may_be_abandoned(&self, message: MessageKind, name: &str) -> bool {
        self.program.may_be_abandoned(message, name)
    }

    fn update(&mut self, host: &Host, update: &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>> {
        let outcome = within(&self.span, host, || self.program.update(host, update));
        handled(&self.span, host, outcome)
    }

    /// It is answered once, though it counts as replayed.
    fn query(&mut self, host: &Host, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure> {
        self.span.in_scope(|| self.program.query(host, query))
    }
}
