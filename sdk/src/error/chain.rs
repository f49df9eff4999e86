//! Any error becomes a failure, its sources the failure's causes.

use super::{
    ActivityFailure, CancelWorkflowError, Cancelled, ChildFailure, NexusFailure, QueryFailure, SOURCE,
    SignalWorkflowError, UpdateFailure, WorkflowFailure, application,
};
use std::{any::type_name, error::Error};
use steadfast_proto::failure::Failure;

/// How many sources of an error are told; deeper ones are left out.
const CAUSES_MAX: usize = 16;

/// The failure of an error of a known type.
pub(super) fn failure_of<E: Error + 'static>(error: &E) -> Failure {
    typed_failure_of(error).0
}

/// The failure of an error, and whether it, or one of its sources, is a typed error or was a failure before.
pub(super) fn typed_failure_of<E: Error + 'static>(error: &E) -> (Failure, bool) {
    convert(error, short_name::<E>(), CAUSES_MAX)
}

/// The failure of an error whose type is not known any more.
pub(super) fn failure_of_dyn(error: &(dyn Error + 'static)) -> Failure {
    convert(error, "Error", CAUSES_MAX).0
}

/// The failure of something that can only be printed.
pub(super) fn failure_of_text(type_name: &str, text: String) -> Failure {
    Failure {
        source: SOURCE.to_owned(),
        ..Failure::application(type_name, text)
    }
}

/// A type's name without its path and parameters.
pub(super) fn short_name<T: ?Sized>() -> &'static str {
    let name = type_name::<T>();
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

fn convert(error: &(dyn Error + 'static), type_name: &str, causes_left: usize) -> (Failure, bool) {
    if let Some(failure) = recognise(error) {
        return (failure, true);
    }
    let (typed, source) = application::typed(error);
    let mut is_typed = typed.is_some();
    let mut failure = typed.unwrap_or_else(|| failure_of_text(type_name, error.to_string()));
    if let (Some(causes_left), Some(source)) = (causes_left.checked_sub(1), source) {
        let (cause, is_cause_typed) = convert(source, "Error", causes_left);
        failure.cause = Some(Box::new(cause));
        is_typed |= is_cause_typed;
    }
    (failure, is_typed)
}

/// Errors that are failures already. The set is closed: a failure goes on as it came.
fn recognise(error: &(dyn Error + 'static)) -> Option<Failure> {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(failure.clone());
    }
    let is_cancelled = error.is::<Cancelled>()
        || matches!(error.downcast_ref(), Some(SignalWorkflowError::Cancelled))
        || matches!(error.downcast_ref(), Some(CancelWorkflowError::Cancelled));
    if is_cancelled {
        return Some(Failure {
            source: SOURCE.to_owned(),
            ..Failure::cancelled(error.to_string())
        });
    }
    macro_rules! one_of {
        ($($type:ty),*) => { $(if let Some(known) = error.downcast_ref::<$type>() { return Some(known.failure().clone()); })* };
    }
    one_of!(
        ActivityFailure,
        ChildFailure,
        NexusFailure,
        QueryFailure,
        UpdateFailure,
        WorkflowFailure
    );
    None
}
