//! Why a message didn't reach another workflow.

use crate::convert::EncodeError;
use std::{error::Error, fmt};

/// Why a signal didn't reach another workflow.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SignalWorkflowError {
    /// There is no such workflow, or it is closed, or it isn't this workflow's child.
    NotFound,
    /// There is no such namespace.
    NamespaceNotFound,
    /// The workflow has received as many signals as the server lets it.
    TooManySignals,
    /// It was cancelled before it was sent.
    Cancelled,
    /// An argument can't be encoded.
    Encode(EncodeError),
    /// A reason that this version doesn't know, by the server's number.
    Other(i32),
}

/// Why a request for cancellation didn't reach another workflow.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CancelWorkflowError {
    /// There is no such workflow, or it is closed.
    NotFound,
    /// There is no such namespace.
    NamespaceNotFound,
    /// It was itself cancelled before it was sent.
    Cancelled,
    /// A reason that this version doesn't know, by the server's number.
    Other(i32),
}

const NOT_FOUND: &str = "there is no such workflow, or it is closed";
const NAMESPACE_NOT_FOUND: &str = "there is no such namespace";
const CANCELLED: &str = "cancelled";

impl fmt::Display for SignalWorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str(NOT_FOUND),
            Self::NamespaceNotFound => f.write_str(NAMESPACE_NOT_FOUND),
            Self::TooManySignals => f.write_str("the workflow has received as many signals as the server lets it"),
            Self::Cancelled => f.write_str(CANCELLED),
            Self::Encode(error) => error.fmt(f),
            Self::Other(cause) => write!(f, "the signal was not received, for reason {cause} of the server"),
        }
    }
}

impl fmt::Display for CancelWorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str(NOT_FOUND),
            Self::NamespaceNotFound => f.write_str(NAMESPACE_NOT_FOUND),
            Self::Cancelled => f.write_str(CANCELLED),
            Self::Other(cause) => write!(f, "the request was not received, for reason {cause} of the server"),
        }
    }
}

impl Error for SignalWorkflowError {}

impl Error for CancelWorkflowError {}
