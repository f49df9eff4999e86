//! What a caller is told when a request fails: a code, a text and, where the protocol has one, a typed detail.

use std::borrow::Cow;
use steadfast_proto::prost::{Message, Name};
use steadfast_proto::{errordetails, failure::Failure, prost_types::Any};

/// The gRPC codes that the engine answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request itself is wrong.
    InvalidArgument = 3,
    /// The caller's or the server's time for the request ran out.
    DeadlineExceeded = 4,
    /// What the request names is not there.
    NotFound = 5,
    /// What the request would make is there.
    AlreadyExists = 6,
    /// The request is not allowed.
    PermissionDenied = 7,
    /// A limit is reached.
    ResourceExhausted = 8,
    /// The request does not fit the state of what it names.
    FailedPrecondition = 9,
    /// The request was given up because of another one.
    Aborted = 10,
    /// The request is not built.
    Unimplemented = 12,
    /// The server broke one of its own rules.
    Internal = 13,
    /// The request may be repeated.
    Unavailable = 14,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The code.
    pub code: Code,
    /// The text.
    pub message: Cow<'static, str>,
    /// The typed detail, if the protocol has one for this.
    pub detail: Option<Box<Any>>,
}

/// What a handler returns.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
        }
    }

    pub(crate) fn with<M: Message + Name>(mut self, detail: &M) -> Self {
        self.detail = Some(Box::new(any(detail)));
        self
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, message).with(&errordetails::NotFoundFailure::default())
    }

    pub(crate) fn not_ready(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::FailedPrecondition, message).with(&errordetails::WorkflowNotReadyFailure {})
    }

    pub(crate) fn completed() -> Self {
        Self::not_found("workflow execution already completed")
    }

    pub(crate) fn query_failed(message: String, failure: Option<Failure>) -> Self {
        Self::invalid(message).with(&errordetails::QueryFailedFailure { failure })
    }

    pub(crate) fn unbuilt(what: &str) -> Self {
        Self::new(Code::Unimplemented, format!("{what} is unimplemented in this server"))
    }

    pub(crate) fn gone() -> Self {
        Self::new(Code::Unavailable, "the server has ended")
    }

    pub(crate) fn broken(invariant: &'static str) -> Self {
        Self::new(Code::Internal, invariant)
    }
}

/// A message in the form that says its own type.
pub(crate) fn any<M: Message + Name>(message: &M) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{}", M::full_name()),
        value: message.encode_to_vec(),
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}
