//! What a workflow tells about itself to tools.

use serde_json::json;
use steadfast_proto::common::{Payload, Payloads};

/// The query that every SDK answers with its workflow's messages.
pub(super) const METADATA_QUERY: &str = "__temporal_workflow_metadata";

/// The query that every SDK answers with what its workflow waits for.
pub(super) const STACK_TRACE_QUERY: &str = "__stack_trace";

/// A text as a payload that tools can show.
pub(crate) fn text(text: &str) -> Payload {
    Payload::encoded("json/plain", serde_json::Value::from(text).to_string())
}

/// The answer to the metadata query: the JSON form of `temporal.api.sdk.v1.WorkflowMetadata`.
pub(super) fn answer<'a>(
    workflow_type: &str,
    queries: impl Iterator<Item = &'a str>,
    signals: impl Iterator<Item = &'a str>,
    updates: impl Iterator<Item = &'a str>,
) -> Payloads {
    fn definitions<'a>(names: impl Iterator<Item = &'a str>) -> Vec<serde_json::Value> {
        names.map(|name| json!({ "name": name })).collect()
    }
    let metadata = json!({
        "definition": {
            "type": workflow_type,
            "queryDefinitions": definitions(queries),
            "signalDefinitions": definitions(signals),
            "updateDefinitions": definitions(updates),
        }
    });
    let mut payload = Payload::encoded("json/protobuf", metadata.to_string());
    payload.metadata.insert(
        "messageType".to_owned(),
        b"temporal.api.sdk.v1.WorkflowMetadata".as_slice().into(),
    );
    Payloads {
        payloads: vec![payload],
    }
}
