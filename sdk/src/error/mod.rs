//! Errors that travel, and errors that stay.
//!
//! *Returned by user code*: [`ActivityError`], [`WorkflowError`], [`UpdateError`], [`NexusError`] and [`Rejection`] take any
//! error by `?`. A type with `#[derive(ApplicationError)]` keeps its variant on the way, and is matched again on the other side.
//!
//! *Seen by workflow code*: [`ActivityFailure`], [`ChildFailure`], [`NexusFailure`], [`SignalWorkflowError`],
//! [`CancelWorkflowError`] and [`Cancelled`].
//!
//! *Seen by clients*: one enum for each question, in [`client`](crate::client).
//!
//! All of them are one or two pointers wide.

mod activity;
mod application;
mod chain;
mod external;
mod failure;
mod kind;
mod nexus;
mod retryable;
#[cfg(test)]
mod tests;
mod update;
mod workflow;

pub use activity::ActivityError;
pub use application::{ApplicationError, offer};
pub use external::{CancelWorkflowError, SignalWorkflowError};
pub use failure::{ActivityFailure, ChildFailure, NexusFailure, QueryFailure, UpdateFailure, WorkflowFailure};
pub use kind::error_kind;
pub use nexus::{NexusError, NexusErrorKind};
pub use steadfast_proto::{
    enums::{RetryState, TimeoutType},
    failure::Failure,
};
pub use update::{Rejection, UpdateError};
pub use workflow::{Cancelled, WorkflowError, WorkflowResult};

pub(crate) use activity::is_complete_async;
pub(crate) use workflow::Ending;

/// What failures made here name as their source.
pub(crate) const SOURCE: &str = "SteadfastRust";
