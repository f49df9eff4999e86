//! What a handler of a Nexus operation returns if it did not succeed.

use super::{SOURCE, retryable::from_any_error};
use std::fmt;
use steadfast_proto::{
    enums::NexusHandlerErrorRetryBehavior,
    failure::{Failure, NexusHandlerFailureInfo, failure::FailureInfo},
};

/// What a handler of a Nexus operation returns if it did not succeed: any error, by `?`.
///
/// There are two questions. *Is it the operation that failed?* Then say so with [`operation_failed`](Self::operation_failed),
/// [`operation_cancelled`](Self::operation_cancelled) or [`fails_operation`](Self::fails_operation), and the caller is told at once.
/// *Or is it the handler that could not do its work?* That is every other error; its [kind](Self::of_kind) says whether the caller's
/// server tries again. An error by `?` is of the kind [`Internal`](NexusErrorKind::Internal), which is tried again unless the error
/// is `non_retryable`.
///
/// ```
/// use steadfast::error::{NexusError, NexusErrorKind};
///
/// fn greeting(name: &str) -> Result<String, NexusError> {
///     match name {
///         "" => Err(NexusError::of_kind(NexusErrorKind::BadRequest, "greet whom?")),
///         "Nobody" => Err(NexusError::operation_failed("nobody is there")),
///         name => Ok(format!("Hello, {name}!")),
///     }
/// }
/// assert_eq!(greeting("").unwrap_err().kind(), Some(NexusErrorKind::BadRequest));
/// assert_eq!(greeting("Nobody").unwrap_err().kind(), None);
/// ```
#[derive(Clone)]
pub struct NexusError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    failed: Failed,
    failure: Failure,
}

/// Who failed.
#[derive(Clone, Copy)]
enum Failed {
    Operation,
    Handler(NexusErrorKind, Option<bool>),
}

from_any_error!(
    NexusError,
    "The caller's server tries again, unless the kind or the failure says otherwise."
);

impl NexusError {
    /// The handler could not do its work, for a reason of this kind.
    #[must_use]
    pub fn of_kind(kind: NexusErrorKind, message: impl Into<String>) -> Self {
        Self::new(message).with_kind(kind)
    }

    /// The same error, of this kind.
    #[must_use]
    pub fn with_kind(mut self, kind: NexusErrorKind) -> Self {
        let retries = match self.0.failed {
            Failed::Operation => None,
            Failed::Handler(_, retries) => retries,
        };
        self.0.failed = Failed::Handler(kind, retries);
        self
    }

    /// The operation has failed: its caller is told, and it is not tried again.
    #[must_use]
    pub fn operation_failed(message: impl Into<String>) -> Self {
        Self::new(message).type_name("OperationError").fails_operation()
    }

    /// The operation was cancelled: its caller is told so.
    #[must_use]
    pub fn operation_cancelled(message: impl Into<String>) -> Self {
        let failure = Failure {
            source: SOURCE.to_owned(),
            ..Failure::cancelled(message)
        };
        Self::from_failure(failure).fails_operation()
    }

    /// This error, however it came about, is the operation's: its caller is told, and it is not tried again.
    #[must_use]
    pub fn fails_operation(mut self) -> Self {
        self.0.failed = Failed::Operation;
        self.non_retryable()
    }

    /// Whether the caller's server is to try again, whatever the kind says.
    #[must_use]
    pub fn retryable(mut self, is_retryable: bool) -> Self {
        if let Failed::Handler(_, retries) = &mut self.0.failed {
            *retries = Some(is_retryable);
        }
        self
    }

    /// The kind of a handler's error; `None` if it is the operation that failed.
    #[must_use]
    pub fn kind(&self) -> Option<NexusErrorKind> {
        match self.0.failed {
            Failed::Operation => None,
            Failed::Handler(kind, _) => Some(kind),
        }
    }

    /// Whether the caller's server tries again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let is_final = || matches!(&self.0.failure.failure_info, Some(FailureInfo::ApplicationFailureInfo(info)) if info.non_retryable);
        match self.0.failed {
            Failed::Operation => false,
            Failed::Handler(kind, retries) => retries.unwrap_or_else(|| kind.is_retryable() && !is_final()),
        }
    }

    /// What went wrong, as it will be recorded.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.0.failure
    }

    /// What the server is told: `Ok` is the failure of the operation, `Err` that of the handler.
    #[allow(clippy::result_large_err)] // the two are of one size
    pub(crate) fn into_outcome(self) -> Result<Failure, Failure> {
        match self.0.failed {
            Failed::Operation => Ok(self.0.failure),
            Failed::Handler(..) => Err(self.into_handler_failure()),
        }
    }

    /// The failure of a handler, whose cause this is.
    pub(crate) fn into_handler_failure(self) -> Failure {
        let kind = self.kind().unwrap_or(NexusErrorKind::Internal);
        let retry_behavior = match (self.is_retryable(), kind.is_retryable()) {
            (true, false) => NexusHandlerErrorRetryBehavior::Retryable,
            (false, true) => NexusHandlerErrorRetryBehavior::NonRetryable,
            (true, true) | (false, false) => NexusHandlerErrorRetryBehavior::Unspecified,
        };
        let cause = self.0.failure;
        Failure {
            message: cause.message.clone(),
            source: SOURCE.to_owned(),
            failure_info: Some(FailureInfo::NexusHandlerFailureInfo(NexusHandlerFailureInfo {
                r#type: kind.as_str().to_owned(),
                retry_behavior: retry_behavior.into(),
            })),
            cause: Some(Box::new(cause)),
            ..Failure::default()
        }
    }

    pub(crate) fn from_failure(failure: Failure) -> Self {
        Self(Box::new(Inner {
            failed: Failed::Handler(NexusErrorKind::Internal, None),
            failure,
        }))
    }

    #[allow(clippy::unnecessary_wraps)] // as the shared setters expect it
    fn failure_mut(&mut self) -> Option<&mut Failure> {
        Some(&mut self.0.failure)
    }
}

impl fmt::Display for NexusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.failure.fmt(f)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $text:literal, $is_retryable:literal;)*) => {
        /// Why a handler could not do its work. All but the last five are final: the caller's server does not try again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum NexusErrorKind {
            $($(#[$doc])* $kind,)*
        }

        impl NexusErrorKind {
            /// As the protocol writes it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $text,)*
                }
            }

            /// Whether the caller's server tries again after an error of this kind, unless the error says otherwise.
            #[must_use]
            pub fn is_retryable(self) -> bool {
                match self {
                    $(Self::$kind => $is_retryable,)*
                }
            }

            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// The request is malformed: its input, say.
    BadRequest = "BAD_REQUEST", false;
    /// The caller did not say who it is.
    Unauthenticated = "UNAUTHENTICATED", false;
    /// The caller may not do this.
    Unauthorized = "UNAUTHORIZED", false;
    /// There is no such service, operation, or thing that it is about.
    NotFound = "NOT_FOUND", false;
    /// It does not go with what is there already.
    Conflict = "CONFLICT", false;
    /// The handler cannot do this.
    NotImplemented = "NOT_IMPLEMENTED", false;
    /// The handler took too long.
    RequestTimeout = "REQUEST_TIMEOUT", true;
    /// The handler has had enough for now.
    ResourceExhausted = "RESOURCE_EXHAUSTED", true;
    /// Anything else.
    Internal = "INTERNAL", true;
    /// The handler, or something that it needs, is not there now.
    Unavailable = "UNAVAILABLE", true;
    /// Something that the handler needs took too long.
    UpstreamTimeout = "UPSTREAM_TIMEOUT", true;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler(error: NexusError) -> (String, NexusHandlerErrorRetryBehavior, String) {
        let failure = error.into_outcome().expect_err("the handler failed");
        match failure.failure_info {
            Some(FailureInfo::NexusHandlerFailureInfo(info)) => (
                info.r#type.clone(),
                info.retry_behavior(),
                failure.cause.unwrap().message,
            ),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_by_question_mark_is_internal_and_tried_again() {
        let error = NexusError::from("x".parse::<u8>().unwrap_err());
        assert!(error.is_retryable());
        let (kind, retries, cause) = handler(error);
        assert_eq!(
            (kind.as_str(), retries),
            ("INTERNAL", NexusHandlerErrorRetryBehavior::Unspecified)
        );
        assert_eq!(cause, "invalid digit found in string");
    }

    #[test]
    fn what_differs_from_the_kind_is_said() {
        let of_kind = |kind| NexusError::of_kind(kind, "no");
        assert_eq!(
            handler(of_kind(NexusErrorKind::BadRequest)).1,
            NexusHandlerErrorRetryBehavior::Unspecified
        );
        let retried = of_kind(NexusErrorKind::NotFound).retryable(true);
        assert_eq!(handler(retried).1, NexusHandlerErrorRetryBehavior::Retryable);
        let handlers = NexusError::operation_failed("no").with_kind(NexusErrorKind::NotFound);
        assert_eq!(
            handlers.kind(),
            Some(NexusErrorKind::NotFound),
            "it is no operation's any more"
        );
        assert!(
            NexusError::new("no")
                .with_kind(NexusErrorKind::Unavailable)
                .is_retryable()
        );
        assert!(
            !NexusError::new("no")
                .with_kind(NexusErrorKind::BadRequest)
                .is_retryable()
        );
        let kept = NexusError::new("no")
            .non_retryable()
            .with_kind(NexusErrorKind::Unavailable);
        assert!(!kept.is_retryable(), "what was said of retries stays");
        let given_up = NexusError::new("no").non_retryable();
        assert_eq!(handler(given_up).1, NexusHandlerErrorRetryBehavior::NonRetryable);
    }

    #[test]
    fn an_operation_that_failed_is_final() {
        let error = NexusError::operation_failed("no greeting");
        assert_eq!((error.kind(), error.is_retryable()), (None, false));
        let failure = error.into_outcome().expect("the operation failed");
        assert_eq!(failure.message, "no greeting");
        let cancelled = NexusError::operation_cancelled("enough")
            .into_outcome()
            .expect("the operation ended");
        assert!(matches!(
            cancelled.failure_info,
            Some(FailureInfo::CanceledFailureInfo(_))
        ));
    }

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in [NexusErrorKind::BadRequest, NexusErrorKind::UpstreamTimeout] {
            assert_eq!(NexusErrorKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(NexusErrorKind::parse("TEAPOT"), None);
    }
}
