//! A start and an update in one step.

use super::{
    Client, Code, ErrorDetail, RpcError, StartError, ToClient, UpdateCall, UpdateCallError, UpdateHandle,
    UpdateWithStartError, WorkflowHandle, error::Codec, start::prepare, update::is_decided,
};
use crate::{
    convert::{Data, EncodeError},
    handle::Handle,
    workflow::Workflow,
};
use std::{future::IntoFuture, marker::PhantomData};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::Payloads,
    enums::UpdateWorkflowExecutionLifecycleStage as Stage,
    workflowservice::{
        ExecuteMultiOperationRequest, StartWorkflowExecutionRequest, StartWorkflowExecutionResponse,
        UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
        execute_multi_operation_request::{Operation, operation::Operation as Asked},
        execute_multi_operation_response::response::Response as Answer,
    },
};

/// An update that goes along with a start.
#[must_use = "return it from the closure of `with_update`"]
pub struct StartUpdate<O> {
    name: String,
    arguments: Result<Payloads, EncodeError>,
    id: Option<String>,
    _output: PhantomData<fn() -> O>,
}

impl<O> StartUpdate<O> {
    pub(super) fn new(name: String, arguments: Result<Payloads, EncodeError>) -> Self {
        Self {
            name,
            arguments,
            id: None,
            _output: PhantomData,
        }
    }

    /// Updates of the same id are one: a second call waits for the first one's result.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

/// The start of a workflow and its first update, or the update of the workflow that runs already, when awaited: the
/// workflow's handle and the update's result.
#[must_use = "nothing starts until awaited"]
pub struct UpdateWithStartCall<W: ?Sized, O> {
    client: Client,
    start: Box<StartWorkflowExecutionRequest>,
    error: Option<EncodeError>,
    update: StartUpdate<O>,
    _workflow: PhantomData<fn(&W)>,
}

impl<W: Workflow + ?Sized, O: Data> UpdateWithStartCall<W, O> {
    pub(super) fn new(
        client: Client,
        start: Box<StartWorkflowExecutionRequest>,
        error: Option<EncodeError>,
        update: StartUpdate<O>,
    ) -> Self {
        Self {
            client,
            start,
            error,
            update,
            _workflow: PhantomData,
        }
    }

    /// Sends both now, and waits until the workflow has accepted the update.
    ///
    /// # Errors
    /// The workflow was not started, or it rejected the update, or the call fails.
    pub async fn start(self) -> Result<(WorkflowHandle<W>, UpdateHandle<O>), UpdateWithStartError> {
        self.send(Stage::Accepted).await
    }

    async fn send(mut self, wanted: Stage) -> Result<(WorkflowHandle<W>, UpdateHandle<O>), UpdateWithStartError> {
        if let Some(error) = self.error {
            return Err(StartError::from(error).into());
        }
        prepare(&mut self.start);
        let workflow_id = self.start.workflow_id.clone();
        let target = ToClient::new(self.client.clone(), workflow_id.clone());
        let mut update: UpdateCall<O> = UpdateCall::new(target, self.update.name, self.update.arguments);
        if let Some(id) = self.update.id {
            update = update.id(id);
        }
        let update = update.into_request(wanted)?;
        let request = request(*self.start, update);
        let connection = self.client.connection();
        let calls = async {
            loop {
                let answer = connection.execute_multi_operation(request.clone()).await?;
                let (started, updated) = parts(answer.responses.into_iter().filter_map(|response| response.response));
                // The server answers after a while, whatever the stage. Asked again, it finds the same start and update.
                if is_decided(&updated) {
                    return Ok((started, updated));
                }
            }
        };
        let (started, updated) = match connection.wait("the update", calls).await {
            Ok(decided) => decided,
            Err(error) => return Err(refused(error, workflow_id)),
        };
        let target = ToClient::started(self.client, workflow_id, started.run_id);
        let update = UpdateHandle::decided(target.clone(), updated, wanted)?;
        Ok((Handle::of(target), update))
    }
}

impl<W: Workflow + ?Sized + 'static, O: Data> IntoFuture for UpdateWithStartCall<W, O> {
    type Output = Result<(WorkflowHandle<W>, O), UpdateWithStartError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (workflow, update) = self.send(Stage::Completed).await?;
            let output = update.result().await?;
            Ok((workflow, output))
        })
    }
}

fn request(
    start: StartWorkflowExecutionRequest,
    update: UpdateWorkflowExecutionRequest,
) -> ExecuteMultiOperationRequest {
    ExecuteMultiOperationRequest {
        namespace: start.namespace.clone(),
        operations: [Asked::StartWorkflow(start), Asked::UpdateWorkflow(update)]
            .map(|operation| Operation {
                operation: Some(operation),
            })
            .into(),
        ..ExecuteMultiOperationRequest::default()
    }
}

fn parts(answers: impl Iterator<Item = Answer>) -> (StartWorkflowExecutionResponse, UpdateWorkflowExecutionResponse) {
    let (mut started, mut updated) = Default::default();
    for answer in answers {
        match answer {
            Answer::StartWorkflow(answer) => started = answer,
            Answer::UpdateWorkflow(answer) => updated = answer,
        }
    }
    (started, updated)
}

/// The first operation is the start. The one that is not to blame has status `Aborted`.
fn refused(error: RpcError, workflow_id: String) -> UpdateWithStartError {
    if let Some(Codec::In(error)) = Codec::of(&error) {
        return UpdateCallError::Decode(error).into();
    }
    let Some(ErrorDetail::MultiOperationFailed(failure)) = error.detail() else {
        return StartError::of(error, workflow_id).into();
    };
    let mut statuses = failure.statuses.iter().map(RpcError::of_operation);
    let is_to_blame = |status: &RpcError| !matches!(status.code(), Code::Ok | Code::Aborted);
    match (statuses.next().filter(is_to_blame), statuses.next().filter(is_to_blame)) {
        (Some(start), _) => StartError::of(start, workflow_id).into(),
        (None, Some(update)) => UpdateCallError::from(update).into(),
        (None, None) => StartError::of(error, workflow_id).into(),
    }
}
