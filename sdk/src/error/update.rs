//! What an update handler and its validator return if they refuse.

use super::{WorkflowError, retryable::from_any_error, workflow::Ending};
use std::fmt;
use steadfast_proto::failure::Failure;

/// What an update handler returns if it did not succeed: any error, by `?`. The caller sees it; the workflow goes on.
#[derive(Clone)]
pub struct UpdateError(Box<Failure>);

from_any_error!(UpdateError, "The caller of the update sees it; the workflow goes on.");

impl UpdateError {
    /// The failure as it will be recorded.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.0
    }

    /// The failure as it will be recorded.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        *self.0
    }

    pub(crate) fn from_failure(failure: Failure) -> Self {
        Self(Box::new(failure))
    }

    #[allow(clippy::unnecessary_wraps)] // as the shared setters expect it
    fn failure_mut(&mut self) -> Option<&mut Failure> {
        Some(&mut self.0)
    }
}

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<WorkflowError> for UpdateError {
    fn from(error: WorkflowError) -> Self {
        match error.into_ending() {
            Ending::Failed(failure) | Ending::Untyped(failure) => Self::from_failure(failure),
            Ending::ContinueAsNew(_) => {
                Self::new("an update cannot continue the workflow as new: set a flag in the state, and let `run` do it")
            }
            Ending::Task(message) => Self::new(message),
        }
    }
}

impl From<Rejection> for UpdateError {
    fn from(rejection: Rejection) -> Self {
        Self::from_failure(rejection.into_failure())
    }
}

/// What a validator returns to refuse an update: it leaves no trace in history.
///
/// ```
/// use steadfast::error::Rejection;
///
/// fn check_amend(total_cents: u64) -> Result<(), Rejection> {
///     if total_cents == 0 {
///         return Err("must be positive".into());
///     }
///     Ok(())
/// }
/// assert_eq!(check_amend(0).unwrap_err().to_string(), "must be positive");
/// ```
#[derive(Clone)]
pub struct Rejection(Box<Failure>);

impl Rejection {
    /// A typed error, which the caller can match.
    #[must_use]
    pub fn application<E: super::ApplicationError>(error: &E) -> Self {
        Self(Box::new(super::chain::failure_of(error)))
    }

    /// The failure that the caller sees.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.0
    }

    /// The failure that the caller sees.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        *self.0
    }
}

impl<T: Into<String>> From<T> for Rejection {
    fn from(reason: T) -> Self {
        Self(Box::new(super::chain::failure_of_text("Rejection", reason.into())))
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
