//! One at a time.

use super::{
    Cancelled, WorkflowContext,
    permits::{Permit, Permits},
};
use std::{
    future::Future,
    ops::{Deref, DerefMut},
    panic::Location,
    sync::Arc,
};

/// A value that one piece of a workflow's code has at a time, across its awaits.
///
/// Clones share the value. The lock is given in the order in which it was asked for, on every replay alike. For a change
/// without an await inside, [`state_mut`](WorkflowContext::state_mut) is enough: nothing runs in between.
///
/// ```
/// use steadfast::{prelude::*, workflow::Mutex};
///
/// #[derive(Default)]
/// struct Account {
///     withdrawals: Mutex<Vec<u64>>,
/// }
///
/// #[workflow]
/// impl Account {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
///         ctx.sleep(hours(1)).await?;
///         Ok(())
///     }
///
///     #[signal]
///     async fn withdraw(ctx: WorkflowContext<Self>, cents: u64) -> WorkflowResult<()> {
///         let mut withdrawals = ctx.state(|s| s.withdrawals.clone()).lock(&ctx).await?;
///         ctx.sleep(secs(1)).await?; // no other withdrawal goes on meanwhile
///         withdrawals.push(cents);
///         Ok(())
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Mutex<T> {
    permits: Permits,
    /// Locked by whoever has the permit, so never waited for.
    value: Arc<tokio::sync::Mutex<T>>,
}

/// The value of a locked [`Mutex`]. Dropping it unlocks.
#[must_use = "dropping it unlocks"]
#[derive(Debug)]
pub struct MutexGuard<T> {
    // Dropped before the permit is given to the next.
    value: tokio::sync::OwnedMutexGuard<T>,
    _permit: Permit,
}

impl<T> Mutex<T> {
    /// An unlocked value.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            permits: Permits::new(1),
            value: Arc::new(tokio::sync::Mutex::new(value)),
        }
    }

    /// Waits until it is free, and locks it.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn lock<S>(
        &self,
        ctx: &WorkflowContext<S>,
    ) -> impl Future<Output = Result<MutexGuard<T>, Cancelled>> + Send + use<S, T>
    where
        T: Send,
    {
        let acquire = self.permits.acquire(1, ctx.host(), Location::caller());
        let value = Arc::clone(&self.value);
        async move {
            let permit = acquire.await?;
            permit.and_then(|permit| guard(value, permit)).ok_or(Cancelled)
        }
    }

    /// Locks it if it is free and nobody waits for it.
    #[must_use]
    pub fn try_lock(&self) -> Option<MutexGuard<T>> {
        let permit = self.permits.try_acquire(1)?;
        guard(Arc::clone(&self.value), permit)
    }
}

/// With the permit, the value is free.
fn guard<T>(value: Arc<tokio::sync::Mutex<T>>, permit: Permit) -> Option<MutexGuard<T>> {
    let value = value.try_lock_owned().ok()?;
    Some(MutexGuard { value, _permit: permit })
}

impl<T> Clone for Mutex<T> {
    fn clone(&self) -> Self {
        Self {
            permits: self.permits.clone(),
            value: Arc::clone(&self.value),
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Deref for MutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
