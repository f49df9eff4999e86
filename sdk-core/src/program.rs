//! User code, as the core sees it.

use crate::Host;
use std::{future::Future, pin::Pin};
use steadfast_proto::{
    command::ContinueAsNewWorkflowExecutionCommandAttributes,
    common::{Header, Payloads},
    enums::VersioningBehavior,
    failure::Failure,
    history::WorkflowExecutionStartedEventAttributes,
    query::WorkflowQuery,
};

/// A routine of workflow code: owned, `Send`, polled by the run alone.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// Makes programs by the name of their workflow type.
pub trait Programs: Send {
    /// A new, unstarted instance; `None` if the type isn't registered.
    fn create(&self, workflow_type: &str) -> Option<Box<dyn Program>>;
    /// The registered names, for the text of the failure.
    fn registered(&self) -> Vec<String>;
}

/// One workflow instance. All calls come from the run, one at a time; a panic in any of them fails the workflow task.
pub trait Program: Send {
    /// Creates the state from the input and returns the main routine, not yet polled.
    ///
    /// # Errors
    /// The task fails, and is retried, if the input can't be decoded.
    fn start(
        &mut self,
        host: &Host,
        started: &WorkflowExecutionStartedEventAttributes,
    ) -> Result<BoxFuture<Result<Option<Payloads>, Exit>>, TaskFailure>;

    /// Whether runs of this workflow stay with the deployment version they began on or move on; `None` leaves it to the
    /// worker.
    fn versioning(&self) -> Option<VersioningBehavior> {
        None
    }

    /// What fails the workflow, rather than its task alone.
    fn failure_policy(&self) -> FailurePolicy {
        FailurePolicy::default()
    }

    /// Delivers a signal. `Handled::Unknown` makes the run buffer and report it.
    fn signal(&mut self, host: &Host, signal: &Signal) -> Handled<Result<(), Exit>>;

    /// Decides on an update before it is accepted: unknown name, undecodable arguments, validator. Not called on replay.
    ///
    /// # Errors
    /// The failure with which the update is rejected.
    fn validate(&mut self, host: &Host, update: &UpdateRequest) -> Result<(), Failure>;

    /// Whether there is a handler for an update. One that comes with the first task waits for the main routine to begin,
    /// if there is none yet: it may add one.
    fn knows_update(&self, _name: &str) -> bool {
        true
    }

    /// Whether a handler may be left behind unfinished when the run ends. If not, people are told.
    fn may_be_abandoned(&self, _message: MessageKind, _name: &str) -> bool {
        false
    }

    /// Delivers an accepted update.
    fn update(&mut self, host: &Host, update: &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>>;

    /// Answers a query from the state as it is.
    ///
    /// # Errors
    /// The failure that the caller sees: unknown name, undecodable arguments, the handler's own error.
    fn query(&mut self, host: &Host, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure>;
}

/// A message with a handler of its own routine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// A signal.
    Signal,
    /// An update.
    Update,
}

/// What became of a message.
pub enum Handled<T> {
    /// A synchronous handler ran.
    Done(T),
    /// An asynchronous handler's routine, not yet polled.
    Routine(BoxFuture<T>),
    /// No handler of that name.
    Unknown,
    /// The arguments can't be decoded: the message is dropped and reported.
    Undecodable(String),
}

/// A signal as it was recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Option<Payloads>,
    /// Who sent it.
    pub identity: String,
    /// Its headers.
    pub header: Option<Header>,
}

/// An update as it was requested.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UpdateRequest {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Option<Payloads>,
    /// Who sent it.
    pub identity: String,
    /// Its headers.
    pub header: Option<Header>,
}

/// How a routine ended, other than with its result.
#[derive(Debug, Clone, PartialEq)]
pub enum Exit {
    /// The workflow (or the update) fails; a cancellation after a cancel request cancels the workflow instead.
    Failed(Box<Failure>),
    /// The run ends and a new one begins. From an update handler this fails the task.
    ContinueAsNew(Box<ContinueAsNewWorkflowExecutionCommandAttributes>),
    /// The workflow task fails and is retried.
    Task(TaskFailure),
}

/// Why a workflow task can't be completed; the server retries the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// What happened, for people.
    pub message: String,
    /// Where, if known.
    pub location: Option<String>,
    /// Code panicked.
    pub is_panic: bool,
}

/// What fails the whole workflow, where otherwise only the workflow task fails and is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailurePolicy {
    /// History and code differ.
    pub mismatch: bool,
    /// Code panics.
    pub panic: bool,
}
