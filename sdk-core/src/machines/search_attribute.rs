//! The search attribute that lists a run's patches.

use crate::limits::CHANGE_VERSION_BYTES_MAX;
use std::collections::BTreeMap;
use steadfast_proto::{
    command::UpsertWorkflowSearchAttributesCommandAttributes,
    common::{Payload, SearchAttributes},
    history::{HistoryEvent, history_event::Attributes},
};

/// The attribute's name.
pub(crate) const CHANGE_VERSION: &str = "TemporalChangeVersion";

/// The command that sets the attribute to `ids`, which are sorted; none if the server would refuse its size.
pub(crate) fn upsert_change_versions<'a>(
    ids: impl Iterator<Item = &'a str>,
) -> Option<UpsertWorkflowSearchAttributesCommandAttributes> {
    let ids: Vec<&str> = ids.collect();
    let data = serde_json::to_vec(&ids).ok()?;
    if data.len() >= CHANGE_VERSION_BYTES_MAX {
        return None;
    }
    let mut payload = Payload::encoded("json/plain", data);
    payload.metadata.insert("type", "KeywordList".into());
    Some(UpsertWorkflowSearchAttributesCommandAttributes {
        search_attributes: Some(SearchAttributes {
            indexed_fields: BTreeMap::from([(CHANGE_VERSION.to_owned(), payload)]),
        }),
    })
}

/// Whether a value takes its search attribute, or its field of the memo, away.
pub(crate) fn is_null(value: &Payload) -> bool {
    value.encoding() == b"binary/null"
}

/// Whether the event records such an upsert.
pub(crate) fn is_change_versions(event: &HistoryEvent) -> bool {
    match &event.attributes {
        Some(Attributes::UpsertWorkflowSearchAttributesEventAttributes(upsert)) => upsert
            .search_attributes
            .as_ref()
            .is_some_and(|attributes| attributes.indexed_fields.contains_key(CHANGE_VERSION)),
        _ => false,
    }
}
