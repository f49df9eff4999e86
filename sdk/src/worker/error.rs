//! Why a worker does not run.

use crate::client::{Code, ErrorDetail, RpcError};
use std::{error::Error, fmt};

/// Why a worker did not start, or stopped.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WorkerError {
    /// There is nothing that it could run.
    NothingRegistered,
    /// Something is registered twice, or a workflow's handlers contradict each other; all of it, one a line.
    Registration(Vec<String>),
    /// An option's value makes no sense.
    Option(String),
    /// The server does not know the namespace.
    NamespaceNotFound(String),
    /// The server could not be asked what it can do.
    Rpc(RpcError),
    /// A part of the worker panicked, which is a bug in it.
    Panicked(String),
}

impl WorkerError {
    /// Why no poll will ever bring a task, if this error of one says so: the namespace is gone. Anything else may pass, also what
    /// looks final: a proxy whose backend is away answers that there is no such method.
    pub(super) fn of_poll(error: &RpcError, namespace: &str) -> Option<Self> {
        let is_gone =
            error.code() == Code::NotFound && matches!(error.detail(), Some(ErrorDetail::NamespaceNotFound(_)));
        is_gone.then(|| Self::NamespaceNotFound(namespace.to_owned()))
    }
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingRegistered => f.write_str(
                "the worker has nothing to run: register workflows with `.workflow::<W>()`, \
                 activities with `.activity::<a>()` or `.activities(value)`, Nexus services with `.nexus_service(value)`",
            ),
            Self::Registration(mistakes) => write!(f, "the worker can't start: {}", mistakes.join("; ")),
            Self::Option(text) => write!(f, "the worker can't start: {text}"),
            Self::NamespaceNotFound(namespace) => {
                write!(
                    f,
                    "the server has no namespace \"{namespace}\": create it, or connect with the right one"
                )
            }
            Self::Rpc(error) => write!(f, "the server can't be asked what it can do: {error}"),
            Self::Panicked(text) => write!(f, "the worker stopped because of a bug in it: {text}"),
        }
    }
}

/// Why a worker can't go on with another client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnfitClient {
    /// It is of another namespace.
    Namespace {
        /// The worker's.
        expected: String,
        /// The client's.
        found: String,
    },
    /// It has other codecs, as their names say.
    Codecs {
        /// The worker's.
        expected: String,
        /// The client's.
        found: String,
    },
}

impl fmt::Display for UnfitClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace { expected, found } => write!(
                f,
                "the worker is of the namespace \"{expected}\", and the other client of \"{found}\": start another worker there"
            ),
            Self::Codecs { expected, found } => write!(
                f,
                "the worker's codecs are [{expected}], and the other client's [{found}]: give it the same, as payloads go on being \
                 encoded by the worker's"
            ),
        }
    }
}

impl Error for UnfitClient {}

impl Error for WorkerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rpc(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::errordetails::{NamespaceNotFoundFailure, multi_operation_execution_failure::OperationStatus};

    #[test]
    fn a_namespace_that_is_gone_ends_the_worker() {
        let gone = NamespaceNotFoundFailure {
            namespace: "shop".to_owned(),
        };
        let error = RpcError::of_operation(&OperationStatus {
            code: Code::NotFound.into(),
            message: "no".to_owned(),
            details: vec![prost_types::Any::from_msg(&gone).unwrap()],
        });
        assert!(
            matches!(WorkerError::of_poll(&error, "shop"), Some(WorkerError::NamespaceNotFound(name)) if name == "shop")
        );
    }

    #[test]
    fn no_error_of_a_poll_ends_the_worker_while_its_namespace_is_there() {
        let passing = [
            Code::InvalidArgument,
            Code::Unimplemented,
            Code::NotFound,
            Code::PermissionDenied,
            Code::Unauthenticated,
            Code::Unavailable,
            Code::ResourceExhausted,
        ];
        for code in passing {
            let error = RpcError::new(code, "no");
            assert!(WorkerError::of_poll(&error, "shop").is_none(), "{code:?}");
        }
    }
}
