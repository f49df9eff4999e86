//! What operators do to workflows: pause them, change their options.

use super::{Client, RequestError, TimeSkipping, ToClient, VersioningOverride, new_id};
use crate::{Priority, handle::HandleCore, workflow::Workflow};
use std::future::IntoFuture;
use steadfast_core::BoxFuture;
use steadfast_proto::{
    prost_types::FieldMask,
    workflow::WorkflowExecutionOptions,
    workflowservice::{
        PauseWorkflowExecutionRequest, UnpauseWorkflowExecutionRequest, UpdateWorkflowExecutionOptionsRequest,
    },
};

impl<W: Workflow + ?Sized> HandleCore<W, ToClient> {
    /// Gives no more tasks of the workflow to workers until it is unpaused, nor of its activities; the reason is for people.
    ///
    /// # Errors
    /// There is no such workflow, it has ended, it is paused already, the server can't do it, or the call fails.
    pub async fn pause(&self, reason: impl Into<String>) -> Result<(), RequestError> {
        let client = self.target.client();
        let execution = self.target.execution();
        let request = PauseWorkflowExecutionRequest {
            namespace: client.namespace().to_owned(),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            identity: client.identity().to_owned(),
            reason: reason.into(),
            request_id: new_id(),
        };
        client.connection().call(request).await?;
        Ok(())
    }

    /// Goes on after a pause; the reason is for people.
    ///
    /// # Errors
    /// There is no such workflow, it is not paused, or the call fails.
    pub async fn unpause(&self, reason: impl Into<String>) -> Result<(), RequestError> {
        let client = self.target.client();
        let execution = self.target.execution();
        let request = UnpauseWorkflowExecutionRequest {
            namespace: client.namespace().to_owned(),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            identity: client.identity().to_owned(),
            reason: reason.into(),
            request_id: new_id(),
        };
        client.connection().call(request).await?;
        Ok(())
    }

    /// Changes options of the workflow that runs, when awaited: which build runs it, its priority, its clock.
    pub fn update_options(&self) -> UpdateWorkflowOptionsCall {
        UpdateWorkflowOptionsCall {
            client: self.target.client().clone(),
            request: Box::new(UpdateWorkflowExecutionOptionsRequest {
                namespace: self.target.client().namespace().to_owned(),
                workflow_execution: Some(self.target.execution()),
                identity: self.target.client().identity().to_owned(),
                ..UpdateWorkflowExecutionOptionsRequest::default()
            }),
            options: WorkflowOptions::default(),
        }
    }
}

/// Options of workflows that run, for [`Batch::update_options`](super::Batch::update_options). What is not set stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct WorkflowOptions {
    options: WorkflowExecutionOptions,
    paths: Vec<String>,
}

impl WorkflowOptions {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which build of a deployment runs them, whatever the routing says; `None` to leave it to the routing again.
    pub fn versioning_override(mut self, versioning: impl Into<Option<VersioningOverride>>) -> Self {
        self.options.versioning_override = versioning.into().map(VersioningOverride::into_wire);
        self.set("versioning_override")
    }

    /// Their place among others on task queues: a number from 1, the highest, to 5, or a whole [`Priority`]. It takes the
    /// place of all they had, fairness included.
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.options.priority = Some(priority.into().into());
        self.set("priority")
    }

    /// Whether their clocks are turned forward.
    pub fn time_skipping(mut self, skipping: TimeSkipping) -> Self {
        self.options.time_skipping_config = Some(skipping.into_wire());
        self.set("time_skipping_config")
    }

    fn set(mut self, path: &str) -> Self {
        self.paths.push(path.to_owned());
        self
    }

    pub(super) fn into_wire(self) -> (Option<WorkflowExecutionOptions>, Option<FieldMask>) {
        (Some(self.options), Some(FieldMask { paths: self.paths }))
    }
}

/// Other options for a workflow, from when it is awaited on. What is not set stays as it is.
#[must_use = "nothing is changed until awaited"]
pub struct UpdateWorkflowOptionsCall {
    client: Client,
    request: Box<UpdateWorkflowExecutionOptionsRequest>,
    options: WorkflowOptions,
}

impl UpdateWorkflowOptionsCall {
    /// Which build of a deployment runs it, whatever the routing says; `None` to leave it to the routing again.
    pub fn versioning_override(mut self, versioning: impl Into<Option<VersioningOverride>>) -> Self {
        self.options = self.options.versioning_override(versioning);
        self
    }

    /// Its place among others on task queues: a number from 1, the highest, to 5, or a whole [`Priority`]. It takes the
    /// place of all it had, fairness included.
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.options = self.options.priority(priority);
        self
    }

    /// Whether its clock is turned forward.
    pub fn time_skipping(mut self, skipping: TimeSkipping) -> Self {
        self.options = self.options.time_skipping(skipping);
        self
    }
}

impl IntoFuture for UpdateWorkflowOptionsCall {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let (mut request, options) = (self.request, self.options);
        (request.workflow_execution_options, request.update_mask) = options.into_wire();
        Box::pin(async move {
            self.client.connection().call(*request).await?;
            Ok(())
        })
    }
}
