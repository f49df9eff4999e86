//! The end of a run, and the run that may follow it.

use super::{
    callback, cron,
    deployment::Decided,
    id::Uuid,
    run::Run,
    start::{self, StartPlan},
    time,
    world::{ChildClosed, Effect, ScheduledClosed, World},
};
use std::time::Duration;
use steadfast_proto::{
    command::ContinueAsNewWorkflowExecutionCommandAttributes,
    common,
    enums::{
        ContinueAsNewInitiator as Initiator, ContinueAsNewVersioningBehavior as InitialBehavior, RetryState,
        TimeoutType, WorkflowExecutionStatus as Status,
    },
    failure::{Failure, TimeoutFailureInfo, failure::FailureInfo},
    history::{
        HistoryEvent, WorkflowExecutionCanceledEventAttributes, WorkflowExecutionCompletedEventAttributes,
        WorkflowExecutionContinuedAsNewEventAttributes, WorkflowExecutionFailedEventAttributes,
        WorkflowExecutionStartedEventAttributes, WorkflowExecutionTerminatedEventAttributes,
        WorkflowExecutionTimedOutEventAttributes, history_event::Attributes,
    },
};

/// What the end of a run leaves to those who wait for it.
#[derive(Default)]
struct Legacy {
    result: Option<common::Payloads>,
    failure: Option<Failure>,
    retry_state: i32,
}

impl Run {
    pub(crate) fn complete(&mut self, world: &mut World, result: Option<common::Payloads>, completed: i64) {
        let next = self.next_by_cron(world, None, result.as_ref());
        let has_heirs = self.is.parent.is_some()
            || !self.callbacks.is_empty()
            || world.scheduled.contains_key(&self.is.first_run_id);
        let legacy = Legacy {
            result: result.as_ref().filter(|_| has_heirs).cloned(),
            ..Legacy::default()
        };
        self.record(
            world,
            WorkflowExecutionCompletedEventAttributes {
                result,
                workflow_task_completed_event_id: completed,
                new_execution_run_id: text_of(next.as_ref()),
            },
        );
        self.close(world, Status::Completed, next, legacy);
    }

    pub(crate) fn fail(&mut self, world: &mut World, failure: Failure, completed: i64) {
        let (next, retry_state) = self.next_after(world, &failure);
        self.record(
            world,
            WorkflowExecutionFailedEventAttributes {
                failure: Some(failure.clone()),
                retry_state: retry_state.into(),
                workflow_task_completed_event_id: completed,
                new_execution_run_id: text_of(next.as_ref()),
            },
        );
        let legacy = Legacy {
            failure: Some(failure),
            retry_state: retry_state.into(),
            ..Legacy::default()
        };
        self.close(world, Status::Failed, next, legacy);
    }

    pub(crate) fn cancel(&mut self, world: &mut World, details: Option<common::Payloads>, completed: i64) {
        self.record(
            world,
            WorkflowExecutionCanceledEventAttributes {
                workflow_task_completed_event_id: completed,
                details: details.clone(),
            },
        );
        self.close(
            world,
            Status::Canceled,
            None,
            Legacy {
                result: details,
                ..Legacy::default()
            },
        );
    }

    pub(crate) fn terminate(
        &mut self,
        world: &mut World,
        reason: &str,
        details: Option<common::Payloads>,
        identity: &str,
        links: Vec<common::Link>,
    ) {
        self.void_task(world, "history-service");
        self.flush(world);
        let mut event = self.event(
            world,
            WorkflowExecutionTerminatedEventAttributes {
                reason: reason.to_owned(),
                details,
                identity: identity.to_owned(),
            },
        );
        event.links = links;
        self.push(world, event);
        self.close(world, Status::Terminated, None, Legacy::default());
    }

    /// The run's own time-out or that of its chain has passed.
    pub(crate) fn time_out(&mut self, world: &mut World) {
        if !self.is_open() {
            return;
        }
        let failure = Failure {
            message: "workflow timeout".to_owned(),
            source: "Server".to_owned(),
            failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
                timeout_type: TimeoutType::StartToClose.into(),
                last_heartbeat_details: None,
            })),
            ..Failure::default()
        };
        let is_over = self
            .is
            .expiration
            .is_some_and(|expiration| expiration <= self.now(world));
        let (next, retry_state) = if is_over {
            (None, RetryState::Timeout)
        } else {
            self.next_after(world, &failure)
        };
        self.void_task(world, "history-service");
        self.flush(world);
        self.record(
            world,
            WorkflowExecutionTimedOutEventAttributes {
                retry_state: retry_state.into(),
                new_execution_run_id: text_of(next.as_ref()),
            },
        );
        self.close(
            world,
            Status::TimedOut,
            next,
            Legacy {
                retry_state: retry_state.into(),
                ..Legacy::default()
            },
        );
    }

    /// The run that a workflow asks for with its end. What the command leaves out is this run's.
    fn continuation(
        &mut self,
        world: &mut World,
        command: &mut ContinueAsNewWorkflowExecutionCommandAttributes,
    ) -> StartPlan {
        let mut next = self.successor(world, Initiator::Workflow);
        let wants_to_move = command.initial_versioning_behavior() != InitialBehavior::Unspecified;
        next.begins_on_ramp = command.initial_versioning_behavior() == InitialBehavior::UseRampingVersion;
        if let Some(kind) = command.workflow_type.take().filter(|kind| !kind.name.is_empty()) {
            next.workflow_type = kind.name;
        }
        if let Some(queue) = command.task_queue.take().filter(|queue| !queue.name.is_empty()) {
            next.task_queue = queue.name.into();
        }
        next.input = command.input.take();
        let run_timeout = time::lasting(command.workflow_run_timeout.as_ref());
        if !run_timeout.is_zero() {
            next.run_timeout = start::shorter(run_timeout, self.is.execution_timeout);
        }
        let asked = time::lasting(command.workflow_task_timeout.as_ref());
        let asked = if asked.is_zero() { self.is.task_timeout } else { asked };
        next.task_timeout = start::task_timeout(asked, next.run_timeout);
        let wait = time::lasting(command.backoff_start_interval.as_ref());
        next.backoff = wait.max(self.pause(world));
        if next.task_queue == self.is.task_queue && !wants_to_move {
            next.inherited_version = self.versioning.inherited();
        }
        next.left_version = self
            .versioning
            .left(command.initial_versioning_behavior())
            .map(Box::new);
        next.initiator = match Initiator::try_from(command.initiator).unwrap_or_default() {
            Initiator::Unspecified => Initiator::Workflow,
            given => given,
        };
        if let Some(policy) = command
            .retry_policy
            .as_ref()
            .and_then(|policy| super::retry::RetryPolicy::read(policy).ok())
        {
            next.retry_policy = Some(policy);
        }
        next.attempt = 1;
        next.continued_failure = command.failure.take().map(Box::new);
        if command.last_completion_result.is_some() {
            next.last_completion_result = command.last_completion_result.take();
        }
        if let Some(header) = command.header.take() {
            next.header = Some(header);
        }
        next.memo = command.memo.take();
        next.search_attributes = command.search_attributes.take();
        if let Some(attributes) = &mut next.search_attributes {
            world.name_types(self.is.namespace, attributes);
        }
        next
    }

    pub(crate) fn continue_as_new(
        &mut self,
        world: &mut World,
        mut command: ContinueAsNewWorkflowExecutionCommandAttributes,
        completed: i64,
    ) {
        let next = self.continuation(world, &mut command);
        self.record(
            world,
            WorkflowExecutionContinuedAsNewEventAttributes {
                new_execution_run_id: next.run_id.to_string(),
                workflow_type: Some(common::WorkflowType {
                    name: next.workflow_type.clone(),
                }),
                task_queue: Some(super::task_queue::normal(&next.task_queue)),
                input: next.input.clone(),
                workflow_run_timeout: time::wire(next.run_timeout),
                workflow_task_timeout: time::wire(next.task_timeout),
                workflow_task_completed_event_id: completed,
                backoff_start_interval: command.backoff_start_interval,
                initiator: command.initiator,
                failure: next.continued_failure.as_deref().cloned(),
                last_completion_result: next.last_completion_result.clone(),
                header: next.header.clone(),
                memo: next.memo.clone(),
                search_attributes: next.search_attributes.clone(),
                inherit_build_id: command.inherit_build_id,
                // The original does not tell it here, but acts on it.
                initial_versioning_behavior: InitialBehavior::Unspecified.into(),
            },
        );
        self.close(world, Status::ContinuedAsNew, Some(next), Legacy::default());
    }

    /// How long the next run waits at least, so that a chain does not spin.
    fn pause(&self, world: &World) -> Duration {
        world
            .run_interval_min
            .saturating_sub(self.now(world).since(self.is.execution_time))
    }

    /// The run after a failure: another attempt, or else the next one by cron.
    fn next_after(&mut self, world: &mut World, failure: &Failure) -> (Option<StartPlan>, RetryState) {
        let state = match &self.is.retry_policy {
            None => RetryState::RetryPolicyNotSet,
            Some(policy) => match policy.next(self.is.attempt, Some(failure)) {
                Ok(interval) => {
                    let interval = interval.max(self.pause(world));
                    let is_late = |expiration| self.now(world).plus(interval) > expiration;
                    if self.is.expiration.is_some_and(is_late) {
                        RetryState::Timeout
                    } else {
                        let mut next = self.successor(world, Initiator::Retry);
                        next.attempt = self.is.attempt.saturating_add(1);
                        next.backoff = interval;
                        next.continued_failure = Some(Box::new(failure.clone()));
                        return (Some(next), RetryState::InProgress);
                    }
                }
                Err(state) => state,
            },
        };
        let next = self.next_by_cron(world, Some(failure), None);
        (next, state)
    }

    fn next_by_cron(
        &mut self,
        world: &mut World,
        failure: Option<&Failure>,
        result: Option<&common::Payloads>,
    ) -> Option<StartPlan> {
        let schedule = cron::Schedule::read(&self.is.cron_schedule).ok().flatten()?;
        let wait = schedule.wait(self.is.start_time, self.now(world));
        if self
            .is
            .expiration
            .is_some_and(|expiration| self.now(world).plus(wait) > expiration)
        {
            return None;
        }
        let mut next = self.successor(world, Initiator::CronSchedule);
        next.backoff = wait;
        next.continued_failure = failure.cloned().map(Box::new);
        if result.is_some() {
            next.last_completion_result = result.cloned();
        }
        Some(next)
    }

    pub(crate) fn started_attributes(&self) -> Option<&WorkflowExecutionStartedEventAttributes> {
        match self.history.first() {
            Some(HistoryEvent {
                attributes: Some(Attributes::WorkflowExecutionStartedEventAttributes(started)),
                ..
            }) => Some(started),
            _ => None,
        }
    }

    /// A run that follows this one in its chain, with all that is passed on.
    fn successor(&self, world: &mut World, initiator: Initiator) -> StartPlan {
        let started = self.started_attributes().cloned().unwrap_or_default();
        let run_id = world.ids.random();
        let kept =
            |fields: &std::collections::BTreeMap<String, common::Payload>| (!fields.is_empty()).then(|| fields.clone());
        StartPlan {
            namespace: Some(self.is.namespace),
            namespace_name: self.is.namespace_name.clone(),
            workflow_id: self.is.workflow_id.clone(),
            run_id,
            first_run_id: self.is.first_run_id,
            original_run_id: run_id,
            continued_run_id: Some(self.is.run_id),
            workflow_type: self.is.workflow_type.clone(),
            task_queue: self.is.task_queue.clone(),
            input: started.input,
            execution_timeout: self.is.execution_timeout,
            run_timeout: self.is.run_timeout,
            names_run_timeout: initiator == Initiator::Workflow,
            task_timeout: self.is.task_timeout,
            expiration: self.is.expiration,
            retry_policy: self.is.retry_policy.clone(),
            cron_schedule: self.is.cron_schedule.clone(),
            initiator,
            attempt: 1,
            backoff: Duration::ZERO,
            continued_failure: None,
            last_completion_result: started.last_completion_result,
            identity: started.identity,
            request_id: world.ids.random().to_string(),
            memo: kept(&self.memo).map(|fields| common::Memo { fields }),
            search_attributes: kept(&self.search_attributes)
                .map(|indexed_fields| common::SearchAttributes { indexed_fields }),
            header: started.header,
            priority: self.given_priority(),
            user_metadata: self.is.user_metadata.clone(),
            links: Vec::new(),
            callbacks: self
                .callbacks
                .iter()
                .map(|callback| callback.callback.clone())
                .collect(),
            versioning_override: self.versioning.decided.as_ref().map(Decided::wire).map(Box::new),
            inherited_version: None,
            left_version: None,
            begins_on_ramp: false,
            reset_points: self.expiring_reset_points(world),
            parent: self.is.parent.clone(),
            root: self.is.root.clone(),
            signal: None,
            is_eager: false,
            time: self.passes_on_time(),
        }
    }

    /// Ends the run: nothing stays pending, those who wait hear of it, another run may begin.
    fn close(&mut self, world: &mut World, status: Status, next: Option<StartPlan>, legacy: Legacy) {
        self.status = status;
        self.is_indexed = false;
        self.close_time = Some(self.now(world));
        self.history.shrink();
        world.deadlines.clear(&mut self.expiry);
        if let Some((_, deadline)) = self.backoff.take() {
            world.deadlines.clear(&mut Some(deadline));
        }
        self.drop_task(world);
        self.drop_timers(world);
        self.drop_activities(world);
        self.abandon_operations(world);
        self.externals.clear();
        self.buffered.clear();
        self.sticky = None;
        self.close_updates(world, next.is_some());
        self.direct_queries(world);
        self.release_children(world);
        match next {
            Some(next) => world.outbox.push(Effect::Begin(Box::new(next))),
            None => {
                self.tell_schedule(world, status, &legacy);
                if !self.callbacks.is_empty() {
                    let ending = callback::ending(status, legacy.result.clone(), legacy.failure.clone());
                    world.outbox.push(Effect::CallBack {
                        run: self.is.key,
                        ending: Box::new(ending),
                    });
                }
                self.tell_parent(world, status, legacy);
            }
        }
    }

    fn release_children(&mut self, world: &mut World) {
        if self.children.is_empty() {
            return;
        }
        let parent = self.execution();
        for child in std::mem::take(&mut self.children).into_values() {
            if let Some(run_id) = child.run_id {
                let policy = child.parent_close_policy;
                world.outbox.push(Effect::ParentClosed {
                    child: run_id,
                    policy,
                    parent: parent.clone(),
                });
            }
        }
    }

    fn tell_schedule(&self, world: &mut World, status: Status, legacy: &Legacy) {
        if let Some(schedule) = world.scheduled.remove(&self.is.first_run_id) {
            world.outbox.push(Effect::ScheduledClosed(Box::new(ScheduledClosed {
                schedule,
                first_run_id: self.is.first_run_id,
                status,
                result: legacy.result.clone(),
                failure: legacy.failure.clone(),
            })));
        }
    }

    fn tell_parent(&mut self, world: &mut World, status: Status, legacy: Legacy) {
        let Some(parent) = &self.is.parent else { return };
        world.outbox.push(Effect::ChildClosed(Box::new(ChildClosed {
            parent_run_id: parent.run_id,
            initiated_event_id: parent.initiated_event_id,
            execution: self.execution(),
            workflow_type: self.is.workflow_type.clone(),
            status,
            result: legacy.result,
            failure: legacy.failure,
            retry_state: legacy.retry_state,
        })));
    }
}

fn text_of(next: Option<&StartPlan>) -> String {
    next.map_or_else(String::new, |next: &StartPlan| Uuid::to_string(&next.run_id))
}
