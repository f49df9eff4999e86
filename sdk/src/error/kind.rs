//! How the error type that a user wrote becomes a failure, whatever it is.

/// Chooses by the error's type, at compile time, without a bound on it: generated code says
/// `(&&&Tag(error)).failure(converter)` on a concrete type, and method lookup finds the first that fits, in this order:
/// our own error types and boxes, typed application errors, any `Error`, anything that can be printed.
#[doc(hidden)]
pub mod error_kind {
    use super::super::{
        ActivityError, ActivityFailure, ApplicationError, Cancelled, ChildFailure, Failure, NexusFailure, Rejection,
        UpdateError, WorkflowError, chain, workflow::Ending,
    };
    use crate::convert::Converter;
    use std::{error::Error, fmt::Display};

    /// Holds the error whose kind is asked for.
    pub struct Tag<E>(pub E);

    /// Our own error types, and boxes.
    pub trait ViaSdk {
        /// The failure of the error.
        fn failure(&self, converter: &Converter) -> Failure;
    }

    /// Typed application errors.
    pub trait ViaApplication {
        /// The failure of the error.
        fn failure(&self, converter: &Converter) -> Failure;
    }

    /// Any other `Error`.
    pub trait ViaStd {
        /// The failure of the error.
        fn failure(&self, converter: &Converter) -> Failure;
    }

    /// Whatever can be printed.
    pub trait ViaDisplay {
        /// The failure of the error.
        fn failure(&self, converter: &Converter) -> Failure;
    }

    /// What is found if nothing else fits: says what is missing.
    pub trait ViaNothing<E> {
        /// Never called, because nothing fits only what can't be printed.
        fn failure(self, converter: &Converter) -> Failure
        where
            E: Printable;
    }

    /// What can tell what went wrong.
    #[diagnostic::on_unimplemented(
        message = "the error `{Self}` cannot say what went wrong",
        label = "neither an `ApplicationError` nor an `Error`, and without `Display`",
        note = "add `#[derive(Debug, Serialize, Deserialize, ApplicationError)]` to `{Self}`, or return an `ActivityError`"
    )]
    pub trait Printable: Display {}

    #[diagnostic::do_not_recommend]
    impl<E: Display> Printable for E {}

    macro_rules! via_sdk {
        ($($type:ty => $failure:expr;)*) => {$(
            impl ViaSdk for &&Tag<$type> {
                fn failure(&self, _: &Converter) -> Failure {
                    let failure: fn(&$type) -> Failure = $failure;
                    failure(&self.0)
                }
            }
        )*};
    }

    via_sdk! {
        ActivityError => |error| error.failure().clone();
        UpdateError => |error| error.failure().clone();
        Rejection => |rejection| rejection.failure().clone();
        ActivityFailure => |failure| failure.failure().clone();
        ChildFailure => |failure| failure.failure().clone();
        NexusFailure => |failure| failure.failure().clone();
        Failure => |failure| failure.clone();
        Cancelled => |cancelled| chain::failure_of(cancelled);
        WorkflowError => |error| match error.clone().into_ending() {
            Ending::Failed(failure) | Ending::Untyped(failure) => failure,
            other => UpdateError::from(WorkflowError::from(other)).into_failure(),
        };
        Box<dyn Error> => |error| chain::failure_of_dyn(&**error);
        Box<dyn Error + Send> => |error| chain::failure_of_dyn(&**error);
        Box<dyn Error + Send + Sync> => |error| chain::failure_of_dyn(&**error);
    }

    impl<E: ApplicationError> ViaApplication for &&&Tag<E> {
        fn failure(&self, _: &Converter) -> Failure {
            chain::failure_of(&self.0)
        }
    }

    impl<E: Error + 'static> ViaStd for &Tag<E> {
        fn failure(&self, _: &Converter) -> Failure {
            chain::failure_of(&self.0)
        }
    }

    impl<E: Display + 'static> ViaDisplay for Tag<E> {
        fn failure(&self, _: &Converter) -> Failure {
            // The alternate form of `anyhow::Error`, and of those like it, tells the causes too.
            chain::failure_of_text(chain::short_name::<E>(), format!("{:#}", self.0))
        }
    }

    impl<E> ViaNothing<E> for Tag<E> {
        fn failure(self, _: &Converter) -> Failure
        where
            E: Printable,
        {
            chain::failure_of_text(chain::short_name::<E>(), format!("{:#}", self.0))
        }
    }
}
