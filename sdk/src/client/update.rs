//! Updates.

use super::{Code, ErrorDetail, RpcError, ToClient, UpdateCallError, error::Codec, execution, new_id, signal::split};
use crate::{
    convert::{Data, EncodeError},
    error::{Failure, UpdateFailure},
};
use std::{future::IntoFuture, marker::PhantomData};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::{Payloads, WorkflowExecution},
    enums::UpdateWorkflowExecutionLifecycleStage as Stage,
    update::{Input, Meta, Outcome, Request, UpdateRef, WaitPolicy, outcome},
    workflowservice::{
        PollWorkflowExecutionUpdateRequest, UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
    },
};

/// An update, sent when awaited; then its result is waited for.
#[must_use = "an update is not sent until awaited or `.start()`ed"]
pub struct UpdateCall<O> {
    target: ToClient,
    request: Box<UpdateWorkflowExecutionRequest>,
    update_id: String,
    wanted: UpdateStage,
    error: Option<EncodeError>,
    _output: PhantomData<fn() -> O>,
}

/// How far an update is to be before [`UpdateCall::start`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateStage {
    /// The workflow has accepted it.
    Accepted,
    /// The handler has returned, or failed.
    Completed,
}

impl From<UpdateStage> for Stage {
    fn from(stage: UpdateStage) -> Self {
        match stage {
            UpdateStage::Accepted => Self::Accepted,
            UpdateStage::Completed => Self::Completed,
        }
    }
}

/// An update that was accepted, or at least sent.
pub struct UpdateHandle<O> {
    target: ToClient,
    execution: WorkflowExecution,
    update_id: String,
    outcome: Option<Outcome>,
    _output: PhantomData<fn() -> O>,
}

impl<O> UpdateCall<O> {
    pub(super) fn new(target: ToClient, name: String, arguments: Result<Payloads, EncodeError>) -> Self {
        let (args, error) = split(arguments);
        let input = Input {
            header: None,
            name,
            args,
        };
        let request = Box::new(UpdateWorkflowExecutionRequest {
            namespace: target.client().namespace().to_owned(),
            workflow_execution: Some(target.execution()),
            request: Some(Request {
                input: Some(input),
                ..Request::default()
            }),
            ..UpdateWorkflowExecutionRequest::default()
        });
        Self {
            target,
            request,
            update_id: new_id(),
            wanted: UpdateStage::Accepted,
            error,
            _output: PhantomData,
        }
    }

    /// Updates of the same id are one: a second call waits for the first one's result.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.update_id = id.into();
        self
    }

    /// How far it is to be before [`start`](Self::start) returns: accepted, unless this says otherwise.
    pub fn wait_for_stage(mut self, stage: UpdateStage) -> Self {
        self.wanted = stage;
        self
    }

    /// Sends it now, and waits until the workflow has accepted it, or as long as [`wait_for_stage`](Self::wait_for_stage)
    /// says.
    ///
    /// # Errors
    /// The workflow rejected it, does not exist, or the call fails. What a handler that was waited for failed with is the
    /// handle's result.
    pub async fn start(self) -> Result<UpdateHandle<O>, UpdateCallError> {
        let wanted = self.wanted.into();
        self.send(wanted).await
    }

    /// Sends it until the workflow has decided about it. The server answers after a while, whatever the stage.
    async fn send(self, wanted: Stage) -> Result<UpdateHandle<O>, UpdateCallError> {
        let target = self.target.clone();
        let request = self.into_request(wanted)?;
        let connection = target.client().connection();
        let calls = async {
            loop {
                let answer = connection.update_workflow_execution(request.clone()).await?;
                if is_decided(&answer) {
                    return UpdateHandle::decided(target.clone(), answer, wanted);
                }
            }
        };
        connection.wait("the update", calls).await
    }

    /// What is sent, to wait for a stage.
    pub(super) fn into_request(mut self, wanted: Stage) -> Result<UpdateWorkflowExecutionRequest, UpdateCallError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        self.request.wait_policy = Some(wait_for(wanted));
        if let Some(request) = &mut self.request.request {
            request.meta = Some(Meta {
                update_id: self.update_id,
                identity: self.target.client().identity().to_owned(),
            });
        }
        Ok(*self.request)
    }
}

/// Whether the workflow has seen the update.
pub(super) fn is_decided(answer: &UpdateWorkflowExecutionResponse) -> bool {
    answer.outcome.is_some() || answer.stage >= i32::from(Stage::Accepted)
}

impl<O: Data> IntoFuture for UpdateCall<O> {
    type Output = Result<O, UpdateCallError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send(Stage::Completed).await?.result().await })
    }
}

impl<O> UpdateHandle<O> {
    /// Of an answer that [`is_decided`].
    pub(super) fn decided(
        target: ToClient,
        answer: UpdateWorkflowExecutionResponse,
        wanted: Stage,
    ) -> Result<Self, UpdateCallError> {
        let (execution, update_id) = answer
            .update_ref
            .map_or_else(Default::default, |update| (update.workflow_execution, update.update_id));
        let handle = Self {
            execution: execution.unwrap_or_else(|| target.execution()),
            update_id,
            outcome: answer.outcome,
            target,
            _output: PhantomData,
        };
        // A rejection is an outcome that comes before the acceptance.
        match &handle.outcome {
            Some(Outcome {
                value: Some(outcome::Value::Failure(failure)),
            }) if wanted == Stage::Accepted => Err(failed(failure.clone())),
            _ => Ok(handle),
        }
    }

    pub(super) fn existing(target: ToClient, update_id: String) -> Self {
        Self {
            execution: execution(target.id(), target.run_id()),
            target,
            update_id,
            outcome: None,
            _output: PhantomData,
        }
    }

    /// The update's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.update_id
    }

    /// The workflow's id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        self.target.id()
    }

    /// The run that the update went to, `None` if it is not known yet.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        Some(self.execution.run_id.as_str()).filter(|id| !id.is_empty())
    }
}

impl<O: Data> UpdateHandle<O> {
    /// Waits for the handler's result.
    ///
    /// # Errors
    /// The handler failed, the result is not an `O`, or the call fails.
    pub async fn result(&self) -> Result<O, UpdateCallError> {
        let polled;
        let outcome = if let Some(outcome) = &self.outcome {
            outcome
        } else {
            polled = self.poll().await?;
            &polled
        };
        let converter = self.target.client().converter();
        match &outcome.value {
            Some(outcome::Value::Success(result)) => Ok(converter.decode_result(Some(result))?),
            Some(outcome::Value::Failure(failure)) => Err(failed(failure.clone())),
            None => Ok(converter.decode_result(None)?),
        }
    }

    /// The server answers after a while, whether there is an outcome or not.
    async fn poll(&self) -> Result<Outcome, UpdateCallError> {
        let client = self.target.client();
        let request = PollWorkflowExecutionUpdateRequest {
            namespace: client.namespace().to_owned(),
            update_ref: Some(UpdateRef {
                workflow_execution: Some(self.execution.clone()),
                update_id: self.update_id.clone(),
            }),
            identity: client.identity().to_owned(),
            wait_policy: Some(wait_for(Stage::Completed)),
        };
        let connection = client.connection();
        let calls = async {
            loop {
                let answer = connection.poll_workflow_execution_update(request.clone()).await?;
                if let Some(outcome) = answer.outcome {
                    return Ok(outcome);
                }
            }
        };
        connection.wait("the update's outcome", calls).await
    }
}

fn wait_for(stage: Stage) -> WaitPolicy {
    WaitPolicy {
        lifecycle_stage: stage.into(),
    }
}

fn failed(failure: Failure) -> UpdateCallError {
    UpdateCallError::Failed(UpdateFailure::from_failure(failure))
}

impl From<RpcError> for UpdateCallError {
    fn from(error: RpcError) -> Self {
        match Codec::of(&error) {
            Some(Codec::Out(error)) => return Self::Encode(error),
            Some(Codec::In(error)) => return Self::Decode(error),
            None => {}
        }
        match (error.code(), error.detail()) {
            (Code::FailedPrecondition, Some(ErrorDetail::WorkflowNotReady(_))) => Self::NotReady(error),
            _ if error.is_not_found() => Self::NotFound(error),
            _ => Self::Rpc(error),
        }
    }
}
