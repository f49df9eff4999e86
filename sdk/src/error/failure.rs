//! Failures of others, as workflow code and clients see them.

use super::{
    ApplicationError, NexusErrorKind, RetryState, TimeoutType,
    application::{application_failure, find_application},
};
use crate::convert::{Converter, Data, DecodeError};
use std::{error::Error, fmt};
use steadfast_proto::failure::{
    ActivityFailureInfo, ChildWorkflowExecutionFailureInfo, Failure, NexusOperationFailureInfo, TimeoutFailureInfo,
    failure::FailureInfo,
};

/// A type of failure: what is the same for all of them.
macro_rules! failure {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq)]
        pub struct $name(Box<Failure>);

        impl $name {
            /// The failure as it was recorded.
            #[must_use]
            pub fn failure(&self) -> &Failure {
                &self.0
            }

            /// What caused it, as it was recorded.
            #[must_use]
            pub fn cause(&self) -> Option<&Failure> {
                self.0.cause.as_deref()
            }

            /// The message of the innermost cause: what went wrong in the first place.
            #[must_use]
            pub fn message(&self) -> &str {
                &innermost(&self.0).message
            }

            /// The typed error that caused it, if it was of this type: `match failure.application() { Some(MyError::Busy) => .. }`.
            #[must_use]
            pub fn application<E: ApplicationError>(&self) -> Option<E> {
                find_application(&self.0)
            }

            /// The type of the application failure that caused it, as another language may have named it.
            #[must_use]
            pub fn type_name(&self) -> Option<&str> {
                find(&self.0, |info| match info {
                    FailureInfo::ApplicationFailureInfo(info) => Some(info.r#type.as_str()),
                    _ => None,
                })
            }

            /// The details of the application failure that caused it; `None` if there are none.
            ///
            /// # Errors
            /// The details are not a `T`.
            pub fn details<T: Data>(&self) -> Result<Option<T>, DecodeError> {
                find(&self.0, |info| match info {
                    FailureInfo::ApplicationFailureInfo(info) => info.details.as_ref(),
                    _ => None,
                })
                .map(|details| Converter::default().decode_result(Some(details)))
                .transpose()
            }

            /// Whether it was cancelled, rather than failed.
            #[must_use]
            pub fn is_cancelled(&self) -> bool {
                find(&self.0, |info| matches!(info, FailureInfo::CanceledFailureInfo(_)).then_some(())).is_some()
            }

            /// Whether a timeout ended it.
            #[must_use]
            pub fn is_timeout(&self) -> bool {
                self.timeout_type().is_some()
            }

            /// Which timeout ended it, if one did.
            #[must_use]
            pub fn timeout_type(&self) -> Option<TimeoutType> {
                timeout(&self.0).map(TimeoutFailureInfo::timeout_type)
            }

            #[allow(dead_code)]
            pub(crate) fn from_failure(mut failure: Failure) -> Self {
                // What another worker has hidden, without a codec on the way.
                crate::convert::restore_all(&mut failure);
                Self(Box::new(failure))
            }

            /// As it looks after this typed error, for tests of code that handles failures.
            #[must_use]
            pub fn of_application<E: ApplicationError>(error: &E) -> Self {
                Self(Box::new(application_failure(error)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }

        impl Error for $name {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                self.cause().map(|cause| cause as _)
            }
        }
    };
}

failure! {
    /// An activity did not complete, all its attempts included.
    ///
    /// ```no_run
    /// # use steadfast::{ApplicationError, error::{ActivityFailure, WorkflowResult}};
    /// #[derive(Debug, serde::Serialize, serde::Deserialize, ApplicationError)]
    /// enum PaymentError {
    ///     #[error("card malformed", non_retryable)]
    ///     InvalidCard,
    ///     #[error("gateway busy", next_retry_delay = "3s")]
    ///     Busy,
    /// }
    ///
    /// fn explain(failure: &ActivityFailure) -> &'static str {
    ///     match failure.application() {
    ///         Some(PaymentError::InvalidCard) => "another card, please",
    ///         Some(PaymentError::Busy) => "later, please",
    ///         None if failure.is_timeout() => "too late",
    ///         None => "something else",
    ///     }
    /// }
    /// ```
    ActivityFailure
}

failure! {
    /// A child workflow could not be started, or did not complete.
    ChildFailure
}

failure! {
    /// An operation of a Nexus service did not complete.
    NexusFailure
}

failure! {
    /// A workflow failed, as its client sees it.
    WorkflowFailure
}

failure! {
    /// A query failed, as its caller sees it.
    QueryFailure
}

failure! {
    /// An update was rejected or failed, as its caller sees it.
    UpdateFailure
}

impl ActivityFailure {
    /// The activity's type, empty if it is not known.
    #[must_use]
    pub fn activity_type(&self) -> &str {
        self.info()
            .and_then(|info| info.activity_type.as_ref())
            .map_or("", |activity_type| &activity_type.name)
    }

    /// The activity's id, empty if it is not known.
    #[must_use]
    pub fn activity_id(&self) -> &str {
        self.info().map_or("", |info| &info.activity_id)
    }

    /// Why it was not retried again.
    #[must_use]
    pub fn retry_state(&self) -> RetryState {
        self.info()
            .map_or(RetryState::Unspecified, ActivityFailureInfo::retry_state)
    }

    /// The details of its last heartbeat, if a timeout ended it.
    ///
    /// # Errors
    /// The details are not a `T`.
    pub fn last_heartbeat_details<T: Data>(&self) -> Result<Option<T>, DecodeError> {
        timeout(&self.0)
            .and_then(|info| info.last_heartbeat_details.as_ref())
            .map(|details| Converter::default().decode_result(Some(details)))
            .transpose()
    }

    fn info(&self) -> Option<&ActivityFailureInfo> {
        match &self.0.failure_info {
            Some(FailureInfo::ActivityFailureInfo(info)) => Some(info),
            _ => None,
        }
    }
}

impl ChildFailure {
    /// The child's workflow id, empty if it is not known.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        self.execution().map_or("", |execution| &execution.workflow_id)
    }

    /// The child's run id, empty if it never ran.
    #[must_use]
    pub fn run_id(&self) -> &str {
        self.execution().map_or("", |execution| &execution.run_id)
    }

    /// Why it was not retried again.
    #[must_use]
    pub fn retry_state(&self) -> RetryState {
        self.info()
            .map_or(RetryState::Unspecified, ChildWorkflowExecutionFailureInfo::retry_state)
    }

    /// Whether it was not started, for a workflow of its id exists already.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.is_not_started("WorkflowAlreadyExists")
    }

    /// Whether it was not started, for there is no such namespace.
    #[must_use]
    pub fn is_namespace_not_found(&self) -> bool {
        self.is_not_started("NamespaceNotFound")
    }

    /// Whether it was terminated.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        matches!(
            self.cause().and_then(|cause| cause.failure_info.as_ref()),
            Some(FailureInfo::TerminatedFailureInfo(_))
        )
    }

    /// The core says why a child never ran by the type of the cause.
    fn is_not_started(&self, type_name: &str) -> bool {
        self.run_id().is_empty()
            && matches!(
                self.cause().and_then(|cause| cause.failure_info.as_ref()),
                Some(FailureInfo::ApplicationFailureInfo(info)) if info.r#type == type_name
            )
    }

    fn execution(&self) -> Option<&steadfast_proto::common::WorkflowExecution> {
        self.info().and_then(|info| info.workflow_execution.as_ref())
    }

    fn info(&self) -> Option<&ChildWorkflowExecutionFailureInfo> {
        match &self.0.failure_info {
            Some(FailureInfo::ChildWorkflowExecutionFailureInfo(info)) => Some(info),
            _ => None,
        }
    }
}

impl fmt::Display for ActivityFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.activity_type(), self.cause()) {
            ("", _) => self.0.fmt(f),
            (name, Some(cause)) => write!(f, "activity `{name}`: {cause}"),
            (name, None) => write!(f, "activity `{name}`: {}", self.0),
        }
    }
}

impl fmt::Display for ChildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.workflow_id(), self.cause()) {
            ("", _) => self.0.fmt(f),
            (id, Some(cause)) => write!(f, "child workflow \"{id}\": {cause}"),
            (id, None) => write!(f, "child workflow \"{id}\": {}", self.0),
        }
    }
}

impl NexusFailure {
    /// The endpoint, empty if it is not known.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.info().map_or("", |info| &info.endpoint)
    }

    /// The service, empty if it is not known.
    #[must_use]
    pub fn service(&self) -> &str {
        self.info().map_or("", |info| &info.service)
    }

    /// The operation, empty if it is not known.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.info().map_or("", |info| &info.operation)
    }

    /// The kind of the handler's error, if the handler could not do its work; `None` if the operation itself failed.
    #[must_use]
    pub fn handler_error_kind(&self) -> Option<NexusErrorKind> {
        find(&self.0, |info| match info {
            FailureInfo::NexusHandlerFailureInfo(info) => NexusErrorKind::parse(&info.r#type),
            _ => None,
        })
    }

    fn info(&self) -> Option<&NexusOperationFailureInfo> {
        match &self.0.failure_info {
            Some(FailureInfo::NexusOperationExecutionFailureInfo(info)) => Some(info),
            _ => None,
        }
    }
}

impl fmt::Display for NexusFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.operation(), self.cause()) {
            ("", _) => self.0.fmt(f),
            (name, Some(cause)) => write!(f, "Nexus operation `{name}`: {cause}"),
            (name, None) => write!(f, "Nexus operation `{name}`: {}", self.0),
        }
    }
}

macro_rules! display_as_recorded {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
display_as_recorded!(QueryFailure WorkflowFailure UpdateFailure);

fn innermost(failure: &Failure) -> &Failure {
    let mut innermost = failure;
    while let Some(cause) = innermost.cause.as_deref() {
        innermost = cause;
    }
    innermost
}

/// The first answer on the way from a failure to its innermost cause.
fn find<'f, T>(failure: &'f Failure, answer: impl Fn(&'f FailureInfo) -> Option<T>) -> Option<T> {
    let mut next = Some(failure);
    while let Some(failure) = next {
        if let Some(found) = failure.failure_info.as_ref().and_then(&answer) {
            return Some(found);
        }
        next = failure.cause.as_deref();
    }
    None
}

fn timeout(failure: &Failure) -> Option<&TimeoutFailureInfo> {
    find(failure, |info| match info {
        FailureInfo::TimeoutFailureInfo(info) => Some(info),
        _ => None,
    })
}
