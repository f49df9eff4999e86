//! A call of an activity from a workflow.

use super::{
    ActivityCancellation, ActivityOptions, CloseTimeoutSet, RetryPolicy,
    options::{Scheduling, task_queue},
};
use crate::{
    Priority,
    convert::{Converter, Data, DecodeError, EncodeError},
    error::{ActivityFailure, SOURCE},
    workflow::operation::Operation,
};
use std::{
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use steadfast_core::{Command, Host, Resolution};
use steadfast_proto::{
    command::ScheduleActivityTaskCommandAttributes,
    common::{ActivityType, Payloads},
    duration,
    failure::{ActivityFailureInfo, Failure, failure::FailureInfo},
};

/// A call of an activity: a value, until it is awaited or [started](Self::start).
///
/// The server demands `start_to_close_timeout` or `schedule_to_close_timeout`; without one the call is of type
/// `ActivityCall<_, CloseTimeoutMissing>` and can't be awaited.
#[must_use = "an activity call does nothing until it is awaited or `.start()`ed"]
pub struct ActivityCall<O, T = CloseTimeoutSet> {
    host: Host,
    converter: Converter,
    scheduling: Scheduling,
    error: Option<EncodeError>,
    decode: Decode<O>,
    timeout: PhantomData<fn() -> T>,
}

pub(super) type Decode<O> = fn(Option<&Payloads>, &Converter) -> Result<O, DecodeError>;

impl<O, T> fmt::Debug for ActivityCall<O, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityCall")
            .field("attributes", &self.scheduling.attributes)
            .finish_non_exhaustive()
    }
}

impl<O: Data, T> ActivityCall<O, T> {
    pub(crate) fn new(
        host: &Host,
        converter: &Converter,
        name: impl Into<String>,
        input: Result<Payloads, EncodeError>,
        options: &ActivityOptions,
    ) -> Self {
        let (input, error) = match input {
            Ok(input) => (Some(input), None),
            Err(error) => (None, Some(error)),
        };
        let mut scheduling = Scheduling {
            attributes: Box::new(ScheduleActivityTaskCommandAttributes {
                activity_type: Some(ActivityType { name: name.into() }),
                input,
                ..ScheduleActivityTaskCommandAttributes::default()
            }),
            cancellation: ActivityCancellation::default(),
            user_metadata: None,
        };
        options.write(&mut scheduling);
        Self {
            host: host.clone(),
            converter: converter.clone(),
            scheduling,
            error,
            decode: |payloads, converter| converter.decode_result(payloads),
            timeout: PhantomData,
        }
    }
}

impl<O, T> ActivityCall<O, T> {
    /// How long one attempt may take.
    pub fn start_to_close_timeout(mut self, timeout: Duration) -> ActivityCall<O, CloseTimeoutSet> {
        self.scheduling.attributes.start_to_close_timeout = Some(duration(timeout));
        self.with_timeout()
    }

    /// How long all attempts together may take.
    pub fn schedule_to_close_timeout(mut self, timeout: Duration) -> ActivityCall<O, CloseTimeoutSet> {
        self.scheduling.attributes.schedule_to_close_timeout = Some(duration(timeout));
        self.with_timeout()
    }

    /// How long it may wait for a worker.
    pub fn schedule_to_start_timeout(mut self, timeout: Duration) -> Self {
        self.scheduling.attributes.schedule_to_start_timeout = Some(duration(timeout));
        self
    }

    /// How long it may go without a heartbeat, which is also how soon it learns that it was cancelled.
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.scheduling.attributes.heartbeat_timeout = Some(duration(timeout));
        self
    }

    /// How it is retried.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.scheduling.attributes.retry_policy = Some(policy.into());
        self
    }

    /// Where it runs, if not on the workflow's task queue.
    pub fn task_queue(mut self, name: impl Into<String>) -> Self {
        self.scheduling.attributes.task_queue = Some(task_queue(name.into()));
        self
    }

    /// Its id, unique among those that run at the same time; a number if it isn't set.
    pub fn activity_id(mut self, id: impl Into<String>) -> Self {
        self.scheduling.attributes.activity_id = id.into();
        self
    }

    /// What cancelling it means for the workflow.
    pub fn cancellation_type(mut self, cancellation: ActivityCancellation) -> Self {
        self.scheduling.cancellation = cancellation;
        self
    }

    /// Its place among others on the task queue: a number from 1, the highest, to 5, or a whole [`Priority`].
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.scheduling.attributes.priority = Some(priority.into().into());
        self
    }

    /// One line that tools show beside it.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.scheduling.summarise(&summary.into());
        self
    }

    /// Several options at once; what isn't set in them stays as it is. A close timeout among them does not count for
    /// the type: set it on the call.
    pub fn options(mut self, options: &ActivityOptions) -> Self {
        options.write(&mut self.scheduling);
        self
    }

    /// Forgets what it returns, so that calls of different activities fit in one list.
    pub fn discard(self) -> ActivityCall<(), T> {
        ActivityCall {
            host: self.host,
            converter: self.converter,
            scheduling: self.scheduling,
            error: self.error,
            decode: |_, _| Ok(()),
            timeout: PhantomData,
        }
    }

    fn with_timeout(self) -> ActivityCall<O, CloseTimeoutSet> {
        ActivityCall {
            host: self.host,
            converter: self.converter,
            scheduling: self.scheduling,
            error: self.error,
            decode: self.decode,
            timeout: PhantomData,
        }
    }
}

impl<O> ActivityCall<O, CloseTimeoutSet> {
    /// Schedules it now; it is awaited later.
    #[track_caller]
    pub fn start(self) -> ActivityFuture<O> {
        self.into_future()
    }
}

impl<O> IntoFuture for ActivityCall<O, CloseTimeoutSet> {
    type Output = Result<O, ActivityFailure>;
    type IntoFuture = ActivityFuture<O>;

    #[track_caller]
    fn into_future(self) -> ActivityFuture<O> {
        let Scheduling {
            attributes,
            cancellation,
            user_metadata,
        } = self.scheduling;
        if let Some(error) = self.error {
            let activity_type = attributes.activity_type.unwrap_or_default().name;
            let failure = unscheduled(activity_type, attributes.activity_id, "EncodeError", &error);
            return ActivityFuture::refused(failure, self.converter, self.decode);
        }
        let command = Command::Activity {
            attributes,
            cancellation,
            user_metadata,
        };
        let operation = Operation::issue(&self.host, command, Location::caller());
        ActivityFuture::scheduled(operation, self.converter, self.decode)
    }
}

/// A scheduled activity. Dropping it does not cancel the activity, [`cancel`](Self::cancel) does.
#[must_use = "the activity runs, but what becomes of it is lost unless this is awaited"]
pub struct ActivityFuture<O> {
    state: State,
    converter: Converter,
    decode: Decode<O>,
}

enum State {
    Scheduled(Operation),
    /// It could not even be scheduled.
    Refused(Option<ActivityFailure>),
}

impl<O> ActivityFuture<O> {
    pub(super) fn scheduled(operation: Operation, converter: Converter, decode: Decode<O>) -> Self {
        Self {
            state: State::Scheduled(operation),
            converter,
            decode,
        }
    }

    pub(super) fn refused(failure: ActivityFailure, converter: Converter, decode: Decode<O>) -> Self {
        Self {
            state: State::Refused(Some(failure)),
            converter,
            decode,
        }
    }

    /// Cancels the activity. What awaiting it returns then depends on its [`ActivityCancellation`].
    pub fn cancel(&self) {
        if let State::Scheduled(operation) = &self.state {
            operation.cancel();
        }
    }
}

impl<O> fmt::Debug for ActivityFuture<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityFuture").finish_non_exhaustive()
    }
}

impl<O> Future for ActivityFuture<O> {
    type Output = Result<O, ActivityFailure>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let operation = match &mut this.state {
            State::Scheduled(operation) => operation,
            State::Refused(failure) => {
                return failure
                    .take()
                    .map_or(Poll::Pending, |failure| Poll::Ready(Err(failure)));
            }
        };
        operation.poll(task).map(|resolution| match resolution {
            Resolution::Completed(payloads) => {
                (this.decode)(payloads.as_ref(), &this.converter).map_err(|error| undecodable(&error))
            }
            Resolution::Failed(failure) => Err(ActivityFailure::from_failure(*failure)),
            // All but the first are of other operations.
            Resolution::Cancelled
            | Resolution::Fired
            | Resolution::Started { .. }
            | Resolution::OperationStarted { .. }
            | Resolution::Undelivered(_) => Err(ActivityFailure::from_failure(Failure::cancelled(
                "the activity was cancelled",
            ))),
        })
    }
}

/// As the failure of the activity itself would be, had the server heard of it.
pub(super) fn unscheduled(
    activity_type: String,
    activity_id: String,
    type_name: &str,
    cause: &dyn fmt::Display,
) -> ActivityFailure {
    let info = ActivityFailureInfo {
        activity_type: Some(ActivityType { name: activity_type }),
        activity_id,
        ..ActivityFailureInfo::default()
    };
    ActivityFailure::from_failure(Failure {
        message: "the activity could not be scheduled".to_owned(),
        source: SOURCE.to_owned(),
        cause: Some(Box::new(Failure {
            source: SOURCE.to_owned(),
            ..Failure::application(type_name, cause.to_string())
        })),
        failure_info: Some(FailureInfo::ActivityFailureInfo(info)),
        ..Failure::default()
    })
}

fn undecodable(error: &DecodeError) -> ActivityFailure {
    ActivityFailure::from_failure(Failure {
        source: SOURCE.to_owned(),
        ..Failure::application(
            "DecodeError",
            format!("the activity's result can't be decoded: {error}"),
        )
    })
}
