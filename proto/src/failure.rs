//! Failures as they are recorded in history, and small conveniences on them.

pub use crate::generated::temporal::api::failure::v1::*;
use failure::FailureInfo;
use std::fmt;

impl Failure {
    /// An application failure that may be retried.
    #[must_use]
    pub fn application(type_name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
                r#type: type_name.into(),
                ..ApplicationFailureInfo::default()
            })),
            ..Self::default()
        }
    }

    /// A cancellation.
    #[must_use]
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default())),
            ..Self::default()
        }
    }
}

/// The message, then the messages of the causes.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = self.cause.as_deref();
        while let Some(failure) = cause {
            write!(f, ": {}", failure.message)?;
            cause = failure.cause.as_deref();
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_prints_its_causes_in_order() {
        let outer = Failure {
            cause: Some(Box::new(Failure::application("Io", "disk full"))),
            ..Failure::cancelled("stopped")
        };
        assert_eq!(outer.to_string(), "stopped: disk full");
    }

    #[test]
    fn an_application_failure_carries_its_type_and_may_be_retried() {
        let Some(FailureInfo::ApplicationFailureInfo(info)) = Failure::application("Io", "x").failure_info else {
            unreachable!("just built as an application failure")
        };
        assert_eq!((info.r#type.as_str(), info.non_retryable), ("Io", false));
    }
}
