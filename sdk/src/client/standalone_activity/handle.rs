//! A standalone activity, reached through a client.

use super::ActivityDescription;
use crate::{
    client::{
        ActivityResultError, Client, PauseActivityCall, RequestError, ResetActivityCall, Standalone,
        UnpauseActivityCall, UpdateActivityOptionsCall, activity_operation::Named, new_id, standalone::Execution,
    },
    convert::Data,
    error::{ActivityFailure, Failure, SOURCE},
};
use std::{fmt, future::IntoFuture, marker::PhantomData};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    activity::{ActivityExecutionOutcome, activity_execution_outcome::Value},
    failure::{ActivityFailureInfo, failure::FailureInfo},
    workflowservice::{
        DeleteActivityExecutionRequest, DescribeActivityExecutionRequest, PollActivityExecutionRequest,
        RequestCancelActivityExecutionRequest, TerminateActivityExecutionRequest,
    },
};

/// A standalone activity, reached through a client; it returns an `O`. Cheap to clone.
pub struct ActivityHandle<O> {
    execution: Execution,
    _output: PhantomData<fn() -> O>,
}

impl<O> Clone for ActivityHandle<O> {
    fn clone(&self) -> Self {
        Self::of(self.execution.clone())
    }
}

impl<O> fmt::Debug for ActivityHandle<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.execution.fmt_as("ActivityHandle", f)
    }
}

impl<O> ActivityHandle<O> {
    pub(super) fn new(client: Client, id: String, run_id: String) -> Self {
        Self::of(Execution { client, id, run_id })
    }

    fn of(execution: Execution) -> Self {
        Self {
            execution,
            _output: PhantomData,
        }
    }

    /// The activity's id.
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

    /// Waits for the activity's result, all its attempts included.
    pub fn result(&self) -> ActivityResultCall<O> {
        ActivityResultCall { handle: self.clone() }
    }

    /// What the server knows about it: status, attempts, times, heartbeat details and so on.
    ///
    /// # Errors
    /// There is no such activity, or the call fails.
    pub async fn describe(&self) -> Result<ActivityDescription, RequestError> {
        let request = DescribeActivityExecutionRequest {
            namespace: self.execution.namespace(),
            activity_id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
            include_heartbeat_details: true,
            include_last_failure: true,
            ..DescribeActivityExecutionRequest::default()
        };
        let answer = self
            .execution
            .client
            .connection()
            .describe_activity_execution(request)
            .await?;
        Ok(ActivityDescription::new(
            answer,
            self.execution.client.converter().clone(),
        ))
    }

    /// Asks the activity to end: it hears of it with its next heartbeat, and decides.
    pub fn cancel(&self) -> CancelActivityCall {
        CancelActivityCall {
            client: self.execution.client.clone(),
            request: Box::new(RequestCancelActivityExecutionRequest {
                namespace: self.execution.namespace(),
                activity_id: self.execution.id.clone(),
                run_id: self.execution.run_id.clone(),
                identity: self.execution.identity(),
                request_id: new_id(),
                reason: String::new(),
            }),
        }
    }

    /// Ends the activity at once, without its code being asked.
    ///
    /// # Errors
    /// There is no such activity, it has ended, or the call fails.
    pub async fn terminate(&self, reason: impl Into<String>) -> Result<(), RequestError> {
        let request = TerminateActivityExecutionRequest {
            namespace: self.execution.namespace(),
            activity_id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
            identity: self.execution.identity(),
            request_id: new_id(),
            reason: reason.into(),
        };
        self.execution
            .client
            .connection()
            .terminate_activity_execution(request)
            .await?;
        Ok(())
    }

    /// Removes the activity; ends it first, if it has not ended. The server does it a little later.
    ///
    /// # Errors
    /// There is no such activity, or the call fails.
    pub async fn delete(&self) -> Result<(), RequestError> {
        let request = DeleteActivityExecutionRequest {
            namespace: self.execution.namespace(),
            activity_id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
        };
        self.execution.client.connection().call(request).await?;
        Ok(())
    }

    /// Makes no further attempt until it is unpaused; one that runs is asked to end with its next heartbeat.
    pub fn pause(&self) -> PauseActivityCall {
        PauseActivityCall::new(self.execution.client.clone(), self.named())
    }

    /// Goes on after a pause.
    pub fn unpause(&self) -> UnpauseActivityCall<Standalone> {
        UnpauseActivityCall::new(self.execution.client.clone(), self.named())
    }

    /// Begins anew with the first attempt.
    pub fn reset(&self) -> ResetActivityCall {
        ResetActivityCall::new(self.execution.client.clone(), self.named())
    }

    /// Changes how it is run: its time-outs, its retries, its task queue.
    pub fn update_options(&self) -> UpdateActivityOptionsCall {
        UpdateActivityOptionsCall::new(self.execution.client.clone(), self.named())
    }

    fn named(&self) -> Named {
        Named::Standalone {
            id: self.execution.id.clone(),
            run_id: self.execution.run_id.clone(),
        }
    }
}

/// The wait for a standalone activity's result.
#[must_use = "nothing is waited for until awaited"]
pub struct ActivityResultCall<O> {
    handle: ActivityHandle<O>,
}

impl<O: Data> IntoFuture for ActivityResultCall<O> {
    type Output = Result<O, ActivityResultError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Execution { client, id, run_id } = self.handle.execution;
        Box::pin(async move {
            let request = PollActivityExecutionRequest {
                namespace: client.namespace().to_owned(),
                activity_id: id.clone(),
                run_id,
            };
            let connection = client.connection();
            let calls = async {
                loop {
                    let answer = connection.poll_activity_execution(request.clone()).await?;
                    // The server answers after a while, whether there is an outcome or not.
                    if let Some(outcome) = answer.outcome {
                        return Ok::<_, ActivityResultError>(outcome);
                    }
                }
            };
            let ActivityExecutionOutcome { value, retry_state } =
                connection.wait("the activity's outcome", calls).await?;
            match value {
                Some(Value::Result(result)) => Ok(client.converter().decode_result(Some(&result))?),
                None => Ok(client.converter().decode_result(None)?),
                Some(Value::Failure(failure)) => Err(failed(failure, id, retry_state)),
            }
        })
    }
}

/// As the failure of an activity that a workflow called would be.
fn failed(failure: Failure, activity_id: String, retry_state: i32) -> ActivityResultError {
    let kind: fn(ActivityFailure) -> ActivityResultError = match &failure.failure_info {
        Some(FailureInfo::CanceledFailureInfo(_)) => ActivityResultError::Cancelled,
        Some(FailureInfo::TerminatedFailureInfo(_)) => ActivityResultError::Terminated,
        Some(FailureInfo::TimeoutFailureInfo(_)) => ActivityResultError::TimedOut,
        _ => ActivityResultError::Failed,
    };
    let info = ActivityFailureInfo {
        activity_id,
        retry_state,
        ..ActivityFailureInfo::default()
    };
    kind(ActivityFailure::from_failure(Failure {
        message: "the activity did not complete".to_owned(),
        source: SOURCE.to_owned(),
        cause: Some(Box::new(failure)),
        failure_info: Some(FailureInfo::ActivityFailureInfo(info)),
        ..Failure::default()
    }))
}

/// A request to end, sent when awaited.
#[must_use = "it is not sent until awaited"]
pub struct CancelActivityCall {
    client: Client,
    request: Box<RequestCancelActivityExecutionRequest>,
}

impl CancelActivityCall {
    /// Why, which its description tells.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.request.reason = reason.into();
        self
    }

    /// Requests of the same id count once.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request.request_id = id.into();
        self
    }
}

impl IntoFuture for CancelActivityCall {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.client
                .connection()
                .request_cancel_activity_execution(self.request)
                .await?;
            Ok(())
        })
    }
}
