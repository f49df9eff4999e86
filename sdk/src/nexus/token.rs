//! The token of an operation that is a workflow, as all SDKs write it: whoever gets it can cancel the workflow.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// The kind of token that names a workflow.
const WORKFLOW: u32 = 1;

/// Names the workflow that an operation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkflowToken {
    #[serde(rename = "t")]
    kind: u32,
    #[serde(rename = "ns")]
    pub(crate) namespace: String,
    #[serde(rename = "wid")]
    pub(crate) workflow_id: String,
    /// Never written; a token of a later version is not one that is understood.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
}

impl WorkflowToken {
    pub(crate) fn new(namespace: &str, workflow_id: &str) -> Self {
        Self {
            kind: WORKFLOW,
            namespace: namespace.to_owned(),
            workflow_id: workflow_id.to_owned(),
            version: None,
        }
    }

    pub(crate) fn encode(&self) -> String {
        // Text and numbers can always be written.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// `None` if it is somebody's own token.
    pub(crate) fn decode(token: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(token).ok()?;
        let token: Self = serde_json::from_slice(&json).ok()?;
        let is_known = token.kind == WORKFLOW && token.version.unwrap_or_default() == 0;
        (is_known && !token.workflow_id.is_empty()).then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_s_token_is_that_of_other_sdks() {
        let token = WorkflowToken::new("default", "order-1");
        let json = br#"{"t":1,"ns":"default","wid":"order-1"}"#;
        assert_eq!(token.encode(), URL_SAFE_NO_PAD.encode(json));
        assert_eq!(WorkflowToken::decode(&token.encode()), Some(token));
    }

    #[test]
    fn other_tokens_are_no_workflow_s() {
        let encoded = |json: &str| URL_SAFE_NO_PAD.encode(json);
        for token in [
            "mine".to_owned(),
            String::new(),
            encoded(r#"{"t":2,"ns":"default","aid":"a"}"#),
            encoded(r#"{"t":1,"ns":"default","wid":""}"#),
            encoded(r#"{"t":1,"ns":"default","wid":"w","v":7}"#),
        ] {
            assert_eq!(WorkflowToken::decode(&token), None, "{token}");
        }
    }
}
