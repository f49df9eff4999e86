//! Virtual time: when it jumps, and why it does not.

use super::{
    Engine,
    error::{Code, Error, Result},
    limits,
    request::{Handled, Reply},
    task_queue::Task,
    time::{self, Time},
    waiter::Wait,
    workflow_task::WorkflowTask,
};
use std::fmt;
use std::time::Duration;
use steadfast_proto::testservice::*;

/// What decides over jumps.
#[derive(Debug)]
pub(crate) struct Clock {
    is_virtual: bool,
    /// Those who keep time from jumping.
    locks: usize,
}

impl Clock {
    pub(crate) fn new(is_virtual: bool) -> Self {
        Self { is_virtual, locks: 0 }
    }

    pub(crate) fn lock(&mut self) {
        self.locks = self.locks.saturating_add(1);
    }
}

/// Why virtual time does not jump.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standstill {
    /// The server runs in real time.
    Real,
    /// Somebody holds time.
    Held {
        /// How many hold it.
        holders: usize,
    },
    /// A worker has a task of this run.
    TaskInHand {
        /// The workflow.
        workflow_id: String,
        /// What the worker has: `workflow task`, `activity <id>`, `query`, `Nexus request`.
        task: String,
    },
    /// A task waits for a worker that was just here or may be about to come.
    TaskOnQueue {
        /// The queue.
        task_queue: String,
        /// The tasks on it.
        tasks: usize,
    },
    /// No client waits for anything.
    NobodyWaits,
    /// Nothing falls due for which time would jump.
    NothingDue,
}

impl fmt::Display for Standstill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("the server runs in real time"),
            Self::Held { holders } => write!(
                f,
                "{holders} hold it (a guard from `hold`, or a lock of the test service)"
            ),
            Self::TaskInHand { workflow_id, task } => {
                write!(f, "a worker has a task of workflow {workflow_id:?}: {task}")
            }
            Self::TaskOnQueue { task_queue, tasks } => {
                write!(
                    f,
                    "{tasks} tasks on queue {task_queue:?} wait for a worker that polled a moment ago or may come"
                )
            }
            Self::NobodyWaits => f.write_str("no client waits for a result, an update or a query"),
            Self::NothingDue => {
                f.write_str("nothing is due that would move it: no timer, retry or time-out of an awaited run")
            }
        }
    }
}

impl Engine {
    /// Jumps to the next thing that is due, if nothing speaks against it.
    pub(super) fn jump(&mut self) -> bool {
        if !self.clock.is_virtual || self.clock.locks > 0 {
            return false;
        }
        let Some(target) = self.jump_target() else { return false };
        if !self.is_quiet() {
            return false;
        }
        self.skip_to(target);
        true
    }

    fn skip_to(&mut self, target: Time) {
        self.world.ahead = self.world.ahead.saturating_add(target.since(self.world.now()));
    }

    /// Where time would jump to: to what is due first, if anything is due that somebody waits for.
    fn jump_target(&mut self) -> Option<Time> {
        let sleeper = self.world.waiters.first_sleeper().map(|(until, _)| until);
        let awaited = self.world.waiters.is_awaited();
        let work = self.world.deadlines.first_work().filter(|_| awaited);
        let relevant = work.into_iter().chain(sleeper).chain(self.first_expiration()).min()?;
        // What is due before that is due before that.
        self.world.deadlines.first().into_iter().chain([relevant]).min()
    }

    /// When the first of the runs times out that somebody waits for: a client, or the parent of such a run.
    fn first_expiration(&self) -> Option<Time> {
        let mut awaited: Vec<_> = self.world.waiters.awaited().collect();
        let mut first = None;
        while let Some(key) = awaited.pop() {
            let Some(run) = self.runs.get(key).filter(|run| run.is_open()) else {
                continue;
            };
            first = first
                .into_iter()
                .chain(run.is.run_expiration.map(|at| run.due(at)))
                .min();
            let children = run.children.values().filter_map(|child| child.run_id);
            awaited.extend(children.filter_map(|run_id| self.runs.by_id(run_id)));
        }
        first
    }

    /// Whether no worker has a task, and none is about to take one.
    fn is_quiet(&mut self) -> bool {
        if !self.runs.held.is_empty() {
            return false;
        }
        self.drop_stale();
        let (real, now) = (self.world.real, self.world.now());
        !self
            .world
            .queues
            .backlog()
            .any(|(_, queue)| queue.is_expected_soon(real) && !queue.is_held_back(now))
    }

    /// Stale tasks at the head of a queue hold nothing up.
    fn drop_stale(&mut self) {
        let heads: Vec<_> = self.world.queues.backlog().map(|(key, _)| key).collect();
        for key in heads {
            while let Some(head) = self
                .world
                .queues
                .get(key)
                .and_then(|queue| queue.tasks.front())
                .copied()
            {
                if self.is_wanted(head) {
                    break;
                }
                self.world.queues.drop_first(key);
            }
        }
    }

    fn is_wanted(&self, task: Task) -> bool {
        let Some(run) = self.runs.get(task.run()) else {
            return false;
        };
        match task {
            Task::Workflow { stamp, .. } => {
                matches!(&run.task, WorkflowTask::Scheduled(scheduled) if scheduled.stamp == stamp)
            }
            Task::Activity {
                scheduled_event_id,
                stamp,
                ..
            } => run
                .activities
                .get(&scheduled_event_id)
                .is_some_and(|activity| activity.stamp == stamp && !activity.is_started()),
            Task::Query { query, .. } => run.queries.is_waiting(query),
            Task::Nexus {
                scheduled_event_id,
                stamp,
                ..
            } => run.is_request_queued(scheduled_event_id, stamp),
        }
    }

    /// When (in real time) to look again whether a worker is coming.
    pub(super) fn next_look(&self) -> Option<Time> {
        if !self.clock.is_virtual || self.clock.locks > 0 {
            return None;
        }
        let real = self.world.real;
        let waiting = self
            .world
            .queues
            .backlog()
            .filter(|(_, queue)| queue.pollers.is_empty() && queue.is_expected_soon(real));
        waiting.map(|(_, queue)| queue.expected_until()).min()
    }

    pub(super) fn wake_sleepers(&mut self) {
        let now = self.world.now();
        while let Some((until, waiter)) = self.world.waiters.first_sleeper().filter(|(until, _)| *until <= now) {
            debug_assert!(until <= now, "a sleeper wakes when its time has come");
            if matches!(self.world.waiters.get(waiter), Some(Wait::Sleep { relock: true, .. })) {
                self.clock.lock();
            }
            let reply = match self.world.waiters.get(waiter) {
                Some(Wait::Sleep {
                    kind: SleepKind::Sleep, ..
                }) => Reply::Sleep(Box::default()),
                Some(Wait::Sleep {
                    kind: SleepKind::Until, ..
                }) => Reply::SleepUntil(Box::default()),
                _ => Reply::UnlockTimeSkippingWithSleep(Box::default()),
            };
            self.world.waiters.answer(waiter, Ok(reply));
        }
    }

    /// Moves virtual time by `duration`, through everything that falls due on the way.
    pub fn skip(&mut self, now: Time, duration: Duration) {
        self.proceed(now);
        self.follow();
        let target = self.world.now().plus(duration);
        while let Some(next) = self.world.deadlines.first().filter(|next| *next <= target) {
            self.skip_to(next);
            self.fire();
        }
        self.skip_to(target);
        self.fire();
        self.settle();
    }

    /// How far virtual time has jumped, if somebody waits for it to go on.
    #[must_use]
    pub fn waited_for(&self) -> Option<Duration> {
        let waits = self.world.waiters.is_awaited() || self.world.waiters.first_sleeper().is_some();
        (self.clock.is_virtual && waits).then_some(self.world.ahead)
    }

    /// Keeps virtual time from jumping until [`release`](Self::release).
    pub fn hold(&mut self) {
        self.clock.lock();
    }

    /// Lets virtual time jump again.
    pub fn release(&mut self, now: Time) {
        self.clock.locks = self.clock.locks.saturating_sub(1);
        self.proceed(now);
        self.settle();
    }

    /// Lets virtual time jump over the attempt of an activity that this task token names, as nobody is at work on it.
    pub fn leave_unattended(&mut self, now: Time, task_token: &bytes::Bytes) {
        self.proceed(now);
        // An attempt that is over holds nothing up.
        let _ = self.with_held(task_token, |run, _, event_id| {
            run.leave_unattended(event_id);
            Ok(())
        });
        self.settle();
    }

    /// Everything that keeps virtual time from jumping right now.
    #[must_use]
    pub fn standstills(&mut self) -> Vec<Standstill> {
        if !self.clock.is_virtual {
            return vec![Standstill::Real];
        }
        let mut why = Vec::new();
        if self.clock.locks > 0 {
            why.push(Standstill::Held {
                holders: self.clock.locks,
            });
        }
        for run in self.runs.held.iter().filter_map(|key| self.runs.get(*key)) {
            let in_hand = |task: String| Standstill::TaskInHand {
                workflow_id: String::from(&*run.is.workflow_id),
                task,
            };
            if run.task.is_started() {
                why.push(in_hand("workflow task".to_owned()));
            }
            if run.queries.is_held() {
                why.push(in_hand("query".to_owned()));
            }
            if !run.nexus_held.is_empty() {
                why.push(in_hand("Nexus request".to_owned()));
            }
            let activities = run.activities.values();
            let started = activities.filter(|activity| activity.is_started() && !activity.is_unattended);
            why.extend(
                started.map(|activity| in_hand(format!("activity {} ({})", activity.id, activity.activity_type))),
            );
        }
        self.drop_stale();
        let (real, now) = (self.world.real, self.world.now());
        for (_, queue) in self
            .world
            .queues
            .backlog()
            .filter(|(_, queue)| queue.is_expected_soon(real) && !queue.is_held_back(now))
        {
            why.push(Standstill::TaskOnQueue {
                task_queue: queue.name.to_string(),
                tasks: queue.tasks.len(),
            });
        }
        if !self.world.waiters.is_awaited() && self.world.waiters.first_sleeper().is_none() {
            why.push(Standstill::NobodyWaits);
        } else if self.jump_target().is_none() {
            why.push(Standstill::NothingDue);
        }
        why
    }

    pub(super) fn lock_time_skipping(&mut self) -> LockTimeSkippingResponse {
        self.clock.lock();
        LockTimeSkippingResponse {}
    }

    pub(super) fn unlock_time_skipping(&mut self) -> Result<UnlockTimeSkippingResponse> {
        self.unlock()?;
        Ok(UnlockTimeSkippingResponse {})
    }

    fn unlock(&mut self) -> Result<()> {
        match self.clock.locks.checked_sub(1) {
            Some(locks) => {
                self.clock.locks = locks;
                Ok(())
            }
            None => Err(Error::new(
                Code::FailedPrecondition,
                "time skipping is unlocked more often than it was locked",
            )),
        }
    }

    pub(super) fn unlock_and_sleep(&mut self, request: &SleepRequest) -> Result<Handled> {
        self.unlock()?;
        Ok(self.sleep_for(time::lasting(request.duration.as_ref()), SleepKind::Unlocked, true))
    }

    pub(super) fn sleep(&mut self, request: &SleepRequest) -> Handled {
        self.sleep_for(time::lasting(request.duration.as_ref()), SleepKind::Sleep, false)
    }

    pub(super) fn sleep_until(&mut self, request: &SleepUntilRequest) -> Handled {
        let until = request.timestamp.as_ref().and_then(Time::from_wire).unwrap_or_default();
        self.sleep_for(until.since(self.world.now()), SleepKind::Until, false)
    }

    fn sleep_for(&mut self, duration: Duration, kind: SleepKind, relock: bool) -> Handled {
        let until = self.world.now().plus(duration);
        // Nobody sleeps for ever, but a sleeper's own deadline is its caller's business.
        let expires = self.world.real.plus(limits::FOREVER);
        Handled::Wait(self.world.waiters.add(Wait::Sleep { until, kind, relock }, expires))
    }

    pub(super) fn current_time(&self) -> GetCurrentTimeResponse {
        GetCurrentTimeResponse {
            time: self.world.now().wire(),
        }
    }
}

/// Which request sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SleepKind {
    Sleep,
    Until,
    Unlocked,
}

#[cfg(test)]
mod tests {
    use super::Standstill;

    #[test]
    fn what_holds_time_is_named_in_its_text() {
        let texts = [
            (Standstill::Real, "real time"),
            (Standstill::Held { holders: 2 }, "2 hold it"),
            (
                Standstill::TaskInHand {
                    workflow_id: "order".to_owned(),
                    task: "activity 1 (pay)".to_owned(),
                },
                "\"order\": activity 1 (pay)",
            ),
            (
                Standstill::TaskOnQueue {
                    task_queue: "orders".to_owned(),
                    tasks: 3,
                },
                "3 tasks on queue \"orders\"",
            ),
            (Standstill::NobodyWaits, "no client waits"),
            (Standstill::NothingDue, "nothing is due"),
        ];
        for (why, part) in texts {
            assert!(why.to_string().contains(part), "{why}");
        }
    }
}
