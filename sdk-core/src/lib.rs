//! Pure protocol state machines of a Temporal worker.
//!
//! No clock, no thread, no socket, no runtime: time comes in as an argument, effects go out as values. A [`Run`] is one
//! workflow execution, driven one [`Turn`](history::Turn) at a time; a [`Shard`] is many of them behind a cache.
//! User code is a [`Program`] that talks to its run through a [`Host`].
#![allow(
    clippy::result_large_err,
    reason = "a failure is a wire type, returned where something failed: once in a while"
)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]

mod command;
mod flags;
mod guard;
pub mod history;
mod host;
mod info;
mod issued;
mod journal;
mod limits;
mod local_activity;
mod machines;
mod mismatch;
mod operation;
mod program;
mod random;
mod replay;
mod routine;
mod run;
mod shard;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use command::{ActivityCancellation, ChildCancellation, Command, NexusCancellation};
pub use host::{Host, OperationId, PendingOperation, Resolution, ScopeId, Undelivered};
pub use info::{RareInfo, Start, WorkflowInfo};
pub use local_activity::{
    LocalActivityAttributes, LocalActivityKey, LocalActivityOutcome, LocalActivityStop, LocalActivityTask,
};
pub use mismatch::{Mismatch, Row, TurnError};
pub use program::{
    BoxFuture, Exit, FailurePolicy, Handled, MessageKind, Program, Programs, Signal, TaskFailure, UpdateRequest,
};
pub use replay::{ReplayError, Replayed, replay, replay_bytes};
pub use run::{DroppedSignal, Locate, Run};
pub use shard::{Input, Notice, Output, PayloadLimits, Refusal, RunKey, Shard, ShardOptions, Slot, TaskInfo, Watch};
