//! What a server answers instead of what was asked for.

use crate::convert::CodecError;
use std::{error::Error, fmt, time::Duration};
use steadfast_proto::{
    errordetails::{multi_operation_execution_failure::OperationStatus, *},
    prost::{Message, Name},
    rpc,
    tonic::{Code, Status},
};

/// A call that the server refused, or that did not get through.
#[derive(Clone)]
pub struct RpcError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: String,
    detail: Option<ErrorDetail>,
    codec: Option<CodecError>,
}

macro_rules! details {
    ($($(#[$doc:meta])* $name:ident($message:ident),)*) => {
        /// What a server tells about an error beside code and message.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant)] // an error is in a box as a whole
        pub enum ErrorDetail {
            $($(#[$doc])* $name($message),)*
        }

        impl ErrorDetail {
            /// The detail of this type, `None` if it is of a type without meaning here.
            fn decode(type_name: &str, value: &[u8]) -> Option<Self> {
                match type_name {
                    $(name if name == <$message as Name>::full_name() => $message::decode(value).ok().map(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

details! {
    /// There is no such workflow, run, activity or update.
    NotFound(NotFoundFailure),
    /// There is no such namespace.
    NamespaceNotFound(NamespaceNotFoundFailure),
    /// There is such a namespace already.
    NamespaceAlreadyExists(NamespaceAlreadyExistsFailure),
    /// A workflow of this id runs, or ran, already.
    WorkflowAlreadyStarted(WorkflowExecutionAlreadyStartedFailure),
    /// A standalone activity of this id runs, or ran, already.
    ActivityAlreadyStarted(ActivityExecutionAlreadyStartedFailure),
    /// A standalone Nexus operation of this id runs, or ran, already.
    NexusOperationAlreadyStarted(NexusOperationExecutionAlreadyStartedFailure),
    /// The query's handler failed.
    QueryFailed(QueryFailedFailure),
    /// The workflow cannot be asked now, as its tasks fail, say.
    WorkflowNotReady(WorkflowNotReadyFailure),
    /// The caller may not do this.
    PermissionDenied(PermissionDeniedFailure),
    /// The server has had enough for now.
    ResourceExhausted(ResourceExhaustedFailure),
    /// One of several operations in one request failed.
    MultiOperationFailed(MultiOperationExecutionFailure),
    /// The server does not support this client any more.
    ClientVersionNotSupported(ClientVersionNotSupportedFailure),
    /// The request is only possible on another cluster.
    NamespaceNotActive(NamespaceNotActiveFailure),
}

impl ErrorDetail {
    fn of(detail: &prost_types::Any) -> Option<Self> {
        let type_name = detail.type_url.rsplit('/').next().unwrap_or_default();
        Self::decode(type_name, &detail.value)
    }
}

impl RpcError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            detail: None,
            codec: None,
        }))
    }

    /// A codec gave up, before or after the server had the request.
    pub(super) fn codec(error: CodecError) -> Self {
        Self(Box::new(Inner {
            code: Code::Unknown,
            message: error.to_string(),
            detail: None,
            codec: Some(error),
        }))
    }

    /// The call took longer than it may.
    pub(super) fn timed_out(path: &str, timeout: Duration) -> Self {
        let message = format!("{path} has not been answered within {timeout:?}, its timeout");
        Self::new(Code::DeadlineExceeded, message)
    }

    /// The part of an answer that is about one of several operations.
    pub(crate) fn of_operation(status: &OperationStatus) -> Self {
        Self(Box::new(Inner {
            code: Code::from_i32(status.code),
            message: status.message.clone(),
            detail: status.details.first().and_then(ErrorDetail::of),
            codec: None,
        }))
    }

    /// The gRPC status code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the server says about it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the server tells about it beside code and message.
    #[must_use]
    pub fn detail(&self) -> Option<&ErrorDetail> {
        self.0.detail.as_ref()
    }

    /// What is wrong with the payloads, if it wasn't the server that refused but a codec here that gave up.
    #[must_use]
    pub fn codec_error(&self) -> Option<&CodecError> {
        self.0.codec.as_ref()
    }

    pub(super) fn detail_mut(&mut self) -> Option<&mut ErrorDetail> {
        self.0.detail.as_mut()
    }

    /// Whether somebody else changed what was to be changed in the meantime.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self.code(), Code::FailedPrecondition | Code::Aborted)
    }

    /// Whether what was asked about does not exist, though its namespace does.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code() == Code::NotFound && !matches!(self.detail(), Some(ErrorDetail::NamespaceNotFound(_)))
    }
}

impl From<Status> for RpcError {
    fn from(status: Status) -> Self {
        let detail = rpc::Status::decode(status.details())
            .ok()
            .and_then(|status| status.details.into_iter().next())
            .and_then(|detail| ErrorDetail::of(&detail));
        Self(Box::new(Inner {
            code: status.code(),
            message: with_sources(&status),
            detail,
            codec: None,
        }))
    }
}

/// The message, and where it is only "transport error", what lies behind it.
fn with_sources(status: &Status) -> String {
    let mut message = status.message().to_owned();
    let mut source = status.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !text.is_empty() && !message.contains(&text) {
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&text);
        }
        source = error.source();
    }
    message
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.codec_error() {
            return error.fmt(f);
        }
        if self.message().is_empty() {
            return self.code().fmt(f);
        }
        write!(f, "{} ({:?})", self.message(), self.code())
    }
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcError")
            .field("code", &self.code())
            .field("message", &self.message())
            .field("detail", &self.detail())
            .finish()
    }
}

impl Error for RpcError {}
