//! Undoing what was done, when a later step fails.

use super::{CancellationScope, WorkflowContext};
use crate::error::{WorkflowError, WorkflowResult};
use std::{fmt, future::IntoFuture};
use steadfast_core::BoxFuture;

/// What undoes the steps that were done so far.
///
/// A compensation is a call that is not sent yet, or any other future that begins when it is awaited. They run one after the other,
/// the last one first, when [`compensate`](Self::compensate) is called; a saga that is dropped undoes nothing.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[activity(start_to_close_timeout = "5s")]
/// async fn book(what: String) -> Result<String, ActivityError> { Ok(what) }
///
/// #[activity(start_to_close_timeout = "5s")]
/// async fn cancel(booking: String) -> Result<(), ActivityError> { Ok(()) }
///
/// # #[derive(Default)]
/// # struct Trip;
/// # #[workflow]
/// # impl Trip {
/// #[run]
/// async fn run(ctx: WorkflowContext<Self>, parts: Vec<String>) -> WorkflowResult<()> {
///     let mut saga = ctx.saga();
///     for part in parts {
///         match ctx.activity::<book>(part).await {
///             Ok(booking) => saga.add_compensation(ctx.activity::<cancel>(booking)),
///             Err(failure) => {
///                 saga.compensate().await?;
///                 return Err(failure.into());
///             }
///         }
///     }
///     Ok(())
/// }
/// # }
/// ```
#[must_use = "a saga that is dropped undoes nothing"]
pub struct Saga {
    scope: CancellationScope,
    compensations: Vec<Compensation>,
}

type Compensation = Box<dyn FnOnce() -> BoxFuture<Result<(), WorkflowError>> + Send>;

impl<S> WorkflowContext<S> {
    /// What will undo steps, with none so far.
    pub fn saga(&self) -> Saga {
        Saga {
            scope: self.shielded_scope(),
            compensations: Vec::new(),
        }
    }
}

impl Saga {
    /// Remembers what undoes the step that was just done. Its result is not looked at.
    pub fn add_compensation<C, O, E>(&mut self, call: C)
    where
        C: IntoFuture<Output = Result<O, E>> + Send + 'static,
        C::IntoFuture: Send,
        O: 'static,
        E: Into<WorkflowError> + 'static,
    {
        self.compensations.push(Box::new(move || {
            Box::pin(async move { call.await.map(drop).map_err(Into::into) })
        }));
    }

    /// How many steps there are to be undone.
    #[must_use]
    pub fn len(&self) -> usize {
        self.compensations.len()
    }

    /// Whether there is nothing to be undone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.compensations.is_empty()
    }

    /// Undoes all steps, the last one first, and tells how many there were. Cancelling the workflow does not stop it half-way, nor does
    /// a compensation that fails: the others are tried all the same.
    ///
    /// # Errors
    /// The failure of the first compensation that failed, once all have been tried.
    pub async fn compensate(self) -> WorkflowResult<usize> {
        let Self { scope, compensations } = self;
        scope
            .run(async move {
                let steps = compensations.len();
                let mut failed = None;
                for compensation in compensations.into_iter().rev() {
                    if let Err(error) = compensation().await {
                        failed.get_or_insert(error);
                    }
                }
                failed.map_or(Ok(steps), Err)
            })
            .await
    }
}

impl fmt::Debug for Saga {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saga")
            .field("compensations", &self.compensations.len())
            .finish_non_exhaustive()
    }
}
