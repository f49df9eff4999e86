//! Schedules: workflows that are started by the clock.

mod action;
pub(crate) mod calendar;
mod cron;
pub(crate) mod date;
mod describe;
mod field;
mod list;
mod operation;
mod overlap;
mod spec;
pub(crate) mod zone;

use super::{
    counter::Counter,
    deadline::{DeadlineKey, Due},
    error::{Error, Result},
    id::Uuid,
    limits,
    namespace::NamespaceKey,
    time::Time,
    world::World,
};
use overlap::{Backfill, Overlap, WaitingAction};
use spec::{ActionTime, Spec};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use steadfast_proto::{
    common,
    failure::Failure,
    schedule::{ScheduleActionResult, ScheduleState},
    workflow::NewWorkflowExecutionInfo,
};

/// Names a schedule within an engine; never two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScheduleKey(u64);

/// A schedule.
#[derive(Debug)]
pub(crate) struct Schedule {
    key: ScheduleKey,
    namespace: NamespaceKey,
    namespace_name: Arc<str>,
    id: Arc<str>,
    plan: Plan,
    memo: BTreeMap<String, common::Payload>,
    search_attributes: BTreeMap<String, common::Payload>,
    created: Time,
    updated: Option<Time>,
    /// The requests that made and changed it, so that a repeated one does nothing.
    requests: VecDeque<String>,
    /// Counts changes.
    version: u64,
    /// Times up to this one were seen to.
    seen: Time,
    next: Option<ActionTime>,
    deadline: Option<DeadlineKey>,
    /// Actions whose time has come.
    waiting: VecDeque<WaitingAction>,
    backfills: VecDeque<Backfill>,
    /// The run that others must not overlap.
    running: Option<Running>,
    recent: VecDeque<ScheduleActionResult>,
    counts: Counts,
    last_result: Option<common::Payloads>,
    last_failure: Option<Failure>,
}

/// What a user says of a schedule.
#[derive(Debug)]
struct Plan {
    spec: Spec,
    action: Option<Box<NewWorkflowExecutionInfo>>,
    overlap: Overlap,
    catchup_window: Duration,
    pauses_on_failure: bool,
    keeps_workflow_id: bool,
    state: ScheduleState,
}

/// A run that a schedule started, and all that follow it in its chain.
#[derive(Clone, Debug)]
struct Running {
    first_run_id: Uuid,
    execution: common::WorkflowExecution,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    actions: i64,
    missed: i64,
    skipped: i64,
    dropped: i64,
}

fn more(count: &mut i64) {
    *count = count.saturating_add(1);
}

impl Schedule {
    /// What jitter is drawn from.
    fn seed(&self) -> u64 {
        spec::seed(&self.id)
    }

    /// Who it is to the workflows that it starts and stops.
    fn identity(&self) -> String {
        format!("temporal-scheduler-{}-{}", self.namespace_name, self.id)
    }

    /// Whether times of the spec lead to actions.
    fn acts(&self) -> bool {
        let state = &self.plan.state;
        !state.paused && (!state.limited_actions || state.remaining_actions > 0)
    }

    /// From now on: what was due before is passed over.
    fn begin_anew(&mut self, now: Time) {
        self.seen = self.seen.max(now);
        self.next = self.plan.spec.next(self.seen, self.seed());
    }

    /// Sets the alarm for what comes next.
    fn arm(&mut self, world: &mut World) {
        world.deadlines.clear(&mut self.deadline);
        let backfill = (!self.backfills.is_empty() && self.has_room()).then(|| world.now());
        let next = self.next.filter(|_| self.acts()).map(|next| next.due);
        if let Some(at) = backfill.or(next) {
            self.deadline = Some(world.deadlines.set(at, Due::Schedule { schedule: self.key }));
        }
    }

    /// It acts no more; what it started goes on.
    fn retire(&mut self, world: &mut World) {
        world.deadlines.clear(&mut self.deadline);
        if let Some(running) = &self.running {
            world.scheduled.remove(&running.first_run_id);
        }
    }

    fn has_room(&self) -> bool {
        self.waiting.len() < limits::SCHEDULE_WAITING_MAX
    }

    fn changed(&mut self) {
        self.version = self.version.saturating_add(1);
    }

    /// Notes a request; `false` if it was here before.
    fn is_new_request(&mut self, request_id: &str) -> bool {
        if request_id.is_empty() {
            return true;
        }
        if self.requests.iter().any(|seen| seen == request_id) {
            return false;
        }
        if self.requests.len() >= limits::SCHEDULE_REQUESTS_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(request_id.to_owned());
        true
    }
}

/// All schedules of an engine.
#[derive(Debug, Default)]
pub(crate) struct Schedules {
    all: BTreeMap<ScheduleKey, Box<Schedule>>,
    by_id: BTreeMap<NamespaceKey, BTreeMap<Arc<str>, ScheduleKey>>,
    count: Counter,
}

impl Schedules {
    fn next_key(&mut self) -> ScheduleKey {
        ScheduleKey(self.count.next())
    }

    /// Puts a schedule where it belongs, a new one or one that was taken.
    fn put(&mut self, schedule: Box<Schedule>) {
        self.by_id
            .entry(schedule.namespace)
            .or_default()
            .insert(schedule.id.clone(), schedule.key);
        self.all.insert(schedule.key, schedule);
    }

    /// Takes a schedule out, to do something with it and the rest of the engine.
    fn take(&mut self, key: ScheduleKey) -> Option<Box<Schedule>> {
        self.all.remove(&key)
    }

    fn find(&self, namespace: NamespaceKey, id: &str) -> Result<&Schedule> {
        if id.is_empty() {
            return Err(Error::invalid("ScheduleId is not set on request."));
        }
        let key = self.by_id.get(&namespace).and_then(|ids| ids.get(id));
        let found = key.and_then(|key| self.all.get(key)).map(Box::as_ref);
        found.ok_or_else(|| Error::not_found("schedule not found"))
    }

    /// Takes a schedule away for good.
    fn remove(&mut self, namespace: NamespaceKey, id: &str) -> Result<Box<Schedule>> {
        let key = self.find(namespace, id)?.key;
        if let Some(ids) = self.by_id.get_mut(&namespace) {
            ids.remove(id);
        }
        self.take(key).ok_or_else(|| Error::not_found("schedule not found"))
    }

    /// Takes all schedules of a namespace away.
    pub(crate) fn remove_all(&mut self, namespace: NamespaceKey, world: &mut World) {
        for key in self.by_id.remove(&namespace).unwrap_or_default().into_values() {
            if let Some(mut schedule) = self.take(key) {
                schedule.retire(world);
            }
        }
    }

    /// The schedules of a namespace by id, after that one.
    fn of(&self, namespace: NamespaceKey, after: &str) -> impl Iterator<Item = &Schedule> {
        use std::ops::Bound;
        let ids = self.by_id.get(&namespace);
        let range = (Bound::Excluded(after), Bound::Unbounded);
        let keys = ids
            .into_iter()
            .flat_map(move |ids| ids.range::<str, _>(range).map(|(_, key)| key));
        keys.filter_map(|key| self.all.get(key)).map(Box::as_ref)
    }
}
