//! The side of a run that workflow code sees.

use crate::Command;
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};
use steadfast_proto::{common::Payloads, failure::Failure, history::WorkflowExecutionStartedEventAttributes};

/// Names an operation of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationId {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution {
    /// An activity's result.
    Completed(Option<Payloads>),
    /// A timer fired.
    Fired,
    /// It failed, timed out or was cancelled on the server's side; the failure is as users of other SDKs see it (an
    /// activity failure with its cause, say).
    Failed(Box<Failure>),
    /// A timer or a wait was cancelled.
    Cancelled,
}

/// What stays the same for a whole run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WorkflowInfo {
    /// The namespace.
    pub namespace: String,
    /// The workflow id.
    pub workflow_id: String,
    /// The run id.
    pub run_id: String,
    /// The event that started the run.
    pub started: WorkflowExecutionStartedEventAttributes,
    /// The time of that event.
    pub start_time: Option<SystemTime>,
}

/// The side of a run that workflow code sees: cheap to clone, `Send`, harmless once the run is gone.
#[derive(Clone, Debug)]
pub struct Host {}

impl Host {
    /// Issues a command; its operation is polled with [`Host::poll`].
    #[track_caller]
    pub fn ask(&self, command: Command) -> OperationId {
        unimplemented!()
    }
    /// Polls an operation; ready once, then the operation is forgotten. Never ready once the run is gone.
    pub fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Resolution> {
        unimplemented!()
    }
    /// Cancels an operation on behalf of workflow code.
    pub fn cancel(&self, operation: OperationId) {
        unimplemented!()
    }
    /// Workflow code lost interest: a timer is cancelled, a wait forgotten, an activity runs on unobserved.
    pub fn release(&self, operation: OperationId) {
        unimplemented!()
    }
    /// The state may have changed: routines that wait for a condition are polled again.
    pub fn state_changed(&self) {
        unimplemented!()
    }
    /// The workflow's time: that of the current workflow task's start.
    pub fn now(&self) -> SystemTime {
        unimplemented!()
    }
    /// Whether the current turn is replayed. Logs and metrics are silent then; nothing else may depend on it.
    pub fn is_replaying(&self) -> bool {
        unimplemented!()
    }
    /// What stays the same for the whole run.
    pub fn info(&self) -> Arc<WorkflowInfo> {
        unimplemented!()
    }
    /// The id of the last event applied.
    pub fn history_length(&self) -> i64 {
        unimplemented!()
    }
    /// The history's size in bytes at the current task.
    pub fn history_size_bytes(&self) -> i64 {
        unimplemented!()
    }
    /// Whether the server suggests to continue as new.
    pub fn continue_as_new_suggested(&self) -> bool {
        unimplemented!()
    }
    /// Whether cancellation of the workflow was requested.
    pub fn is_cancel_requested(&self) -> bool {
        unimplemented!()
    }
    /// Whether code behind a patch takes the new path; records a marker the first time.
    pub fn patched(&self, id: &str) -> bool {
        unimplemented!()
    }
    /// Marks a patch as no longer needed by any running workflow.
    pub fn deprecate_patch(&self, id: &str) {
        unimplemented!()
    }
    /// The next number of the run's deterministic sequence.
    pub fn random(&self) -> u64 {
        unimplemented!()
    }
    /// How many signal and update handlers have not finished.
    pub fn unfinished_handlers(&self) -> usize {
        unimplemented!()
    }
    /// Whether the run is gone: every call is then without effect.
    pub fn is_closed(&self) -> bool {
        unimplemented!()
    }
}
