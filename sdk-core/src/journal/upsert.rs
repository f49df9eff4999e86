//! Search attributes and memo, changed by workflow code. Such a command resolves nothing: what code sees changes at once.

use super::Journal;
use crate::{
    TaskFailure,
    issued::What,
    machines::search_attribute::{self, CHANGE_VERSION},
};
use std::{collections::BTreeMap, panic::Location};
use steadfast_proto::{
    SmallMap,
    command::{
        ModifyWorkflowPropertiesCommandAttributes, UpsertWorkflowSearchAttributesCommandAttributes, command::Attributes,
    },
    common::{Memo, Payload, SearchAttributes},
};

type Caller = &'static Location<'static>;

/// Fields that code changed since the run started. One that it took away is there as `None`.
#[derive(Debug, Default)]
pub(crate) struct Changes(SmallMap<String, Option<Payload>>);

impl Changes {
    fn add(&mut self, fields: &BTreeMap<String, Payload>) {
        let changed = fields.iter().map(|(name, value)| {
            let value = (!search_attribute::is_null(value)).then(|| value.clone());
            (name.clone(), value)
        });
        self.0.extend(changed);
    }

    /// What a field holds now, `started` being the fields that the run started with.
    pub(crate) fn get(&self, name: &str, started: Option<&BTreeMap<String, Payload>>) -> Option<Payload> {
        match self.0.get(name) {
            Some(changed) => changed.clone(),
            None => started.and_then(|fields| fields.get(name)).cloned(),
        }
    }

    /// All fields as they are now.
    pub(crate) fn apply_to(&self, started: Option<&BTreeMap<String, Payload>>) -> BTreeMap<String, Payload> {
        let mut fields = started.cloned().unwrap_or_default();
        for (name, value) in &self.0 {
            match value {
                Some(value) => fields.insert(name.clone(), value.clone()),
                None => fields.remove(name),
            };
        }
        fields
    }
}

impl Journal {
    /// Changes search attributes. Nothing to be changed is nothing to be sent: the server would refuse it.
    pub(crate) fn upsert_search_attributes(&mut self, attributes: SearchAttributes, location: Caller) {
        if !self.may_change("search attributes were changed", location) || attributes.indexed_fields.is_empty() {
            return;
        }
        if attributes.indexed_fields.contains_key(CHANGE_VERSION) {
            self.violation.get_or_insert_with(|| {
                Box::new(TaskFailure {
                    message: format!(
                        "workflow code changes the search attribute {CHANGE_VERSION}, which lists its patches and is kept \
                         by `patched` alone: take another name"
                    ),
                    location: Some(location.to_string()),
                    is_panic: false,
                })
            });
            return;
        }
        self.search_attributes.add(&attributes.indexed_fields);
        let upsert = UpsertWorkflowSearchAttributesCommandAttributes {
            search_attributes: Some(attributes),
        };
        let attributes = Attributes::UpsertWorkflowSearchAttributesCommandAttributes(Box::new(upsert));
        self.issue(What::UpsertSearchAttributes, attributes, location);
    }

    /// Changes the memo. Nothing to be changed is nothing to be sent: the server would refuse it.
    pub(crate) fn upsert_memo(&mut self, memo: Memo, location: Caller) {
        if !self.may_change("the memo was changed", location) || memo.fields.is_empty() {
            return;
        }
        self.memo.add(&memo.fields);
        let attributes = ModifyWorkflowPropertiesCommandAttributes {
            upserted_memo: Some(memo),
        };
        let attributes = Attributes::ModifyWorkflowPropertiesCommandAttributes(Box::new(attributes));
        self.issue(What::UpsertMemo, attributes, location);
    }
}
