//! What failures say, in a payload of its own: so that it is encrypted with all else.

use super::Converter;
use serde::{Deserialize, Serialize};
use steadfast_proto::{carrier::FailureText, common::Payload, failure::Failure};

/// What stands in place of the message, in all SDKs.
const PLACEHOLDER: &str = "Encoded failure";

/// The names are those of all SDKs.
#[derive(Serialize, Deserialize)]
struct Text {
    message: String,
    stack_trace: String,
}

/// Moves message and stack trace into the payload.
pub(super) fn hide(text: &mut FailureText<'_>) {
    let hidden = Text {
        message: std::mem::replace(text.message, PLACEHOLDER.to_owned()),
        stack_trace: std::mem::take(text.stack_trace),
    };
    *text.encoded = Converter::default().encode(&hidden).ok();
}

/// Takes message and stack trace out of the payload, if that is what it holds.
pub(super) fn restore(text: &mut FailureText<'_>) {
    let Some(hidden) = text.encoded.as_ref().and_then(read) else {
        return;
    };
    *text.message = hidden.message;
    *text.stack_trace = hidden.stack_trace;
    *text.encoded = None;
}

fn read(payload: &Payload) -> Option<Text> {
    Converter::default().decode(Some(payload)).ok()
}

/// The same for a failure and all its causes, that came without a codec on the way.
pub(crate) fn restore_all(failure: &mut Failure) {
    let mut next = Some(failure);
    while let Some(failure) = next {
        if failure.encoded_attributes.is_some() {
            restore(&mut FailureText {
                message: &mut failure.message,
                stack_trace: &mut failure.stack_trace,
                encoded: &mut failure.encoded_attributes,
            });
        }
        next = failure.cause.as_deref_mut();
    }
}
