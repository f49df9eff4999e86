//! Telling another piece of code to go on.

use super::{Cancelled, WorkflowContext, permits::Permits};
use std::{future::Future, panic::Location};

/// Lets one piece of a workflow's code tell others to go on. Clones are the same.
///
/// ```
/// use steadfast::{prelude::*, workflow::Notify};
///
/// #[derive(Default)]
/// struct Door {
///     bell: Notify,
/// }
///
/// #[workflow]
/// impl Door {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
///         ctx.state(|s| s.bell.clone()).notified(&ctx).await?;
///         Ok(())
///     }
///
///     #[signal]
///     fn ring(&mut self) {
///         self.bell.notify_one();
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Notify(Permits);

impl Notify {
    /// Nobody is told anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Permits::new(0))
    }

    /// Waits until it is told to go on.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn notified<S>(&self, ctx: &WorkflowContext<S>) -> impl Future<Output = Result<(), Cancelled>> + Send + use<S> {
        let acquire = self.0.acquire(1, ctx.host(), Location::caller());
        async move {
            if let Some(permit) = acquire.await? {
                permit.forget();
            }
            Ok(())
        }
    }

    /// Tells the one that has waited longest; if nobody waits, the next that will. Several times before that are once.
    pub fn notify_one(&self) {
        self.0.add_first();
    }

    /// Tells all who wait now, and nobody else.
    pub fn notify_waiters(&self) {
        self.0.give_all_waiting();
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}
