//! Signals, cancel requests and terminations from clients.

use super::{
    Engine,
    error::{Error, Result},
    run::Run,
    start::{check_blob, check_name},
    world::World,
};
use steadfast_proto::{
    common,
    enums::EventType,
    history::{WorkflowExecutionCancelRequestedEventAttributes, WorkflowExecutionSignaledEventAttributes},
    workflowservice::*,
};

impl Run {
    pub(crate) fn check_signals(&self, world: &World) -> Result<()> {
        if self.signals >= world.limits.signals {
            return Err(Error::invalid("exceeded workflow execution limit for signal events"));
        }
        Ok(())
    }

    /// Takes a signal in, and sees to it that the workflow sees it.
    pub(crate) fn receive_signal(
        &mut self,
        world: &mut World,
        signal: WorkflowExecutionSignaledEventAttributes,
        links: Vec<common::Link>,
    ) {
        let skips = signal.skip_generate_workflow_task;
        if self.note_signal(world, signal, links) && !skips {
            self.want_task(world);
            self.check_buffer(world);
        }
    }

    /// Takes a signal in, unless its request was taken in before.
    pub(crate) fn note_signal(
        &mut self,
        world: &mut World,
        signal: WorkflowExecutionSignaledEventAttributes,
        links: Vec<common::Link>,
    ) -> bool {
        let request_id = signal.request_id.clone();
        if !request_id.is_empty() && !self.signal_ids.insert(request_id.clone()) {
            return false;
        }
        self.signals = self.signals.saturating_add(1);
        let mut event = self.event(world, signal);
        event.links = links;
        let event_id = self.happen_event(world, event);
        self.note_request(&request_id, EventType::WorkflowExecutionSignaled, event_id);
        true
    }

    /// Asks the run to cancel; once is enough. It does not wait for a delayed start.
    pub(crate) fn request_cancel(
        &mut self,
        world: &mut World,
        event: WorkflowExecutionCancelRequestedEventAttributes,
        links: Vec<common::Link>,
    ) {
        if self.cancel_requested {
            return;
        }
        self.cancel_requested = true;
        let mut event = self.event(world, event);
        event.links = links;
        self.happen_event(world, event);
        if self.backoff.is_some() {
            self.end_backoff(world);
        } else {
            self.want_task(world);
        }
    }
}

impl Engine {
    pub(crate) fn signal_workflow(
        &mut self,
        request: SignalWorkflowExecutionRequest,
    ) -> Result<SignalWorkflowExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.workflow_execution.unwrap_or_default();
        check_execution(&execution)?;
        if request.signal_name.is_empty() {
            return Err(Error::invalid("SignalName is not set on request."));
        }
        check_name("SignalName", &request.signal_name)?;
        check_name("RequestId", &request.request_id)?;
        check_blob(&self.world, request.input.as_ref())?;
        let key = self.find(namespace, &execution)?;
        let request_id = request.request_id;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if !run.is_open() {
            return Err(Error::completed());
        }
        run.check_signals(world)?;
        run.receive_signal(
            world,
            WorkflowExecutionSignaledEventAttributes {
                signal_name: request.signal_name,
                input: request.input,
                identity: request.identity,
                header: request.header,
                request_id: request_id.clone(),
                ..Default::default()
            },
            request.links,
        );
        Ok(SignalWorkflowExecutionResponse {
            link: Some(run.link_by_request(&request_id, EventType::WorkflowExecutionSignaled)),
        })
    }

    pub(crate) fn request_cancel_workflow(
        &mut self,
        request: RequestCancelWorkflowExecutionRequest,
    ) -> Result<RequestCancelWorkflowExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.workflow_execution.unwrap_or_default();
        check_execution(&execution)?;
        let key = self.find(namespace, &execution)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if run.is_open() {
            check_chain(run, &request.first_execution_run_id)?;
            run.request_cancel(
                world,
                WorkflowExecutionCancelRequestedEventAttributes {
                    cause: request.reason,
                    identity: request.identity,
                    ..Default::default()
                },
                request.links,
            );
        }
        Ok(RequestCancelWorkflowExecutionResponse {})
    }

    pub(crate) fn terminate_workflow(
        &mut self,
        request: TerminateWorkflowExecutionRequest,
    ) -> Result<TerminateWorkflowExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.workflow_execution.unwrap_or_default();
        check_execution(&execution)?;
        check_blob(&self.world, request.details.as_ref())?;
        let key = self.find(namespace, &execution)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        check_chain(run, &request.first_execution_run_id)?;
        if !run.is_open() {
            return Err(Error::completed());
        }
        let reason = if request.reason.is_empty() {
            "terminated by user via frontend"
        } else {
            request.reason.as_str()
        };
        let identity = if request.identity.is_empty() {
            "frontend-service"
        } else {
            request.identity.as_str()
        };
        run.terminate(world, reason, request.details, identity, request.links);
        Ok(TerminateWorkflowExecutionResponse {})
    }
}

/// A client that means a chain must not hit another one of the same id.
fn check_chain(run: &Run, first_run_id: &str) -> Result<()> {
    if first_run_id.is_empty() || first_run_id == run.is.first_run_id.to_string() {
        return Ok(());
    }
    Err(Error::not_found(format!(
        "workflow execution not found for workflow ID {:?} and run ID {first_run_id:?}",
        run.is.workflow_id
    )))
}

pub(crate) fn check_execution(execution: &common::WorkflowExecution) -> Result<()> {
    if execution.workflow_id.is_empty() {
        return Err(Error::invalid("WorkflowId is not set on request."));
    }
    check_name("WorkflowId", &execution.workflow_id)
}
