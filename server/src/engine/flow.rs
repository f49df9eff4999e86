//! How fast tasks come to a queue and leave it.

use super::time::Time;
use std::time::Duration;

/// Tasks are counted by such a time, of which the last [`INTERVALS`] are remembered.
const INTERVAL: Duration = Duration::from_secs(5);
const INTERVALS: usize = 6;

/// Counts what happens, and tells how often it lately did. Its time is real.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// When the first was counted.
    since: Option<Time>,
    /// The interval that is counted now, by its number since 1970.
    current: u64,
    /// The present interval first.
    counts: [u32; INTERVALS],
}

impl Flow {
    pub(super) fn count(&mut self, real: Time) {
        self.since.get_or_insert(real);
        self.proceed(real);
        if let Some(count) = self.counts.first_mut() {
            *count = count.saturating_add(1);
        }
    }

    /// How many there are in a second: over the last half minute, or since the first.
    pub(super) fn per_second(&self, real: Time) -> f32 {
        let Some(since) = self.since else { return 0.0 };
        let mut now = self.clone();
        now.proceed(real);
        let total: u32 = now.counts.iter().fold(0, |total, count| total.saturating_add(*count));
        let remembered = INTERVAL.saturating_mul(u32::try_from(INTERVALS).unwrap_or(u32::MAX));
        // One that came just now is one in a second, not millions.
        let elapsed = real.since(since).clamp(Duration::from_secs(1), remembered);
        (f64::from(total) / elapsed.as_secs_f64()) as f32
    }

    /// Forgets the intervals that are too long past; the first is then the present one.
    fn proceed(&mut self, real: Time) {
        let interval = real.seconds().checked_div(INTERVAL.as_secs()).unwrap_or_default();
        let passed = interval.saturating_sub(self.current).min(self.counts.len() as u64);
        self.current = self.current.max(interval);
        for _ in 0..passed {
            self.counts.rotate_right(1);
            if let Some(count) = self.counts.first_mut() {
                *count = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::default().plus(Duration::from_millis(1_000_000 + millis))
    }

    #[test]
    fn a_steady_flow_is_told_as_it_is_from_its_first_second_on() {
        let mut flow = Flow::default();
        assert_eq!(flow.per_second(at(0)), 0.0);
        for tenth in 0..1_200 {
            flow.count(at(tenth * 100));
            let told = flow.per_second(at(tenth * 100 + 99));
            // The interval at hand may have just begun.
            assert!(tenth < 10 || (8.0..=11.0).contains(&told), "{told} after {tenth}");
        }
    }

    #[test]
    fn what_is_half_a_minute_past_does_not_count() {
        let mut flow = Flow::default();
        for _ in 0..60 {
            flow.count(at(0));
        }
        assert_eq!(flow.per_second(at(0)), 60.0);
        assert_eq!(flow.per_second(at(20_000)), 3.0);
        assert_eq!(flow.per_second(at(30_000)), 0.0);
        flow.count(at(300_000));
        assert_eq!(flow.per_second(at(300_000)), 1.0 / 30.0);
    }

    #[test]
    fn a_clock_that_is_behind_counts_with_the_present() {
        let mut flow = Flow::default();
        flow.count(at(60_000));
        flow.count(at(0));
        assert_eq!(flow.per_second(at(60_000)), 2.0);
    }
}
