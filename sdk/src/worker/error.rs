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
    /// The server refuses to give tasks, and would go on doing so.
    Refused(RpcError),
    /// A part of the worker panicked, which is a bug in it.
    Panicked(String),
}

impl WorkerError {
    /// Why no poll will ever bring a task, if this error of one says so.
    pub(super) fn of_poll(error: &RpcError, namespace: &str) -> Option<Self> {
        match (error.code(), error.detail()) {
            (Code::NotFound, Some(ErrorDetail::NamespaceNotFound(_))) => {
                Some(Self::NamespaceNotFound(namespace.to_owned()))
            }
            (Code::InvalidArgument | Code::Unimplemented, _) => Some(Self::Refused(error.clone())),
            _ => None,
        }
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
            Self::Refused(error) => write!(f, "the server refuses to give the worker tasks: {error}"),
            Self::Panicked(text) => write!(f, "the worker stopped because of a bug in it: {text}"),
        }
    }
}

impl Error for WorkerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rpc(error) | Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_that_are_refused_for_good_end_the_worker_and_others_are_tried_again() {
        let of_poll = |code| WorkerError::of_poll(&RpcError::new(code, "no"), "shop");
        for code in [Code::InvalidArgument, Code::Unimplemented] {
            assert!(matches!(of_poll(code), Some(WorkerError::Refused(_))), "{code:?}");
        }
        // A key that is changed, or a server that comes up again.
        let passing = [
            Code::NotFound,
            Code::PermissionDenied,
            Code::Unauthenticated,
            Code::Unavailable,
            Code::ResourceExhausted,
        ];
        for code in passing {
            assert!(of_poll(code).is_none(), "{code:?}");
        }
    }
}
