//! A standalone Nexus operation, reached through a client.

use super::NexusOperationDescription;
use crate::{
    client::{Client, NexusOperationResultError, RequestError, new_id, standalone::Execution},
    convert::Data,
    error::NexusFailure,
};
use std::fmt;
use steadfast_proto::{
    enums::NexusOperationWaitStage,
    failure::{Failure, failure::FailureInfo},
    workflowservice::{
        DeleteNexusOperationExecutionRequest, DescribeNexusOperationExecutionRequest,
        PollNexusOperationExecutionRequest, PollNexusOperationExecutionResponse,
        RequestCancelNexusOperationExecutionRequest, TerminateNexusOperationExecutionRequest,
        poll_nexus_operation_execution_response::Outcome,
    },
};

/// A standalone Nexus operation, reached through a client. Cheap to clone.
#[derive(Clone)]
pub struct NexusOperationHandle {
    execution: Execution,
}

impl fmt::Debug for NexusOperationHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.execution.fmt_as("NexusOperationHandle", f)
    }
}

impl NexusOperationHandle {
    pub(super) fn new(client: Client, id: String, run_id: String) -> Self {
        Self::of(Execution { client, id, run_id })
    }

    fn of(execution: Execution) -> Self {
        Self { execution }
    }

    /// The operation's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.execution.id
    }

    /// The run that this handle started or is bound to, if it is known.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        self.execution.run_id()
    }

    /// The same, bound to one run: everything goes to it, and to no later one of the same id.
    #[must_use]
    pub fn with_run_id(&self, run_id: impl Into<String>) -> Self {
        Self::of(self.execution.with_run_id(run_id.into()))
    }

    /// Waits for the operation's result.
    ///
    /// # Errors
    /// It did not complete, there is no such operation, the result is no `O`, or the call fails.
    pub async fn result<O: Data>(&self) -> Result<O, NexusOperationResultError> {
        match self.reached(NexusOperationWaitStage::Closed).await?.outcome {
            Some(Outcome::Result(result)) => Ok(self.execution.client.converter().decode(Some(&result))?),
            None => Ok(self.execution.client.converter().decode(None)?),
            Some(Outcome::Failure(failure)) => Err(failed(failure)),
        }
    }

    /// Waits until the operation is done, or has said that it takes a while: then this is the token that its handler knows it by.
    ///
    /// # Errors
    /// There is no such operation, or the call fails.
    pub async fn started(&self) -> Result<Option<String>, NexusOperationResultError> {
        let token = self.reached(NexusOperationWaitStage::Started).await?.operation_token;
        Ok(Some(token).filter(|token| !token.is_empty()))
    }

    async fn reached(
        &self,
        stage: NexusOperationWaitStage,
    ) -> Result<PollNexusOperationExecutionResponse, NexusOperationResultError> {
        let request = PollNexusOperationExecutionRequest {
            namespace: self.execution.namespace(),
            operation_id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
            wait_stage: stage.into(),
        };
        let connection = self.execution.client.connection();
        let calls = async {
            loop {
                let answer = connection.poll_nexus_operation_execution(request.clone()).await?;
                // The server answers after a while, whatever has become of the operation.
                if answer.wait_stage() >= stage {
                    return Ok::<_, NexusOperationResultError>(answer);
                }
            }
        };
        connection.wait("the operation's outcome", calls).await
    }

    /// What the server knows about it: status, attempts, times and so on.
    ///
    /// # Errors
    /// There is no such operation, or the call fails.
    pub async fn describe(&self) -> Result<NexusOperationDescription, RequestError> {
        let request = DescribeNexusOperationExecutionRequest {
            namespace: self.execution.namespace(),
            operation_id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
            ..DescribeNexusOperationExecutionRequest::default()
        };
        let answer = self
            .execution
            .client
            .connection()
            .describe_nexus_operation_execution(request)
            .await?;
        Ok(NexusOperationDescription::new(
            answer,
            self.execution.client.converter().clone(),
        ))
    }

    /// Asks the operation's handler to end it.
    ///
    /// # Errors
    /// There is no such operation, it has ended, or the call fails.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<(), RequestError> {
        let request = RequestCancelNexusOperationExecutionRequest {
            namespace: self.execution.namespace(),
            operation_id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
            identity: self.execution.identity(),
            request_id: new_id(),
            reason: reason.into(),
        };
        self.execution
            .client
            .connection()
            .request_cancel_nexus_operation_execution(request)
            .await?;
        Ok(())
    }

    /// Ends the operation at once. Its handler is not asked, and goes on with what it does.
    ///
    /// # Errors
    /// There is no such operation, it has ended, or the call fails.
    pub async fn terminate(&self, reason: impl Into<String>) -> Result<(), RequestError> {
        let request = TerminateNexusOperationExecutionRequest {
            namespace: self.execution.namespace(),
            operation_id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
            identity: self.execution.identity(),
            request_id: new_id(),
            reason: reason.into(),
        };
        self.execution
            .client
            .connection()
            .terminate_nexus_operation_execution(request)
            .await?;
        Ok(())
    }

    /// Removes the operation; ends it first, if it has not ended. The server does it a little later.
    ///
    /// # Errors
    /// There is no such operation, or the call fails.
    pub async fn delete(&self) -> Result<(), RequestError> {
        let request = DeleteNexusOperationExecutionRequest {
            namespace: self.execution.namespace(),
            operation_id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
        };
        self.execution.client.connection().call(request).await?;
        Ok(())
    }
}

fn failed(failure: Failure) -> NexusOperationResultError {
    // What the handler said is within a failure that tells of the operation, or alone.
    let told = match (&failure.failure_info, &failure.cause) {
        (Some(FailureInfo::NexusOperationExecutionFailureInfo(_)), Some(cause)) => cause,
        _ => &failure,
    };
    let kind: fn(NexusFailure) -> NexusOperationResultError = match &told.failure_info {
        Some(FailureInfo::CanceledFailureInfo(_)) => NexusOperationResultError::Cancelled,
        Some(FailureInfo::TerminatedFailureInfo(_)) => NexusOperationResultError::Terminated,
        Some(FailureInfo::TimeoutFailureInfo(_)) => NexusOperationResultError::TimedOut,
        _ => NexusOperationResultError::Failed,
    };
    kind(NexusFailure::from_failure(failure))
}
