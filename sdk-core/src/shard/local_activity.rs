//! Local activities of a shard's runs: who waits for a slot, who runs, who waits to be tried again, and what falls due.

use super::{Output, Shard, TaskInfo, cache::Stage, task::Task};
use crate::{
    LocalActivityKey, LocalActivityOutcome, LocalActivityStop, LocalActivityTask, TurnError, WorkflowInfo,
    limits::{LOCAL_RETRY_THRESHOLD, WORKFLOW_TASK_TIMEOUT},
    local_activity::{Ended, Request, Start, retry, timed_out},
};
use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::Arc,
    time::{Duration, SystemTime},
};
use steadfast_proto::{common::Payloads, enums::TimeoutType, failure::Failure};

/// When something falls due, and what tells two apart that fall due at the same time.
pub(super) type AlarmKey = (SystemTime, u64);

/// What falls due.
#[derive(Debug, Clone, Copy)]
enum Alarm {
    /// The task of the run in this slot has to be completed, though local activities run.
    Heartbeat(u32),
    /// All attempts together took too long.
    ScheduleToClose(u64),
    /// One attempt took too long.
    StartToClose(u64),
    /// The next attempt is due.
    Retry(u64),
}

/// The local activities of a shard.
#[derive(Debug, Default)]
pub(super) struct LocalActivities {
    open: BTreeMap<u64, Local>,
    ids: u64,
    /// Those that wait for a slot; one that is gone is passed over.
    waiting: VecDeque<u64>,
    running: usize,
    alarms: BTreeMap<AlarmKey, Alarm>,
    alarms_set: u64,
    /// Slots of runs of whose local activities something came.
    touched: Vec<u32>,
}

/// One local activity.
#[derive(Debug)]
struct Local {
    /// The slot of its run.
    run: u32,
    number: u32,
    start: Box<Start>,
    workflow: Arc<WorkflowInfo>,
    attempt: u32,
    /// When this attempt was due.
    due: SystemTime,
    phase: Phase,
    /// Its time-out over all attempts.
    closes: Option<AlarmKey>,
    /// A later task than the one it began in is at hand.
    is_old: bool,
    /// Nobody wants to hear how it ends.
    is_forgotten: bool,
    /// Code cancelled it.
    is_cancelled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no slot for it.
    Waiting,
    /// The worker makes an attempt; its time-out.
    Running(Option<AlarmKey>),
    /// The next attempt is to be made at this time.
    BackingOff(AlarmKey),
    /// The worker's end stopped it.
    Stopped,
}

impl LocalActivities {
    /// When something falls due next.
    pub(super) fn next_deadline(&self) -> Option<SystemTime> {
        self.alarms.first_key_value().map(|((time, _), _)| *time)
    }

    fn set(&mut self, time: SystemTime, alarm: Alarm) -> AlarmKey {
        self.alarms_set = self.alarms_set.wrapping_add(1);
        let key = (time, self.alarms_set);
        self.alarms.insert(key, alarm);
        key
    }

    fn set_after(&mut self, from: SystemTime, duration: Duration, alarm: Alarm) -> Option<AlarmKey> {
        // A time-out beyond all times is none.
        from.checked_add(duration).map(|time| self.set(time, alarm))
    }

    /// The task that it was set for is completed.
    pub(super) fn clear(&mut self, key: Option<AlarmKey>) {
        if let Some(key) = key {
            self.alarms.remove(&key);
        }
    }

    fn take_due(&mut self, now: SystemTime) -> Option<Alarm> {
        let entry = self.alarms.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// Ends the attempt that runs or the wait for one, if there is such.
    fn leave_phase(&mut self, phase: Phase) {
        match phase {
            Phase::Waiting | Phase::Stopped => {}
            Phase::Running(alarm) => {
                self.clear(alarm);
                self.running = self.running.saturating_sub(1);
            }
            Phase::BackingOff(alarm) => self.clear(Some(alarm)),
        }
    }

    fn remove(&mut self, id: u64) -> Option<Local> {
        let local = self.open.remove(&id)?;
        self.leave_phase(local.phase);
        self.clear(local.closes);
        Some(local)
    }

    fn change_phase(&mut self, id: u64, phase: Phase) {
        let before = self
            .open
            .get_mut(&id)
            .map(|local| mem::replace(&mut local.phase, phase));
        if let Some(before) = before {
            self.leave_phase(before);
        }
    }
}

impl Local {
    fn key(&self, id: u64) -> LocalActivityKey {
        LocalActivityKey {
            id,
            attempt: self.attempt,
        }
    }

    fn task(&self, id: u64) -> LocalActivityTask {
        LocalActivityTask {
            key: self.key(id),
            activity_id: self.start.activity_id.clone(),
            attributes: Arc::clone(&self.start.attributes),
            workflow: Arc::clone(&self.workflow),
            attempt: self.attempt,
            original_schedule_time: self.start.original_schedule_time,
            schedule_time: self.due,
        }
    }

    /// Whether there is no time left for an attempt at `time`.
    fn is_closed_by(&self, time: Option<SystemTime>) -> bool {
        match (self.closes, time) {
            (Some((closes, _)), Some(time)) => closes <= time,
            (_, None) => true,
            (None, Some(_)) => false,
        }
    }
}

/// Why code did not come to rest.
enum Undelivered {
    Failed(TurnError),
    /// It took so long that its task was answered meanwhile.
    GivenUp(String),
}

impl Shard {
    /// The turns of a task are applied: local activities that code asked for begin, and the task is completed unless it
    /// has to stay open for them.
    pub(super) fn settle(&mut self, slot: u32, task: Box<Task>) {
        match self.deliver_ended(slot, &task.info) {
            Ok(()) => {}
            Err(Undelivered::Failed(error)) => return self.fail(slot, task, &error),
            Err(Undelivered::GivenUp(reason)) => return self.give_up(slot, &task.info, reason),
        }
        let Some(run) = self.cache.at(slot).and_then(|entry| entry.run.as_ref()) else {
            return;
        };
        if !run.holds_task() {
            return self.complete(slot, task, false);
        }
        // Who asks is not kept waiting, and who waits for the activities is answered in another task.
        if !task.queries.is_empty() {
            return self.complete(slot, task, true);
        }
        let timeout = run.info().task_timeout.unwrap_or(WORKFLOW_TASK_TIMEOUT);
        // Four fifths: the rest is for the completion to get through.
        let heartbeat = timeout.saturating_mul(4).checked_div(5).unwrap_or(timeout);
        let alarm = self.locals.set_after(task.received, heartbeat, Alarm::Heartbeat(slot));
        if let Some(entry) = self.cache.at(slot) {
            entry.stage = Stage::LocalActivities(task, alarm);
        }
        self.leave_if_idle(slot);
    }

    /// Lets code see what ended, and begins what it asks for, until neither is left.
    fn deliver_ended(&mut self, slot: u32, info: &Arc<TaskInfo>) -> Result<(), Undelivered> {
        loop {
            let Some(run) = self.cache.at(slot).and_then(|entry| entry.run.as_mut()) else {
                return Ok(());
            };
            let requests = run.take_local_requests();
            for request in requests {
                self.take_request(slot, request);
            }
            self.run_waiting();
            let Some(run) = self.cache.at(slot).and_then(|entry| entry.run.as_mut()) else {
                return Ok(());
            };
            if run.has_ended() || !run.has_ended_local_activities() {
                return Ok(());
            }
            let now = self.now;
            match self.watched.call(info, || run.deliver_ended(now)) {
                Ok(delivered) => delivered.map_err(Undelivered::Failed)?,
                Err(reason) => return Err(Undelivered::GivenUp(reason)),
            }
        }
    }

    fn take_request(&mut self, slot: u32, request: Request) {
        match request {
            Request::Run(start) => self.begin(slot, start),
            Request::Stop(number) => {
                if let Some(id) = self.local_id(slot, number) {
                    self.stop(id);
                }
            }
            Request::StopAndForget(number) => {
                if let Some(id) = self.forget(slot, number) {
                    self.output_stop(id, LocalActivityStop::Requested);
                }
            }
            Request::Forget(number) => {
                self.forget(slot, number);
            }
        }
    }

    fn local_id(&mut self, slot: u32, number: u32) -> Option<u64> {
        self.cache.at(slot)?.locals.get(&number).copied()
    }

    fn begin(&mut self, slot: u32, start: Box<Start>) {
        let Some(entry) = self.cache.at(slot) else { return };
        let Some(run) = &entry.run else { return };
        let workflow = run.shared_info();
        let id = self.locals.ids;
        self.locals.ids = id.wrapping_add(1);
        entry.locals.insert(start.number, id);
        let limit = start.attributes.schedule_to_close_timeout;
        let original = start.original_schedule_time;
        let closes = limit.and_then(|limit| self.locals.set_after(original, limit, Alarm::ScheduleToClose(id)));
        let local = Local {
            run: slot,
            number: start.number,
            attempt: start.attempt,
            start,
            workflow,
            due: self.now,
            phase: Phase::Waiting,
            closes,
            is_old: false,
            is_forgotten: false,
            is_cancelled: false,
        };
        let is_too_late = local.is_closed_by(Some(self.now));
        self.locals.open.insert(id, local);
        if is_too_late {
            self.end(id, Err(timed_out(TimeoutType::ScheduleToClose)), None);
        } else {
            self.locals.waiting.push_back(id);
        }
    }

    /// Gives free slots to those who wait for one.
    fn run_waiting(&mut self) {
        while !self.leaving_now && self.locals.running < self.options.max_local_activities.max(1) {
            let Some(id) = self.locals.waiting.pop_front() else {
                return;
            };
            let Some(local) = self.locals.open.get(&id).filter(|local| local.phase == Phase::Waiting) else {
                continue;
            };
            let attributes = Arc::clone(&local.start.attributes);
            let waited = self.now.duration_since(local.due).unwrap_or_default();
            if attributes.schedule_to_start_timeout.is_some_and(|limit| waited > limit) {
                self.end(id, Err(timed_out(TimeoutType::ScheduleToStart)), None);
                continue;
            }
            let is_later_attempt = local.is_old && local.attempt > local.start.attempt;
            let (task, run) = (Box::new(local.task(id)), local.run);
            let limit = attributes.start_to_close_timeout;
            let alarm = limit.and_then(|limit| self.locals.set_after(self.now, limit, Alarm::StartToClose(id)));
            self.locals.change_phase(id, Phase::Running(alarm));
            self.locals.running = self.locals.running.saturating_add(1);
            if is_later_attempt && let Some(entry) = self.cache.at(run) {
                entry.nonfirst_attempts = entry.nonfirst_attempts.saturating_add(1);
            }
            self.outputs.push_back(Output::RunLocalActivity(task));
        }
    }

    /// The worker says what came of an attempt. What came of one that was given up, nobody needs to know.
    pub(super) fn handle_local_activity(&mut self, key: LocalActivityKey, outcome: LocalActivityOutcome) {
        let Some(local) = self.locals.open.get(&key.id) else {
            return;
        };
        if local.attempt != key.attempt || !matches!(local.phase, Phase::Running(_)) {
            return;
        }
        if local.is_forgotten {
            self.locals.remove(key.id);
        } else {
            match outcome {
                LocalActivityOutcome::Completed(result) => self.end(key.id, Ok(result), None),
                LocalActivityOutcome::Cancelled(_) if self.leaving_now && !local.is_cancelled => {
                    self.locals.touched.push(local.run);
                    self.locals.change_phase(key.id, Phase::Stopped);
                }
                LocalActivityOutcome::Cancelled(failure) => self.end(key.id, Err(failure), None),
                LocalActivityOutcome::Failed(failure) => self.retry(key.id, failure),
            }
        }
        self.run_waiting();
    }

    /// An attempt failed: there is another, now or after a timer, or that was the last.
    fn retry(&mut self, id: u64, failure: Box<Failure>) {
        let Some(local) = self.locals.open.get_mut(&id) else {
            return;
        };
        let attributes = &local.start.attributes;
        let Ok(backoff) = retry(attributes.retry_policy.as_ref(), local.attempt, &failure) else {
            return self.end(id, Err(failure), None);
        };
        let next = self.now.checked_add(backoff);
        let Some(next) = next.filter(|next| !local.is_closed_by(Some(*next))) else {
            return self.end(id, Err(failure), None);
        };
        if backoff > attributes.local_retry_threshold.unwrap_or(LOCAL_RETRY_THRESHOLD) {
            return self.end(id, Err(failure), Some(backoff));
        }
        local.attempt = local.attempt.saturating_add(1);
        local.due = next;
        self.locals.touched.push(local.run);
        let alarm = self.locals.set(next, Alarm::Retry(id));
        self.locals.change_phase(id, Phase::BackingOff(alarm));
    }

    /// It is over; its run is told when code runs next.
    fn end(&mut self, id: u64, result: Result<Option<Payloads>, Box<Failure>>, backoff: Option<Duration>) {
        let Some(local) = self.locals.remove(id) else { return };
        self.locals.touched.push(local.run);
        let Some(entry) = self.cache.at(local.run) else { return };
        entry.locals.remove(&local.number);
        if let Some(run) = &mut entry.run {
            run.add_ended(Ended {
                number: local.number,
                attempt: local.attempt,
                result,
                backoff,
            });
        }
    }

    /// Runs whose tasks are open see what ended.
    pub(super) fn go_on_with_touched(&mut self) {
        while let Some(slot) = self.locals.touched.pop() {
            self.go_on(slot);
        }
    }

    fn go_on(&mut self, slot: u32) {
        let Some(entry) = self.cache.at(slot) else { return };
        let has_ended = entry.run.as_ref().is_some_and(crate::Run::has_ended_local_activities);
        match mem::take(&mut entry.stage) {
            Stage::LocalActivities(task, alarm) if has_ended => {
                entry.stage = Stage::Working;
                self.locals.clear(alarm);
                self.settle(slot, task);
            }
            stage => {
                entry.stage = stage;
                self.leave_if_idle(slot);
            }
        }
    }

    /// Something fell due.
    pub(super) fn handle_deadlines(&mut self) {
        while let Some(alarm) = self.locals.take_due(self.now) {
            match alarm {
                Alarm::Heartbeat(slot) => self.heartbeat(slot),
                Alarm::ScheduleToClose(id) => self.time_out(id, TimeoutType::ScheduleToClose),
                Alarm::StartToClose(id) => self.time_out(id, TimeoutType::StartToClose),
                Alarm::Retry(id) => {
                    self.locals.change_phase(id, Phase::Waiting);
                    self.locals.waiting.push_back(id);
                }
            }
        }
        self.run_waiting();
    }

    /// The task is completed with the commands so far, and the server makes another.
    fn heartbeat(&mut self, slot: u32) {
        let Some(entry) = self.cache.at(slot) else { return };
        match mem::take(&mut entry.stage) {
            Stage::LocalActivities(task, _) if self.leaving_now => self.hand_off(slot, task),
            Stage::LocalActivities(task, _) => self.complete(slot, task, true),
            stage => entry.stage = stage,
        }
    }

    fn time_out(&mut self, id: u64, kind: TimeoutType) {
        let Some(local) = self.locals.open.get(&id) else { return };
        let is_forgotten = local.is_forgotten;
        if matches!(local.phase, Phase::Running(_)) {
            self.output_stop(id, LocalActivityStop::TimedOut);
        }
        if is_forgotten {
            self.locals.remove(id);
            return;
        }
        match kind {
            TimeoutType::StartToClose => self.retry(id, timed_out(kind)),
            _ => self.end(id, Err(timed_out(kind)), None),
        }
    }

    /// The body is told; if there is none, it is cancelled already.
    fn stop(&mut self, id: u64) {
        let Some(local) = self.locals.open.get_mut(&id) else {
            return;
        };
        local.is_cancelled = true;
        if matches!(local.phase, Phase::Running(_)) {
            self.output_stop(id, LocalActivityStop::Requested);
        } else {
            self.end(id, Err(Box::new(Failure::cancelled("Activity cancelled"))), None);
        }
    }

    /// Nobody wants to hear how it ends. One that runs is kept until then, for its slot.
    fn forget(&mut self, slot: u32, number: u32) -> Option<u64> {
        let id = self.cache.at(slot)?.locals.remove(&number)?;
        let local = self.locals.open.get_mut(&id)?;
        if matches!(local.phase, Phase::Running(_)) {
            local.is_forgotten = true;
            return Some(id);
        }
        self.locals.remove(id);
        None
    }

    fn output_stop(&mut self, id: u64, reason: LocalActivityStop) {
        if let Some(local) = self.locals.open.get(&id) {
            let key = local.key(id);
            self.outputs.push_back(Output::StopLocalActivity(key, reason));
        }
    }

    /// A run has ended or leaves: its local activities come to nothing.
    pub(super) fn drop_local_activities(&mut self, slot: u32) {
        let Some(entry) = self.cache.at(slot) else { return };
        for id in mem::take(&mut entry.locals).into_values() {
            if self
                .locals
                .open
                .get(&id)
                .is_some_and(|local| matches!(local.phase, Phase::Running(_)))
            {
                self.output_stop(id, LocalActivityStop::RunGone);
            }
            self.locals.remove(id);
        }
    }

    /// A task is completed: what its metering says of later attempts.
    pub(super) fn meter_local_activities(&mut self, slot: u32) -> u32 {
        let Some(entry) = self.cache.at(slot) else { return 0 };
        for id in entry.locals.values() {
            if let Some(local) = self.locals.open.get_mut(id) {
                local.is_old = true;
            }
        }
        mem::take(&mut entry.nonfirst_attempts)
    }

    /// The worker stops: runs that only wait to try again go to another worker. When it stops `now`, bodies are told; what
    /// they come to before their task's heartbeat is due still counts.
    pub(super) fn leave(&mut self, now: bool) {
        self.leaving = true;
        self.leaving_now |= now;
        let runs = self.locals.open.values().map(|local| local.run);
        self.locals.touched.extend(runs);
        if now {
            let running = |(id, local): (&u64, &Local)| matches!(local.phase, Phase::Running(_)).then_some(*id);
            let running: Vec<u64> = self.locals.open.iter().filter_map(running).collect();
            for id in running {
                self.output_stop(id, LocalActivityStop::WorkerShutdown);
            }
        }
    }

    fn leave_if_idle(&mut self, slot: u32) {
        if !self.leaving {
            return;
        }
        let leaving_now = self.leaving_now;
        let Some(entry) = self.cache.at(slot) else { return };
        let locals = &self.locals.open;
        let is_idle = |id: &u64| match locals.get(id).map(|local| local.phase) {
            Some(Phase::BackingOff(_) | Phase::Stopped) | None => true,
            Some(Phase::Waiting) => leaving_now,
            Some(Phase::Running(_)) => false,
        };
        if !entry.locals.values().all(is_idle) {
            return;
        }
        match mem::take(&mut entry.stage) {
            Stage::LocalActivities(task, alarm) => {
                self.locals.clear(alarm);
                self.hand_off(slot, task);
            }
            stage => entry.stage = stage,
        }
    }

    /// Completes the task so that the next one goes to another worker, which begins the local activities anew.
    fn hand_off(&mut self, slot: u32, task: Box<Task>) {
        if let Some(entry) = self.cache.at(slot) {
            entry.is_handed_off = true;
        }
        self.complete(slot, task, true);
        self.drop_local_activities(slot);
    }
}
