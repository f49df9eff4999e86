//! How long to wait after a poll that failed.

use crate::client::RpcError;
use std::time::{Duration, Instant};
use steadfast_proto::tonic::Code;

const INITIAL: Duration = Duration::from_millis(200);
/// A server that has had enough is left alone for longer.
const INITIAL_EXHAUSTED: Duration = Duration::from_secs(1);
const DELAY_MAX: Duration = Duration::from_secs(10);
const JITTER: f64 = 0.2;
/// Errors that go on for this long are worth a warning, and then again after gaps that grow.
const WARN_AFTER: Duration = Duration::from_secs(60);
const WARN_GAP_MAX: Duration = Duration::from_secs(15 * 60);

/// The delays of one kind of poll.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failed: u32,
    since: Option<Instant>,
    warned: Option<(Instant, Duration)>,
}

impl Backoff {
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// How long to wait before the next poll.
    pub(super) fn failed(&mut self, error: &RpcError, queue: &str) -> Duration {
        self.failed = self.failed.saturating_add(1);
        let delay = delay(self.failed, error.code());
        if self.is_worth_a_warning(Instant::now()) {
            tracing::warn!(queue, %error, "polling keeps failing");
        } else {
            tracing::debug!(queue, %error, "a poll failed");
        }
        delay.mul_f64(1.0 + JITTER * (2.0 * super::shared::random_unit() - 1.0))
    }

    fn is_worth_a_warning(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        let (last, gap) = self.warned.unwrap_or((since, WARN_AFTER));
        let is_due = now.duration_since(last) >= gap;
        if is_due {
            self.warned = Some((now, gap.saturating_mul(2).min(WARN_GAP_MAX)));
        }
        is_due
    }
}

fn delay(failed: u32, code: Code) -> Duration {
    let initial = if code == Code::ResourceExhausted {
        INITIAL_EXHAUSTED
    } else {
        INITIAL
    };
    initial
        .saturating_mul(1 << failed.saturating_sub(1).min(10))
        .min(DELAY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_ten_seconds() {
        assert_eq!(delay(1, Code::Unavailable), Duration::from_millis(200));
        assert_eq!(delay(3, Code::Unavailable), Duration::from_millis(800));
        assert_eq!(delay(1_000_000, Code::Unavailable), DELAY_MAX);
        assert_eq!(delay(1, Code::ResourceExhausted), Duration::from_secs(1));
    }

    #[test]
    fn a_success_starts_anew_and_warnings_get_rarer() {
        let start = Instant::now();
        let mut backoff = Backoff::default();
        assert!(!backoff.is_worth_a_warning(start));
        assert!(backoff.is_worth_a_warning(start + Duration::from_secs(60)));
        assert!(!backoff.is_worth_a_warning(start + Duration::from_secs(120)));
        assert!(backoff.is_worth_a_warning(start + Duration::from_secs(180)));
        backoff.succeeded();
        assert!(!backoff.is_worth_a_warning(start + Duration::from_secs(999)));
    }
}
