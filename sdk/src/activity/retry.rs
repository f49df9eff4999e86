//! How often, and after what time, something is tried again.

use std::time::Duration;
use steadfast_proto::{common, duration, std_duration};

/// How often, and after what time, the server tries something again.
///
/// The default is the server's own: after one second, twice as long each time up to 100 seconds, without end.
///
/// ```
/// use std::time::Duration;
/// use steadfast::activity::RetryPolicy;
///
/// let policy = RetryPolicy::default()
///     .initial_interval(Duration::from_millis(200))
///     .maximum_attempts(5)
///     .non_retryable_error_types(["InvalidCard"]);
/// # let _ = policy;
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct RetryPolicy(common::RetryPolicy);

impl RetryPolicy {
    /// Only one attempt.
    pub fn never() -> Self {
        Self::default().maximum_attempts(1)
    }

    /// The time before the first retry.
    pub fn initial_interval(mut self, interval: Duration) -> Self {
        self.0.initial_interval = Some(duration(interval));
        self
    }

    /// By how much the time grows with each retry; 1 for the same time always.
    pub fn backoff_coefficient(mut self, coefficient: f64) -> Self {
        self.0.backoff_coefficient = coefficient;
        self
    }

    /// The longest time between two attempts.
    pub fn maximum_interval(mut self, interval: Duration) -> Self {
        self.0.maximum_interval = Some(duration(interval));
        self
    }

    /// How many attempts there are at most, the first included; zero for no limit.
    pub fn maximum_attempts(mut self, attempts: u32) -> Self {
        self.0.maximum_attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
        self
    }

    /// Types of failures after which no retry can help.
    pub fn non_retryable_error_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.0.non_retryable_error_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// How many attempts there are at most; `None` for no limit.
    #[must_use]
    pub fn attempts_max(&self) -> Option<u32> {
        u32::try_from(self.0.maximum_attempts)
            .ok()
            .filter(|attempts| *attempts > 0)
    }

    /// The time before the first retry, if it is set.
    #[must_use]
    pub fn first_interval(&self) -> Option<Duration> {
        self.0.initial_interval.as_ref().and_then(std_duration)
    }
}

impl From<RetryPolicy> for common::RetryPolicy {
    fn from(policy: RetryPolicy) -> Self {
        policy.0
    }
}

impl From<common::RetryPolicy> for RetryPolicy {
    fn from(policy: common::RetryPolicy) -> Self {
        Self(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_left_to_the_server() {
        let wire: common::RetryPolicy = RetryPolicy::never().into();
        assert_eq!(
            (wire.maximum_attempts, wire.backoff_coefficient, wire.initial_interval),
            (1, 0.0, None)
        );
    }

    #[test]
    fn a_policy_from_the_wire_can_be_read() {
        let policy = RetryPolicy::from(common::RetryPolicy::from(
            RetryPolicy::default().initial_interval(Duration::from_secs(3)),
        ));
        assert_eq!(
            (policy.attempts_max(), policy.first_interval()),
            (None, Some(Duration::from_secs(3)))
        );
    }
}
