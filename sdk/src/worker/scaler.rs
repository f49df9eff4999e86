//! How many polls of a queue are open at the same time.

use super::WorkerError;
use std::time::{Duration, Instant};
use steadfast_proto::{taskqueue::PollerScalingDecision, tonic::Code};

/// How many polls of a task queue are open at the same time.
///
/// ```
/// # use steadfast::{Client, worker::{PollerBehavior, Worker}};
/// # fn example(client: Client) {
/// let worker = Worker::new(&client, "orders")
///     .activity_pollers(4)
///     .workflow_pollers(PollerBehavior::autoscaling(2, 50, 5));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollerBehavior {
    min: usize,
    max: usize,
    initial: usize,
    is_autoscaling: bool,
}

impl PollerBehavior {
    /// As many as there are slots for, up to a maximum.
    #[must_use]
    pub const fn simple_maximum(max: usize) -> Self {
        Self {
            min: max,
            max,
            initial: max,
            is_autoscaling: false,
        }
    }

    /// As many as the server suggests, within limits; `initial` to begin with. A server that makes no suggestions leaves it
    /// at that.
    #[must_use]
    pub const fn autoscaling(min: usize, max: usize, initial: usize) -> Self {
        Self {
            min,
            max,
            initial,
            is_autoscaling: true,
        }
    }

    pub(super) fn maximum(self) -> usize {
        self.max
    }

    pub(super) fn is_autoscaling(self) -> bool {
        self.is_autoscaling
    }

    pub(super) fn check(self, name: &str) -> Result<(), WorkerError> {
        if self.max == 0 || self.min == 0 {
            return Err(WorkerError::Option(format!("`{name}` is 0, it must be at least 1")));
        }
        if !(self.min..=self.max).contains(&self.initial) {
            return Err(WorkerError::Option(format!(
                "`{name}` scales from {} to {}, which does not include the initial {}",
                self.min, self.max, self.initial
            )));
        }
        Ok(())
    }

    /// The share of one of several parts; at least one poll for each.
    pub(super) fn share(self, parts: usize) -> Self {
        let share = |total: usize| total.div_ceil(parts.max(1));
        Self {
            min: share(self.min),
            max: share(self.max),
            initial: share(self.initial),
            ..self
        }
    }

    /// Splits simple polls between two queues as `normal` says; each has its own when they scale.
    pub(super) fn split(self, normal: usize) -> (Self, Self) {
        if self.is_autoscaling {
            return (self, self);
        }
        let sticky = self.max.saturating_sub(normal).max(1);
        (Self::simple_maximum(normal), Self::simple_maximum(sticky))
    }
}

impl From<usize> for PollerBehavior {
    fn from(max: usize) -> Self {
        Self::simple_maximum(max)
    }
}

/// How long tasks are counted before the next look at whether more polls brought more of them.
const PERIOD: Duration = Duration::from_millis(100);

/// Follows what the server suggests for one queue.
#[derive(Debug)]
pub(super) struct Scaler {
    behavior: PollerBehavior,
    target: usize,
    /// The server makes suggestions: then an empty poll without one means that fewer are enough.
    makes_suggestions: bool,
    period: Period,
}

/// Tasks in the period that runs, and in the one before.
#[derive(Debug, Default)]
struct Period {
    since: Option<Instant>,
    tasks: usize,
    tasks_before: usize,
    /// The target was raised in the last period, and that did not help.
    is_raising_useless: bool,
    was_raised: bool,
}

/// What a poll brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polled {
    Task(Option<PollerScalingDecision>),
    Nothing(Option<PollerScalingDecision>),
    Failed(Code),
}

impl Scaler {
    pub(super) fn new(behavior: PollerBehavior, makes_suggestions: bool) -> Self {
        Self {
            behavior,
            target: behavior.initial.max(1),
            makes_suggestions,
            period: Period::default(),
        }
    }

    /// How many polls are to be open.
    pub(super) fn target(&self) -> usize {
        self.target
    }

    pub(super) fn observe(&mut self, polled: Polled, now: Instant) {
        if !self.behavior.is_autoscaling {
            return;
        }
        self.period.advance(now);
        match polled {
            Polled::Task(decision) => {
                self.period.tasks = self.period.tasks.saturating_add(1);
                self.follow(decision);
            }
            Polled::Nothing(None) if self.makes_suggestions => self.set(self.target.saturating_sub(1)),
            Polled::Nothing(decision) => self.follow(decision),
            Polled::Failed(Code::ResourceExhausted) => self.set(self.target / 2),
            // A poll that was given up, or not heard of any more, says nothing about how many tasks there are.
            Polled::Failed(_) => {}
        }
    }

    fn follow(&mut self, decision: Option<PollerScalingDecision>) {
        let Some(decision) = decision else { return };
        self.makes_suggestions = true;
        let delta = decision.poll_request_delta_suggestion;
        let by = usize::try_from(delta.unsigned_abs()).unwrap_or(usize::MAX);
        if delta < 0 {
            self.set(self.target.saturating_sub(by));
        } else if delta > 0 && !self.period.is_raising_useless {
            self.set(self.target.saturating_add(by));
            self.period.was_raised = true;
        }
    }

    fn set(&mut self, target: usize) {
        self.target = target.clamp(self.behavior.min, self.behavior.max);
    }
}

impl Period {
    fn advance(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        if now.duration_since(since) < PERIOD {
            return;
        }
        self.is_raising_useless = self.was_raised && self.tasks <= self.tasks_before;
        self.was_raised = false;
        self.tasks_before = std::mem::take(&mut self.tasks);
        self.since = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unnecessary_wraps)] // as polls bring it
    fn suggests(delta: i32) -> Option<PollerScalingDecision> {
        Some(PollerScalingDecision {
            poll_request_delta_suggestion: delta,
        })
    }

    fn scaler() -> Scaler {
        Scaler::new(PollerBehavior::autoscaling(2, 20, 5), false)
    }

    #[test]
    fn suggestions_are_followed_within_limits() {
        let (mut scaler, now) = (scaler(), Instant::now());
        scaler.observe(Polled::Task(suggests(3)), now);
        assert_eq!(scaler.target(), 8);
        scaler.observe(Polled::Task(suggests(100)), now);
        assert_eq!(scaler.target(), 20);
        scaler.observe(Polled::Nothing(suggests(-100)), now);
        assert_eq!(scaler.target(), 2);
    }

    #[test]
    fn more_polls_that_bring_no_more_tasks_are_not_followed_by_still_more() {
        let (mut scaler, mut now) = (scaler(), Instant::now());
        for _ in 0..3 {
            scaler.observe(Polled::Task(None), now);
        }
        now += PERIOD;
        scaler.observe(Polled::Task(suggests(1)), now);
        assert_eq!(scaler.target(), 6);
        now += PERIOD;
        scaler.observe(Polled::Task(suggests(1)), now);
        assert_eq!(scaler.target(), 6, "one task, where there were three before");
        scaler.observe(Polled::Task(suggests(-1)), now);
        assert_eq!(scaler.target(), 5, "a decrease is always followed");
    }

    #[test]
    fn an_empty_poll_means_one_less_only_where_the_server_makes_suggestions() {
        let now = Instant::now();
        let mut unknown = scaler();
        unknown.observe(Polled::Nothing(None), now);
        assert_eq!(unknown.target(), 5);
        unknown.observe(Polled::Task(suggests(0)), now);
        unknown.observe(Polled::Nothing(None), now);
        assert_eq!(unknown.target(), 4);
        let mut known = Scaler::new(PollerBehavior::autoscaling(2, 20, 5), true);
        known.observe(Polled::Nothing(None), now);
        assert_eq!(known.target(), 4);
    }

    #[test]
    fn a_server_that_has_had_enough_gets_half_and_other_errors_change_nothing() {
        let (mut scaler, now) = (scaler(), Instant::now());
        scaler.observe(Polled::Task(suggests(11)), now);
        scaler.observe(Polled::Failed(Code::ResourceExhausted), now);
        assert_eq!(scaler.target(), 8);
        for code in [Code::Cancelled, Code::DeadlineExceeded, Code::Unavailable] {
            scaler.observe(Polled::Failed(code), now);
        }
        assert_eq!(scaler.target(), 8);
    }

    #[test]
    fn a_simple_maximum_stays() {
        assert_eq!(PollerBehavior::simple_maximum(8), 8.into());
        let mut scaler = Scaler::new(PollerBehavior::simple_maximum(8), true);
        scaler.observe(Polled::Nothing(suggests(-3)), Instant::now());
        assert_eq!(scaler.target(), 8);
    }

    #[test]
    fn limits_without_sense_are_told() {
        assert!(PollerBehavior::from(0).check("pollers").is_err());
        assert!(PollerBehavior::autoscaling(2, 20, 1).check("pollers").is_err());
        assert!(PollerBehavior::autoscaling(2, 20, 2).check("pollers").is_ok());
    }
}
