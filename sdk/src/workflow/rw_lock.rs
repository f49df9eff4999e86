//! Many readers or one writer.

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

/// What a writer takes: all there are.
const READERS_MAX: usize = u32::MAX as usize >> 3;

/// A value that many pieces of a workflow's code read at a time, or one changes.
///
/// Clones share the value. The lock is given in the order in which it was asked for, on every replay alike: readers that
/// come after a waiting writer wait for it.
///
/// ```
/// use steadfast::{prelude::*, workflow::RwLock};
///
/// #[derive(Default)]
/// struct Prices {
///     table: RwLock<Vec<u64>>,
/// }
///
/// #[workflow]
/// impl Prices {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u64> {
///         let table = ctx.state(|s| s.table.clone());
///         table.write(&ctx).await?.push(7);
///         let prices = table.read(&ctx).await?;
///         ctx.sleep(secs(1)).await?; // nobody changes them meanwhile
///         Ok(prices.iter().sum())
///     }
/// }
/// ```
#[derive(Debug)]
pub struct RwLock<T> {
    permits: Permits,
    /// Locked by whoever has permits, so never waited for.
    value: Arc<tokio::sync::RwLock<T>>,
}

/// The value of an [`RwLock`] that is locked for reading. Dropping it unlocks.
#[must_use = "dropping it unlocks"]
#[derive(Debug)]
pub struct RwLockReadGuard<T> {
    // Dropped before the permit is given to the next.
    value: tokio::sync::OwnedRwLockReadGuard<T>,
    _permit: Permit,
}

/// The value of an [`RwLock`] that is locked for writing. Dropping it unlocks.
#[must_use = "dropping it unlocks"]
#[derive(Debug)]
pub struct RwLockWriteGuard<T> {
    // Dropped before the permits are given to the next.
    value: tokio::sync::OwnedRwLockWriteGuard<T>,
    _permit: Permit,
}

impl<T> RwLock<T> {
    /// An unlocked value.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            permits: Permits::new(READERS_MAX),
            value: Arc::new(tokio::sync::RwLock::new(value)),
        }
    }

    /// Waits until no writer has it or waits for it, and locks it for reading.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn read<S>(
        &self,
        ctx: &WorkflowContext<S>,
    ) -> impl Future<Output = Result<RwLockReadGuard<T>, Cancelled>> + Send + use<S, T>
    where
        T: Send + Sync,
    {
        let acquire = self.permits.acquire(1, ctx.host(), Location::caller());
        let value = Arc::clone(&self.value);
        async move {
            let _permit = acquire.await?.ok_or(Cancelled)?;
            let value = value.try_read_owned().map_err(|_| Cancelled)?;
            Ok(RwLockReadGuard { value, _permit })
        }
    }

    /// Waits until nobody has it, and locks it for writing.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn write<S>(
        &self,
        ctx: &WorkflowContext<S>,
    ) -> impl Future<Output = Result<RwLockWriteGuard<T>, Cancelled>> + Send + use<S, T>
    where
        T: Send + Sync,
    {
        let acquire = self.permits.acquire(READERS_MAX, ctx.host(), Location::caller());
        let value = Arc::clone(&self.value);
        async move {
            let _permit = acquire.await?.ok_or(Cancelled)?;
            let value = value.try_write_owned().map_err(|_| Cancelled)?;
            Ok(RwLockWriteGuard { value, _permit })
        }
    }
}

impl<T> Clone for RwLock<T> {
    fn clone(&self) -> Self {
        Self {
            permits: self.permits.clone(),
            value: Arc::clone(&self.value),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Deref for RwLockReadGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for RwLockWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for RwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
