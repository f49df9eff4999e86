//! Typed errors that are matched again on the other side.

use super::SOURCE;
use crate::convert::{Converter, DecodeError, EncodeError};
use std::{cell::RefCell, error::Error, time::Duration};
use steadfast_proto::{
    common::Payloads,
    enums::ApplicationErrorCategory,
    failure::{ApplicationFailureInfo, Failure, failure::FailureInfo},
};

/// An error that keeps its variant on the way from an activity to a workflow, and from a workflow to a client.
///
/// Derive it, beside serde's traits; the derive writes `Display` and `Error` too. The value travels in the failure's
/// details, so that [`ActivityFailure::application`](super::ActivityFailure::application) gives it back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an application error",
    label = "add `#[derive(ApplicationError, Serialize, Deserialize)]` to `{Self}`"
)]
pub trait ApplicationError: Error + Send + Sync + Sized + 'static {
    /// The failure's type, by which it is found again.
    const TYPE: &'static str;

    /// The failure's details: this value.
    ///
    /// # Errors
    /// The value's serialisation fails.
    fn encode(&self, converter: &Converter) -> Result<Payloads, EncodeError>;

    /// The value in a failure's details.
    ///
    /// # Errors
    /// The details hold something else.
    fn decode(details: Option<&Payloads>, converter: &Converter) -> Result<Self, DecodeError>;

    /// Whether retrying cannot help.
    fn non_retryable(&self) -> bool {
        false
    }

    /// Whether it is expected in normal work: not worth a warning or an alarm.
    fn is_benign(&self) -> bool {
        false
    }

    /// How long to wait before the next attempt, instead of what the retry policy says.
    fn next_retry_delay(&self) -> Option<Duration> {
        None
    }
}

/// The failure of a typed error, without its causes.
pub(crate) fn application_failure<E: ApplicationError>(error: &E) -> Failure {
    let details = error.encode(&Converter::default()).ok();
    Failure {
        message: error.to_string(),
        source: SOURCE.to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: E::TYPE.to_owned(),
            non_retryable: error.non_retryable(),
            details,
            category: if error.is_benign() {
                ApplicationErrorCategory::Benign.into()
            } else {
                ApplicationErrorCategory::Unspecified.into()
            },
            next_retry_delay: error.next_retry_delay().map(steadfast_proto::duration),
        })),
        ..Failure::default()
    }
}

/// The typed error in a failure or in one of its causes, if its type and its details are those of `E`.
pub(crate) fn find_application<E: ApplicationError>(failure: &Failure) -> Option<E> {
    let mut next = Some(failure);
    while let Some(failure) = next {
        if let Some(FailureInfo::ApplicationFailureInfo(info)) = &failure.failure_info
            && info.r#type == E::TYPE
        {
            return E::decode(info.details.as_ref(), &Converter::default()).ok();
        }
        next = failure.cause.as_deref();
    }
    None
}

/// What a conversion that is going on in this thread has been offered.
enum Offer {
    Closed,
    Open,
    Taken(Box<Failure>),
}

thread_local! {
    static OFFER: RefCell<Offer> = const { RefCell::new(Offer::Closed) };
}

/// Called by the derived `Error::source`: hands the typed form to whoever is converting right now, else does nothing.
///
/// The blanket `From<E: Error>` of our error types leaves no room for one that knows of [`ApplicationError`]; this is
/// how the typed form gets through it, also from inside a transparent wrapper, which forwards `source`.
#[doc(hidden)]
pub fn offer<E: ApplicationError>(error: &E) {
    let is_open = OFFER.with_borrow_mut(|offer| {
        let is_open = matches!(offer, Offer::Open);
        if is_open {
            *offer = Offer::Closed;
        }
        is_open
    });
    if is_open {
        let failure = Box::new(application_failure(error));
        OFFER.set(Offer::Taken(failure));
    }
}

/// The typed form of an error, if it has one, and its source.
pub(super) fn typed<'e>(error: &'e (dyn Error + 'static)) -> (Option<Failure>, Option<&'e (dyn Error + 'static)>) {
    let outer = OFFER.replace(Offer::Open);
    let source = error.source();
    match OFFER.replace(outer) {
        Offer::Taken(failure) => (Some(*failure), source),
        Offer::Open | Offer::Closed => (None, source),
    }
}
