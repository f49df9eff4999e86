//! When a call is tried again, and after how long.

use super::RpcError;
use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};
use steadfast_proto::tonic::Code;
use tokio::time::Instant;

const INITIAL: Duration = Duration::from_millis(100);
/// A server that has had enough is left alone for longer.
const INITIAL_EXHAUSTED: Duration = Duration::from_secs(1);
const FACTOR: f64 = 1.7;
const JITTER: f64 = 0.2;
const DELAY_MAX: Duration = Duration::from_secs(5);
const ELAPSED_MAX: Duration = Duration::from_secs(10);
const ATTEMPTS_MAX: u32 = 10;

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
    failed: u32,
    /// Since the first error; a clock is not looked at before.
    since: Option<Instant>,
}

impl Retries {
    pub(super) fn new(retry: Retry) -> Self {
        Self {
            retry,
            failed: 0,
            since: None,
        }
    }

    /// Returns when it is time for the next try; the error, if there is none.
    pub(super) async fn wait_after(&mut self, error: RpcError) -> Result<(), RpcError> {
        let now = Instant::now();
        let elapsed = now.duration_since(*self.since.get_or_insert(now));
        self.failed = self.failed.saturating_add(1);
        let Some(delay) = self.retry.delay(&error, self.failed, elapsed, random_unit()) else {
            return Err(error);
        };
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

impl Retry {
    /// How long to wait before the next try, if there is one; `random` is between 0 and 1.
    fn delay(self, error: &RpcError, failed: u32, elapsed: Duration, random: f64) -> Option<Duration> {
        let is_poll_end = matches!(error.code(), Code::Cancelled | Code::DeadlineExceeded);
        let is_worth_it = match self {
            Self::Never => false,
            Self::Call => may_go_away(error),
            Self::LongPoll => may_go_away(error) || is_poll_end,
        };
        // A long poll may end without an event as often as it likes: only real errors count.
        let is_exhausted = failed >= ATTEMPTS_MAX || elapsed >= ELAPSED_MAX;
        if !is_worth_it || (is_exhausted && !is_poll_end) {
            return None;
        }
        let initial = if error.code() == Code::ResourceExhausted {
            INITIAL_EXHAUSTED
        } else {
            INITIAL
        };
        let exponent = i32::try_from(failed.min(ATTEMPTS_MAX).saturating_sub(1)).unwrap_or_default();
        let delay = initial.mul_f64(FACTOR.powi(exponent)).min(DELAY_MAX);
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

    const AT_ONCE: Duration = Duration::ZERO;
    const MIDDLE: f64 = 0.5;

    #[test]
    fn delays_grow_to_a_limit() {
        let delay = |failed| Retry::Call.delay(&error(Code::Unavailable), failed, AT_ONCE, MIDDLE);
        assert_eq!(delay(1), Some(Duration::from_millis(100)));
        assert_eq!(delay(2), Some(Duration::from_millis(170)));
        assert_eq!(delay(9), Some(Duration::from_secs(5)));
        assert_eq!(delay(10), None);
    }

    #[test]
    fn a_delay_is_off_by_a_fifth_at_most() {
        let delay = |random| Retry::Call.delay(&error(Code::Unavailable), 1, AT_ONCE, random);
        assert_eq!(delay(0.0), Some(Duration::from_millis(80)));
        assert_eq!(delay(1.0), Some(Duration::from_millis(120)));
        assert!((0.0..1.0).contains(&random_unit()));
    }

    #[test]
    fn ten_seconds_are_enough() {
        let late = Duration::from_secs(10);
        assert_eq!(Retry::Call.delay(&error(Code::Unavailable), 2, late, MIDDLE), None);
    }

    #[test]
    fn users_mistakes_are_not_tried_again() {
        for code in [
            Code::InvalidArgument,
            Code::NotFound,
            Code::AlreadyExists,
            Code::FailedPrecondition,
        ] {
            assert_eq!(Retry::Call.delay(&error(code), 1, AT_ONCE, MIDDLE), None);
        }
    }

    #[test]
    fn a_long_poll_without_an_event_is_asked_again_for_ever() {
        let late = Duration::from_secs(3600);
        let ended = error(Code::DeadlineExceeded);
        assert!(Retry::LongPoll.delay(&ended, 40, late, MIDDLE).is_some());
        assert_eq!(Retry::Call.delay(&ended, 1, AT_ONCE, MIDDLE), None);
    }

    #[test]
    fn a_busy_server_is_left_alone_for_longer_and_a_message_too_large_is_not_sent_again() {
        let busy = error(Code::ResourceExhausted);
        assert_eq!(
            Retry::Call.delay(&busy, 1, AT_ONCE, MIDDLE),
            Some(Duration::from_secs(1))
        );
        let large = RpcError::new(
            Code::ResourceExhausted,
            "grpc: received message larger than max (5 vs. 4)",
        );
        assert_eq!(Retry::Call.delay(&large, 1, AT_ONCE, MIDDLE), None);
        let too_large_to_send = RpcError::new(Code::OutOfRange, "encoded message length too large: found 5 bytes");
        assert_eq!(Retry::Call.delay(&too_large_to_send, 1, AT_ONCE, MIDDLE), None);
    }
}
