//! The state of a run, made again of the beginning of its history.

use super::{
    activity::Activity,
    child::Child,
    deadline::Due,
    deployment::{Decided, Version},
    error::{Error, Result},
    external::External,
    id::Uuid,
    nexus::operation::{Cancellation, Operation, OperationStart},
    reset::update_id,
    run::{Run, RunKey},
    search_attribute,
    time::{self, Time},
    world::{Effect, World},
};
use steadfast_proto::{
    enums::{EventType, VersioningBehavior},
    history::{
        HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes, WorkflowExecutionStartedEventAttributes,
        history_event::Attributes,
    },
};

/// A run with the events of `base` up to the one before `finish`, of which nothing is under way yet.
pub(crate) fn rebuild(world: &mut World, key: RunKey, base: &Run, finish: i64) -> Result<Run> {
    let now = base.now(world);
    let mut is = base.is.clone();
    is.key = key;
    is.run_id = world.ids.random();
    is.start_time = now;
    is.execution_time = now;
    let expires = |timeout: std::time::Duration| (!timeout.is_zero()).then(|| now.plus(timeout));
    is.expiration = expires(is.execution_timeout);
    is.run_expiration = [expires(is.run_timeout), is.expiration].into_iter().flatten().min();
    is.last_reset = Some(now);
    let mut run = Run::blank(is);
    run.skipped = base.skipped;
    run.skipping.clone_from(&base.skipping);
    for event in base.history.range(1, finish) {
        run.history.push(event.clone());
        run.replay(event)?;
    }
    run.reset_points = base
        .reset_points
        .iter()
        .filter(|point| point.first_workflow_task_completed_id < finish)
        .cloned()
        .collect();
    Ok(run)
}

/// Sets the deadlines of a rebuilt run, and puts its activities on their queues.
pub(crate) fn resume(run: &mut Run, world: &mut World) {
    run.expiry = run.is.run_expiration.map(|at| {
        world
            .deadlines
            .set(at.minus(run.skipped), Due::RunTimeout { run: run.is.key })
    });
    let activities: Vec<i64> = run.activities.keys().copied().collect();
    for event_id in activities {
        run.reschedule_activity(world, event_id);
    }
    let timers: Vec<(i64, String)> = run.timer_ids.iter().map(|(id, name)| (*id, name.clone())).collect();
    for (started_event_id, timer_id) in timers {
        let fires = run.history.get(started_event_id).and_then(fires_at);
        let fires = fires.unwrap_or_else(|| run.now(world));
        run.arm_timer(world, timer_id, started_event_id, fires);
    }
    let operations: Vec<i64> = run.operations.keys().copied().collect();
    for event_id in operations {
        run.launch_operation(world, event_id);
    }
    for initiated_event_id in run.children.iter().filter(|(_, child)| child.run_id.is_none()) {
        world.outbox.push(Effect::StartChild {
            parent: run.is.key,
            initiated_event_id: *initiated_event_id.0,
        });
    }
    for (initiated_event_id, external) in &run.externals {
        let (sender, initiated_event_id) = (run.is.key, *initiated_event_id);
        world.outbox.push(match external {
            External::Signal(_) => Effect::SignalExternal {
                sender,
                initiated_event_id,
            },
            External::Cancel(_) => Effect::CancelExternal {
                sender,
                initiated_event_id,
            },
        });
    }
}

fn time_of(event: &HistoryEvent) -> Time {
    event.event_time.as_ref().and_then(Time::from_wire).unwrap_or_default()
}

fn fires_at(event: &HistoryEvent) -> Option<Time> {
    let Some(Attributes::TimerStartedEventAttributes(timer)) = &event.attributes else {
        return None;
    };
    let started = Time::from_wire(event.event_time.as_ref()?)?;
    Some(started.plus(time::lasting(timer.start_to_fire_timeout.as_ref())))
}

impl Run {
    /// What an event did to the run when it happened.
    fn replay(&mut self, event: &HistoryEvent) -> Result<()> {
        use Attributes as A;
        let id = event.event_id;
        let Some(attributes) = &event.attributes else {
            return Err(Error::broken("an event of history has no attributes"));
        };
        match attributes {
            A::WorkflowExecutionStartedEventAttributes(a) => {
                self.add_callbacks(&a.completion_callbacks, time_of(event));
                self.replay_start(a);
            }
            A::WorkflowTaskCompletedEventAttributes(a) => {
                self.previous_started_event_id = a.started_event_id;
                self.last_completed_event_id = id;
                self.last_worker_version.clone_from(&a.worker_version);
                if let Some(version) = &a.deployment_version {
                    self.remember_version(a.versioning_behavior(), Version::read(version));
                }
            }
            A::ActivityTaskScheduledEventAttributes(a) => {
                let activity = Activity::scheduled(a, time_of(event));
                self.activity_ids.insert(a.activity_id.clone(), id);
                self.activities.insert(id, Box::new(activity));
            }
            A::ActivityTaskCancelRequestedEventAttributes(a) => {
                if let Some(activity) = self.activities.get_mut(&a.scheduled_event_id) {
                    activity.cancel_requested_event_id = Some(id);
                }
            }
            A::ActivityTaskCompletedEventAttributes(a) => self.replay_activity_end(a.scheduled_event_id),
            A::ActivityTaskFailedEventAttributes(a) => self.replay_activity_end(a.scheduled_event_id),
            A::ActivityTaskTimedOutEventAttributes(a) => self.replay_activity_end(a.scheduled_event_id),
            A::ActivityTaskCanceledEventAttributes(a) => self.replay_activity_end(a.scheduled_event_id),
            A::TimerStartedEventAttributes(a) => {
                self.timer_ids.insert(id, a.timer_id.clone());
            }
            A::TimerFiredEventAttributes(a) => {
                self.timer_ids.remove(&a.started_event_id);
            }
            A::TimerCanceledEventAttributes(a) => {
                self.timer_ids.remove(&a.started_event_id);
            }
            A::UpsertWorkflowSearchAttributesEventAttributes(a) => {
                let values = a.search_attributes.clone().unwrap_or_default();
                search_attribute::merge(&mut self.search_attributes, &values.indexed_fields);
            }
            A::WorkflowPropertiesModifiedEventAttributes(a) => {
                let memo = a.upserted_memo.clone().unwrap_or_default();
                search_attribute::merge(&mut self.memo, &memo.fields);
            }
            A::WorkflowExecutionOptionsUpdatedEventAttributes(a) => {
                self.note_request(&a.attached_request_id, EventType::WorkflowExecutionOptionsUpdated, id);
                self.add_callbacks(&a.attached_completion_callbacks, time_of(event));
                self.replay_options(a);
            }
            A::WorkflowExecutionCancelRequestedEventAttributes(_) => self.cancel_requested = true,
            A::WorkflowExecutionPausedEventAttributes(a) => self.replay_pause(time_of(event), a),
            A::WorkflowExecutionUnpausedEventAttributes(_) => self.replay_unpause(),
            _ => {
                self.replay_message(id, attributes);
                self.replay_operation(id, time_of(event), attributes);
                self.replay_other_runs(id, attributes);
            }
        }
        Ok(())
    }

    fn replay_message(&mut self, id: i64, attributes: &Attributes) {
        use Attributes as A;
        match attributes {
            A::WorkflowExecutionSignaledEventAttributes(a) => {
                self.signals = self.signals.saturating_add(1);
                if !a.request_id.is_empty() {
                    self.signal_ids.insert(a.request_id.clone());
                }
                self.note_request(&a.request_id, EventType::WorkflowExecutionSignaled, id);
            }
            A::WorkflowExecutionUpdateAdmittedEventAttributes(a) => {
                let request = a.request.clone().unwrap_or_default();
                self.updates.admit_again(&update_id(Some(&request)), request, id);
            }
            A::WorkflowExecutionUpdateAcceptedEventAttributes(a) => {
                let request = a.accepted_request.clone();
                self.updates.accepted_before(&a.protocol_instance_id, request, id);
            }
            A::WorkflowExecutionUpdateCompletedEventAttributes(a) => {
                let update_id = a.meta.as_ref().map(|meta| meta.update_id.as_str()).unwrap_or_default();
                self.updates
                    .completed_before(update_id, a.outcome.clone().unwrap_or_default());
            }
            _ => {}
        }
    }

    fn replay_options(&mut self, options: &WorkflowExecutionOptionsUpdatedEventAttributes) {
        if let Some(decided) = &options.versioning_override {
            self.versioning.decided = Decided::read(decided);
        } else if options.unset_versioning_override {
            self.versioning.decided = None;
        }
        if let Some(priority) = &options.priority {
            self.is.priority = priority.clone();
        }
    }

    fn replay_start(&mut self, started: &WorkflowExecutionStartedEventAttributes) {
        if let Some(memo) = &started.memo {
            search_attribute::merge(&mut self.memo, &memo.fields);
        }
        if let Some(attributes) = &started.search_attributes {
            search_attribute::merge(&mut self.search_attributes, &attributes.indexed_fields);
        }
        self.versioning.decided = started.versioning_override.as_deref().and_then(Decided::read);
        if let Some(version) = &started.inherited_pinned_version {
            self.versioning.behavior = VersioningBehavior::Pinned;
            self.versioning.version = Some(Version::read(version));
        }
        let request_id = self.is.start_request_id.clone();
        self.note_request(&request_id, EventType::WorkflowExecutionStarted, 1);
    }

    fn replay_activity_end(&mut self, scheduled_event_id: i64) {
        if let Some(activity) = self.activities.remove(&scheduled_event_id) {
            self.activity_ids.remove(&activity.id);
        }
    }

    fn replay_operation(&mut self, id: i64, time: Time, attributes: &Attributes) {
        use Attributes as A;
        let ended = match attributes {
            A::NexusOperationScheduledEventAttributes(a) => {
                self.operations.insert(id, Operation::scheduled(a, time));
                return;
            }
            A::NexusOperationStartedEventAttributes(a) => {
                if let Some(operation) = self.operations.get_mut(&a.scheduled_event_id) {
                    let token = a.operation_token.clone();
                    operation.started = Some(OperationStart { time, token });
                }
                return;
            }
            A::NexusOperationCancelRequestedEventAttributes(a) => {
                if let Some(operation) = self.operations.get_mut(&a.scheduled_event_id) {
                    operation.cancellation = Some(Cancellation {
                        requested_event_id: id,
                        ..Cancellation::default()
                    });
                }
                return;
            }
            A::NexusOperationCompletedEventAttributes(a) => a.scheduled_event_id,
            A::NexusOperationFailedEventAttributes(a) => a.scheduled_event_id,
            A::NexusOperationCanceledEventAttributes(a) => a.scheduled_event_id,
            A::NexusOperationTimedOutEventAttributes(a) => a.scheduled_event_id,
            _ => return,
        };
        self.operations.remove(&ended);
    }

    fn replay_other_runs(&mut self, id: i64, attributes: &Attributes) {
        use Attributes as A;
        match attributes {
            A::StartChildWorkflowExecutionInitiatedEventAttributes(a) => {
                let child = Child {
                    workflow_id: a.workflow_id.clone(),
                    workflow_type: a.workflow_type.clone().unwrap_or_default().name,
                    run_id: None,
                    started_event_id: 0,
                    parent_close_policy: a.parent_close_policy,
                };
                self.children.insert(id, child);
            }
            A::ChildWorkflowExecutionStartedEventAttributes(a) => {
                if let Some(child) = self.children.get_mut(&a.initiated_event_id) {
                    child.started_event_id = id;
                    child.run_id = a
                        .workflow_execution
                        .as_ref()
                        .and_then(|execution| Uuid::parse(&execution.run_id));
                }
            }
            A::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                self.externals.insert(id, External::Signal(a.clone()));
            }
            A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                self.externals.insert(id, External::Cancel(a.clone()));
            }
            _ => {}
        }
        let ended = match attributes {
            A::StartChildWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
            A::ChildWorkflowExecutionCompletedEventAttributes(a) => a.initiated_event_id,
            A::ChildWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
            A::ChildWorkflowExecutionCanceledEventAttributes(a) => a.initiated_event_id,
            A::ChildWorkflowExecutionTimedOutEventAttributes(a) => a.initiated_event_id,
            A::ChildWorkflowExecutionTerminatedEventAttributes(a) => a.initiated_event_id,
            A::ExternalWorkflowExecutionSignaledEventAttributes(a) => a.initiated_event_id,
            A::SignalExternalWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
            A::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => a.initiated_event_id,
            A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
            _ => return,
        };
        self.children.remove(&ended);
        self.externals.remove(&ended);
    }
}
