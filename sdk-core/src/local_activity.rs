//! Local activities, as they go to the worker and come back.

use crate::WorkflowInfo;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use steadfast_proto::{
    common::{Header, Payloads, RetryPolicy},
    enums::{RetryState, TimeoutType},
    failure::{Failure, TimeoutFailureInfo, failure::FailureInfo},
    std_duration,
};

/// What the first wait before a retry is, if the policy doesn't say.
const INITIAL_INTERVAL: Duration = Duration::from_secs(1);
/// How much longer each wait is than the one before, if the policy doesn't say.
const BACKOFF_COEFFICIENT: f64 = 2.0;
/// How many times the initial interval the longest wait is, if the policy doesn't say.
const MAXIMUM_INTERVALS: u32 = 100;

/// What is to be run, and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LocalActivityAttributes {
    /// Unique among those that run at the same time; its number if it is empty.
    pub activity_id: String,
    /// The activity type's name.
    pub activity_type: String,
    /// The arguments.
    pub arguments: Option<Payloads>,
    /// The headers.
    pub header: Option<Header>,
    /// How long all attempts together may take, counted from when the first was asked for.
    pub schedule_to_close_timeout: Option<Duration>,
    /// How long it may wait for a free slot of the worker.
    pub schedule_to_start_timeout: Option<Duration>,
    /// How long one attempt may take.
    pub start_to_close_timeout: Option<Duration>,
    /// How it is retried: without one, for ever, after 1 s, 2 s, 4 s and so on up to 100 s.
    pub retry_policy: Option<RetryPolicy>,
    /// The longest wait between attempts during which the workflow task is kept open (60 s if not set); for a longer one
    /// a timer is started.
    pub local_retry_threshold: Option<Duration>,
    /// Whether history shows the arguments.
    pub include_arguments_in_marker: bool,
}

/// Names one attempt at a local activity within a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalActivityKey {
    pub(crate) id: u64,
    pub(crate) attempt: u32,
}

/// One attempt, to be made by the worker.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalActivityTask {
    /// Names the attempt.
    pub key: LocalActivityKey,
    /// The activity's id.
    pub activity_id: String,
    /// What is to be run, and how.
    pub attributes: Arc<LocalActivityAttributes>,
    /// Who asked for it.
    pub workflow: Arc<WorkflowInfo>,
    /// Which attempt it is, counted from one.
    pub attempt: u32,
    /// When the first attempt was asked for.
    pub original_schedule_time: SystemTime,
    /// When this attempt was due.
    pub schedule_time: SystemTime,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum LocalActivityOutcome {
    /// It returned a value.
    Completed(Option<Payloads>),
    /// It failed, and may be tried again.
    Failed(Box<Failure>),
    /// It heeded a cancellation.
    Cancelled(Box<Failure>),
}

/// Why the body of a local activity is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalActivityStop {
    /// The workflow cancelled it.
    Requested,
    /// Its time is over.
    TimedOut,
    /// Its run has ended, or has left this worker: nobody will hear what comes of it.
    RunGone,
    /// The worker shuts down.
    WorkerShutdown,
}

/// How a local activity ended, for its run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) number: u32,
    pub(crate) attempt: u32,
    pub(crate) result: Result<Option<Payloads>, Box<Failure>>,
    /// It is to be tried again after a timer of this length.
    pub(crate) backoff: Option<Duration>,
}

/// What a run wants of the worker.
#[derive(Debug)]
pub(crate) enum Request {
    Run(Box<Start>),
    /// Tell the body; how it ends matters.
    Stop(u32),
    /// Tell the body; how it ends doesn't matter.
    StopAndForget(u32),
    /// How it ends doesn't matter.
    Forget(u32),
}

/// A local activity that is to be begun.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) number: u32,
    pub(crate) activity_id: String,
    pub(crate) attempt: u32,
    pub(crate) attributes: Arc<LocalActivityAttributes>,
    pub(crate) original_schedule_time: SystemTime,
}

/// Whether there is another attempt: after how long, or why not.
pub(crate) fn retry(policy: Option<&RetryPolicy>, attempt: u32, failure: &Failure) -> Result<Duration, RetryState> {
    let default = RetryPolicy::default();
    let policy = policy.unwrap_or(&default);
    let application = match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => Some(info),
        Some(FailureInfo::TimeoutFailureInfo(info)) if info.timeout_type() != TimeoutType::StartToClose => {
            return Err(RetryState::Timeout);
        }
        Some(FailureInfo::CanceledFailureInfo(_)) => return Err(RetryState::CancelRequested),
        _ => None,
    };
    let type_name = application.map_or("", |info| info.r#type.as_str());
    let is_excluded = |excluded: &String| excluded.eq_ignore_ascii_case(type_name);
    if application.is_some_and(|info| info.non_retryable) || policy.non_retryable_error_types.iter().any(is_excluded) {
        return Err(RetryState::NonRetryableFailure);
    }
    let attempts_max = u32::try_from(policy.maximum_attempts).unwrap_or(0);
    if attempts_max > 0 && attempt >= attempts_max {
        return Err(RetryState::MaximumAttemptsReached);
    }
    let asked_for = application.and_then(|info| info.next_retry_delay.as_ref());
    Ok(asked_for
        .and_then(std_duration)
        .unwrap_or_else(|| interval(policy, attempt)))
}

/// How long to wait after an attempt: growing, up to the maximum.
fn interval(policy: &RetryPolicy, attempt: u32) -> Duration {
    let initial = policy.initial_interval.as_ref().and_then(std_duration);
    let initial = initial.unwrap_or(INITIAL_INTERVAL);
    let maximum = policy.maximum_interval.as_ref().and_then(std_duration);
    let maximum = maximum.map_or_else(
        || initial.saturating_mul(MAXIMUM_INTERVALS),
        |maximum| maximum.max(initial),
    );
    let coefficient = if policy.backoff_coefficient >= 1.0 {
        policy.backoff_coefficient
    } else {
        BACKOFF_COEFFICIENT
    };
    let factor = i32::try_from(attempt.saturating_sub(1)).map_or(f64::INFINITY, |power| coefficient.powi(power));
    let grown = Duration::try_from_secs_f64(initial.as_secs_f64() * factor);
    grown.map_or(maximum, |grown| grown.min(maximum))
}

/// The failure of a time-out.
pub(crate) fn timed_out(kind: TimeoutType) -> Box<Failure> {
    Box::new(Failure {
        message: "activity timed out".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: i32::from(kind),
            ..TimeoutFailureInfo::default()
        })),
        ..Failure::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::failure::ApplicationFailureInfo;

    fn failure(info: ApplicationFailureInfo) -> Failure {
        Failure {
            failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
            ..Failure::default()
        }
    }

    fn delays(policy: &RetryPolicy, attempts: u32) -> Vec<Result<u64, RetryState>> {
        let failure = Failure::application("Busy", "busy");
        let delay = |attempt| retry(Some(policy), attempt, &failure);
        (1..=attempts).map(|attempt| Ok(delay(attempt)?.as_secs())).collect()
    }

    #[test]
    fn waits_grow_up_to_a_maximum() {
        let expected: Vec<_> = [1, 2, 4, 8, 16, 32, 64, 100, 100].into_iter().map(Ok).collect();
        assert_eq!(delays(&RetryPolicy::default(), 9), expected);
        let policy = RetryPolicy {
            initial_interval: Some(steadfast_proto::duration(Duration::from_secs(3))),
            maximum_interval: Some(steadfast_proto::duration(Duration::from_secs(7))),
            backoff_coefficient: 2.0,
            ..RetryPolicy::default()
        };
        assert_eq!(delays(&policy, 3), [Ok(3), Ok(6), Ok(7)]);
        assert_eq!(retry(None, u32::MAX, &Failure::default()), Ok(Duration::from_secs(100)));
    }

    #[test]
    fn the_last_attempt_is_not_retried() {
        let policy = RetryPolicy {
            maximum_attempts: 2,
            ..RetryPolicy::default()
        };
        assert_eq!(delays(&policy, 2), [Ok(1), Err(RetryState::MaximumAttemptsReached)]);
    }

    #[test]
    fn failures_that_say_so_and_listed_types_are_not_retried() {
        let fatal = failure(ApplicationFailureInfo {
            non_retryable: true,
            ..ApplicationFailureInfo::default()
        });
        assert_eq!(retry(None, 1, &fatal), Err(RetryState::NonRetryableFailure));
        let policy = RetryPolicy {
            non_retryable_error_types: vec!["busy".to_owned()],
            ..RetryPolicy::default()
        };
        assert_eq!(delays(&policy, 1), [Err(RetryState::NonRetryableFailure)]);
    }

    #[test]
    fn of_time_outs_only_that_of_one_attempt_is_retried() {
        let states = [
            (TimeoutType::StartToClose, Ok(Duration::from_secs(1))),
            (TimeoutType::ScheduleToClose, Err(RetryState::Timeout)),
            (TimeoutType::ScheduleToStart, Err(RetryState::Timeout)),
        ];
        for (kind, expected) in states {
            assert_eq!(retry(None, 1, &timed_out(kind)), expected);
        }
    }

    #[test]
    fn a_failure_may_say_when_to_try_again() {
        let later = failure(ApplicationFailureInfo {
            next_retry_delay: Some(steadfast_proto::duration(Duration::from_secs(17))),
            ..ApplicationFailureInfo::default()
        });
        assert_eq!(retry(None, 5, &later), Ok(Duration::from_secs(17)));
    }
}
