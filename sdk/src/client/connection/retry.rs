//! When a call is tried again, and after how long.

use super::RpcError;
use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};
use steadfast_proto::tonic::Code;
use tokio::time::Instant;

/// A server that has had enough is left alone for longer.
const INITIAL_EXHAUSTED: Duration = Duration::from_secs(1);
const JITTER: f64 = 0.2;

/// When a call that failed is tried again: errors that may go away by themselves, such as a server that cannot be reached.
///
/// Calls to a server in this process are tried once: nothing gets lost on the way.
///
/// ```
/// use steadfast::client::CallRetry;
///
/// let patient = CallRetry { maximum_elapsed: None, maximum_attempts: 100, ..CallRetry::default() };
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallRetry {
    /// The time before the second attempt: 100 ms by default. A server that says that it has had enough is given a second.
    pub initial_interval: Duration,
    /// How much longer each wait is than the one before: 1.7 times by default.
    pub backoff_coefficient: f64,
    /// The longest wait: 5 s by default. All are longer or shorter by up to a fifth, by chance.
    pub maximum_interval: Duration,
    /// How long after the first failure no more attempt is made: 10 s by default, `None` for no limit.
    pub maximum_elapsed: Option<Duration>,
    /// How many attempts are made, the first included: 10 by default.
    pub maximum_attempts: u32,
}

impl Default for CallRetry {
    fn default() -> Self {
        Self {
            initial_interval: Duration::from_millis(100),
            backoff_coefficient: 1.7,
            maximum_interval: Duration::from_secs(5),
            maximum_elapsed: Some(Duration::from_secs(10)),
            maximum_attempts: 10,
        }
    }
}

impl CallRetry {
    /// One attempt, and no other.
    #[must_use]
    pub fn never() -> Self {
        Self {
            maximum_attempts: 1,
            ..Self::default()
        }
    }

    /// How long to wait after so many failures, without chance.
    fn interval(self, failed: u32, is_exhausted: bool) -> Duration {
        let initial = if is_exhausted {
            INITIAL_EXHAUSTED.max(self.initial_interval)
        } else {
            self.initial_interval
        };
        let exponent = i32::try_from(failed.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = initial.as_secs_f64() * self.backoff_coefficient.max(1.0).powi(exponent);
        Duration::try_from_secs_f64(seconds).map_or(self.maximum_interval, |delay| delay.min(self.maximum_interval))
    }
}

/// Which errors are worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// None: the caller has a policy of its own.
    Never,
    /// Those that may go away by themselves.
    Call,
    /// And that nothing happened in time.
    LongPoll,
}

/// The tries of one call.
pub(super) struct Retries {
    retry: Retry,
    policy: CallRetry,
    failed: u32,
    /// Since the first error; a clock is not looked at before.
    since: Option<Instant>,
}

impl Retries {
    pub(super) fn new(retry: Retry, policy: CallRetry) -> Self {
        Self {
            retry,
            policy,
            failed: 0,
            since: None,
        }
    }

    /// Returns when it is time for the next try; the error, if there is none.
    pub(super) async fn wait_after(&mut self, error: RpcError) -> Result<(), RpcError> {
        let now = Instant::now();
        let elapsed = now.duration_since(*self.since.get_or_insert(now));
        self.failed = self.failed.saturating_add(1);
        let Some(delay) = self
            .retry
            .delay(&self.policy, &error, self.failed, elapsed, random_unit())
        else {
            return Err(error);
        };
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

impl Retry {
    /// Whether it is no failure that nothing happened.
    pub(super) fn is_poll(self) -> bool {
        self == Self::LongPoll
    }

    /// How long to wait before the next try, if there is one; `random` is between 0 and 1.
    fn delay(
        self,
        policy: &CallRetry,
        error: &RpcError,
        failed: u32,
        elapsed: Duration,
        random: f64,
    ) -> Option<Duration> {
        let is_poll_end = matches!(error.code(), Code::Cancelled | Code::DeadlineExceeded);
        let is_worth_it = match self {
            Self::Never => false,
            Self::Call => may_go_away(error),
            Self::LongPoll => may_go_away(error) || is_poll_end,
        };
        // A long poll may end without an event as often as it likes: only real errors count.
        let is_exhausted =
            failed >= policy.maximum_attempts || policy.maximum_elapsed.is_some_and(|limit| elapsed >= limit);
        if !is_worth_it || (is_exhausted && !is_poll_end) {
            return None;
        }
        let delay = policy.interval(failed, error.code() == Code::ResourceExhausted);
        Some(delay.mul_f64(1.0 + JITTER * (2.0 * random - 1.0)))
    }
}

/// Whether the same call may succeed a little later.
fn may_go_away(error: &RpcError) -> bool {
    match error.code() {
        // The server says with the same code that there are too many calls, and that this one is too large.
        Code::ResourceExhausted => !error.message().contains("larger than max"),
        // Here the message is larger than the client itself would send.
        Code::OutOfRange => !error.message().contains("message length too large"),
        Code::DataLoss | Code::Internal | Code::Unknown | Code::Aborted | Code::Unavailable => true,
        _ => false,
    }
}

/// A number between 0 and 1, different in each process and each time.
fn random_unit() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    #[allow(clippy::cast_precision_loss)] // 53 bits are what it holds
    let fraction = bits as f64 / (1_u64 << 53) as f64;
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: Code) -> RpcError {
        RpcError::new(code, "")
    }

    fn delay(retry: Retry, error: &RpcError, failed: u32, elapsed: Duration, random: f64) -> Option<Duration> {
        retry.delay(&CallRetry::default(), error, failed, elapsed, random)
    }

    const AT_ONCE: Duration = Duration::ZERO;
    const MIDDLE: f64 = 0.5;

    #[test]
    fn delays_grow_to_a_limit() {
        let after = |failed| delay(Retry::Call, &error(Code::Unavailable), failed, AT_ONCE, MIDDLE);
        assert_eq!(after(1), Some(Duration::from_millis(100)));
        assert_eq!(after(2), Some(Duration::from_millis(170)));
        assert_eq!(after(9), Some(Duration::from_secs(5)));
        assert_eq!(after(10), None);
    }

    #[test]
    fn a_delay_is_off_by_a_fifth_at_most() {
        let by_chance = |random| delay(Retry::Call, &error(Code::Unavailable), 1, AT_ONCE, random);
        assert_eq!(by_chance(0.0), Some(Duration::from_millis(80)));
        assert_eq!(by_chance(1.0), Some(Duration::from_millis(120)));
        assert!((0.0..1.0).contains(&random_unit()));
    }

    #[test]
    fn ten_seconds_are_enough() {
        let late = Duration::from_secs(10);
        assert_eq!(delay(Retry::Call, &error(Code::Unavailable), 2, late, MIDDLE), None);
    }

    #[test]
    fn users_mistakes_are_not_tried_again() {
        for code in [
            Code::InvalidArgument,
            Code::NotFound,
            Code::AlreadyExists,
            Code::FailedPrecondition,
        ] {
            assert_eq!(delay(Retry::Call, &error(code), 1, AT_ONCE, MIDDLE), None);
        }
    }

    #[test]
    fn a_long_poll_without_an_event_is_asked_again_for_ever() {
        let late = Duration::from_secs(3600);
        let ended = error(Code::DeadlineExceeded);
        assert!(delay(Retry::LongPoll, &ended, 40, late, MIDDLE).is_some());
        assert_eq!(delay(Retry::Call, &ended, 1, AT_ONCE, MIDDLE), None);
    }

    #[test]
    fn a_busy_server_is_left_alone_for_longer_and_a_message_too_large_is_not_sent_again() {
        let busy = error(Code::ResourceExhausted);
        assert_eq!(
            delay(Retry::Call, &busy, 1, AT_ONCE, MIDDLE),
            Some(Duration::from_secs(1))
        );
        let large = RpcError::new(
            Code::ResourceExhausted,
            "grpc: received message larger than max (5 vs. 4)",
        );
        assert_eq!(delay(Retry::Call, &large, 1, AT_ONCE, MIDDLE), None);
        let too_large_to_send = RpcError::new(Code::OutOfRange, "encoded message length too large: found 5 bytes");
        assert_eq!(delay(Retry::Call, &too_large_to_send, 1, AT_ONCE, MIDDLE), None);
    }

    #[test]
    fn a_policy_says_how_often_and_how_long() {
        let unavailable = error(Code::Unavailable);
        let late = Duration::from_secs(3600);
        assert_eq!(
            Retry::Call.delay(&CallRetry::never(), &unavailable, 1, AT_ONCE, MIDDLE),
            None
        );
        let patient = CallRetry {
            initial_interval: Duration::from_secs(1),
            backoff_coefficient: 2.0,
            maximum_interval: Duration::from_secs(3),
            maximum_elapsed: None,
            maximum_attempts: u32::MAX,
        };
        let delays = [1, 2, 3, 2_000_000].map(|failed| Retry::Call.delay(&patient, &unavailable, failed, late, MIDDLE));
        assert_eq!(delays, [1, 2, 3, 3].map(|seconds| Some(Duration::from_secs(seconds))));
    }
}
