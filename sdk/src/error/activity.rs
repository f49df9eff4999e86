//! What an activity returns if it did not succeed.

use super::retryable::from_any_error;
use std::fmt;
use steadfast_proto::failure::Failure;

/// What an activity returns if it did not succeed: any error, by `?`.
///
/// It is not an `Error` itself, as `anyhow::Error` isn't. A typed error (`#[derive(ApplicationError)]`) keeps its
/// variant; every other one is a failure whose type is the error's type name, and may be retried.
///
/// ```
/// use steadfast::error::ActivityError;
///
/// fn parse(text: &str) -> Result<u32, ActivityError> {
///     if text.is_empty() {
///         return Err(ActivityError::new("nothing to parse").non_retryable());
///     }
///     Ok(text.parse()?)
/// }
/// assert_eq!(parse("seven").unwrap_err().to_string(), "invalid digit found in string");
/// ```
#[derive(Clone)]
pub struct ActivityError(Box<Failure>);

from_any_error!(ActivityError, "The activity is retried as its retry policy says.");

impl ActivityError {
    /// The activity has not finished: somebody will complete it through the client, by its task token or its id.
    ///
    /// Return it as the error; nothing is reported then, and the activity's timeouts go on.
    #[must_use]
    pub fn complete_async() -> Self {
        Self::from_failure(Failure {
            message: "the activity is completed by somebody else".to_owned(),
            source: COMPLETE_ASYNC.to_owned(),
            ..Failure::default()
        })
    }

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

impl fmt::Display for ActivityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Marks the failure that stands for "not finished"; it never leaves the worker.
const COMPLETE_ASYNC: &str = "steadfast: complete_async";

/// Whether an activity's failure means that somebody else will complete it.
pub(crate) fn is_complete_async(failure: &Failure) -> bool {
    failure.source == COMPLETE_ASYNC
}
