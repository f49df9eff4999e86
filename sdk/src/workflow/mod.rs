//! Workflow code: what it is made of, and what it may do.
//!
//! A workflow is a struct with [`#[workflow]`](macro@crate::workflow) on an impl block. Its asynchronous functions are given a
//! [`WorkflowContext`], the synchronous ones the state itself and, if they ask for it, a [`HandlerContext`].

mod child;
mod context;
mod continue_as_new;
mod definition;
mod exit;
mod external;
mod failure_policy;
mod futures_ordered;
mod futures_unordered;
mod handler;
mod handler_context;
mod handlers;
mod implementation;
mod info;
pub(crate) mod instance;
mod intercepted;
mod join;
mod log;
mod members;
mod metadata;
mod metrics;
mod mock;
pub mod mpsc;
mod mutex;
mod nexus;
mod notify;
pub mod oneshot;
pub(crate) mod operation;
mod permits;
mod random;
mod run_time_handlers;
mod rw_lock;
mod saga;
mod scope;
mod select;
mod semaphore;
#[cfg(all(test, feature = "server"))]
mod tests;
mod timeout;
mod timer;
#[cfg(all(test, feature = "server"))]
mod tool_tests;
mod upsert;
mod wait;

pub use child::{ChildCall, ChildFuture, ChildHandle, ChildResult, ChildStart, ToChild};
pub use context::WorkflowContext;
pub use continue_as_new::ContinueAsNew;
pub use definition::*;
pub use external::{CancelCommand, CancelDelivery, ExternalHandle, SignalCommand, SignalDelivery, ToExternal};
pub use failure_policy::{Fails, FailurePolicy};
pub use futures_ordered::FuturesOrdered;
pub use futures_unordered::FuturesUnordered;
pub use handler_context::HandlerContext;
pub use handlers::Handlers;
pub use implementation::{WorkflowImplementation, WorkflowInterface};
pub use info::{ParentWorkflow, UpdateInfo, WorkflowInfo};
pub use join::{JoinAll, TryJoinAll, join_all, try_join_all};
pub use mutex::{Mutex, MutexGuard};
pub use nexus::{NexusCall, NexusOperation, NexusStart, NexusStub, NexusStubCore};
pub use notify::Notify;
pub use run_time_handlers::RunTimeHandlers;
pub use rw_lock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use saga::Saga;
pub use scope::{CancellationScope, Scoped};
#[doc(hidden)]
pub use select::Branch;
pub use semaphore::{Semaphore, SemaphorePermit};
pub use steadfast_core::{ChildCancellation, NexusCancellation};
pub use steadfast_proto::{
    deployment::WorkerDeploymentVersion,
    enums::{ContinueAsNewVersioningBehavior, ParentClosePolicy, SuggestContinueAsNewReason},
};
pub use timeout::{Timeout, timeout};
pub use timer::{Sleep, Timer};
pub use upsert::MemoUpdate;
pub use wait::{Wait, WaitTimeout};

pub(crate) use crate::error::Cancelled;
#[cfg(feature = "server")]
pub(crate) use metadata::STACK_TRACE_QUERY;
pub(crate) use metadata::text as metadata_text;
pub(crate) use mock::WorkflowMock;
