//! Child workflows.

use super::{
    Engine,
    event::Event,
    id::Uuid,
    run::{Parent, Run, RunKey},
    start::{self, StartPlan},
    task_queue, time,
    world::{ChildClosed, Effect, World},
};
use std::time::Duration;
use steadfast_proto::{
    command::StartChildWorkflowExecutionCommandAttributes,
    common,
    enums::{
        ContinueAsNewInitiator as Initiator, EventType, ParentClosePolicy,
        StartChildWorkflowExecutionFailedCause as Cause, WorkflowExecutionStatus as Status,
        WorkflowIdReusePolicy as Reuse,
    },
    history::{
        ChildWorkflowExecutionCanceledEventAttributes, ChildWorkflowExecutionCompletedEventAttributes,
        ChildWorkflowExecutionFailedEventAttributes, ChildWorkflowExecutionStartedEventAttributes,
        ChildWorkflowExecutionTerminatedEventAttributes, ChildWorkflowExecutionTimedOutEventAttributes,
        StartChildWorkflowExecutionFailedEventAttributes, StartChildWorkflowExecutionInitiatedEventAttributes,
        WorkflowExecutionCancelRequestedEventAttributes, history_event::Attributes,
    },
};

/// A child that a run has started and that has not ended.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) workflow_id: String,
    pub(crate) workflow_type: String,
    /// The child's first run, once there is one.
    pub(crate) run_id: Option<Uuid>,
    pub(crate) started_event_id: i64,
    pub(crate) parent_close_policy: i32,
}

impl Run {
    /// Records that a child is to be started; it is, right after this transaction.
    pub(crate) fn initiate_child(
        &mut self,
        world: &mut World,
        command: StartChildWorkflowExecutionCommandAttributes,
        completed: i64,
    ) {
        let Some(namespace) = world.namespaces.get(self.is.namespace) else {
            return;
        };
        let named = command
            .task_queue
            .map(|queue| queue.name)
            .filter(|name| !name.is_empty());
        let queue = named.unwrap_or_else(|| self.is.task_queue.to_string());
        let execution_timeout = time::lasting(command.workflow_execution_timeout.as_ref());
        let run_timeout = start::shorter(time::lasting(command.workflow_run_timeout.as_ref()), execution_timeout);
        let asked = time::lasting(command.workflow_task_timeout.as_ref());
        let policy = match command.parent_close_policy {
            0 => ParentClosePolicy::Terminate.into(),
            given => given,
        };
        let reuse = match command.workflow_id_reuse_policy {
            0 => Reuse::AllowDuplicate.into(),
            given => given,
        };
        let mut search_attributes = command.search_attributes;
        if let Some(attributes) = &mut search_attributes {
            world.name_types(self.is.namespace, attributes);
        }
        let retry = command
            .retry_policy
            .as_ref()
            .and_then(|policy| super::retry::RetryPolicy::read(policy).ok());
        let workflow_type = command.workflow_type.unwrap_or_default();
        let time = self.time_of_child();
        let attributes = StartChildWorkflowExecutionInitiatedEventAttributes {
            namespace: namespace.name.to_string(),
            namespace_id: namespace.id.to_string(),
            workflow_id: command.workflow_id.clone(),
            workflow_type: Some(workflow_type.clone()),
            task_queue: Some(task_queue::normal(&queue)),
            input: command.input,
            workflow_execution_timeout: (!execution_timeout.is_zero())
                .then_some(execution_timeout)
                .and_then(time::wire),
            workflow_run_timeout: time::wire(run_timeout),
            workflow_task_timeout: time::wire(start::task_timeout(asked, run_timeout)),
            parent_close_policy: policy,
            control: command.control,
            workflow_task_completed_event_id: completed,
            workflow_id_reuse_policy: reuse,
            retry_policy: retry.map(|retry| retry.wire()),
            cron_schedule: command.cron_schedule,
            header: command.header,
            memo: command.memo.filter(|memo| !memo.fields.is_empty()),
            search_attributes,
            inherit_build_id: command.inherit_build_id,
            priority: command.priority,
            versioning_override: command.versioning_override,
            time_skipping_config: time.as_ref().and_then(|time| time.config()),
            time_skipping_state_propagation: time.as_ref().and_then(|time| time.wire()),
        };
        let initiated_event_id = self.record(world, attributes);
        self.children.insert(
            initiated_event_id,
            Child {
                workflow_id: command.workflow_id,
                workflow_type: workflow_type.name,
                run_id: None,
                started_event_id: 0,
                parent_close_policy: policy,
            },
        );
        world.outbox.push(Effect::StartChild {
            parent: self.is.key,
            initiated_event_id,
        });
    }

    fn child_plan(&self, world: &mut World, initiated_event_id: i64) -> Option<StartPlan> {
        let event = self.history.get(initiated_event_id)?;
        let Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated)) = &event.attributes else {
            return None;
        };
        let now = self.now(world);
        let run_id = world.ids.ordered(now);
        let cron = super::cron::Schedule::read(&initiated.cron_schedule).ok().flatten();
        let execution_timeout = time::lasting(initiated.workflow_execution_timeout.as_ref());
        Some(StartPlan {
            namespace: Some(self.is.namespace),
            namespace_name: self.is.namespace_name.clone(),
            workflow_id: initiated.workflow_id.as_str().into(),
            run_id,
            first_run_id: run_id,
            original_run_id: run_id,
            workflow_type: initiated.workflow_type.clone().unwrap_or_default().name,
            task_queue: initiated.task_queue.clone().unwrap_or_default().name.into(),
            input: initiated.input.clone(),
            execution_timeout,
            run_timeout: time::lasting(initiated.workflow_run_timeout.as_ref()),
            names_run_timeout: true,
            task_timeout: time::lasting(initiated.workflow_task_timeout.as_ref()),
            retry_policy: initiated
                .retry_policy
                .as_ref()
                .and_then(|policy| super::retry::RetryPolicy::read(policy).ok()),
            initiator: if cron.is_some() {
                Initiator::CronSchedule
            } else {
                Initiator::Unspecified
            },
            cron_schedule: initiated.cron_schedule.clone(),
            attempt: 1,
            backoff: cron.map_or(Duration::ZERO, |cron| cron.wait(now, now)),
            request_id: world.ids.random().to_string(),
            memo: initiated.memo.clone(),
            search_attributes: initiated.search_attributes.clone(),
            header: initiated.header.clone(),
            priority: initiated.priority.clone(),
            versioning_override: initiated.versioning_override.clone().map(Box::new),
            user_metadata: event.user_metadata.clone(),
            parent: Some(Box::new(Parent {
                namespace: self.is.namespace_name.clone(),
                namespace_id: initiated.namespace_id.clone(),
                execution: self.execution(),
                run_id: self.is.run_id,
                initiated_event_id,
            })),
            root: Some(self.is.root.clone().unwrap_or_else(|| self.execution())),
            time: self.time_of_child(),
            inherited_version: self.versioning.inherited().filter(|version| {
                let queue = initiated.task_queue.as_ref().map_or("", |queue| queue.name.as_str());
                world
                    .deployments
                    .serves(self.is.namespace, version, task_queue::Work::Workflow, queue)
            }),
            ..StartPlan::default()
        })
    }

    fn child_failed_to_start(&mut self, world: &mut World, initiated_event_id: i64) {
        let Some(child) = self.children.remove(&initiated_event_id) else {
            return;
        };
        let initiated = match self.history.get(initiated_event_id).map(|event| &event.attributes) {
            Some(Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated))) => {
                (**initiated).clone()
            }
            _ => return,
        };
        self.happen(
            world,
            StartChildWorkflowExecutionFailedEventAttributes {
                namespace: initiated.namespace,
                namespace_id: initiated.namespace_id,
                workflow_id: child.workflow_id,
                workflow_type: initiated.workflow_type,
                cause: Cause::WorkflowAlreadyExists.into(),
                control: initiated.control,
                initiated_event_id,
                workflow_task_completed_event_id: 0,
            },
        );
        self.want_task(world);
    }

    fn child_started(
        &mut self,
        world: &mut World,
        initiated_event_id: i64,
        execution: common::WorkflowExecution,
        run_id: Uuid,
    ) {
        let initiated = match self.history.get(initiated_event_id).map(|event| &event.attributes) {
            Some(Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated))) => {
                (**initiated).clone()
            }
            _ => return,
        };
        if !self.is_open() || !self.children.contains_key(&initiated_event_id) {
            return;
        }
        let started_event_id = self.happen(
            world,
            ChildWorkflowExecutionStartedEventAttributes {
                namespace: initiated.namespace,
                namespace_id: initiated.namespace_id,
                initiated_event_id,
                workflow_execution: Some(execution),
                workflow_type: initiated.workflow_type,
                header: initiated.header,
            },
        );
        if let Some(child) = self.children.get_mut(&initiated_event_id) {
            child.run_id = Some(run_id);
            child.started_event_id = started_event_id;
        }
        self.want_task(world);
    }

    fn child_ended(&mut self, world: &mut World, closed: ChildClosed) {
        let Some(child) = self.children.remove(&closed.initiated_event_id) else {
            return;
        };
        let namespace = String::from(&*self.is.namespace_name);
        let known = world.namespaces.get(self.is.namespace);
        let namespace_id = known.map(|namespace| namespace.id.to_string()).unwrap_or_default();
        let (initiated_event_id, retry_state) = (closed.initiated_event_id, closed.retry_state);
        let started_event_id = child.started_event_id;
        let workflow_execution = Some(closed.execution);
        let workflow_type = Some(common::WorkflowType {
            name: closed.workflow_type,
        });
        match closed.status {
            Status::Completed => self.heard(
                world,
                ChildWorkflowExecutionCompletedEventAttributes {
                    result: closed.result,
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                },
            ),
            Status::Failed => self.heard(
                world,
                ChildWorkflowExecutionFailedEventAttributes {
                    failure: closed.failure,
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                    retry_state,
                },
            ),
            Status::Canceled => self.heard(
                world,
                ChildWorkflowExecutionCanceledEventAttributes {
                    details: closed.result,
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                },
            ),
            Status::TimedOut => self.heard(
                world,
                ChildWorkflowExecutionTimedOutEventAttributes {
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                    retry_state,
                },
            ),
            _ => self.heard(
                world,
                ChildWorkflowExecutionTerminatedEventAttributes {
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                },
            ),
        }
    }

    fn heard<E: Event>(&mut self, world: &mut World, event: E) {
        debug_assert!(
            super::event::is_completion(E::TYPE) || E::TYPE == EventType::Unspecified,
            "the event ends a child"
        );
        self.happen(world, event);
        self.want_task(world);
    }
}

impl Engine {
    pub(super) fn start_child(&mut self, parent: RunKey, initiated_event_id: i64) {
        let Self { runs, world, .. } = self;
        let Ok(run) = runs.touch(parent) else { return };
        if !run.is_open() || !run.children.contains_key(&initiated_event_id) {
            return;
        }
        let Some(plan) = run.child_plan(world, initiated_event_id) else {
            return;
        };
        let reuse = match run.history.get(initiated_event_id).map(|event| &event.attributes) {
            Some(Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated))) => {
                initiated.workflow_id_reuse_policy()
            }
            _ => Reuse::AllowDuplicate,
        };
        let current = plan
            .namespace
            .and_then(|namespace| runs.current(namespace, &plan.workflow_id));
        if let Some(other) = current.and_then(|key| runs.touch(key).ok()) {
            let failed = matches!(
                other.status,
                Status::Failed | Status::Canceled | Status::Terminated | Status::TimedOut
            );
            let refused = match reuse {
                Reuse::TerminateIfRunning => false,
                Reuse::RejectDuplicate => true,
                Reuse::AllowDuplicateFailedOnly => other.is_open() || !failed,
                Reuse::AllowDuplicate | Reuse::Unspecified => other.is_open(),
            };
            if !refused && other.is_open() {
                let details =
                    common::Payload::encoded("json/plain", format!("\"terminated by new runID: {}\"", plan.run_id));
                other.terminate(
                    world,
                    "TerminateIfRunning WorkflowIdReusePolicy",
                    Some(vec![details].into()),
                    "history-service",
                    Vec::new(),
                );
            } else if refused {
                if let Ok(run) = runs.touch(parent) {
                    run.child_failed_to_start(world, initiated_event_id);
                }
                return;
            }
        }
        let run_id = plan.run_id;
        let execution = common::WorkflowExecution {
            workflow_id: plan.workflow_id.to_string(),
            run_id: run_id.to_string(),
        };
        let Ok(outcome) = self.begin(plan) else { return };
        let Self { runs, world, .. } = self;
        if let Ok(run) = runs.touch(parent) {
            run.child_started(world, initiated_event_id, execution, run_id);
        }
        world.outbox.push(Effect::WakeChild { child: outcome.key });
    }

    pub(super) fn wake_child(&mut self, child: RunKey) {
        if let Ok(run) = self.runs.touch(child) {
            run.is_waiting_for_parent = false;
            run.want_task(&mut self.world);
        }
    }

    pub(super) fn child_closed(&mut self, closed: ChildClosed) {
        let Some(parent) = self.runs.by_id(closed.parent_run_id) else {
            return;
        };
        let parent = self.latest_reset(parent);
        if let Ok(run) = self.runs.touch(parent)
            && run.is_open()
        {
            run.child_ended(&mut self.world, closed);
        }
    }

    /// The parent is gone: its child ends with it, is asked to, or goes on.
    pub(super) fn parent_closed(&mut self, child: Uuid, policy: i32, parent: common::WorkflowExecution) {
        let Some(first) = self.runs.by_id(child).and_then(|key| self.runs.get(key)) else {
            return;
        };
        // The child may have gone on as another run of its chain.
        let Some(current) = self.runs.current(first.is.namespace, &first.is.workflow_id) else {
            return;
        };
        let Ok(run) = self.runs.touch(current) else { return };
        if !run.is_open() || run.is.first_run_id != child {
            return;
        }
        match ParentClosePolicy::try_from(policy) {
            Ok(ParentClosePolicy::Terminate) => {
                run.terminate(
                    &mut self.world,
                    "by parent close policy",
                    None,
                    "history-service",
                    Vec::new(),
                );
            }
            Ok(ParentClosePolicy::RequestCancel) => run.request_cancel(
                &mut self.world,
                WorkflowExecutionCancelRequestedEventAttributes {
                    external_workflow_execution: Some(parent),
                    identity: "history-service".to_owned(),
                    ..Default::default()
                },
                Vec::new(),
            ),
            _ => {}
        }
    }
}
