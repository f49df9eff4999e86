//! What a workflow tells about itself to tools.

use serde_json::{Value, json};
use steadfast_core::PendingOperation;
use steadfast_proto::common::{Payload, Payloads};

/// The query that every SDK answers with its workflow's messages.
pub(super) const METADATA_QUERY: &str = "__temporal_workflow_metadata";

/// The query that every SDK answers with what its workflow waits for.
pub(crate) const STACK_TRACE_QUERY: &str = "__stack_trace";

/// The same, for programs.
pub(super) const ENHANCED_STACK_TRACE_QUERY: &str = "__enhanced_stack_trace";

/// A text as a payload that tools can show.
pub(crate) fn text(text: &str) -> Payload {
    Payload::encoded("json/plain", Value::from(text).to_string())
}

/// What the metadata query is answered with. A message is its name and what people are told of it; the name of a dynamic
/// one is empty.
pub(super) struct Metadata<'a> {
    pub(super) workflow_type: String,
    pub(super) queries: Vec<(String, &'a str)>,
    pub(super) signals: Vec<(String, &'a str)>,
    pub(super) updates: Vec<(String, &'a str)>,
    pub(super) current_details: String,
}

impl Metadata<'_> {
    /// The JSON form of `temporal.api.sdk.v1.WorkflowMetadata`, without what is empty.
    pub(super) fn answer(&self) -> Payloads {
        fn definitions(messages: &[(String, &str)]) -> Vec<Value> {
            let definition = |(name, description): &(String, &str)| match (name.as_str(), *description) {
                ("", "") => json!({}),
                (name, "") => json!({ "name": name }),
                ("", description) => json!({ "description": description }),
                (name, description) => json!({ "name": name, "description": description }),
            };
            messages.iter().map(definition).collect()
        }
        let mut metadata = json!({
            "definition": {
                "type": self.workflow_type,
                "queryDefinitions": definitions(&self.queries),
                "signalDefinitions": definitions(&self.signals),
                "updateDefinitions": definitions(&self.updates),
            }
        });
        if !self.current_details.is_empty()
            && let Some(metadata) = metadata.as_object_mut()
        {
            metadata.insert("currentDetails".to_owned(), Value::from(self.current_details.as_str()));
        }
        message("temporal.api.sdk.v1.WorkflowMetadata", &metadata)
    }
}

/// What the workflow waits for, and since which line.
pub(super) fn stack_trace(pending: &[PendingOperation]) -> String {
    let lines = pending
        .iter()
        .map(|operation| format!("{} at {}", operation.what, operation.location));
    lines.collect::<Vec<_>>().join("\n")
}

/// The same as the JSON form of `temporal.api.sdk.v1.EnhancedStackTrace`: one stack for each thing that is waited for. The
/// source text isn't there at run time.
pub(super) fn enhanced_stack_trace(pending: &[PendingOperation]) -> Payloads {
    let stack = |operation: &PendingOperation| {
        json!({
            "locations": [{
                "filePath": operation.location.file(),
                "line": operation.location.line(),
                "column": operation.location.column(),
                "functionName": operation.what,
            }]
        })
    };
    let trace = json!({
        "sdk": { "name": crate::SDK_NAME, "version": crate::SDK_VERSION },
        "stacks": pending.iter().map(stack).collect::<Vec<_>>(),
    });
    message("temporal.api.sdk.v1.EnhancedStackTrace", &trace)
}

/// A protobuf message in its JSON form.
fn message(message_type: &'static str, json: &Value) -> Payloads {
    let mut payload = Payload::encoded("json/protobuf", json.to_string());
    payload.metadata.insert("messageType", message_type.as_bytes().into());
    Payloads {
        payloads: vec![payload],
    }
}
