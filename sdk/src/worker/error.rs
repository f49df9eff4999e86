//! Why a worker does not run.

use crate::client::RpcError;
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

impl Error for WorkerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rpc(error) => Some(error),
            _ => None,
        }
    }
}
