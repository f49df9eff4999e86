//! What handlers say went wrong, as the failures of the API.

use std::fmt::Write as _;
use steadfast_proto::{
    common,
    enums::NexusHandlerErrorRetryBehavior as Retry,
    enums::TimeoutType,
    failure::{
        ApplicationFailureInfo, CanceledFailureInfo, Failure, NexusHandlerFailureInfo, NexusOperationFailureInfo,
        TimeoutFailureInfo, failure::FailureInfo,
    },
    history::NexusOperationScheduledEventAttributes,
    json, nexus,
};

/// Workers that know the API's failures send them in this wrapping.
const WRAPPED_FAILURE: &str = "temporal.api.failure.v1.Failure";

/// A failure of the Nexus protocol.
pub(crate) fn of_nexus(failure: &nexus::Failure) -> Failure {
    let is_wrapped = failure.metadata.get("type").is_some_and(|kind| kind == WRAPPED_FAILURE);
    if is_wrapped && let Ok(mut inner) = json::from_json::<Failure>(&failure.details) {
        inner.message.clone_from(&failure.message);
        if !failure.stack_trace.is_empty() {
            inner.stack_trace.clone_from(&failure.stack_trace);
        }
        return inner;
    }
    let has_more = !failure.metadata.is_empty() || !failure.details.is_empty();
    let info = ApplicationFailureInfo {
        r#type: "NexusFailure".to_owned(),
        details: Some(vec![common::Payload::encoded("json/plain", more_of(failure))].into()),
        ..Default::default()
    };
    Failure {
        message: failure.message.clone(),
        stack_trace: failure.stack_trace.clone(),
        cause: failure.cause.as_deref().map(|cause| Box::new(of_nexus(cause))),
        failure_info: has_more.then_some(FailureInfo::ApplicationFailureInfo(info)),
        ..Failure::default()
    }
}

fn more_of(failure: &nexus::Failure) -> String {
    let mut text = String::from("{");
    let members = failure.metadata.iter();
    let members: Vec<String> = members
        .map(|(key, value)| format!("{}:{}", quoted(key), quoted(value)))
        .collect();
    if !members.is_empty() {
        let _ = write!(text, "\"metadata\":{{{}}}", members.join(","));
    }
    if let Ok(details) = std::str::from_utf8(&failure.details)
        && !details.is_empty()
    {
        let comma = if members.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}\"details\":{details}");
    }
    text.push('}');
    text
}

/// A string as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// What a handler said instead of an answer.
pub(crate) fn of_handler(error: &nexus::HandlerError) -> Failure {
    Failure {
        cause: error.failure.as_ref().map(|failure| Box::new(of_nexus(failure))),
        failure_info: Some(FailureInfo::NexusHandlerFailureInfo(NexusHandlerFailureInfo {
            r#type: error.error_type.clone(),
            retry_behavior: error.retry_behavior,
        })),
        ..Failure::default()
    }
}

/// A handler error that the server makes.
pub(crate) fn handler(kind: &str, message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::NexusHandlerFailureInfo(NexusHandlerFailureInfo {
            r#type: kind.to_owned(),
            ..Default::default()
        })),
        ..Failure::default()
    }
}

/// Whether a request that failed so is sent again.
pub(crate) fn is_retryable(failure: &Failure) -> bool {
    let Some(FailureInfo::NexusHandlerFailureInfo(info)) = &failure.failure_info else {
        return !matches!(&failure.failure_info, Some(FailureInfo::ApplicationFailureInfo(info)) if info.non_retryable);
    };
    match info.retry_behavior() {
        Retry::Retryable => true,
        Retry::NonRetryable => false,
        Retry::Unspecified => !matches!(
            info.r#type.as_str(),
            "BAD_REQUEST" | "UNAUTHENTICATED" | "UNAUTHORIZED" | "NOT_FOUND" | "NOT_IMPLEMENTED" | "CONFLICT"
        ),
    }
}

pub(crate) fn is_cancellation(failure: &Failure) -> bool {
    matches!(failure.failure_info, Some(FailureInfo::CanceledFailureInfo(_)))
}

pub(crate) fn canceled(message: &str, details: Option<common::Payloads>) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo {
            details,
            ..Default::default()
        })),
        ..Failure::default()
    }
}

pub(crate) fn timed_out(message: &str, kind: TimeoutType) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: kind.into(),
            ..Default::default()
        })),
        ..Failure::default()
    }
}

/// How an operation ended, as its caller's history has it.
pub(crate) fn of_operation(
    scheduled_event_id: i64,
    scheduled: &NexusOperationScheduledEventAttributes,
    token: &str,
    cause: Failure,
) -> Failure {
    Failure {
        message: "nexus operation completed unsuccessfully".to_owned(),
        cause: Some(Box::new(cause)),
        failure_info: Some(FailureInfo::NexusOperationExecutionFailureInfo(
            NexusOperationFailureInfo {
                scheduled_event_id,
                endpoint: scheduled.endpoint.clone(),
                service: scheduled.service.clone(),
                operation: scheduled.operation.clone(),
                operation_id: token.to_owned(),
                operation_token: token.to_owned(),
            },
        )),
        ..Failure::default()
    }
}
