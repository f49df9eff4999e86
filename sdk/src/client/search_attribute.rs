//! The search attributes that a namespace knows.

use super::{Client, OperatorError};
use crate::search_attribute::{SearchAttributeKey, SearchAttributeValue};
use std::collections::BTreeMap;
use steadfast_proto::{
    enums::IndexedValueType,
    operatorservice::{AddSearchAttributesRequest, ListSearchAttributesRequest, RemoveSearchAttributesRequest},
};

/// The search attributes that a namespace knows.
impl Client {
    /// Makes search attributes known in the client's namespace, each with its type:
    /// `client.add_search_attributes([CUSTOMER.kind(), AMOUNT.kind()])`. It may take some seconds until they can be used.
    ///
    /// # Errors
    /// One is known already, with this type or another; the name is malformed, or the call fails.
    pub async fn add_search_attributes(
        &self,
        attributes: impl IntoIterator<Item = SearchAttributeKind>,
    ) -> Result<(), OperatorError> {
        let attributes = attributes
            .into_iter()
            .map(|kind| (kind.name, i32::from(kind.value_type)));
        let request = AddSearchAttributesRequest {
            namespace: self.namespace().to_owned(),
            search_attributes: attributes.collect(),
        };
        self.connection().call(request).await?;
        Ok(())
    }

    /// Forgets search attributes of the client's namespace. Workflows that have them keep the values, but are not found by them
    /// any more. What is not known is passed over.
    ///
    /// # Errors
    /// One is the server's own, or the call fails.
    pub async fn remove_search_attributes(
        &self,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<(), OperatorError> {
        let request = RemoveSearchAttributesRequest {
            namespace: self.namespace().to_owned(),
            search_attributes: names.into_iter().map(Into::into).collect(),
        };
        self.connection().call(request).await?;
        Ok(())
    }

    /// The search attributes that were added to the client's namespace, each with its type.
    ///
    /// # Errors
    /// The call fails.
    pub async fn list_search_attributes(&self) -> Result<Vec<SearchAttributeKind>, OperatorError> {
        let request = ListSearchAttributesRequest {
            namespace: self.namespace().to_owned(),
        };
        let known: BTreeMap<String, i32> = self.connection().call(request).await?.custom_attributes;
        let kinds = known.into_iter().map(|(name, value_type)| SearchAttributeKind {
            name,
            value_type: IndexedValueType::try_from(value_type).unwrap_or_default(),
        });
        Ok(kinds.collect())
    }
}

/// A search attribute's name and type, as a namespace knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchAttributeKind {
    name: String,
    value_type: IndexedValueType,
}

impl SearchAttributeKind {
    /// A name and a type.
    pub fn new(name: impl Into<String>, value_type: IndexedValueType) -> Self {
        Self {
            name: name.into(),
            value_type,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its type.
    #[must_use]
    pub fn value_type(&self) -> IndexedValueType {
        self.value_type
    }
}

impl<T: SearchAttributeValue> SearchAttributeKey<T> {
    /// Its name and type, for [`Client::add_search_attributes`].
    #[must_use]
    pub fn kind(&self) -> SearchAttributeKind {
        let value_type = match self.type_name() {
            "Keyword" => IndexedValueType::Keyword,
            "Text" => IndexedValueType::Text,
            "KeywordList" => IndexedValueType::KeywordList,
            "Int" => IndexedValueType::Int,
            "Double" => IndexedValueType::Double,
            "Bool" => IndexedValueType::Bool,
            _ => IndexedValueType::Datetime,
        };
        SearchAttributeKind::new(self.name(), value_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_key_has_its_type() {
        use IndexedValueType::{Bool, Datetime, Double, Int, Keyword, KeywordList, Text};
        let types = [
            SearchAttributeKey::keyword("A").kind(),
            SearchAttributeKey::text("A").kind(),
            SearchAttributeKey::keyword_list("A").kind(),
            SearchAttributeKey::int("A").kind(),
            SearchAttributeKey::double("A").kind(),
            SearchAttributeKey::bool("A").kind(),
            SearchAttributeKey::datetime("A").kind(),
        ];
        let expected = [Keyword, Text, KeywordList, Int, Double, Bool, Datetime];
        assert_eq!(types.map(|kind| kind.value_type()), expected);
    }
}
