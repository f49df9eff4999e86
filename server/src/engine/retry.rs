//! Retry policies: whether there is another attempt, and when.

use super::{
    error::{Error, Result},
    limits, time,
};
use std::time::Duration;
use steadfast_proto::{
    common,
    enums::{RetryState, TimeoutType},
    failure::{Failure, failure::FailureInfo},
};

/// A retry policy with all its defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RetryPolicy {
    initial_interval: Duration,
    backoff_coefficient: f64,
    maximum_interval: Duration,
    pub(crate) maximum_attempts: u32,
    non_retryable_error_types: Vec<String>,
}

impl RetryPolicy {
    /// What activities get that ask for nothing.
    pub(crate) fn of_activities() -> Self {
        Self::filled(&common::RetryPolicy::default())
    }

    fn filled(policy: &common::RetryPolicy) -> Self {
        let initial = Some(time::lasting(policy.initial_interval.as_ref())).filter(|interval| !interval.is_zero());
        let initial_interval = initial.unwrap_or(limits::RETRY_INITIAL_INTERVAL);
        let maximum = Some(time::lasting(policy.maximum_interval.as_ref())).filter(|interval| !interval.is_zero());
        Self {
            initial_interval,
            backoff_coefficient: if policy.backoff_coefficient == 0.0 {
                2.0
            } else {
                policy.backoff_coefficient
            },
            maximum_interval: maximum
                .unwrap_or_else(|| initial_interval.saturating_mul(limits::RETRY_INTERVAL_FACTOR_MAX)),
            maximum_attempts: u32::try_from(policy.maximum_attempts).unwrap_or(0),
            non_retryable_error_types: policy.non_retryable_error_types.clone(),
        }
    }

    /// Reads a policy, refusing what makes no sense.
    pub(crate) fn read(policy: &common::RetryPolicy) -> Result<Self> {
        if policy.maximum_attempts == 1 {
            // A single attempt has no use for the rest.
            return Ok(Self::filled(policy));
        }
        if time::is_negative(policy.initial_interval.as_ref()) {
            return Err(Error::invalid("InitialInterval cannot be negative on retry policy."));
        }
        if policy.backoff_coefficient != 0.0 && policy.backoff_coefficient < 1.0 {
            return Err(Error::invalid(
                "BackoffCoefficient cannot be less than 1 on retry policy.",
            ));
        }
        if time::is_negative(policy.maximum_interval.as_ref()) {
            return Err(Error::invalid("MaximumInterval cannot be negative on retry policy."));
        }
        if policy.maximum_attempts < 0 {
            return Err(Error::invalid("MaximumAttempts cannot be negative on retry policy."));
        }
        let filled = Self::filled(policy);
        if filled.maximum_interval < filled.initial_interval {
            return Err(Error::invalid(
                "MaximumInterval cannot be less than InitialInterval on retry policy.",
            ));
        }
        Ok(filled)
    }

    pub(crate) fn wire(&self) -> common::RetryPolicy {
        common::RetryPolicy {
            initial_interval: time::wire(self.initial_interval),
            backoff_coefficient: self.backoff_coefficient,
            maximum_interval: time::wire(self.maximum_interval),
            maximum_attempts: i32::try_from(self.maximum_attempts).unwrap_or(0),
            non_retryable_error_types: self.non_retryable_error_types.clone(),
        }
    }

    /// How long after attempt number `attempt` the next one comes, or why there is none.
    pub(crate) fn next(&self, attempt: u32, failure: Option<&Failure>) -> Result<Duration, RetryState> {
        if let Some(failure) = failure
            && !self.is_retryable(failure)
        {
            return Err(RetryState::NonRetryableFailure);
        }
        if self.maximum_attempts > 0 && attempt >= self.maximum_attempts {
            return Err(RetryState::MaximumAttemptsReached);
        }
        if let Some(delay) = failure.and_then(next_retry_delay) {
            return Ok(delay);
        }
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.initial_interval.as_secs_f64() * self.backoff_coefficient.powi(exponent);
        let interval = Duration::try_from_secs_f64(seconds).unwrap_or(limits::FOREVER);
        Ok(interval.min(self.maximum_interval))
    }

    fn is_retryable(&self, failure: &Failure) -> bool {
        let listed = |name: &str| self.non_retryable_error_types.iter().any(|listed| listed == name);
        match &failure.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => !info.non_retryable && !listed(&info.r#type),
            Some(FailureInfo::CanceledFailureInfo(_) | FailureInfo::TerminatedFailureInfo(_)) => false,
            Some(FailureInfo::ServerFailureInfo(info)) => !info.non_retryable,
            Some(FailureInfo::TimeoutFailureInfo(info)) => match info.timeout_type() {
                TimeoutType::StartToClose => !listed("TemporalTimeout:StartToClose"),
                TimeoutType::Heartbeat => !listed("TemporalTimeout:Heartbeat"),
                _ => false,
            },
            _ => true,
        }
    }
}

fn next_retry_delay(failure: &Failure) -> Option<Duration> {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            info.next_retry_delay.as_ref().and_then(steadfast_proto::std_duration)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_doubles_up_to_a_hundred_times_the_first() {
        let policy = RetryPolicy::of_activities();
        let seconds: Vec<_> = [1, 2, 3, 9, 99]
            .map(|attempt| policy.next(attempt, None).unwrap().as_secs())
            .into();
        assert_eq!(seconds, [1, 2, 4, 100, 100]);
    }

    #[test]
    fn the_last_attempt_is_the_last() {
        let policy = RetryPolicy::read(&common::RetryPolicy {
            maximum_attempts: 2,
            ..Default::default()
        })
        .unwrap();
        assert!(policy.next(1, None).is_ok());
        assert_eq!(policy.next(2, None), Err(RetryState::MaximumAttemptsReached));
    }

    #[test]
    fn a_policy_that_shrinks_is_refused() {
        let policy = common::RetryPolicy {
            backoff_coefficient: 0.5,
            ..Default::default()
        };
        assert!(RetryPolicy::read(&policy).is_err());
    }
}
