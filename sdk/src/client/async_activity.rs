//! Activities that are completed from outside their function.

use super::{Client, RpcError};
use crate::{
    convert::{About, EncodeError, PayloadContext},
    error::{ActivityError, Failure},
};
use bytes::Bytes;
use serde::Serialize;
use std::{error::Error, fmt};
use steadfast_proto::{common::Payloads, workflowservice::*};

/// An activity that said [`complete_async`](ActivityError::complete_async): whoever has this completes it.
#[derive(Debug, Clone)]
pub struct AsyncActivity {
    client: Client,
    name: Name,
    context: PayloadContext,
}

/// How the server finds it.
#[derive(Debug, Clone)]
enum Name {
    Token(Bytes),
    Id {
        workflow_id: String,
        run_id: String,
        activity_id: String,
    },
}

/// Why an activity was not completed from outside, or why it should stop.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AsyncActivityError {
    /// There is no such activity, or it has ended.
    NotFound(RpcError),
    /// The activity is to be cancelled: clean up, then [`report_cancelled`](AsyncActivity::report_cancelled).
    Cancelled,
    /// The value cannot be encoded.
    Encode(EncodeError),
    /// The call failed.
    Rpc(RpcError),
}

/// One call in its two forms: with a task token, with ids.
macro_rules! by_name {
    ($self:ident, $token_call:ident($token_request:ident), $id_call:ident($id_request:ident), { $($field:ident: $value:expr),* }) => {{
        let connection = $self.client.connection();
        let about = About { context: $self.context.clone(), ..About::default() };
        let namespace = $self.client.namespace().to_owned();
        let identity = $self.client.identity().to_owned();
        match &$self.name {
            Name::Token(task_token) => {
                let request = $token_request {
                    task_token: task_token.clone(),
                    namespace,
                    identity,
                    $($field: $value,)*
                    ..$token_request::default()
                };
                connection.$token_call(&about, request).await.map(|answer| answer.into())
            }
            Name::Id { workflow_id, run_id, activity_id } => {
                let request = $id_request {
                    namespace,
                    workflow_id: workflow_id.clone(),
                    run_id: run_id.clone(),
                    activity_id: activity_id.clone(),
                    identity,
                    $($field: $value,)*
                    ..$id_request::default()
                };
                connection.$id_call(&about, request).await.map(|answer| answer.into())
            }
        }
    }};
}

impl AsyncActivity {
    pub(super) fn by_token(client: Client, task_token: Bytes) -> Self {
        Self {
            client,
            name: Name::Token(task_token),
            context: PayloadContext::default(),
        }
    }

    pub(super) fn by_id(client: Client, workflow_id: String, activity_id: String) -> Self {
        Self {
            client,
            name: Name::Id {
                workflow_id,
                run_id: String::new(),
                activity_id,
            },
            context: PayloadContext::default(),
        }
    }

    /// The run that the activity belongs to, the latest one if it is not set. A task token says it already.
    #[must_use]
    pub fn with_run_id(mut self, id: impl Into<String>) -> Self {
        if let Name::Id { run_id, .. } = &mut self.name {
            *run_id = id.into();
        }
        self
    }

    /// What the activity is about, for codecs that want to know: a task token doesn't say it, and an id not all of it.
    #[must_use]
    pub fn in_context(mut self, context: PayloadContext) -> Self {
        self.context = context;
        self
    }

    /// Completes it with this result.
    ///
    /// # Errors
    /// The result cannot be encoded, there is no such activity, or the call fails.
    pub async fn complete<T: Serialize + Sync + 'static>(&self, result: &T) -> Result<(), AsyncActivityError> {
        let result = Some(self.client.converter().encode_result(result)?);
        let answer: Result<Done, RpcError> = by_name!(
            self,
            complete_async_activity(RespondActivityTaskCompletedRequest),
            respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest),
            { result: result }
        );
        answer?;
        Ok(())
    }

    /// Fails it; the server retries it as its policy says.
    ///
    /// # Errors
    /// There is no such activity, or the call fails.
    pub async fn fail(&self, error: impl Into<ActivityError> + Send) -> Result<(), AsyncActivityError> {
        let failure: Failure = error.into().into_failure();
        let answer: Result<Done, RpcError> = by_name!(
            self,
            fail_async_activity(RespondActivityTaskFailedRequest),
            respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest),
            { failure: Some(failure) }
        );
        answer?;
        Ok(())
    }

    /// Says that it stopped because its cancellation was asked for.
    ///
    /// # Errors
    /// There is no such activity, nobody asked for its cancellation, or the call fails.
    pub async fn report_cancelled(&self) -> Result<(), AsyncActivityError> {
        let answer: Result<Done, RpcError> = by_name!(
            self,
            cancel_async_activity(RespondActivityTaskCanceledRequest),
            respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest),
            {}
        );
        answer?;
        Ok(())
    }

    /// Says that the work goes on, and how far it is.
    ///
    /// # Errors
    /// [`AsyncActivityError::Cancelled`] if the work should stop; or the details cannot be encoded, there is no such
    /// activity, or the call fails.
    pub async fn heartbeat<T: Serialize + Sync + 'static>(&self, details: &T) -> Result<(), AsyncActivityError> {
        let details: Option<Payloads> = Some(self.client.converter().encode_result(details)?);
        let answer: Result<Beat, RpcError> = by_name!(
            self,
            heartbeat_async_activity(RecordActivityTaskHeartbeatRequest),
            record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest),
            { details: details }
        );
        if answer?.is_cancel_requested {
            Err(AsyncActivityError::Cancelled)
        } else {
            Ok(())
        }
    }
}

/// An answer that says nothing.
struct Done;

/// The answer to a heartbeat.
struct Beat {
    is_cancel_requested: bool,
}

macro_rules! answers {
    ($($answer:ty)*) => {$(
        impl From<$answer> for Done {
            fn from(_: $answer) -> Self {
                Self
            }
        }
    )*};
}

answers! {
    RespondActivityTaskCompletedResponse RespondActivityTaskCompletedByIdResponse RespondActivityTaskFailedResponse
    RespondActivityTaskFailedByIdResponse RespondActivityTaskCanceledResponse RespondActivityTaskCanceledByIdResponse
}

impl From<RecordActivityTaskHeartbeatResponse> for Beat {
    fn from(answer: RecordActivityTaskHeartbeatResponse) -> Self {
        Self {
            is_cancel_requested: answer.cancel_requested,
        }
    }
}

impl From<RecordActivityTaskHeartbeatByIdResponse> for Beat {
    fn from(answer: RecordActivityTaskHeartbeatByIdResponse) -> Self {
        Self {
            is_cancel_requested: answer.cancel_requested,
        }
    }
}

impl From<RpcError> for AsyncActivityError {
    fn from(error: RpcError) -> Self {
        if let Some(codec) = error.codec_error() {
            Self::Encode(EncodeError::codec(codec))
        } else if error.is_not_found() {
            Self::NotFound(error)
        } else {
            Self::Rpc(error)
        }
    }
}

impl From<EncodeError> for AsyncActivityError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl fmt::Display for AsyncActivityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(error) | Self::Rpc(error) => error.fmt(f),
            Self::Cancelled => f.write_str("the activity's cancellation was asked for"),
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl Error for AsyncActivityError {}
