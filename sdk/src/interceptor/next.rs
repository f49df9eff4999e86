//! What comes after an interceptor.

use std::{fmt, sync::Arc};
use steadfast_core::BoxFuture;

/// The interceptors after this one, and in the end what they are all about. An interceptor calls [`run`](Self::run) once, with
/// the call as it is or changed, or does not, and answers itself.
#[must_use = "nothing happens unless the next interceptor is run"]
pub struct Next<C, O>(Box<dyn FnOnce(C) -> BoxFuture<O> + Send>);

impl<C, O> Next<C, O> {
    /// Goes on with this call.
    pub fn run(self, call: C) -> impl Future<Output = O> + Send + use<C, O>
    where
        O: 'static,
    {
        (self.0)(call)
    }

    pub(crate) fn end(end: impl FnOnce(C) -> BoxFuture<O> + Send + 'static) -> Self {
        Self(Box::new(end))
    }
}

impl<C, O> fmt::Debug for Next<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// As [`Next`], for what is answered at once.
#[must_use = "nothing happens unless the next interceptor is run"]
pub struct NextNow<'a, C, O>(Box<dyn FnOnce(C) -> O + 'a>);

impl<'a, C, O> NextNow<'a, C, O> {
    /// Goes on with this call.
    pub fn run(self, call: C) -> O {
        (self.0)(call)
    }

    pub(crate) fn end(end: impl FnOnce(C) -> O + 'a) -> Self {
        Self(Box::new(end))
    }
}

impl<C, O> fmt::Debug for NextNow<'_, C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextNow").finish_non_exhaustive()
    }
}

/// Interceptors in the order of their registration: the first sees a call first, and its answer last.
pub(crate) struct Chain<T: ?Sized>(Option<Arc<[Arc<T>]>>);

impl<T: ?Sized> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized> Default for Chain<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: ?Sized> Chain<T> {
    pub(crate) fn push(&mut self, interceptor: Arc<T>) {
        self.0 = Some(self.iter().cloned().chain([interceptor]).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Arc<T>> {
        self.0.as_deref().unwrap_or_default().iter()
    }

    /// The way through all of them.
    pub(crate) fn next<C: Send + 'static, O: 'static>(
        &self,
        hook: fn(Arc<T>, C, Next<C, O>) -> BoxFuture<O>,
        end: Next<C, O>,
    ) -> Next<C, O>
    where
        T: Send + Sync + 'static,
    {
        let interceptors = self.iter().rev().cloned();
        interceptors.fold(end, |next, interceptor| {
            Next::end(move |call| hook(interceptor, call, next))
        })
    }

    /// As [`next`](Self::next), for what is answered at once.
    pub(crate) fn next_now<'a, C: 'a, O: 'a>(
        &'a self,
        hook: fn(&T, C, NextNow<'_, C, O>) -> O,
        end: NextNow<'a, C, O>,
    ) -> NextNow<'a, C, O> {
        self.iter().rev().fold(end, |next, interceptor| {
            NextNow::end(move |call| hook(interceptor, call, next))
        })
    }
}
