//! Waiting until the state is as it should be.

use super::{Cancelled, WorkflowContext, operation::Operation};
use std::{
    future::Future,
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use steadfast_core::{Command, Resolution};

/// Waits until a closure on the workflow's state returns `Some`.
///
/// Made by [`WorkflowContext::wait_condition`], [`wait_some`](WorkflowContext::wait_some) and
/// [`wait_take`](WorkflowContext::wait_take). `Err(Cancelled)` means that the workflow was cancelled meanwhile.
#[must_use = "a wait does nothing until it is awaited"]
pub struct Wait<S, R, F> {
    context: WorkflowContext<S>,
    condition: F,
    access: Access,
    location: &'static Location<'static>,
    /// What cancellation resolves; issued by the first poll that finds nothing.
    cancellation: Option<Operation>,
    result: PhantomData<fn() -> R>,
}

/// Whether fulfilling the condition may have changed the state, so that other waits are to look again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Reads,
    Takes,
}

impl<S, R, F> Wait<S, R, F> {
    #[track_caller]
    pub(super) fn new(context: WorkflowContext<S>, access: Access, condition: F) -> Self {
        Self {
            context,
            condition,
            access,
            location: Location::caller(),
            cancellation: None,
            result: PhantomData,
        }
    }

    /// Gives up after this long: `Ok(None)` then. The time counts from when the wait is first polled.
    pub fn timeout(self, timeout: Duration) -> WaitTimeout<S, R, F> {
        WaitTimeout {
            wait: self,
            timeout,
            timer: None,
        }
    }
}

impl<S, R, F: FnMut(&mut S) -> Option<R>> Wait<S, R, F> {
    fn poll_wait(&mut self, task: &mut Context<'_>) -> Poll<Result<R, Cancelled>> {
        // Cancellation is delivered once: were the condition looked at first, it would be lost.
        if let Some(cancellation) = &mut self.cancellation
            && cancellation.poll(task).is_ready()
        {
            return Poll::Ready(Err(Cancelled));
        }
        if let Some(found) = self.context.with_state(self.location, "a wait", &mut self.condition) {
            self.cancellation = None;
            if self.access == Access::Takes {
                self.context.host().state_changed();
            }
            return Poll::Ready(Ok(found));
        }
        if self.cancellation.is_none() {
            let mut operation = Operation::issue(self.context.host(), Command::Wait, self.location);
            let resolution = operation.poll(task);
            self.cancellation = Some(operation);
            if resolution.is_ready() {
                return Poll::Ready(Err(Cancelled));
            }
        }
        Poll::Pending
    }
}

// Nothing in here is pinned.
impl<S, R, F> Unpin for Wait<S, R, F> {}

impl<S, R, F: FnMut(&mut S) -> Option<R>> Future for Wait<S, R, F> {
    type Output = Result<R, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_wait(task)
    }
}

/// A [`Wait`] that gives up: `Ok(None)` if the time was over first.
#[must_use = "a wait does nothing until it is awaited"]
pub struct WaitTimeout<S, R, F> {
    wait: Wait<S, R, F>,
    timeout: Duration,
    timer: Option<Operation>,
}

impl<S, R, F> Unpin for WaitTimeout<S, R, F> {}

impl<S, R, F: FnMut(&mut S) -> Option<R>> Future for WaitTimeout<S, R, F> {
    type Output = Result<Option<R>, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(result) = this.wait.poll_wait(task) {
            this.timer = None;
            return Poll::Ready(result.map(Some));
        }
        let (duration, location) = (this.timeout, this.wait.location);
        let host = this.wait.context.host();
        let timer = match &mut this.timer {
            Some(timer) => timer,
            empty => {
                let command = Command::Timer {
                    duration,
                    user_metadata: None,
                };
                empty.insert(Operation::issue(host, command, location))
            }
        };
        match timer.poll(task) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(resolution) => {
                this.timer = None;
                this.wait.cancellation = None;
                Poll::Ready(match resolution {
                    Resolution::Fired => Ok(None),
                    _ => Err(Cancelled),
                })
            }
        }
    }
}
