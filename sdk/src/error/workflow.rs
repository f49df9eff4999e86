//! What a workflow returns if it did not complete.

use super::{ActivityError, Rejection, UpdateError, retryable::from_any_error};
use std::{error::Error, fmt};
use steadfast_proto::{command::ContinueAsNewWorkflowExecutionCommandAttributes, failure::Failure};

/// What a workflow's `run` returns.
pub type WorkflowResult<T> = Result<T, WorkflowError>;

/// What ends a workflow other than its result: any error, by `?`, or continuing as new.
///
/// An error fails the workflow; [`Cancelled`] cancels it, if that was asked for. A bug that is to be fixed while the
/// workflow waits is a panic, or [`WorkflowError::fail_task`]. A [`FailurePolicy`](crate::workflow::FailurePolicy) may say otherwise,
/// of panics, and of errors that are neither typed nor failures of activities, children and the like.
#[derive(Clone)]
pub struct WorkflowError(Box<Ending>);

/// How a run ends other than with its result.
#[derive(Clone)]
#[allow(clippy::large_enum_variant)] // it is in a box as a whole
pub(crate) enum Ending {
    Failed(Failure),
    /// Of an error that nobody made a failure of on purpose.
    Untyped(Failure),
    ContinueAsNew(ContinueAsNewWorkflowExecutionCommandAttributes),
    Task(String),
}

from_any_error!(WorkflowError, "The workflow fails.", |failure, is_typed| {
    Self(Box::new(if is_typed {
        Ending::Failed(failure)
    } else {
        Ending::Untyped(failure)
    }))
});

impl WorkflowError {
    /// Fails the workflow task instead of the workflow: the server tries the task again until new code gets through.
    #[must_use]
    pub fn fail_task(message: impl Into<String>) -> Self {
        Self(Box::new(Ending::Task(message.into())))
    }

    /// The failure with which the workflow will be closed; `None` for continuing as new and for a failed task.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &*self.0 {
            Ending::Failed(failure) | Ending::Untyped(failure) => Some(failure),
            Ending::ContinueAsNew(_) | Ending::Task(_) => None,
        }
    }

    /// Whether the run ends to begin again.
    #[must_use]
    pub fn is_continue_as_new(&self) -> bool {
        matches!(*self.0, Ending::ContinueAsNew(_))
    }

    pub(crate) fn continue_as_new(attributes: ContinueAsNewWorkflowExecutionCommandAttributes) -> Self {
        Self(Box::new(Ending::ContinueAsNew(attributes)))
    }

    pub(crate) fn from_failure(failure: Failure) -> Self {
        Self(Box::new(Ending::Failed(failure)))
    }

    pub(crate) fn into_ending(self) -> Ending {
        *self.0
    }

    fn failure_mut(&mut self) -> Option<&mut Failure> {
        match &mut *self.0 {
            Ending::Failed(failure) | Ending::Untyped(failure) => Some(failure),
            Ending::ContinueAsNew(_) | Ending::Task(_) => None,
        }
    }
}

impl fmt::Display for WorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Ending::Failed(failure) | Ending::Untyped(failure) => failure.fmt(f),
            Ending::ContinueAsNew(_) => f.write_str("the workflow continues as new"),
            Ending::Task(message) => f.write_str(message),
        }
    }
}

impl From<ActivityError> for WorkflowError {
    fn from(error: ActivityError) -> Self {
        Self::from_failure(error.into_failure())
    }
}

impl From<UpdateError> for WorkflowError {
    fn from(error: UpdateError) -> Self {
        Self::from_failure(error.into_failure())
    }
}

impl From<Rejection> for WorkflowError {
    fn from(rejection: Rejection) -> Self {
        Self::from_failure(rejection.into_failure())
    }
}

/// Waiting, or a call, was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl Error for Cancelled {}

impl From<Ending> for WorkflowError {
    fn from(ending: Ending) -> Self {
        Self(Box::new(ending))
    }
}
