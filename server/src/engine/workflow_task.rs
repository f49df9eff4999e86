//! Workflow tasks: scheduled, started, timed out, failed. Their completion is in `completion`.

use super::{
    backlog::Urgency,
    deadline::{DeadlineKey, Due},
    history,
    limits::{self, Limits},
    poller::Poller,
    run::Run,
    task_queue::{self, Task, Work},
    time::{self, Time},
    token::{HistoryToken, TaskToken},
    world::World,
};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use steadfast_proto::{
    common,
    enums::{SuggestContinueAsNewReason as Suggest, TimeoutType, WorkflowTaskFailedCause as Cause},
    failure::Failure,
    history::{
        History as WireHistory, HistoryEvent, WorkflowTaskFailedEventAttributes, WorkflowTaskScheduledEventAttributes,
        WorkflowTaskStartedEventAttributes, WorkflowTaskTimedOutEventAttributes,
    },
    workflowservice::PollWorkflowTaskQueueResponse,
};

/// A run has at most one workflow task.
#[derive(Debug, Default)]
pub(crate) enum WorkflowTask {
    #[default]
    None,
    Scheduled(Scheduled),
    Started(Scheduled, Started),
}

/// Whether a task's events are in history already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// They are.
    Normal,
    /// The task repeats one that failed: they become history when it succeeds.
    Transient,
    /// The task serves updates alone: they become history if it has any effect.
    Speculative,
}

#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(crate) kind: Kind,
    pub(crate) attempt: u32,
    /// The event that scheduled the task, or the number that this event would get.
    pub(crate) event_id: i64,
    pub(crate) stamp: u64,
    pub(crate) time: Time,
    /// When the first of a row of heartbeats was scheduled.
    pub(crate) original_time: Time,
    pub(crate) timeout: Duration,
    /// The queue that the event names; the task itself may be elsewhere.
    pub(crate) sticky_queue: Option<Arc<str>>,
    /// The task was really put on the sticky queue, so that the worker has the history before it.
    pub(crate) is_on_sticky: bool,
    pub(crate) deadline: Option<DeadlineKey>,
}

#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) event_id: i64,
    pub(crate) time: Time,
    /// As the worker said that has the task.
    pub(crate) worker_version: Option<common::WorkerVersionStamp>,
    /// What the event says, as long as it is no part of history.
    unrecorded: Option<Box<WorkflowTaskStartedEventAttributes>>,
}

/// The worker that has the run in its cache.
#[derive(Clone, Debug)]
pub(crate) struct Sticky {
    pub(crate) queue: Arc<str>,
    pub(crate) schedule_to_start: Duration,
}

impl WorkflowTask {
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(crate) fn is_started(&self) -> bool {
        matches!(self, Self::Started(..))
    }

    pub(crate) fn scheduled(&self) -> Option<&Scheduled> {
        match self {
            Self::None => None,
            Self::Scheduled(scheduled) | Self::Started(scheduled, _) => Some(scheduled),
        }
    }
}

impl Run {
    /// Something happened that the workflow must see: schedules a workflow task unless there is one, or the run is
    /// not to have one yet.
    pub(crate) fn want_task(&mut self, world: &mut World) {
        let may_run = self.is_open() && !self.is_paused() && !self.is_waiting_for_parent;
        if may_run && self.task.is_none() && self.backoff.is_none() {
            let kind = if self.next_attempt > 1 {
                Kind::Transient
            } else {
                Kind::Normal
            };
            let now = self.now(world);
            self.schedule_task(world, kind, now, true);
        }
    }

    /// Schedules a workflow task; with `dispatch` it is put on its queue.
    pub(crate) fn schedule_task(&mut self, world: &mut World, kind: Kind, original_time: Time, dispatch: bool) {
        let attempt = self.next_attempt;
        let timeout = self.task_timeout(attempt);
        let sticky_queue = self.sticky.as_ref().map(|sticky| sticky.queue.clone());
        let event_id = match kind {
            Kind::Normal => self.record(
                world,
                self.scheduled_attributes(sticky_queue.as_deref(), timeout, attempt),
            ),
            Kind::Transient | Kind::Speculative => self.history.next_event_id(),
        };
        let stamp = world.next_stamp();
        let mut scheduled = Scheduled {
            kind,
            attempt,
            event_id,
            stamp,
            time: self.now(world),
            original_time,
            timeout,
            sticky_queue,
            is_on_sticky: false,
            deadline: None,
        };
        if dispatch {
            self.dispatch(world, &mut scheduled);
        } else {
            // A task that is handed out at once has the history of the one that it follows.
            scheduled.is_on_sticky = true;
        }
        self.task = WorkflowTask::Scheduled(scheduled);
    }

    pub(crate) fn dispatch(&mut self, world: &mut World, scheduled: &mut Scheduled) {
        let key = self.is.key;
        let mut wait = (scheduled.kind == Kind::Speculative).then_some(limits::SPECULATIVE_SCHEDULE_TO_START);
        let mut queue = None;
        let version = self.target_version(world);
        // Another version has not seen the history.
        let is_same = version == self.versioning.version;
        if let Some(sticky) = self.sticky.as_ref().filter(|_| is_same) {
            let sticky_key = world.queue(self.is.namespace, Work::Workflow, &sticky.queue);
            let real = world.real;
            // Nobody seems to be there: straight to the normal queue, although the event says otherwise.
            if world
                .queues
                .get(sticky_key)
                .is_some_and(|queue| queue.polled_within(limits::STICKY_POLLER_WINDOW, real))
            {
                scheduled.is_on_sticky = true;
                queue = Some(sticky_key);
                wait = Some(wait.map_or(sticky.schedule_to_start, |wait| wait.min(sticky.schedule_to_start)));
            }
        }
        let queue = queue.unwrap_or_else(|| {
            world.version_queue(self.is.namespace, Work::Workflow, &self.is.task_queue, version.as_ref())
        });
        world.queues.add(
            queue,
            Task::Workflow {
                run: key,
                stamp: scheduled.stamp,
            },
            Urgency::of(&self.is.priority),
            world.real,
        );
        let due = Due::WorkflowTask {
            run: key,
            stamp: scheduled.stamp,
        };
        scheduled.deadline = wait.map(|wait| world.deadlines.set(world.now().plus(wait), due));
    }

    /// A worker fails the same task over and over: it gets more and more time, which slows the loop down.
    fn task_timeout(&self, attempt: u32) -> Duration {
        let growth = attempt.saturating_sub(limits::WORKFLOW_TASK_GROWTH_ATTEMPT);
        if attempt < limits::WORKFLOW_TASK_GROWTH_ATTEMPT {
            return self.is.task_timeout;
        }
        let more = Duration::from_secs(5).saturating_mul(1_u32.checked_shl(growth.min(16)).unwrap_or(u32::MAX));
        self.is
            .task_timeout
            .saturating_add(more)
            .min(limits::WORKFLOW_TASK_GROWTH_MAX)
    }

    fn scheduled_attributes(
        &self,
        sticky: Option<&str>,
        timeout: Duration,
        attempt: u32,
    ) -> WorkflowTaskScheduledEventAttributes {
        let queue = match sticky {
            Some(name) => task_queue::sticky(name, &self.is.task_queue),
            None => self.queue(),
        };
        WorkflowTaskScheduledEventAttributes {
            task_queue: Some(queue),
            start_to_close_timeout: time::wire(timeout),
            attempt: i32::try_from(attempt).unwrap_or(i32::MAX),
        }
    }

    /// Something is about to happen: a speculative task can no longer vanish without a trace, so that its events
    /// become history before that (and the number of the message's event stays right).
    pub(crate) fn settle_speculative(&mut self, world: &mut World) {
        let speculative = matches!(self.task.scheduled(), Some(scheduled) if scheduled.kind == Kind::Speculative);
        if speculative {
            self.record_task(world);
        }
    }

    /// Makes history of what so far only a worker has seen of a task.
    pub(crate) fn record_task(&mut self, world: &mut World) {
        let mut task = std::mem::take(&mut self.task);
        match &mut task {
            WorkflowTask::None => {}
            WorkflowTask::Scheduled(scheduled) => self.record_scheduled(world, scheduled),
            WorkflowTask::Started(scheduled, started) => {
                if let Some(attributes) = started.unrecorded.take() {
                    self.record_scheduled(world, scheduled);
                    let mut event = self.event(world, *attributes);
                    event.event_time = started.time.wire();
                    started.event_id = self.push(world, event);
                }
            }
        }
        self.task = task;
    }

    fn record_scheduled(&mut self, world: &mut World, scheduled: &mut Scheduled) {
        if scheduled.kind != Kind::Normal {
            let attributes =
                self.scheduled_attributes(scheduled.sticky_queue.as_deref(), scheduled.timeout, scheduled.attempt);
            let mut event = self.event(world, attributes);
            event.event_time = scheduled.time.wire();
            scheduled.event_id = self.push(world, event);
            scheduled.kind = Kind::Normal;
        }
    }

    /// Hands the scheduled task to a worker. `None` if the task is not the one that the queue names.
    pub(crate) fn start_task(
        &mut self,
        world: &mut World,
        stamp: Option<u64>,
        poller: &Poller,
        request_id: String,
    ) -> Option<PollWorkflowTaskQueueResponse> {
        let mut scheduled = match std::mem::take(&mut self.task) {
            WorkflowTask::Scheduled(scheduled) if stamp.is_none_or(|stamp| scheduled.stamp == stamp) => scheduled,
            other => {
                self.task = other;
                return None;
            }
        };
        world.deadlines.clear(&mut scheduled.deadline);
        if scheduled.kind == Kind::Transient && scheduled.event_id != self.history.next_event_id() {
            // Something happened since: no longer a mere repetition.
            scheduled.attempt = 1;
            self.next_attempt = 1;
            scheduled.timeout = self.is.task_timeout;
            self.record_scheduled(world, &mut scheduled);
        }
        let (suggest, reasons) = self.suggestion(&world.limits);
        self.begin_transition(poller.deployment.as_ref());
        let attributes = WorkflowTaskStartedEventAttributes {
            scheduled_event_id: scheduled.event_id,
            identity: poller.identity.clone(),
            request_id,
            suggest_continue_as_new: suggest,
            suggest_continue_as_new_reasons: reasons,
            history_size_bytes: self.history.wire_bytes(),
            worker_version: poller.version.clone(),
            target_worker_deployment_version_changed: self.could_upgrade(world, self.is.namespace),
            ..Default::default()
        };
        let (event_id, unrecorded) = match scheduled.kind {
            Kind::Normal => (self.record(world, attributes), None),
            Kind::Transient | Kind::Speculative => (history::after(scheduled.event_id), Some(Box::new(attributes))),
        };
        let due = Due::WorkflowTask {
            run: self.is.key,
            stamp: scheduled.stamp,
        };
        scheduled.deadline = Some(world.deadlines.set(world.now().plus(scheduled.timeout), due));
        let started = Started {
            event_id,
            time: self.now(world),
            worker_version: poller.version.clone(),
            unrecorded,
        };
        let response = self.task_response(world, &scheduled, &started);
        self.task = WorkflowTask::Started(scheduled, started);
        Some(response)
    }

    fn suggestion(&self, limits: &Limits) -> (bool, Vec<i32>) {
        let mut reasons = Vec::new();
        if self.history.bytes() >= limits.suggest_bytes {
            reasons.push(Suggest::HistorySizeTooLarge.into());
        }
        if self.history.len() >= limits.suggest_events {
            reasons.push(Suggest::TooManyHistoryEvents.into());
        }
        if self.updates.total().saturating_mul(10) >= limits.updates.saturating_mul(9) {
            reasons.push(Suggest::TooManyUpdates.into());
        }
        (!reasons.is_empty(), reasons)
    }

    fn task_response(
        &mut self,
        world: &World,
        scheduled: &Scheduled,
        started: &Started,
    ) -> PollWorkflowTaskQueueResponse {
        let from = if scheduled.is_on_sticky {
            history::after(self.previous_started_event_id)
        } else {
            1
        };
        let mut tail = Vec::new();
        if scheduled.kind != Kind::Normal {
            tail = self.unrecorded_task(scheduled, Some(started));
        }
        let (mut events, next_page_token) = self.page(
            from,
            self.history.next_event_id(),
            limits::HISTORY_PAGE_MAX,
            self.history.next_event_id(),
        );
        if next_page_token.is_empty() {
            events.append(&mut tail);
        }
        let messages = self.updates.send(history::before(started.event_id));
        let queries = self.queries.attach();
        PollWorkflowTaskQueueResponse {
            task_token: TaskToken::new(self.is.run_id, scheduled.event_id, scheduled.attempt, scheduled.stamp).bytes(),
            workflow_execution: Some(self.execution()),
            workflow_type: Some(common::WorkflowType {
                name: self.is.workflow_type.clone(),
            }),
            previous_started_event_id: self.previous_started_event_id,
            started_event_id: started.event_id,
            attempt: i32::try_from(scheduled.attempt).unwrap_or(i32::MAX),
            history: Some(WireHistory { events }),
            next_page_token,
            workflow_execution_task_queue: Some(self.queue()),
            scheduled_time: scheduled.time.wire(),
            started_time: self.now(world).wire(),
            queries,
            messages,
            ..Default::default()
        }
    }

    /// The events of a task that is not history, as a worker sees them.
    pub(crate) fn unrecorded_task(&self, scheduled: &Scheduled, started: Option<&Started>) -> Vec<HistoryEvent> {
        let attributes =
            self.scheduled_attributes(scheduled.sticky_queue.as_deref(), scheduled.timeout, scheduled.attempt);
        let mut events = vec![history::unrecorded(scheduled.event_id, scheduled.time, attributes)];
        if let Some(started) = started
            && let Some(attributes) = &started.unrecorded
        {
            events.push(history::unrecorded(
                history::after(scheduled.event_id),
                started.time,
                WorkflowTaskStartedEventAttributes::clone(attributes),
            ));
        }
        events
    }

    /// A page of history, and the token for the rest of it; `end` is where the token says that this ends.
    pub(crate) fn page(&self, from: i64, before: i64, size: usize, end: i64) -> (Vec<HistoryEvent>, Bytes) {
        let mut bytes = 0;
        let range = self.history.range(from, before);
        let mut events = Vec::with_capacity(range.len().min(size));
        for event in range {
            if events.len() >= size || bytes > limits::HISTORY_PAGE_BYTES_MAX {
                return (events, HistoryToken::new(self.is.run_id, event.event_id, end).bytes());
            }
            if self.history.bytes() > limits::HISTORY_PAGE_BYTES_MAX {
                bytes = event.wire_len().saturating_add(bytes);
            }
            events.push(event.clone());
        }
        (events, Bytes::new())
    }

    /// The task at hand was not taken or not answered in time.
    pub(crate) fn time_task_out(&mut self, world: &mut World, stamp: u64) {
        match self.task.scheduled() {
            Some(scheduled) if scheduled.stamp == stamp => {}
            _ => return,
        }
        if self.task.is_started() {
            self.task_timed_out(world);
        } else {
            self.task_not_taken(world);
        }
    }

    fn task_timed_out(&mut self, world: &mut World) {
        let is_repeated = self.next_attempt > 1;
        if !is_repeated {
            self.record_task(world);
        }
        let WorkflowTask::Started(mut scheduled, started) = std::mem::take(&mut self.task) else {
            return;
        };
        world.deadlines.clear(&mut scheduled.deadline);
        if !is_repeated {
            self.record(
                world,
                WorkflowTaskTimedOutEventAttributes {
                    scheduled_event_id: scheduled.event_id,
                    started_event_id: started.event_id,
                    timeout_type: TimeoutType::StartToClose.into(),
                },
            );
        }
        self.updates.resend();
        self.after_failure(world, true);
    }

    fn task_not_taken(&mut self, world: &mut World) {
        self.record_task(world);
        let WorkflowTask::Scheduled(mut scheduled) = std::mem::take(&mut self.task) else {
            return;
        };
        world.deadlines.clear(&mut scheduled.deadline);
        self.record(
            world,
            WorkflowTaskTimedOutEventAttributes {
                scheduled_event_id: scheduled.event_id,
                started_event_id: 0,
                timeout_type: TimeoutType::ScheduleToStart.into(),
            },
        );
        self.sticky = None;
        self.next_attempt = 1;
        self.want_task(world);
    }

    /// The worker (or the server for it) gives the task up. Only the first failure in a row is recorded.
    pub(crate) fn fail_task(
        &mut self,
        world: &mut World,
        cause: Cause,
        failure: Option<Failure>,
        identity: &str,
        raise: bool,
    ) {
        let is_repeated = self
            .task
            .scheduled()
            .is_some_and(|scheduled| scheduled.kind == Kind::Transient);
        if !is_repeated {
            self.record_task(world);
        }
        let WorkflowTask::Started(mut scheduled, started) = std::mem::take(&mut self.task) else {
            return;
        };
        world.deadlines.clear(&mut scheduled.deadline);
        if !is_repeated {
            self.record(
                world,
                WorkflowTaskFailedEventAttributes {
                    scheduled_event_id: scheduled.event_id,
                    started_event_id: started.event_id,
                    cause: cause.into(),
                    failure,
                    identity: identity.to_owned(),
                    ..Default::default()
                },
            );
        }
        self.updates.resend();
        self.after_failure(world, raise);
    }

    /// Records the failure of the task at hand in a run that ends with it.
    pub(crate) fn fail_task_for_good(&mut self, world: &mut World, cause: Cause, failure: Failure, identity: &str) {
        let WorkflowTask::Started(mut scheduled, started) = std::mem::take(&mut self.task) else {
            return;
        };
        world.deadlines.clear(&mut scheduled.deadline);
        self.record(
            world,
            WorkflowTaskFailedEventAttributes {
                scheduled_event_id: scheduled.event_id,
                started_event_id: started.event_id,
                cause: cause.into(),
                failure: Some(failure),
                identity: identity.to_owned(),
                ..Default::default()
            },
        );
    }

    /// Schedules the next attempt. A sticky run's next attempt goes to any worker and counts as the first.
    fn after_failure(&mut self, world: &mut World, raise: bool) {
        self.queries.detach();
        let was_sticky = self.sticky.take().is_some();
        let news = self.flush(world);
        if !self.is_open() {
            return;
        }
        self.next_attempt = if raise && !was_sticky && !news {
            self.next_attempt.saturating_add(1)
        } else {
            1
        };
        self.want_task(world);
    }

    /// Takes the task away without a word, as when the run ends. What a worker holds becomes void.
    pub(crate) fn void_task(&mut self, world: &mut World, identity: &str) {
        if self.task.is_started() {
            let is_repeated = self
                .task
                .scheduled()
                .is_some_and(|scheduled| scheduled.kind == Kind::Transient);
            if !is_repeated {
                self.record_task(world);
            }
            if let WorkflowTask::Started(scheduled, started) = &self.task
                && !is_repeated
            {
                let attributes = WorkflowTaskFailedEventAttributes {
                    scheduled_event_id: scheduled.event_id,
                    started_event_id: started.event_id,
                    cause: Cause::ForceCloseCommand.into(),
                    identity: identity.to_owned(),
                    ..Default::default()
                };
                self.record(world, attributes);
            }
        } else {
            self.settle_speculative(world);
        }
        self.drop_task(world);
    }

    /// Forgets the task.
    pub(crate) fn drop_task(&mut self, world: &mut World) {
        let mut task = std::mem::take(&mut self.task);
        if let WorkflowTask::Scheduled(scheduled) | WorkflowTask::Started(scheduled, _) = &mut task {
            world.deadlines.clear(&mut scheduled.deadline);
        }
    }

    /// Events are kept back, but not without end: the task is taken from the worker.
    pub(crate) fn check_buffer(&mut self, world: &mut World) {
        if !self.task.is_started() || self.buffered.is_empty() {
            return;
        }
        let bytes: usize = self.buffered.iter().map(|event| event.wire_len()).sum();
        if self.buffered.len() > world.limits.buffered_events || bytes > world.limits.buffered_bytes {
            self.fail_task(world, Cause::ForceCloseCommand, None, "history-service", false);
        }
    }
}
