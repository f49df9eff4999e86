//! At most so many at a time.

use super::{
    Cancelled, WorkflowContext,
    permits::{Permit, Permits},
};
use std::{future::Future, panic::Location};

/// Lets at most so many pieces of one workflow's code do something at a time.
///
/// Clones share the permits. They are given in the order in which they were asked for, on every replay alike; a request
/// for many isn't overtaken by later ones for few.
///
/// ```
/// use steadfast::{prelude::*, workflow::Semaphore};
///
/// #[activity(start_to_close_timeout = "1m")]
/// async fn resize(image: String) -> Result<(), ActivityError> { Ok(()) }
///
/// struct Album;
///
/// #[workflow]
/// impl Album {
///     #[init]
///     fn new(_: Vec<String>) -> Self { Self }
///
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>, images: Vec<String>) -> WorkflowResult<()> {
///         let ten = Semaphore::new(10);
///         let all = images.into_iter().map(|image| {
///             let (ctx, ten) = (ctx.clone(), ten.clone());
///             async move {
///                 let _permit = ten.acquire(&ctx).await?;
///                 ctx.activity::<resize>(image).await?;
///                 Ok::<_, WorkflowError>(())
///             }
///         });
///         try_join_all(all).await?;
///         Ok(())
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Semaphore(Permits);

/// What a [`Semaphore`] gave. Dropping it gives it back.
#[must_use = "dropping it gives the permit back"]
#[derive(Debug)]
pub struct SemaphorePermit(Permit);

impl Semaphore {
    /// A semaphore with so many permits.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Self(Permits::new(permits))
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn acquire<S>(
        &self,
        ctx: &WorkflowContext<S>,
    ) -> impl Future<Output = Result<SemaphorePermit, Cancelled>> + Send + use<S> {
        self.acquire_many(ctx, 1)
    }

    /// Waits for several permits at once. More than there ever are, it waits for ever.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn acquire_many<S>(
        &self,
        ctx: &WorkflowContext<S>,
        permits: usize,
    ) -> impl Future<Output = Result<SemaphorePermit, Cancelled>> + Send + use<S> {
        let acquire = self.0.acquire(permits, ctx.host(), Location::caller());
        async move { acquire.await?.map(SemaphorePermit).ok_or(Cancelled) }
    }

    /// A permit, if there is one and nobody waits for it.
    #[must_use]
    pub fn try_acquire(&self) -> Option<SemaphorePermit> {
        self.0.try_acquire(1).map(SemaphorePermit)
    }

    /// Adds permits.
    pub fn add_permits(&self, permits: usize) {
        self.0.add(permits);
    }

    /// How many permits nobody has.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.0.available()
    }
}

impl SemaphorePermit {
    /// Does not give it back: the semaphore has one less from now on.
    pub fn forget(self) {
        self.0.forget();
    }
}
