//! Deliveries: one request to a handler, tried until it is answered.

use super::super::{deadline::DeadlineKey, limits, time::Time};
use std::time::Duration;
use steadfast_proto::failure::Failure;

/// A request to a handler.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) stage: Stage,
    /// Names the attempt at hand.
    pub(crate) stamp: u64,
    /// Attempts that ended.
    pub(crate) attempts: u32,
    pub(crate) last_ended: Option<Time>,
    pub(crate) last_failure: Option<Failure>,
    pub(crate) deadline: Option<DeadlineKey>,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is not to be sent yet.
    #[default]
    Idle,
    /// It waits for a worker.
    Queued { since: Time },
    /// A worker has it.
    Held,
    /// The endpoint is left alone for now.
    Blocked,
    /// It waits for its next attempt.
    BackingOff { until: Time },
    /// A handler has answered.
    Answered,
    /// It is given up.
    Refused,
}

impl Delivery {
    /// An attempt has ended, with a failure or an answer.
    pub(crate) fn end(&mut self, now: Time, failure: Option<Failure>, stage: Stage) {
        self.attempts = self.attempts.saturating_add(1);
        self.last_ended = Some(now);
        self.last_failure = failure;
        self.stage = stage;
    }

    /// How long to wait before the attempt after the one that ended last.
    pub(crate) fn interval(&self) -> Duration {
        let doublings = self.attempts.saturating_sub(1).min(16);
        limits::NEXUS_RETRY_INTERVAL
            .saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
            .min(limits::NEXUS_RETRY_INTERVAL_MAX)
    }

    pub(crate) fn next_attempt(&self) -> Option<Time> {
        match self.stage {
            Stage::BackingOff { until } => Some(until),
            _ => None,
        }
    }

    /// What holds the next attempt back besides time, as the original says it.
    pub(crate) fn blocked_reason(&self) -> String {
        match self.stage {
            Stage::Blocked => "The circuit breaker is open.".to_owned(),
            _ => String::new(),
        }
    }

    /// Whether an attempt has begun that has not ended.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Queued { .. } | Stage::Held)
    }

    pub(crate) fn wire_attempts(&self) -> i32 {
        i32::try_from(self.attempts).unwrap_or(i32::MAX)
    }
}
