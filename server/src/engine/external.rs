//! Signals and cancel requests that a run sends to others.

use super::{
    Engine,
    run::{Run, RunKey},
    world::{Effect, World},
};
use steadfast_proto::{
    Shared,
    command::{
        RequestCancelExternalWorkflowExecutionCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
    },
    common,
    enums::{
        CancelExternalWorkflowExecutionFailedCause as CancelCause,
        SignalExternalWorkflowExecutionFailedCause as SignalCause,
    },
    history::{
        ExternalWorkflowExecutionCancelRequestedEventAttributes, ExternalWorkflowExecutionSignaledEventAttributes,
        RequestCancelExternalWorkflowExecutionFailedEventAttributes,
        RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
        SignalExternalWorkflowExecutionFailedEventAttributes, SignalExternalWorkflowExecutionInitiatedEventAttributes,
        WorkflowExecutionCancelRequestedEventAttributes, WorkflowExecutionSignaledEventAttributes,
    },
};

/// A request to another run that is under way.
#[derive(Clone, Debug)]
pub(crate) enum External {
    /// A signal.
    Signal(Shared<SignalExternalWorkflowExecutionInitiatedEventAttributes>),
    /// A cancel request.
    Cancel(Shared<RequestCancelExternalWorkflowExecutionInitiatedEventAttributes>),
}

impl Run {
    pub(crate) fn initiate_signal(
        &mut self,
        world: &mut World,
        command: SignalExternalWorkflowExecutionCommandAttributes,
        completed: i64,
    ) {
        let named = command.namespace;
        let attributes = SignalExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_task_completed_event_id: completed,
            namespace: String::from(&*self.is.namespace_name),
            namespace_id: self.namespace_id(world),
            workflow_execution: command.execution,
            signal_name: command.signal_name,
            input: command.input,
            control: command.control,
            child_workflow_only: command.child_workflow_only,
            header: command.header,
        };
        let recorded = SignalExternalWorkflowExecutionInitiatedEventAttributes {
            // As the command has it: empty if it names none.
            namespace: named,
            ..attributes.clone()
        };
        let initiated_event_id = self.record(world, recorded);
        self.externals
            .insert(initiated_event_id, External::Signal(Shared::new(attributes)));
        world.outbox.push(Effect::SignalExternal {
            sender: self.is.key,
            initiated_event_id,
        });
    }

    pub(crate) fn initiate_cancel(
        &mut self,
        world: &mut World,
        command: RequestCancelExternalWorkflowExecutionCommandAttributes,
        completed: i64,
    ) {
        let named = command.namespace;
        let attributes = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_task_completed_event_id: completed,
            namespace: String::from(&*self.is.namespace_name),
            namespace_id: self.namespace_id(world),
            workflow_execution: Some(common::WorkflowExecution {
                workflow_id: command.workflow_id,
                run_id: command.run_id,
            }),
            control: command.control,
            child_workflow_only: command.child_workflow_only,
            reason: command.reason,
        };
        let recorded = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
            // As the command has it: empty if it names none.
            namespace: named,
            ..attributes.clone()
        };
        let initiated_event_id = self.record(world, recorded);
        self.externals
            .insert(initiated_event_id, External::Cancel(Shared::new(attributes)));
        world.outbox.push(Effect::CancelExternal {
            sender: self.is.key,
            initiated_event_id,
        });
    }

    fn namespace_id(&self, world: &World) -> String {
        world
            .namespaces
            .get(self.is.namespace)
            .map(|namespace| namespace.id.to_string())
            .unwrap_or_default()
    }
}

impl Engine {
    /// The open run that a request of `sender` is for; never the sender itself.
    fn target(&self, sender: &Run, execution: &common::WorkflowExecution, child_only: bool) -> Option<RunKey> {
        let key = self.find(sender.is.namespace, execution).ok()?;
        let run = self
            .runs
            .get(key)
            .filter(|run| run.is_open() && run.is.workflow_id != sender.is.workflow_id)?;
        let is_child = run
            .is
            .parent
            .as_ref()
            .is_some_and(|parent| parent.run_id == sender.is.run_id);
        (is_child || !child_only).then_some(key)
    }

    pub(super) fn signal_external(&mut self, sender: RunKey, initiated_event_id: i64) {
        let Some(run) = self.runs.get(sender).filter(|run| run.is_open()) else {
            return;
        };
        let Some(External::Signal(signal)) = run.externals.get(&initiated_event_id).cloned() else {
            return;
        };
        let execution = signal.workflow_execution.clone().unwrap_or_default();
        let from = run.execution();
        let target = self.target(run, &execution, signal.child_workflow_only);
        let request_id = self.world.ids.random().to_string();
        let mut cause = SignalCause::ExternalWorkflowExecutionNotFound;
        let mut done = false;
        if let Some(target) = target.and_then(|key| self.runs.touch(key).ok()) {
            if target.check_signals(&self.world).is_ok() {
                target.receive_signal(
                    &mut self.world,
                    WorkflowExecutionSignaledEventAttributes {
                        signal_name: signal.signal_name.clone(),
                        input: signal.input.clone(),
                        header: signal.header.clone(),
                        identity: "history-service".to_owned(),
                        external_workflow_execution: Some(from),
                        request_id,
                        ..Default::default()
                    },
                    Vec::new(),
                );
                done = true;
            } else {
                cause = SignalCause::SignalCountLimitExceeded;
            }
        }
        let Self { runs, world, .. } = self;
        let Ok(run) = runs.touch(sender) else { return };
        run.externals.remove(&initiated_event_id);
        let signal = signal.into_inner();
        if done {
            run.happen(
                world,
                ExternalWorkflowExecutionSignaledEventAttributes {
                    initiated_event_id,
                    namespace: signal.namespace,
                    namespace_id: signal.namespace_id,
                    workflow_execution: Some(execution),
                    control: signal.control,
                },
            );
        } else {
            run.happen(
                world,
                SignalExternalWorkflowExecutionFailedEventAttributes {
                    cause: cause.into(),
                    workflow_task_completed_event_id: 0,
                    namespace: signal.namespace,
                    namespace_id: signal.namespace_id,
                    workflow_execution: Some(execution),
                    initiated_event_id,
                    control: signal.control,
                },
            );
        }
        run.want_task(world);
    }

    pub(super) fn cancel_external(&mut self, sender: RunKey, initiated_event_id: i64) {
        let Some(run) = self.runs.get(sender).filter(|run| run.is_open()) else {
            return;
        };
        let Some(External::Cancel(cancel)) = run.externals.get(&initiated_event_id).cloned() else {
            return;
        };
        let execution = cancel.workflow_execution.clone().unwrap_or_default();
        let from = run.execution();
        let target = self.target(run, &execution, cancel.child_workflow_only);
        let mut done = false;
        if let Some(target) = target.and_then(|key| self.runs.touch(key).ok()) {
            target.request_cancel(
                &mut self.world,
                WorkflowExecutionCancelRequestedEventAttributes {
                    cause: cancel.reason.clone(),
                    external_initiated_event_id: initiated_event_id,
                    external_workflow_execution: Some(from),
                    identity: "history-service".to_owned(),
                },
                Vec::new(),
            );
            done = true;
        }
        let Self { runs, world, .. } = self;
        let Ok(run) = runs.touch(sender) else { return };
        run.externals.remove(&initiated_event_id);
        let cancel = cancel.into_inner();
        if done {
            run.happen(
                world,
                ExternalWorkflowExecutionCancelRequestedEventAttributes {
                    initiated_event_id,
                    namespace: cancel.namespace,
                    namespace_id: cancel.namespace_id,
                    workflow_execution: Some(execution),
                },
            );
        } else {
            run.happen(
                world,
                RequestCancelExternalWorkflowExecutionFailedEventAttributes {
                    cause: CancelCause::ExternalWorkflowExecutionNotFound.into(),
                    workflow_task_completed_event_id: 0,
                    namespace: cancel.namespace,
                    namespace_id: cancel.namespace_id,
                    workflow_execution: Some(execution),
                    initiated_event_id,
                    control: cancel.control,
                },
            );
        }
        run.want_task(world);
    }
}
