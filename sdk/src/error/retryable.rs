//! What the errors that user code returns have in common: they hold a failure, and say how to go on after it.

/// Constructors and setters of an error type that takes any error by `?`. What is made of such an error may depend on whether it was
/// a typed one, or a failure already.
macro_rules! from_any_error {
    ($name:ident, $what:literal) => {
        super::retryable::from_any_error!($name, $what, |failure, _| Self::from_failure(failure));
    };
    ($name:ident, $what:literal, $from:expr) => {
        impl $name {
            #[doc = concat!("An error with this message. ", $what)]
            #[must_use]
            pub fn new(message: impl Into<String>) -> Self {
                Self::from_failure(super::chain::failure_of_text(stringify!($name), message.into()))
            }

            /// A typed error, which is matched again on the other side. `?` does the same.
            #[must_use]
            pub fn application<E: super::ApplicationError>(error: &E) -> Self {
                Self::from_failure(super::chain::failure_of(error))
            }

            /// The error in a box, which `?` cannot take.
            #[must_use]
            pub fn from_boxed(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
                Self::from_failure(super::chain::failure_of_dyn(&*error))
            }

            /// Names the failure's type, which retry policies list and other languages match.
            #[must_use]
            pub fn type_name(mut self, name: impl Into<String>) -> Self {
                if let Some(info) = self.application_info() {
                    info.r#type = name.into();
                }
                self
            }

            /// Retrying cannot help.
            #[must_use]
            pub fn non_retryable(mut self) -> Self {
                if let Some(info) = self.application_info() {
                    info.non_retryable = true;
                }
                self
            }

            /// Waits this long before the next attempt, instead of what the retry policy says.
            #[must_use]
            pub fn next_retry_delay(mut self, delay: std::time::Duration) -> Self {
                if let Some(info) = self.application_info() {
                    info.next_retry_delay = Some(steadfast_proto::duration(delay));
                }
                self
            }

            /// Expected in normal work: not worth a warning or an alarm.
            #[must_use]
            pub fn benign(mut self) -> Self {
                if let Some(info) = self.application_info() {
                    info.category = steadfast_proto::enums::ApplicationErrorCategory::Benign.into();
                }
                self
            }

            /// Data for whoever handles the failure. A value that cannot be encoded is left out.
            #[must_use]
            pub fn details<T: serde::Serialize + 'static>(mut self, details: &T) -> Self {
                if let Some(info) = self.application_info() {
                    info.details = crate::convert::Converter::default().encode_result(details).ok();
                }
                self
            }

            fn application_info(&mut self) -> Option<&mut steadfast_proto::failure::ApplicationFailureInfo> {
                use steadfast_proto::failure::failure::FailureInfo;
                match &mut self.failure_mut()?.failure_info {
                    Some(FailureInfo::ApplicationFailureInfo(info)) => Some(info),
                    _ => None,
                }
            }
        }

        impl<E: std::error::Error + Send + Sync + 'static> From<E> for $name {
            fn from(error: E) -> Self {
                let from: fn(steadfast_proto::failure::Failure, bool) -> Self = $from;
                let (failure, is_typed) = super::chain::typed_failure_of(&error);
                from(failure, is_typed)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}

pub(super) use from_any_error;
