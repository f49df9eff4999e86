//! The activities of a type, as methods.

use super::{
    ActivityCall, ActivityCancellation, ActivityOptions, ActivitySet, CloseTimeout, CloseTimeoutSet, RetryPolicy,
};
use crate::{
    Priority,
    convert::{Converter, Data, EncodeError},
};
use std::{fmt, marker::PhantomData, ops::Deref, time::Duration};
use steadfast_core::Host;
use steadfast_proto::common::Payloads;

/// The activities of `A`, as methods: each returns a call.
///
/// It has no methods of its own: the activities come first, then the options of [`StubCore`], so that nothing that is
/// added there can hide an activity.
pub struct Stub<A: ActivitySet + ?Sized, K: CallKind = Remote<CloseTimeoutSet>>(A::Methods<K>);

impl<A: ActivitySet + ?Sized, K: CallKind> Stub<A, K> {
    pub(crate) fn of(kind: K) -> Self {
        Self(StubCore { kind, set: PhantomData }.into())
    }
}

impl<A: ActivitySet + ?Sized, K: CallKind> Deref for Stub<A, K> {
    type Target = A::Methods<K>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A: ActivitySet + ?Sized, K: CallKind> Clone for Stub<A, K> {
    fn clone(&self) -> Self {
        Self::of(self.0.kind.clone())
    }
}

impl<A: ActivitySet + ?Sized, K: CallKind> fmt::Debug for Stub<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stub").finish_non_exhaustive()
    }
}

/// What every stub can do, whatever its activities: options for all of its calls.
pub struct StubCore<A: ?Sized, K> {
    #[doc(hidden)]
    pub kind: K,
    set: PhantomData<fn(&A)>,
}

/// Options that stubs of local activities have, too.
macro_rules! shared_stub_options {
    ($kind:ident) => {
        impl<A: ActivitySet + ?Sized, T: CloseTimeout> StubCore<A, $kind<T>> {
            /// How long one attempt may take.
            pub fn start_to_close_timeout(&self, timeout: Duration) -> Stub<A, $kind<CloseTimeoutSet>> {
                self.with(|options| options.start_to_close_timeout(timeout))
            }

            /// How long all attempts together may take.
            pub fn schedule_to_close_timeout(&self, timeout: Duration) -> Stub<A, $kind<CloseTimeoutSet>> {
                self.with(|options| options.schedule_to_close_timeout(timeout))
            }

            /// What cancelling a call means for the workflow.
            pub fn cancellation_type(&self, cancellation: ActivityCancellation) -> Stub<A, $kind<T>> {
                self.with(|options| options.cancellation_type(cancellation))
            }
        }
    };
}

pub(super) use shared_stub_options;

shared_stub_options!(Remote);

impl<A: ActivitySet + ?Sized, T: CloseTimeout> StubCore<A, Remote<T>> {
    /// How long an activity may wait for a worker.
    pub fn schedule_to_start_timeout(&self, timeout: Duration) -> Stub<A, Remote<T>> {
        self.with(|options| options.schedule_to_start_timeout(timeout))
    }

    /// How long an activity may go without a heartbeat.
    pub fn heartbeat_timeout(&self, timeout: Duration) -> Stub<A, Remote<T>> {
        self.with(|options| options.heartbeat_timeout(timeout))
    }

    /// How activities are retried.
    pub fn retry_policy(&self, policy: RetryPolicy) -> Stub<A, Remote<T>> {
        self.with(|options| options.retry_policy(policy))
    }

    /// Where activities run, if not on the workflow's task queue.
    pub fn task_queue(&self, task_queue: impl Into<String>) -> Stub<A, Remote<T>> {
        self.with(|options| options.task_queue(task_queue))
    }

    /// The place of activities among others on the task queue.
    pub fn priority(&self, priority: impl Into<Priority>) -> Stub<A, Remote<T>> {
        self.with(|options| options.priority(priority))
    }
}

/// How a stub's activities are called.
pub trait CallKind: Clone + Send + Sync + 'static {
    /// A call of this kind.
    type Call<O: Data, D: CloseTimeout>;

    /// How arguments are written.
    fn converter(&self) -> &Converter;

    /// A call of an activity, with the defaults that its attribute gives. That its input could not be written is told where it
    /// is awaited.
    fn call<O: Data, D: CloseTimeout>(
        &self,
        name: &'static str,
        input: Result<Payloads, EncodeError>,
        defaults: ActivityOptions,
    ) -> Self::Call<O, D>;
}

/// Through the server, on any worker of the task queue.
pub type Remote<T> = Calls<ActivityOptions, T>;

/// Calls with options of the kind `O`; `T` says whether a close timeout is among them.
pub struct Calls<O, T> {
    pub(super) host: Host,
    pub(super) converter: Converter,
    pub(super) options: O,
    timeout: PhantomData<fn() -> T>,
}

impl<O: Default, T> Calls<O, T> {
    pub(crate) fn new(host: Host, converter: Converter) -> Self {
        Self {
            host,
            converter,
            options: O::default(),
            timeout: PhantomData,
        }
    }
}

impl<O: Clone, T> Calls<O, T> {
    fn with<U>(&self, change: impl FnOnce(O) -> O) -> Calls<O, U> {
        Calls {
            host: self.host.clone(),
            converter: self.converter.clone(),
            options: change(self.options.clone()),
            timeout: PhantomData,
        }
    }
}

impl<O: Clone, T> Clone for Calls<O, T> {
    fn clone(&self) -> Self {
        self.with(|options| options)
    }
}

impl<A: ActivitySet + ?Sized, O: Clone, T> StubCore<A, Calls<O, T>> {
    pub(super) fn with<U>(&self, change: impl FnOnce(O) -> O) -> Stub<A, Calls<O, U>>
    where
        Calls<O, U>: CallKind,
    {
        Stub::of(self.kind.with(change))
    }
}

impl<T: CloseTimeout> CallKind for Remote<T> {
    type Call<O: Data, D: CloseTimeout> = ActivityCall<O, T::Or<D>>;

    fn converter(&self) -> &Converter {
        &self.converter
    }

    fn call<O: Data, D: CloseTimeout>(
        &self,
        name: &'static str,
        input: Result<Payloads, EncodeError>,
        defaults: ActivityOptions,
    ) -> Self::Call<O, D> {
        ActivityCall::new(&self.host, &self.converter, name, input, &defaults).options(&self.options)
    }
}

/// The stub of a set whose macro knows no methods: its options alone.
#[doc(hidden)]
pub struct NoMethods<A: ?Sized, K>(StubCore<A, K>);

impl<A: ?Sized, K> Deref for NoMethods<A, K> {
    type Target = StubCore<A, K>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A: ?Sized, K> From<StubCore<A, K>> for NoMethods<A, K> {
    fn from(core: StubCore<A, K>) -> Self {
        Self(core)
    }
}
