//! Search attributes: names with types, known per namespace.

use super::{
    Engine,
    error::{Error, Result},
    limits,
    search_value::{self, SearchValue},
};
use bytes::Bytes;
use std::collections::BTreeMap;
use steadfast_proto::{
    SmallMap, common::Payload, enums::IndexedValueType as Type, operatorservice::*,
    workflowservice::GetSearchAttributesResponse,
};

/// What the server itself keeps for every run.
const SYSTEM: &[(&str, Type)] = &[
    ("WorkflowId", Type::Keyword),
    ("RunId", Type::Keyword),
    ("WorkflowType", Type::Keyword),
    ("ExecutionStatus", Type::Keyword),
    ("StartTime", Type::Datetime),
    ("ExecutionTime", Type::Datetime),
    ("CloseTime", Type::Datetime),
    ("ExecutionDuration", Type::Int),
    ("HistoryLength", Type::Int),
    ("HistorySizeBytes", Type::Int),
    ("StateTransitionCount", Type::Int),
    ("TaskQueue", Type::Keyword),
    ("ParentWorkflowId", Type::Keyword),
    ("ParentRunId", Type::Keyword),
    ("RootWorkflowId", Type::Keyword),
    ("RootRunId", Type::Keyword),
];

/// What software on top of the server sets by name, known in every namespace.
const PREDEFINED: &[(&str, Type)] = &[
    ("BatcherUser", Type::Keyword),
    ("BatcherNamespace", Type::Keyword),
    ("BinaryChecksums", Type::KeywordList),
    ("BuildIds", Type::KeywordList),
    ("TemporalChangeVersion", Type::KeywordList),
    ("TemporalNamespaceDivision", Type::Keyword),
    ("TemporalPauseInfo", Type::KeywordList),
    ("TemporalReportedProblems", Type::KeywordList),
    ("TemporalSchedulePaused", Type::Bool),
    ("TemporalScheduledById", Type::Keyword),
    ("TemporalScheduledStartTime", Type::Datetime),
    ("TemporalUsedWorkerDeploymentVersions", Type::KeywordList),
    ("TemporalWorkerDeployment", Type::Keyword),
    ("TemporalWorkerDeploymentVersion", Type::Keyword),
    ("TemporalWorkflowVersioningBehavior", Type::Keyword),
];

/// The type of a search attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchAttributeType {
    /// Words to search in.
    Text,
    /// A text that is compared as a whole.
    Keyword,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// Yes or no.
    Bool,
    /// A point in time.
    Datetime,
    /// Several keywords.
    KeywordList,
}

impl SearchAttributeType {
    fn wire(self) -> Type {
        match self {
            Self::Text => Type::Text,
            Self::Keyword => Type::Keyword,
            Self::Int => Type::Int,
            Self::Double => Type::Double,
            Self::Bool => Type::Bool,
            Self::Datetime => Type::Datetime,
            Self::KeywordList => Type::KeywordList,
        }
    }
}

impl std::str::FromStr for SearchAttributeType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [
            Self::Text,
            Self::Keyword,
            Self::Int,
            Self::Double,
            Self::Bool,
            Self::Datetime,
            Self::KeywordList,
        ];
        let found = all
            .into_iter()
            .find(|kind| type_name(kind.wire()).eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("{text:?} is no type of a search attribute: expected Text, Keyword, Int, Double, Bool, Datetime or KeywordList"))
    }
}

/// The attributes that users of a namespace added.
#[derive(Debug, Default)]
pub(crate) struct SearchAttributeTypes {
    custom: SmallMap<String, Type>,
}

impl SearchAttributeTypes {
    pub(crate) fn add(&mut self, attributes: &[(String, SearchAttributeType)]) {
        self.custom
            .extend(attributes.iter().map(|(name, kind)| (name.clone(), kind.wire())));
    }

    pub(crate) fn is_system(name: &str) -> bool {
        SYSTEM.iter().any(|(system, _)| *system == name)
    }

    pub(crate) fn of(&self, name: &str) -> Option<Type> {
        let predefined = || {
            PREDEFINED
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, kind)| *kind)
        };
        self.custom.get(name).copied().or_else(predefined)
    }

    /// The type of anything that a filter can name.
    pub(crate) fn of_column(&self, name: &str) -> Option<Type> {
        let system = || SYSTEM.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        self.of(name).or_else(system)
    }

    /// Checks values against the types and writes the type's name into each value's metadata.
    pub(crate) fn check(&self, namespace: &str, values: &mut BTreeMap<String, Payload>) -> Result<()> {
        if values.len() > limits::SEARCH_ATTRIBUTES_MAX {
            return Err(Error::invalid(format!(
                "number of search attributes {} exceeds limit {}",
                values.len(),
                limits::SEARCH_ATTRIBUTES_MAX
            )));
        }
        let total: usize = values
            .iter()
            .map(|(name, value)| name.len().saturating_add(value.data.len()))
            .sum();
        if total > limits::SEARCH_ATTRIBUTES_BYTES_MAX {
            return Err(Error::invalid(format!(
                "total size of search attributes {total} exceeds size limit {}",
                limits::SEARCH_ATTRIBUTES_BYTES_MAX
            )));
        }
        for (name, value) in values {
            if Self::is_system(name) {
                return Err(Error::invalid(format!(
                    "{name} attribute can't be set in SearchAttributes"
                )));
            }
            let Some(kind) = self.of(name) else {
                return Err(Error::invalid(format!(
                    "Namespace {namespace} has no mapping defined for search attribute {name}"
                )));
            };
            if value.data.len() > limits::SEARCH_ATTRIBUTE_BYTES_MAX {
                return Err(Error::invalid(format!(
                    "search attribute {name} value size {} exceeds size limit {}",
                    value.data.len(),
                    limits::SEARCH_ATTRIBUTE_BYTES_MAX
                )));
            }
            if !is_null(value) && SearchValue::read(kind, &value.data).is_none() {
                let value = search_value::shown(&value.data)
                    .unwrap_or_else(|| format!("value from {}", String::from_utf8_lossy(&value.data)));
                return Err(Error::invalid(format!(
                    "invalid value for search attribute {name} of type {}: {value}",
                    type_name(kind)
                )));
            }
            value
                .metadata
                .insert("type", Bytes::from_static(type_name(kind).as_bytes()));
        }
        Ok(())
    }

    fn all(&self) -> BTreeMap<String, i32> {
        let known = SYSTEM
            .iter()
            .chain(PREDEFINED)
            .map(|(name, kind)| ((*name).to_owned(), i32::from(*kind)));
        known
            .chain(self.custom.iter().map(|(name, kind)| (name.clone(), i32::from(*kind))))
            .collect()
    }
}

/// Whether a value takes its attribute away.
pub(crate) fn is_null(value: &Payload) -> bool {
    value.encoding() == b"binary/null" || value.data.is_empty() || matches!(&*value.data, b"null" | b"[]")
}

/// A value that is a text, with its type's name.
pub(crate) fn text(kind: Type, value: &str) -> Payload {
    let mut payload = Payload::encoded("json/plain", search_value::quoted(value));
    payload
        .metadata
        .insert("type", Bytes::from_static(type_name(kind).as_bytes()));
    payload
}

pub(crate) fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Text => "Text",
        Type::Keyword => "Keyword",
        Type::Int => "Int",
        Type::Double => "Double",
        Type::Bool => "Bool",
        Type::Datetime => "Datetime",
        Type::KeywordList => "KeywordList",
        Type::Unspecified => "Unspecified",
    }
}

impl Engine {
    pub(crate) fn add_search_attributes(
        &mut self,
        request: AddSearchAttributesRequest,
    ) -> Result<AddSearchAttributesResponse> {
        if request.search_attributes.is_empty() {
            return Err(Error::invalid("SearchAttributes are not set on request."));
        }
        let attributes = &mut self.world.namespaces.find_mut(&request.namespace)?.search_attributes;
        let mut added = BTreeMap::new();
        for (name, kind) in request.search_attributes {
            if SYSTEM.iter().chain(PREDEFINED).any(|(known, _)| *known == name) {
                return Err(Error::invalid(format!(
                    "Search attribute {name} is reserved by system."
                )));
            }
            let kind = Type::try_from(kind).unwrap_or(Type::Unspecified);
            if kind == Type::Unspecified {
                return Err(Error::invalid(format!("Unknown search attribute type for {name}.")));
            }
            if attributes.custom.get(&name).is_some_and(|known| *known != kind) {
                return Err(Error::invalid(format!(
                    "Search attribute {name} already exists with another type."
                )));
            }
            added.insert(name, kind);
        }
        attributes.custom.extend(added);
        Ok(AddSearchAttributesResponse {})
    }

    pub(crate) fn remove_search_attributes(
        &mut self,
        request: &RemoveSearchAttributesRequest,
    ) -> Result<RemoveSearchAttributesResponse> {
        let attributes = &mut self.world.namespaces.find_mut(&request.namespace)?.search_attributes;
        let is_own = |name: &&String| SYSTEM.iter().chain(PREDEFINED).any(|(own, _)| own == name);
        if let Some(name) = request.search_attributes.iter().find(is_own) {
            let message = format!("Unable to remove non-custom search attributes: {name}.");
            return Err(Error::invalid(message));
        }
        for name in &request.search_attributes {
            attributes.custom.remove(name);
        }
        Ok(RemoveSearchAttributesResponse {})
    }

    pub(crate) fn list_search_attributes(
        &mut self,
        request: &ListSearchAttributesRequest,
    ) -> Result<ListSearchAttributesResponse> {
        let attributes = &self.world.namespaces.find(&request.namespace)?.search_attributes;
        let wire = |(name, kind): &(&str, Type)| ((*name).to_owned(), i32::from(*kind));
        Ok(ListSearchAttributesResponse {
            custom_attributes: attributes
                .custom
                .iter()
                .map(|(name, kind)| (name.clone(), i32::from(*kind)))
                .collect(),
            system_attributes: SYSTEM.iter().chain(PREDEFINED).map(wire).collect(),
            ..Default::default()
        })
    }

    pub(crate) fn search_attributes(&mut self) -> GetSearchAttributesResponse {
        let keys = SearchAttributeTypes::default().all();
        GetSearchAttributesResponse { keys }
    }
}

/// Applies an upsert: nulls take away.
pub(crate) fn merge(into: &mut BTreeMap<String, Payload>, values: &BTreeMap<String, Payload>) {
    for (name, value) in values {
        if is_null(value) {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}
