//! Giving up on anything.

use super::{WorkflowContext, operation::Operation};
use std::{
    future::{Future, IntoFuture},
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use steadfast_core::{Command, Host, Resolution};

/// Awaits something for this long at most: `None` if the time was over first. Time counts from when it is first polled.
///
/// What is given up is dropped: timers and waits in it are cancelled, activities run on. To cancel those too, use a
/// [`CancellationScope`](super::CancellationScope) with a time-out. When the workflow is cancelled meanwhile, the future is
/// told, and then has the time it needs to clean up.
///
/// ```
/// use steadfast::{prelude::*, workflow::{Mutex, timeout}};
///
/// #[derive(Default)]
/// struct Shop {
///     till: Mutex<u64>,
/// }
///
/// #[workflow]
/// impl Shop {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<bool> {
///         let till = ctx.state(|s| s.till.clone());
///         let Some(till) = timeout(&ctx, minutes(5), till.lock(&ctx)).await else { return Ok(false) };
///         *till? += 1;
///         Ok(true)
///     }
/// }
/// ```
#[track_caller]
pub fn timeout<S, F: IntoFuture>(ctx: &WorkflowContext<S>, duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: Box::pin(future.into_future()),
        host: ctx.host().clone(),
        duration,
        location: Location::caller(),
        timer: Timer::NotStarted,
    }
}

/// See [`timeout`].
#[must_use = "futures do nothing until they are awaited"]
pub struct Timeout<F> {
    future: Pin<Box<F>>,
    host: Host,
    duration: Duration,
    location: &'static Location<'static>,
    timer: Timer,
}

enum Timer {
    NotStarted,
    Runs(Operation),
    /// It fired and the time is over, or the workflow was cancelled and there is no limit any more.
    Over,
}

impl<F> Unpin for Timeout<F> {}

impl<F: Future> Future for Timeout<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(output) = this.future.as_mut().poll(task) {
            this.timer = Timer::Over;
            return Poll::Ready(Some(output));
        }
        if matches!(this.timer, Timer::NotStarted) {
            let command = Command::Timer {
                duration: this.duration,
                user_metadata: None,
            };
            this.timer = Timer::Runs(Operation::issue(&this.host, command, this.location));
        }
        if let Timer::Runs(timer) = &mut this.timer
            && let Poll::Ready(resolution) = timer.poll(task)
        {
            this.timer = Timer::Over;
            if resolution == Resolution::Fired {
                return Poll::Ready(None);
            }
        }
        Poll::Pending
    }
}
