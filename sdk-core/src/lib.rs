//! Pure protocol state machines of a Temporal worker.
//!
//! No clock, no thread, no socket, no runtime: time comes in as an argument, effects go out as values. A [`Run`] is one
//! workflow execution, driven one [`Turn`](history::Turn) at a time; a [`Shard`] is many of them behind a cache.
//! User code is a [`Program`] that talks to its run through a [`Host`].

mod command;
mod host;
mod program;
mod shard;

pub use command::{ActivityCancellation, Command};
pub use host::{Host, OperationId, Resolution, WorkflowInfo};
pub use program::{BoxFuture, Exit, Handled, Program, Programs, Signal, TaskFailure, UpdateRequest};
pub use shard::{Input, Notice, Output, Refusal, RunKey, Shard, ShardOptions};
