//! Actions: what a schedule does when a time has come, and when what it started has ended.

use super::{
    Running, Schedule, ScheduleKey, more,
    overlap::{Backfill, Stop, WaitingAction},
    spec::ActionTime,
};
use crate::engine::{
    Engine,
    id::Uuid,
    limits, search_attribute,
    time::Time,
    world::{ScheduledClosed, World},
};
use std::time::Duration;
use steadfast_proto::{
    common,
    enums::{IndexedValueType as Type, WorkflowExecutionStatus as Status},
    history::WorkflowExecutionCancelRequestedEventAttributes,
    schedule::ScheduleActionResult,
    workflowservice::StartWorkflowExecutionRequest,
};

impl Engine {
    /// The alarm of a schedule rings.
    pub(crate) fn run_schedule(&mut self, key: ScheduleKey) {
        if let Some(mut schedule) = self.schedules.take(key) {
            schedule.deadline = None;
            self.proceed_schedule(&mut schedule);
            self.schedules.put(schedule);
        }
    }

    /// Does what a schedule has to do now, and sets its next alarm.
    pub(super) fn proceed_schedule(&mut self, schedule: &mut Schedule) {
        schedule.take_due(self.world.now());
        schedule.take_backfills();
        self.act(schedule);
        schedule.arm(&mut self.world);
    }

    fn act(&mut self, schedule: &mut Schedule) {
        loop {
            let decision = schedule.decide();
            for action in decision.beside {
                self.start_scheduled(schedule, action, true);
            }
            self.stop_running(schedule, decision.stop);
            let Some(action) = decision.start else { return };
            self.start_scheduled(schedule, action, false);
            // One that did not start holds up none of those that wait.
            if schedule.running.is_some() || schedule.waiting.is_empty() {
                return;
            }
        }
    }

    fn start_scheduled(&mut self, schedule: &mut Schedule, action: WaitingAction, is_beside: bool) {
        if !schedule.admit(action) {
            return;
        }
        let Some(request) = schedule.request(action.time, is_beside, self.world.ids.random()) else {
            return;
        };
        let workflow_id = request.workflow_id.clone();
        // A workflow of that id may run already; the action is lost then, as on the original.
        if let Ok(started) = self.start_workflow(request) {
            let run_id = started.run_id;
            let execution = common::WorkflowExecution { workflow_id, run_id };
            schedule.record(&mut self.world, action.time, execution, is_beside);
        }
    }

    /// Makes room for an action that must not overlap. The end of what runs is heard of like any other.
    fn stop_running(&mut self, schedule: &Schedule, stop: Option<Stop>) {
        let (Some(stop), Some(running)) = (stop, &schedule.running) else {
            return;
        };
        let Self { runs, world, .. } = self;
        let current = runs.current(schedule.namespace, &running.execution.workflow_id);
        let Some(run) = current.and_then(|key| runs.touch(key).ok()) else {
            return;
        };
        if !run.is_open() || run.is.first_run_id != running.first_run_id {
            return;
        }
        let identity = schedule.identity();
        match stop {
            Stop::Terminate => {
                run.terminate(
                    world,
                    "terminated by schedule overlap policy",
                    None,
                    &identity,
                    Vec::new(),
                );
            }
            Stop::Cancel => {
                let cause = "cancelled by schedule overlap policy".to_owned();
                let cancel = WorkflowExecutionCancelRequestedEventAttributes {
                    cause,
                    identity,
                    ..Default::default()
                };
                run.request_cancel(world, cancel, Vec::new());
            }
        }
    }

    /// A chain that a schedule started has ended.
    pub(crate) fn scheduled_closed(&mut self, closed: ScheduledClosed) {
        if let Some(mut schedule) = self.schedules.take(closed.schedule) {
            schedule.note_end(closed);
            self.proceed_schedule(&mut schedule);
            self.schedules.put(schedule);
        }
    }
}

impl Schedule {
    /// The times of the spec that have come.
    fn take_due(&mut self, now: Time) {
        if !self.acts() {
            return self.begin_anew(now);
        }
        while let Some(next) = self.next.filter(|next| next.due <= now) {
            self.seen = next.nominal;
            self.next = self.plan.spec.next(self.seen, self.seed());
            if now.since(next.due) > self.plan.catchup_window {
                more(&mut self.counts.missed);
            } else {
                self.wait(WaitingAction {
                    time: next,
                    is_manual: false,
                    overlap: None,
                });
            }
        }
    }

    /// A few of the times that are made up for, as long as there is room.
    fn take_backfills(&mut self) {
        for _ in 0..limits::SCHEDULE_BACKFILL_STEP {
            let Some(backfill) = self.backfills.front().copied().filter(|_| self.has_room()) else {
                return;
            };
            let Some(time) = self.time_in(backfill) else {
                self.backfills.pop_front();
                continue;
            };
            if let Some(backfill) = self.backfills.front_mut() {
                backfill.after = time.nominal;
            }
            self.wait(WaitingAction {
                time,
                is_manual: true,
                overlap: backfill.overlap,
            });
        }
    }

    fn time_in(&self, backfill: Backfill) -> Option<ActionTime> {
        let mut times = self.plan.spec.between(backfill.after, backfill.end, self.seed());
        times.next()
    }

    pub(super) fn wait(&mut self, action: WaitingAction) {
        if self.has_room() {
            self.waiting.push_back(action);
        } else {
            more(&mut self.counts.dropped);
        }
    }

    /// Whether an action may be taken; what is left of limited ones becomes less.
    fn admit(&mut self, action: WaitingAction) -> bool {
        if action.is_manual {
            return true;
        }
        if !self.acts() {
            return false;
        }
        if self.plan.state.limited_actions {
            self.plan.state.remaining_actions = self.plan.state.remaining_actions.saturating_sub(1);
            self.changed();
        }
        true
    }

    fn request(&self, time: ActionTime, is_beside: bool, request_id: Uuid) -> Option<StartWorkflowExecutionRequest> {
        let action = self.plan.action.as_deref()?.clone();
        let nominal = written(time.nominal);
        let workflow_id = match self.plan.keeps_workflow_id {
            true => action.workflow_id,
            false => format!("{}-{nominal}", action.workflow_id),
        };
        let mut search_attributes = action.search_attributes.unwrap_or_default();
        for (name, kind, value) in [
            ("TemporalScheduledStartTime", Type::Datetime, nominal.as_str()),
            ("TemporalScheduledById", Type::Keyword, &self.id),
        ] {
            search_attributes
                .indexed_fields
                .insert(name.to_owned(), search_attribute::text(kind, value));
        }
        let passed_on = !is_beside;
        Some(StartWorkflowExecutionRequest {
            namespace: self.namespace_name.to_string(),
            workflow_id,
            workflow_type: action.workflow_type,
            task_queue: action.task_queue,
            input: action.input,
            workflow_execution_timeout: action.workflow_execution_timeout,
            workflow_run_timeout: action.workflow_run_timeout,
            workflow_task_timeout: action.workflow_task_timeout,
            identity: self.identity(),
            request_id: request_id.to_string(),
            retry_policy: action.retry_policy.map(Box::new),
            memo: action.memo,
            search_attributes: Some(search_attributes),
            header: action.header,
            user_metadata: action.user_metadata.map(Box::new),
            versioning_override: action.versioning_override.map(Box::new),
            priority: action.priority,
            last_completion_result: self.last_result.clone().filter(|_| passed_on),
            continued_failure: self.last_failure.clone().filter(|_| passed_on).map(Box::new),
            ..Default::default()
        })
    }

    fn record(&mut self, world: &mut World, time: ActionTime, execution: common::WorkflowExecution, is_beside: bool) {
        more(&mut self.counts.actions);
        if self.recent.len() >= limits::SCHEDULE_RECENT_MAX {
            self.recent.pop_front();
        }
        if !is_beside && let Some(first_run_id) = Uuid::parse(&execution.run_id) {
            world.scheduled.insert(first_run_id, self.key);
            self.running = Some(Running {
                first_run_id,
                execution: execution.clone(),
            });
        }
        self.recent.push_back(ScheduleActionResult {
            schedule_time: time.due.wire(),
            actual_time: world.now().wire(),
            start_workflow_result: Some(execution),
            start_workflow_status: Status::Running.into(),
        });
    }

    fn note_end(&mut self, closed: ScheduledClosed) {
        let Some(running) = self
            .running
            .take_if(|running| running.first_run_id == closed.first_run_id)
        else {
            return;
        };
        let same = |action: &&mut ScheduleActionResult| {
            action
                .start_workflow_result
                .as_ref()
                .is_some_and(|result| result.run_id == running.execution.run_id)
        };
        if let Some(action) = self.recent.iter_mut().rev().find(same) {
            action.start_workflow_status = closed.status.into();
        }
        let workflow_id = &running.execution.workflow_id;
        let reason = match closed.status {
            Status::Completed => {
                self.last_result = closed.result;
                self.last_failure = None;
                return;
            }
            Status::Failed => {
                let message = closed.failure.as_ref().map_or("", |failure| failure.message.as_str());
                let reason = format!("paused due to workflow failure: {workflow_id}: {message}");
                self.last_failure = closed.failure;
                reason
            }
            Status::TimedOut => format!("paused due to workflow timeout: {workflow_id}"),
            _ => return,
        };
        if self.plan.pauses_on_failure {
            self.plan.state.paused = true;
            self.plan.state.notes = reason;
            self.changed();
        }
    }
}

/// A time in whole seconds, as workflow ids carry it.
fn written(time: Time) -> String {
    let whole = Time::default().plus(Duration::from_secs(time.seconds()));
    whole.wire().map(|time| time.to_string()).unwrap_or_default()
}
