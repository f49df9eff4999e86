//! Which queue a shard polls next.

use super::{
    backoff::Backoff,
    scaler::{PollerBehavior, Scaler},
};

/// Which queue a workflow task poll goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PollKind {
    /// The task queue that all workers share.
    Normal,
    /// The shard's own, for runs in its cache.
    Sticky,
}

/// The polls of one queue.
#[derive(Debug)]
pub(super) struct Poller {
    pub(super) scaler: Scaler,
    in_flight: usize,
    pub(super) backoff: Backoff,
}

/// The polls of a shard. Each holds a slot, as does each task that is not yet answered.
#[derive(Debug)]
pub(super) struct Pollers {
    slots: usize,
    normal: Poller,
    sticky: Option<Poller>,
}

/// The share of polls that go to the normal queue, if there is a sticky one.
const NORMAL_SHARE: usize = 4;

impl Poller {
    fn new(behavior: PollerBehavior, makes_suggestions: bool) -> Self {
        Self {
            scaler: Scaler::new(behavior, makes_suggestions),
            in_flight: 0,
            backoff: Backoff::default(),
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn wants_more(&self) -> bool {
        self.in_flight < self.scaler.target()
    }
}

impl Pollers {
    /// At least one poll for each queue, and slots enough that neither can keep the other from polling.
    pub(super) fn new(slots: usize, polls: PollerBehavior, has_sticky: bool, makes_suggestions: bool) -> Self {
        if !has_sticky {
            return Self {
                slots: slots.max(1),
                normal: Poller::new(polls, makes_suggestions),
                sticky: None,
            };
        }
        let normal = (polls.maximum() / NORMAL_SHARE).max(1);
        let (normal, sticky) = polls.split(normal);
        Self {
            slots: slots.max(2),
            normal: Poller::new(normal, makes_suggestions),
            sticky: Some(Poller::new(sticky, makes_suggestions)),
        }
    }

    /// The open polls of each queue.
    pub(super) fn in_flight(&self) -> (usize, usize) {
        let sticky = self.sticky.as_ref().map_or(0, Poller::in_flight);
        (self.normal.in_flight, sticky)
    }

    /// Begins a poll, if there is a slot for one; a queue that isn't polled at all comes first.
    pub(super) fn begin(&mut self, tasks: usize) -> Option<PollKind> {
        let (normal_in_flight, sticky_in_flight) = self.in_flight();
        let taken = tasks.saturating_add(normal_in_flight).saturating_add(sticky_in_flight);
        if taken >= self.slots {
            return None;
        }
        let sticky_wants = self.sticky.as_ref().is_some_and(Poller::wants_more);
        let kind = if normal_in_flight == 0 {
            PollKind::Normal
        } else if sticky_wants && sticky_in_flight == 0 {
            PollKind::Sticky
        } else if self.normal.wants_more() {
            PollKind::Normal
        } else if sticky_wants {
            PollKind::Sticky
        } else {
            return None;
        };
        let poller = self.poller(kind);
        poller.in_flight = poller.in_flight.saturating_add(1);
        Some(kind)
    }

    /// A poll is over, whatever it brought.
    pub(super) fn end(&mut self, kind: PollKind) -> &mut Poller {
        let poller = self.poller(kind);
        poller.in_flight = poller.in_flight.saturating_sub(1);
        poller
    }

    fn poller(&mut self, kind: PollKind) -> &mut Poller {
        match (kind, &mut self.sticky) {
            (PollKind::Sticky, Some(sticky)) => sticky,
            (PollKind::Normal | PollKind::Sticky, _) => &mut self.normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PollKind::{Normal, Sticky};

    fn begin_all(pollers: &mut Pollers, tasks: usize) -> Vec<PollKind> {
        std::iter::from_fn(|| pollers.begin(tasks)).collect()
    }

    #[test]
    fn most_polls_go_to_the_sticky_queue() {
        let kinds = begin_all(&mut Pollers::new(100, 8.into(), true, false), 0);
        assert_eq!(kinds.iter().filter(|kind| **kind == Normal).count(), 2);
        assert_eq!(kinds.iter().filter(|kind| **kind == Sticky).count(), 6);
    }

    #[test]
    fn without_a_cache_there_is_one_queue() {
        assert_eq!(
            begin_all(&mut Pollers::new(100, 3.into(), false, false), 0),
            [Normal; 3]
        );
    }

    #[test]
    fn with_few_slots_both_queues_are_polled() {
        assert_eq!(
            begin_all(&mut Pollers::new(1, 8.into(), true, false), 0),
            [Normal, Sticky]
        );
    }

    #[test]
    fn a_task_holds_its_slot_until_it_is_answered() {
        let mut pollers = Pollers::new(2, 8.into(), true, false);
        assert_eq!(begin_all(&mut pollers, 0), [Normal, Sticky]);
        pollers.end(Normal);
        assert_eq!(begin_all(&mut pollers, 1), []);
        assert_eq!(begin_all(&mut pollers, 0), [Normal]);
    }

    #[test]
    fn the_queue_that_is_not_polled_gets_the_next_slot() {
        let mut pollers = Pollers::new(3, 8.into(), true, false);
        assert_eq!(begin_all(&mut pollers, 0), [Normal, Sticky, Normal]);
        pollers.end(Sticky);
        assert_eq!(begin_all(&mut pollers, 1), []);
        assert_eq!(begin_all(&mut pollers, 0), [Sticky]);
    }
}
