//! Failures as handlers write them in HTTP: an object with a message, strings that say more, and details of any shape.

use serde_json::{Value, json};
use steadfast_proto::nexus;

/// Causes of causes that are read.
const DEPTH_MAX: usize = 32;

/// A failure from JSON; `None` if the text is none.
pub(super) fn read(json: &[u8]) -> Option<nexus::Failure> {
    of_value(serde_json::from_slice(json).ok()?, DEPTH_MAX)
}

fn of_value(value: Value, depth: usize) -> Option<nexus::Failure> {
    let Value::Object(mut object) = value else { return None };
    let mut text = |key: &str| match object.remove(key) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (message, stack_trace) = (text("message"), text("stackTrace"));
    let metadata = match object.remove("metadata") {
        Some(Value::Object(metadata)) => metadata
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())))
            .collect(),
        _ => Default::default(),
    };
    let details = object.remove("details").filter(|details| !details.is_null());
    let cause = object.remove("cause").filter(|_| depth > 0);
    Some(nexus::Failure {
        message,
        stack_trace,
        metadata,
        details: details.map(|details| details.to_string().into()).unwrap_or_default(),
        cause: cause
            .and_then(|cause| of_value(cause, depth.saturating_sub(1)))
            .map(Box::new),
    })
}

/// A handler's error as the body of an answer.
pub(super) fn handler_error(kind: &str, message: &str) -> String {
    json!({"message": message, "metadata": {"type": "nexus.HandlerError"}, "details": {"type": kind}}).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_failure_is_read_with_its_causes() {
        let failure = super::read(
            br#"{"message": "a", "metadata": {"k": "v"}, "details": {"d": [1]}, "cause": {"message": "b"}}"#,
        )
        .unwrap();
        assert_eq!(failure.message, "a");
        assert_eq!(failure.metadata["k"], "v");
        assert_eq!(failure.details, r#"{"d":[1]}"#.as_bytes());
        assert_eq!(failure.cause.unwrap().message, "b");
        assert_eq!(super::read(b"nothing of the kind"), None);
    }
}
