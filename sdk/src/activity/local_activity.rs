//! Activities that run in the workflow's worker: no task of their own, no round trip to the server.

use super::{
    ActivityCancellation, ActivityFuture, ActivityOptions, ActivitySet, CallKind, CloseTimeout, CloseTimeoutSet,
    RetryPolicy, Stub, StubCore,
    call::{Decode, unscheduled},
    options::shared_options,
    stub::{Calls, shared_stub_options},
};
use crate::{
    convert::{Converter, Data, EncodeError},
    workflow::{metadata_text, operation::Operation},
};
use std::{fmt, future::IntoFuture, marker::PhantomData, panic::Location, sync::Arc, time::Duration};
use steadfast_core::{Command, Host, LocalActivityAttributes};
use steadfast_proto::{common::Payloads, sdk::UserMetadata};

/// How a local activity is to be run. Nothing is set by default.
///
/// Calls and stubs have setters of the same names; this is the form in which several calls share them.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct LocalActivityOptions {
    start_to_close_timeout: Option<Duration>,
    schedule_to_close_timeout: Option<Duration>,
    schedule_to_start_timeout: Option<Duration>,
    retry_policy: Option<RetryPolicy>,
    local_retry_threshold: Option<Duration>,
    cancellation: Option<ActivityCancellation>,
    summary: Option<String>,
    include_arguments_in_marker: Option<bool>,
}

shared_options!(LocalActivityOptions);

impl LocalActivityOptions {
    /// How long it may wait until the worker has room for it.
    pub fn schedule_to_start_timeout(mut self, timeout: Duration) -> Self {
        self.schedule_to_start_timeout = Some(timeout);
        self
    }

    /// How it is retried; if not set, for ever, after 1 s, 2 s, 4 s and so on up to 100 s.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry_policy = Some(policy);
        self
    }

    /// The longest wait before a retry during which the workflow task is kept open (60 s if not set). For a longer one
    /// a timer is started, so that nothing is held meanwhile.
    pub fn local_retry_threshold(mut self, threshold: Duration) -> Self {
        self.local_retry_threshold = Some(threshold);
        self
    }

    /// Whether history shows its arguments (it doesn't if not set).
    pub fn include_arguments_in_marker(mut self, include: bool) -> Self {
        self.include_arguments_in_marker = Some(include);
        self
    }

    /// What is set in `other` replaces what is set here.
    fn merge(&mut self, other: &Self) {
        fn set<T: Clone>(place: &mut Option<T>, value: Option<&T>) {
            if let Some(value) = value {
                *place = Some(value.clone());
            }
        }
        set(&mut self.start_to_close_timeout, other.start_to_close_timeout.as_ref());
        set(
            &mut self.schedule_to_close_timeout,
            other.schedule_to_close_timeout.as_ref(),
        );
        set(
            &mut self.schedule_to_start_timeout,
            other.schedule_to_start_timeout.as_ref(),
        );
        set(&mut self.retry_policy, other.retry_policy.as_ref());
        set(&mut self.local_retry_threshold, other.local_retry_threshold.as_ref());
        set(&mut self.cancellation, other.cancellation.as_ref());
        set(&mut self.summary, other.summary.as_ref());
        set(
            &mut self.include_arguments_in_marker,
            other.include_arguments_in_marker.as_ref(),
        );
    }
}

/// A call of a local activity: a value, until it is awaited or [started](Self::start).
///
/// It needs `start_to_close_timeout` or `schedule_to_close_timeout`; without one the call is of type
/// `LocalActivityCall<_, CloseTimeoutMissing>` and can't be awaited.
#[must_use = "an activity call does nothing until it is awaited or `.start()`ed"]
pub struct LocalActivityCall<O, T = CloseTimeoutSet> {
    host: Host,
    converter: Converter,
    activity_type: String,
    activity_id: String,
    input: Result<Payloads, EncodeError>,
    options: LocalActivityOptions,
    decode: Decode<O>,
    timeout: PhantomData<fn() -> T>,
}

impl<O, T> fmt::Debug for LocalActivityCall<O, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalActivityCall")
            .field("activity_type", &self.activity_type)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<O: Data, T> LocalActivityCall<O, T> {
    pub(crate) fn new(
        host: &Host,
        converter: &Converter,
        name: impl Into<String>,
        input: Result<Payloads, EncodeError>,
        defaults: &ActivityOptions,
    ) -> Self {
        Self {
            host: host.clone(),
            converter: converter.clone(),
            activity_type: name.into(),
            activity_id: String::new(),
            input,
            options: defaults.local(),
            decode: |payloads, converter| converter.decode_result(payloads),
            timeout: PhantomData,
        }
    }
}

impl<O, T> LocalActivityCall<O, T> {
    /// How long one attempt may take.
    pub fn start_to_close_timeout(mut self, timeout: Duration) -> LocalActivityCall<O, CloseTimeoutSet> {
        self.options.start_to_close_timeout = Some(timeout);
        self.cast()
    }

    /// How long all attempts together may take.
    pub fn schedule_to_close_timeout(mut self, timeout: Duration) -> LocalActivityCall<O, CloseTimeoutSet> {
        self.options.schedule_to_close_timeout = Some(timeout);
        self.cast()
    }

    /// How long it may wait until the worker has room for it.
    pub fn schedule_to_start_timeout(mut self, timeout: Duration) -> Self {
        self.options.schedule_to_start_timeout = Some(timeout);
        self
    }

    /// How it is retried; if not set, for ever, after 1 s, 2 s, 4 s and so on up to 100 s.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.options.retry_policy = Some(policy);
        self
    }

    /// The longest wait before a retry during which the workflow task is kept open (60 s if not set). For a longer one
    /// a timer is started, so that nothing is held meanwhile.
    pub fn local_retry_threshold(mut self, threshold: Duration) -> Self {
        self.options.local_retry_threshold = Some(threshold);
        self
    }

    /// Its id, unique among those that run at the same time; a number if it isn't set.
    pub fn activity_id(mut self, id: impl Into<String>) -> Self {
        self.activity_id = id.into();
        self
    }

    /// What cancelling it means for the workflow.
    pub fn cancellation_type(mut self, cancellation: ActivityCancellation) -> Self {
        self.options.cancellation = Some(cancellation);
        self
    }

    /// One line that tools show beside it.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.options.summary = Some(summary.into());
        self
    }

    /// Whether history shows its arguments (it doesn't if not set).
    pub fn include_arguments_in_marker(mut self, include: bool) -> Self {
        self.options.include_arguments_in_marker = Some(include);
        self
    }

    /// Several options at once; what isn't set in them stays as it is. A close timeout among them does not count for
    /// the type: set it on the call.
    pub fn options(mut self, options: &LocalActivityOptions) -> Self {
        self.options.merge(options);
        self
    }

    /// Forgets what it returns, so that calls of different activities fit in one list.
    pub fn discard(self) -> LocalActivityCall<(), T> {
        self.decoding(|_, _| Ok(()))
    }

    fn cast<U>(self) -> LocalActivityCall<O, U> {
        let decode = self.decode;
        self.decoding(decode)
    }

    fn decoding<P, U>(self, decode: Decode<P>) -> LocalActivityCall<P, U> {
        LocalActivityCall {
            host: self.host,
            converter: self.converter,
            activity_type: self.activity_type,
            activity_id: self.activity_id,
            input: self.input,
            options: self.options,
            decode,
            timeout: PhantomData,
        }
    }
}

impl<O> LocalActivityCall<O, CloseTimeoutSet> {
    /// Begins it now; it is awaited later.
    #[track_caller]
    pub fn start(self) -> ActivityFuture<O> {
        self.into_future()
    }
}

impl<O> IntoFuture for LocalActivityCall<O, CloseTimeoutSet> {
    type Output = <ActivityFuture<O> as Future>::Output;
    type IntoFuture = ActivityFuture<O>;

    #[track_caller]
    fn into_future(self) -> ActivityFuture<O> {
        let arguments = match self.input {
            Ok(input) => input,
            Err(error) => {
                let failure = unscheduled(self.activity_type, self.activity_id, "EncodeError", &error);
                return ActivityFuture::refused(failure, self.converter, self.decode);
            }
        };
        let options = self.options;
        let attributes = LocalActivityAttributes {
            activity_id: self.activity_id,
            activity_type: self.activity_type,
            arguments: Some(arguments),
            header: None,
            schedule_to_close_timeout: options.schedule_to_close_timeout,
            schedule_to_start_timeout: options.schedule_to_start_timeout,
            start_to_close_timeout: options.start_to_close_timeout,
            retry_policy: options.retry_policy.map(Into::into),
            local_retry_threshold: options.local_retry_threshold,
            include_arguments_in_marker: options.include_arguments_in_marker.unwrap_or_default(),
        };
        let command = Command::LocalActivity {
            attributes: Arc::new(attributes),
            cancellation: options.cancellation.unwrap_or_default(),
            user_metadata: options.summary.map(|summary| UserMetadata {
                summary: Some(metadata_text(&summary)),
                ..UserMetadata::default()
            }),
        };
        let operation = Operation::issue(&self.host, command, Location::caller());
        ActivityFuture::scheduled(operation, self.converter, self.decode)
    }
}

/// In the workflow's own worker, within its workflow task.
pub type Local<T> = Calls<LocalActivityOptions, T>;

impl<T: CloseTimeout> CallKind for Local<T> {
    type Call<O: Data, D: CloseTimeout> = LocalActivityCall<O, T::Or<D>>;

    fn converter(&self) -> &Converter {
        &self.converter
    }

    fn call<O: Data, D: CloseTimeout>(
        &self,
        name: &'static str,
        input: Result<Payloads, EncodeError>,
        defaults: ActivityOptions,
    ) -> Self::Call<O, D> {
        LocalActivityCall::new(&self.host, &self.converter, name, input, &defaults).options(&self.options)
    }
}

shared_stub_options!(Local);

impl<A: ActivitySet + ?Sized, T: CloseTimeout> StubCore<A, Local<T>> {
    /// How long a call may wait until the worker has room for it.
    pub fn schedule_to_start_timeout(&self, timeout: Duration) -> Stub<A, Local<T>> {
        self.with(|options| options.schedule_to_start_timeout(timeout))
    }

    /// How calls are retried.
    pub fn retry_policy(&self, policy: RetryPolicy) -> Stub<A, Local<T>> {
        self.with(|options| options.retry_policy(policy))
    }

    /// The longest wait before a retry during which the workflow task is kept open (60 s if not set).
    pub fn local_retry_threshold(&self, threshold: Duration) -> Stub<A, Local<T>> {
        self.with(|options| options.local_retry_threshold(threshold))
    }

    /// Whether history shows the arguments (it doesn't if not set).
    pub fn include_arguments_in_marker(&self, include: bool) -> Stub<A, Local<T>> {
        self.with(|options| options.include_arguments_in_marker(include))
    }
}
