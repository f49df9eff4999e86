//! What can go wrong, one enum for each question.

use super::{Code, RpcError, WorkflowStatus};
use crate::{
    convert::{DecodeError, EncodeError},
    error::{ActivityFailure, NexusFailure, QueryFailure, UpdateFailure, WorkflowFailure},
};
use std::{error::Error, fmt};

/// An enum whose variants print what they hold, after a few words, and name it as their source.
macro_rules! client_errors {
    ($(
        $(#[$meta:meta])*
        $name:ident {
            $($(#[$doc:meta])* $variant:ident($inner:ty) = $words:literal,)*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant($inner),)*
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(inner) => write!(f, concat!($words, "{}"), inner),)*
                }
            }
        }

        impl Error for $name {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                match self {
                    $(Self::$variant(inner) => inner.source(),)*
                }
            }
        }

        $(client_errors!(@from $name $variant $inner);)*
    )*};
    (@from $name:ident Encode $inner:ty) => { client_errors!(@impl $name Encode $inner); };
    (@from $name:ident Option $inner:ty) => { client_errors!(@impl $name Option $inner); };
    (@from $name:ident Decode $inner:ty) => { client_errors!(@impl $name Decode $inner); };
    (@from $name:ident Start $inner:ty) => { client_errors!(@impl $name Start $inner); };
    (@from $name:ident Update $inner:ty) => { client_errors!(@impl $name Update $inner); };
    (@from $name:ident Result $inner:ty) => { client_errors!(@impl $name Result $inner); };
    (@from $name:ident $variant:ident $inner:ty) => {};
    (@impl $name:ident $variant:ident $inner:ty) => {
        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self::$variant(inner)
            }
        }
    };
}

client_errors! {
    /// Why a workflow was not started.
    StartError {
        /// A workflow of this id runs already, or ran and its id must not be used again.
        AlreadyStarted(AlreadyStarted) = "",
        /// An argument cannot be encoded.
        Encode(EncodeError) = "not started: ",
        /// An option has no place here.
        Option(UnfitOption) = "not started: ",
        /// The call failed.
        Rpc(RpcError) = "not started: ",
    }

    /// Why a signal was not sent.
    SignalError {
        /// There is no such workflow, or it does not run any more.
        NotFound(RpcError) = "not signalled: ",
        /// An argument cannot be encoded.
        Encode(EncodeError) = "not signalled: ",
        /// The call failed.
        Rpc(RpcError) = "not signalled: ",
    }

    /// Why a query was not answered.
    QueryError {
        /// The handler failed, there is none of this name, or the arguments were not those it takes.
        Failed(QueryFailure) = "the query failed: ",
        /// The workflow is in a state in which the query was not to be answered.
        Rejected(Rejected) = "the query was rejected: ",
        /// There is no such workflow.
        NotFound(RpcError) = "",
        /// Nobody can answer now: no worker polls the task queue, or the workflow's tasks fail.
        NotReady(RpcError) = "nobody can answer the query: ",
        /// An argument cannot be encoded.
        Encode(EncodeError) = "not asked: ",
        /// The answer is not of the expected type.
        Decode(DecodeError) = "the answer: ",
        /// The call failed.
        Rpc(RpcError) = "not answered: ",
    }

    /// Why an update has no result.
    UpdateCallError {
        /// It was rejected, by the validator say, or its handler failed. The server does not tell which; a typed error
        /// does.
        Failed(UpdateFailure) = "the update failed: ",
        /// There is no such workflow or update, or the workflow closed before it saw the update.
        NotFound(RpcError) = "",
        /// Nobody can handle it now: the workflow's tasks fail.
        NotReady(RpcError) = "nobody can handle the update: ",
        /// An argument cannot be encoded.
        Encode(EncodeError) = "not sent: ",
        /// The result is not of the expected type.
        Decode(DecodeError) = "the result: ",
        /// The call failed.
        Rpc(RpcError) = "not updated: ",
    }

    /// Why a workflow has no result.
    ResultError {
        /// It failed.
        Failed(WorkflowFailure) = "the workflow failed: ",
        /// It was cancelled.
        Cancelled(WorkflowFailure) = "the workflow was cancelled: ",
        /// Somebody terminated it.
        Terminated(WorkflowFailure) = "the workflow was terminated: ",
        /// It took longer than it may.
        TimedOut(WorkflowFailure) = "the workflow timed out: ",
        /// It goes on in another run, and only this run's result was asked for.
        ContinuedAsNew(ContinuedAsNew) = "the workflow ",
        /// There is no such workflow.
        NotFound(RpcError) = "",
        /// The result is not of the expected type.
        Decode(DecodeError) = "the result: ",
        /// The call failed.
        Rpc(RpcError) = "no result: ",
    }

    /// Why a workflow was not started, or has no result.
    ExecuteError {
        /// It was not started.
        Start(StartError) = "",
        /// It was started, and has no result.
        Result(ResultError) = "",
    }

    /// Why a workflow was not started and updated at once.
    UpdateWithStartError {
        /// It was not started, nor was there one.
        Start(StartError) = "",
        /// The update has no result. The workflow may have been started.
        Update(UpdateCallError) = "",
    }

    /// Why a request about a schedule failed.
    ScheduleError {
        /// There is a schedule of this id already.
        AlreadyExists(RpcError) = "",
        /// There is no such schedule.
        NotFound(RpcError) = "",
        /// An argument or a field of a memo cannot be encoded.
        Encode(EncodeError) = "the schedule: ",
        /// An option of the workflow has no place in a schedule.
        Option(UnfitOption) = "the schedule: ",
        /// The call failed.
        Rpc(RpcError) = "",
    }

    /// Why a request about a batch failed.
    BatchError {
        /// There is a batch of this id already.
        AlreadyExists(RpcError) = "",
        /// There is no such batch.
        NotFound(RpcError) = "",
        /// An argument of the signal cannot be encoded.
        Encode(EncodeError) = "the signal: ",
        /// The call failed.
        Rpc(RpcError) = "",
    }

    /// Why an operator's request failed: about a namespace, a search attribute, a Nexus endpoint, a deployment.
    OperatorError {
        /// There is such a thing already.
        AlreadyExists(RpcError) = "",
        /// There is no such thing.
        NotFound(RpcError) = "",
        /// A note cannot be encoded.
        Encode(EncodeError) = "not sent: ",
        /// The call failed: what is to be deleted is in use, say.
        Rpc(RpcError) = "",
    }

    /// Why a standalone activity was not started.
    StartActivityError {
        /// An activity of this id runs already, or ran and its id must not be used again.
        AlreadyStarted(ActivityAlreadyStarted) = "",
        /// An argument cannot be encoded.
        Encode(EncodeError) = "not started: ",
        /// The call failed.
        Rpc(RpcError) = "not started: ",
    }

    /// Why a standalone activity has no result.
    ActivityResultError {
        /// It failed, all its attempts included.
        Failed(ActivityFailure) = "the activity failed: ",
        /// It was cancelled.
        Cancelled(ActivityFailure) = "the activity was cancelled: ",
        /// Somebody terminated it.
        Terminated(ActivityFailure) = "the activity was terminated: ",
        /// It took longer than it may.
        TimedOut(ActivityFailure) = "the activity timed out: ",
        /// There is no such activity.
        NotFound(RpcError) = "",
        /// The result is not of the expected type.
        Decode(DecodeError) = "the result: ",
        /// The call failed.
        Rpc(RpcError) = "no result: ",
    }

    /// Why a standalone activity was not started, or has no result.
    ExecuteActivityError {
        /// It was not started.
        Start(StartActivityError) = "",
        /// It was started, and has no result.
        Result(ActivityResultError) = "",
    }

    /// Why a standalone Nexus operation was not started.
    StartNexusOperationError {
        /// An operation of this id runs already, or ran and its id must not be used again.
        AlreadyStarted(NexusOperationAlreadyStarted) = "",
        /// The input cannot be encoded.
        Encode(EncodeError) = "not started: ",
        /// There is no such endpoint.
        NotFound(RpcError) = "not started: ",
        /// The call failed: the server has such operations switched off, say.
        Rpc(RpcError) = "not started: ",
    }

    /// Why a standalone Nexus operation has no result.
    NexusOperationResultError {
        /// It failed, all its attempts included.
        Failed(NexusFailure) = "the operation failed: ",
        /// It was cancelled.
        Cancelled(NexusFailure) = "the operation was cancelled: ",
        /// Somebody terminated it.
        Terminated(NexusFailure) = "the operation was terminated: ",
        /// It took longer than it may.
        TimedOut(NexusFailure) = "the operation timed out: ",
        /// There is no such operation.
        NotFound(RpcError) = "",
        /// The result is not of the expected type.
        Decode(DecodeError) = "the result: ",
        /// The call failed.
        Rpc(RpcError) = "no result: ",
    }

    /// Why a workflow was not reset.
    ResetError {
        /// There is no such workflow.
        NotFound(RpcError) = "",
        /// It has no workflow task to go back to.
        NoTask(NoWorkflowTask) = "",
        /// The call failed: the event does not end a workflow task, say.
        Rpc(RpcError) = "",
    }

    /// Why a request about a workflow failed.
    RequestError {
        /// There is no such workflow, or it does not run any more.
        NotFound(RpcError) = "",
        /// The call failed.
        Rpc(RpcError) = "",
    }
}

/// Who has the id already.
macro_rules! already_started {
    ($($(#[$meta:meta])* $name:ident $noun:literal $id:ident: $doc:literal,)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(Box<(String, String)>);

        impl $name {
            pub(super) fn new(id: String, run_id: String) -> Self {
                Self(Box::new((id, run_id)))
            }

            #[doc = $doc]
            #[must_use]
            pub fn $id(&self) -> &str {
                &self.0.0
            }

            /// Its run's id, empty if the server does not tell.
            #[must_use]
            pub fn run_id(&self) -> &str {
                &self.0.1
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (id, run_id) = &*self.0;
                write!(f, concat!($noun, " \"{}\" is started already, its run is {}"), id, run_id)
            }
        }

        impl Error for $name {}
    )*};
}

already_started! {
    /// Which workflow there is already.
    AlreadyStarted "workflow" workflow_id: "The workflow's id.",
    /// Which standalone activity there is already.
    ActivityAlreadyStarted "activity" activity_id: "The activity's id.",
    /// Which standalone Nexus operation there is already.
    NexusOperationAlreadyStarted "Nexus operation" operation_id: "The operation's id.",
}

/// An option that was set where it has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfitOption {
    option: &'static str,
    place: &'static str,
}

impl UnfitOption {
    pub(super) fn new(option: &'static str, place: &'static str) -> Self {
        Self { option, place }
    }

    /// The option's name.
    #[must_use]
    pub fn option(&self) -> &'static str {
        self.option
    }
}

impl fmt::Display for UnfitOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, place } = self;
        write!(f, "`{option}` is set, and {place} has no such option: leave it out")
    }
}

impl Error for UnfitOption {}

/// The state in which a query was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected(pub WorkflowStatus);

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the workflow is {:?}", self.0)
    }
}

impl Error for Rejected {}

/// The run in which a workflow goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContinuedAsNew(Box<str>);

impl ContinuedAsNew {
    pub(super) fn new(run_id: String) -> Self {
        Self(run_id.into())
    }

    /// The next run's id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContinuedAsNew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goes on in run {}", self.0)
    }
}

impl Error for ContinuedAsNew {}

/// A workflow has had no workflow task yet, as when its start is delayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoWorkflowTask;

impl fmt::Display for NoWorkflowTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the workflow has had no workflow task yet to go back to; reset it once it has begun")
    }
}

impl Error for NoWorkflowTask {}

/// On which side of a call a codec gave up.
pub(super) enum Codec {
    /// Nothing was sent.
    Out(EncodeError),
    /// The answer cannot be read.
    In(DecodeError),
}

impl Codec {
    pub(super) fn of(error: &RpcError) -> Option<Self> {
        let error = error.codec_error()?;
        Some(if error.is_decoding() {
            Self::In(DecodeError::codec(error))
        } else {
            Self::Out(EncodeError::codec(error))
        })
    }
}

/// Sorts out what does not exist.
macro_rules! from_rpc {
    ($($name:ident $($side:ident => $variant:ident)?;)*) => {$(
        impl From<RpcError> for $name {
            fn from(error: RpcError) -> Self {
                $(if let Some(Codec::$side(error)) = Codec::of(&error) {
                    return Self::$variant(error);
                })?
                if error.is_not_found() { Self::NotFound(error) } else { Self::Rpc(error) }
            }
        }
    )*};
}
from_rpc!(
    SignalError Out => Encode;
    RequestError;
    ResetError;
    ResultError In => Decode;
    ActivityResultError In => Decode;
    NexusOperationResultError In => Decode;
    StartNexusOperationError Out => Encode;
);

/// Sorts out what does not exist, and what does already.
macro_rules! from_rpc_create {
    ($($name:ident)*) => {$(
        impl From<RpcError> for $name {
            fn from(error: RpcError) -> Self {
                if let Some(Codec::Out(error)) = Codec::of(&error) {
                    return Self::Encode(error);
                }
                match error.code() {
                    Code::AlreadyExists => Self::AlreadyExists(error),
                    _ if error.is_not_found() => Self::NotFound(error),
                    _ => Self::Rpc(error),
                }
            }
        }
    )*};
}
from_rpc_create!(BatchError ScheduleError);

impl From<RpcError> for OperatorError {
    fn from(error: RpcError) -> Self {
        match error.code() {
            Code::AlreadyExists => Self::AlreadyExists(error),
            // Here a namespace may be what is asked about.
            Code::NotFound => Self::NotFound(error),
            _ => Self::Rpc(error),
        }
    }
}

impl ResultError {
    /// The failure with which the workflow was closed, if it was.
    #[must_use]
    pub fn failure(&self) -> Option<&WorkflowFailure> {
        match self {
            Self::Failed(failure) | Self::Cancelled(failure) | Self::Terminated(failure) | Self::TimedOut(failure) => {
                Some(failure)
            }
            Self::ContinuedAsNew(_) | Self::NotFound(_) | Self::Decode(_) | Self::Rpc(_) => None,
        }
    }
}
