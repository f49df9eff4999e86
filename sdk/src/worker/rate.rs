//! No more than so many in a second.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// No more than so many in a second, evenly spread.
#[derive(Debug)]
pub(super) struct RateLimit {
    interval: Duration,
    /// When the next one may go.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// The rate is above zero.
    pub(super) fn new(per_second: f64) -> Self {
        Self {
            interval: Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX),
            next: Mutex::default(),
        }
    }

    /// Returns when it is one's turn.
    pub(super) async fn wait(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = next.map_or(now, |next| next.max(now));
            *next = turn.checked_add(self.interval);
            turn
        };
        tokio::time::sleep_until(turn).await;
    }

    /// Whether it is one's turn now.
    pub(super) fn try_now(&self) -> bool {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_turn = next.is_none_or(|next| next <= now);
        if is_turn {
            *next = now.checked_add(self.interval);
        }
        is_turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_has_so_many_turns() {
        let limit = RateLimit::new(10.0);
        let start = Instant::now();
        for _ in 0..21 {
            limit.wait().await;
        }
        assert_eq!(start.elapsed().as_millis().div_euclid(10), 200);
        assert!(!limit.try_now());
        tokio::time::advance(Duration::from_secs(5)).await;
        // What was not used is not saved up.
        assert!(limit.try_now() && !limit.try_now());
    }
}
