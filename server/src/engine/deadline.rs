//! What falls due when. Deadlines of the same instant fall due in the order in which they were set.

use super::{batch::BatchKey, counter::Counter, run::RunKey, schedule::ScheduleKey, task_queue::QueueKey, time::Time};
use std::collections::BTreeMap;

/// What a deadline does when it falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A timer of a run fires.
    Timer { run: RunKey, started_event_id: i64 },
    /// A retried activity is put on its queue again.
    ActivityRetry { run: RunKey, scheduled_event_id: i64 },
    /// One of an activity's four time-outs may have passed.
    ActivityTimeout { run: RunKey, scheduled_event_id: i64 },
    /// One of a Nexus operation's three time-outs may have passed.
    NexusTimeout { run: RunKey, scheduled_event_id: i64 },
    /// A request to a Nexus handler was not answered in time.
    NexusRequest {
        run: RunKey,
        scheduled_event_id: i64,
        stamp: u64,
    },
    /// A request to a Nexus handler is sent again.
    NexusRetry {
        run: RunKey,
        scheduled_event_id: i64,
        stamp: u64,
    },
    /// A workflow task was not taken or not answered in time.
    WorkflowTask { run: RunKey, stamp: u64 },
    /// The first workflow task of a delayed run.
    FirstWorkflowTask { run: RunKey },
    /// The run's own time-out or that of its whole chain.
    RunTimeout { run: RunKey },
    /// A queue may hand out its next task.
    Queue { queue: QueueKey },
    /// A run that has ended is no longer kept.
    Retention { run: RunKey },
    /// A batch goes on.
    Batch { batch: BatchKey },
    /// A schedule acts.
    Schedule { schedule: ScheduleKey },
}

/// Names a deadline, to take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeadlineKey(Time, u64);

/// All deadlines of an engine. Time-outs of runs and of requests to handlers that nobody polls for are kept apart:
/// virtual time doesn't move for their sake alone.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    work: BTreeMap<DeadlineKey, Due>,
    guards: BTreeMap<DeadlineKey, Due>,
    count: Counter,
}

impl Deadlines {
    pub(crate) fn set(&mut self, at: Time, due: Due) -> DeadlineKey {
        let key = DeadlineKey(at, self.count.next());
        let is_guard = matches!(
            due,
            Due::RunTimeout { .. } | Due::Retention { .. } | Due::NexusRequest { .. }
        );
        let deadlines = if is_guard { &mut self.guards } else { &mut self.work };
        deadlines.insert(key, due);
        key
    }

    pub(crate) fn clear(&mut self, key: &mut Option<DeadlineKey>) {
        if let Some(key) = key.take()
            && self.work.remove(&key).is_none()
        {
            self.guards.remove(&key);
        }
    }

    /// The earliest deadline of all.
    pub(crate) fn first(&self) -> Option<Time> {
        let work = self.work.keys().next().map(|key| key.0);
        let guard = self.guards.keys().next().map(|key| key.0);
        work.into_iter().chain(guard).min()
    }

    /// The earliest deadline that is worth moving virtual time for.
    pub(crate) fn first_work(&self) -> Option<Time> {
        self.work.keys().next().map(|key| key.0)
    }

    /// The next thing that is due at `now`.
    pub(crate) fn pop(&mut self, now: Time) -> Option<Due> {
        let work = self.work.keys().next().copied();
        let guard = self.guards.keys().next().copied();
        let (first, guarded) = match (work, guard) {
            (Some(work), Some(guard)) if guard < work => (guard, true),
            (Some(work), _) => (work, false),
            (None, Some(guard)) => (guard, true),
            (None, None) => return None,
        };
        if first.0 > now {
            return None;
        }
        if guarded {
            self.guards.remove(&first)
        } else {
            self.work.remove(&first)
        }
    }
}
