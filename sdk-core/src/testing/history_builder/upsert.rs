//! Search attributes and memo in written histories.

use super::HistoryBuilder;
use crate::testing::json;
use std::collections::BTreeMap;
use steadfast_proto::{
    Shared,
    common::{Memo, Payload, SearchAttributes},
    enums::EventType,
    history::{self as h, history_event::Attributes as A},
};

impl HistoryBuilder {
    /// What the run is started with: search attributes and fields of the memo.
    pub fn started_with(mut self, search_attributes: &[(&str, &str)], memo: &[(&str, &str)]) -> Self {
        let first = self.events.first_mut().and_then(|event| event.attributes.as_mut());
        if let Some(A::WorkflowExecutionStartedEventAttributes(started)) = first {
            started.search_attributes = Some(SearchAttributes {
                indexed_fields: fields(search_attributes),
            });
            started.memo = Some(Memo { fields: fields(memo) });
        }
        self
    }

    /// Search attributes are changed by code.
    pub fn search_attributes_upserted(self, values: &[(&str, &str)]) -> Self {
        let upsert = h::UpsertWorkflowSearchAttributesEventAttributes {
            search_attributes: Some(SearchAttributes {
                indexed_fields: fields(values),
            }),
            workflow_task_completed_event_id: self.task_completed,
        };
        self.add(
            EventType::UpsertWorkflowSearchAttributes,
            A::UpsertWorkflowSearchAttributesEventAttributes(Shared::new(upsert)),
        )
    }

    /// The memo is changed by code.
    pub fn memo_upserted(self, values: &[(&str, &str)]) -> Self {
        let modified = h::WorkflowPropertiesModifiedEventAttributes {
            upserted_memo: Some(Memo { fields: fields(values) }),
            workflow_task_completed_event_id: self.task_completed,
        };
        self.add(
            EventType::WorkflowPropertiesModified,
            A::WorkflowPropertiesModifiedEventAttributes(Shared::new(modified)),
        )
    }
}

/// Texts by name.
pub fn fields(values: &[(&str, &str)]) -> BTreeMap<String, Payload> {
    values
        .iter()
        .filter_map(|(name, text)| {
            let payload = json(&serde_json::Value::from(*text)).payloads.pop()?;
            Some(((*name).to_owned(), payload))
        })
        .collect()
}
