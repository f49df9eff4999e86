//! Search attributes: typed values by which workflows are found.
//!
//! A key is a name with a type, the one that the server knows the attribute by. Keys are usually constants:
//!
//! ```
//! use steadfast::prelude::*;
//!
//! const CUSTOMER: SearchAttributeKey<String> = SearchAttributeKey::keyword("Customer");
//! const AMOUNT: SearchAttributeKey<f64> = SearchAttributeKey::double("Amount");
//!
//! # #[derive(Default)] struct Order;
//! #[workflow]
//! impl Order {
//!     #[run]
//!     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Option<String>> {
//!         ctx.upsert_search_attributes([AMOUNT.set(12.5)]);
//!         Ok(ctx.search_attribute(&CUSTOMER)?) // as it was started, or as it was set since
//!     }
//! }
//!
//! # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! client.start::<Order>(()).task_queue("orders").search_attributes([CUSTOMER.set("ada")]).await?;
//! let found = client.list("Customer = 'ada' AND Amount > 10").all().await?;
//! let amount: Option<f64> = found[0].search_attribute(&AMOUNT)?;
//! # Ok(())
//! # }
//! ```

use crate::convert::DecodeError;
use serde::{Serialize, de::DeserializeOwned};
use std::{any::type_name, collections::BTreeMap, fmt, marker::PhantomData, time::SystemTime};
use steadfast_proto::{
    common::{Payload, SearchAttributes},
    prost_types::Timestamp,
    system_time, timestamp,
};

const JSON: &str = "json/plain";
/// What takes an attribute away.
const NULL: &str = "binary/null";
/// The metadata that names the attribute's type.
const TYPE: &str = "type";

/// A search attribute: its name, and the type that the server knows it by.
pub struct SearchAttributeKey<T> {
    name: &'static str,
    type_name: &'static str,
    values: PhantomData<fn() -> T>,
}

impl SearchAttributeKey<String> {
    /// A text that is compared as a whole.
    #[must_use]
    pub const fn keyword(name: &'static str) -> Self {
        Self::new(name, "Keyword")
    }

    /// Words to search in.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, "Text")
    }
}

impl SearchAttributeKey<Vec<String>> {
    /// Several texts, each compared as a whole.
    #[must_use]
    pub const fn keyword_list(name: &'static str) -> Self {
        Self::new(name, "KeywordList")
    }
}

impl SearchAttributeKey<i64> {
    /// A whole number.
    #[must_use]
    pub const fn int(name: &'static str) -> Self {
        Self::new(name, "Int")
    }
}

impl SearchAttributeKey<f64> {
    /// A number.
    #[must_use]
    pub const fn double(name: &'static str) -> Self {
        Self::new(name, "Double")
    }
}

impl SearchAttributeKey<bool> {
    /// Yes or no.
    #[must_use]
    pub const fn bool(name: &'static str) -> Self {
        Self::new(name, "Bool")
    }
}

impl SearchAttributeKey<SystemTime> {
    /// A point in time.
    #[must_use]
    pub const fn datetime(name: &'static str) -> Self {
        Self::new(name, "Datetime")
    }
}

impl<T> SearchAttributeKey<T> {
    const fn new(name: &'static str, type_name: &'static str) -> Self {
        Self {
            name,
            type_name,
            values: PhantomData,
        }
    }

    /// The attribute's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The name of its type, as `temporal operator search-attribute create --type` has it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl<T: SearchAttributeValue> SearchAttributeKey<T> {
    /// A value for the attribute.
    pub fn set(&self, value: impl Into<T>) -> SearchAttributeUpdate {
        let mut payload = Payload::encoded(JSON, value.into().to_json());
        payload.metadata.insert(TYPE, self.type_name.into());
        self.update(payload)
    }

    /// Takes the attribute away.
    pub fn unset(&self) -> SearchAttributeUpdate {
        let mut payload = Payload::encoded(NULL, Vec::new());
        payload.metadata.insert(TYPE, self.type_name.into());
        self.update(payload)
    }

    fn update(&self, payload: Payload) -> SearchAttributeUpdate {
        SearchAttributeUpdate {
            name: self.name.to_owned(),
            payload,
        }
    }

    /// The value among those of an execution.
    pub(crate) fn among(&self, attributes: Option<&SearchAttributes>) -> Result<Option<T>, DecodeError> {
        self.read(attributes.and_then(|attributes| attributes.indexed_fields.get(self.name())))
    }

    /// The value in a payload. One that was taken away, and one of nothing, is none.
    pub(crate) fn read(&self, payload: Option<&Payload>) -> Result<Option<T>, DecodeError> {
        let Some(payload) = payload.filter(|payload| payload.encoding() != NULL.as_bytes()) else {
            return Ok(None);
        };
        if payload.data.as_ref() == b"null" {
            return Ok(None);
        }
        T::from_json(&payload.data).map(Some)
    }
}

impl<T> Clone for SearchAttributeKey<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SearchAttributeKey<T> {}

impl<T> fmt::Debug for SearchAttributeKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchAttributeKey({}: {})", self.name, self.type_name)
    }
}

/// A change of one search attribute: made by [`SearchAttributeKey::set`] or [`SearchAttributeKey::unset`].
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it is given to `search_attributes` of a start, or to `upsert_search_attributes` of a workflow"]
pub struct SearchAttributeUpdate {
    name: String,
    payload: Payload,
}

/// The changes as they travel; of several to one attribute the last one counts.
pub(crate) fn collect(updates: impl IntoIterator<Item = SearchAttributeUpdate>) -> SearchAttributes {
    let indexed_fields: BTreeMap<String, Payload> = updates
        .into_iter()
        .map(|update| (update.name, update.payload))
        .collect();
    SearchAttributes { indexed_fields }
}

/// A type that search attributes have: `String`, `Vec<String>`, `i64`, `f64`, `bool`, `SystemTime`.
pub trait SearchAttributeValue: sealed::Value {}

impl<T: sealed::Value> SearchAttributeValue for T {}

mod sealed {
    use super::{DecodeError, DeserializeOwned, JSON, Serialize, type_name};

    /// A value and its JSON.
    pub trait Value: Sized {
        fn to_json(&self) -> Vec<u8>;
        fn from_json(json: &[u8]) -> Result<Self, DecodeError>;
    }

    pub(super) fn write<T: Serialize>(value: &T) -> Vec<u8> {
        // Texts and numbers always have a JSON form.
        serde_json::to_vec(value).unwrap_or_default()
    }

    pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
        serde_json::from_slice(json).map_err(|error| DecodeError::invalid(JSON, type_name::<T>(), &error))
    }
}

macro_rules! plain_values {
    ($($value:ty)*) => {
        $(impl sealed::Value for $value {
            fn to_json(&self) -> Vec<u8> {
                sealed::write(self)
            }

            fn from_json(json: &[u8]) -> Result<Self, DecodeError> {
                sealed::read(json)
            }
        })*
    };
}

plain_values!(String Vec<String> i64 f64 bool);

/// As RFC 3339 writes it.
impl sealed::Value for SystemTime {
    fn to_json(&self) -> Vec<u8> {
        sealed::write(&timestamp(*self).to_string())
    }

    fn from_json(json: &[u8]) -> Result<Self, DecodeError> {
        let text: String = sealed::read(json)?;
        let invalid = || DecodeError::invalid(JSON, "SystemTime", &format!("`{text}` is no time"));
        let time: Timestamp = text.parse().map_err(|_| invalid())?;
        system_time(&time).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const KEYWORD: SearchAttributeKey<String> = SearchAttributeKey::keyword("Keyword");
    const TEXT: SearchAttributeKey<String> = SearchAttributeKey::text("Text");
    const LIST: SearchAttributeKey<Vec<String>> = SearchAttributeKey::keyword_list("List");
    const INT: SearchAttributeKey<i64> = SearchAttributeKey::int("Int");
    const DOUBLE: SearchAttributeKey<f64> = SearchAttributeKey::double("Double");
    const BOOL: SearchAttributeKey<bool> = SearchAttributeKey::bool("Bool");
    const TIME: SearchAttributeKey<SystemTime> = SearchAttributeKey::datetime("Time");

    fn shown(update: &SearchAttributeUpdate) -> String {
        let metadata =
            |name: &str| String::from_utf8_lossy(update.payload.metadata.get(name).map_or(&[], |m| m)).into_owned();
        let data = String::from_utf8_lossy(&update.payload.data);
        format!("{} {} {} {data}", update.name, metadata("encoding"), metadata(TYPE))
    }

    #[test]
    fn each_type_is_written_as_other_sdks_write_it() {
        let time = UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        let updates = [
            (KEYWORD.set("a"), r#"Keyword json/plain Keyword "a""#),
            (TEXT.set("a b".to_owned()), r#"Text json/plain Text "a b""#),
            (LIST.set(vec!["a".to_owned()]), r#"List json/plain KeywordList ["a"]"#),
            (INT.set(7), "Int json/plain Int 7"),
            (DOUBLE.set(0.5), "Double json/plain Double 0.5"),
            (BOOL.set(true), "Bool json/plain Bool true"),
            (TIME.set(time), r#"Time json/plain Datetime "2023-11-14T22:13:20.250Z""#),
            (INT.unset(), "Int binary/null Int "),
        ];
        for (update, expected) in updates {
            assert_eq!(shown(&update), expected);
        }
    }

    #[test]
    fn what_was_written_is_read() -> Result<(), DecodeError> {
        let time = UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        assert_eq!(TIME.read(Some(&TIME.set(time).payload))?, Some(time));
        assert_eq!(
            LIST.read(Some(&LIST.set(["a".to_owned()]).payload))?,
            Some(vec!["a".to_owned()])
        );
        assert_eq!(BOOL.read(Some(&BOOL.set(false).payload))?, Some(false));
        assert_eq!(INT.read(Some(&INT.unset().payload))?, None);
        assert_eq!(INT.read(None)?, None);
        Ok(())
    }

    #[test]
    fn a_value_of_another_type_is_told() {
        let error = INT.read(Some(&KEYWORD.set("seven").payload)).unwrap_err();
        assert!(
            error.to_string().starts_with("a json/plain payload is not a `i64`"),
            "{error}"
        );
        let error = TIME.read(Some(&KEYWORD.set("noon").payload)).unwrap_err();
        assert!(error.to_string().contains("`noon` is no time"), "{error}");
    }

    #[test]
    fn of_several_changes_to_one_attribute_the_last_counts() {
        let changes = collect([INT.set(1), INT.set(2)]);
        assert_eq!(changes.indexed_fields.len(), 1);
        assert_eq!(INT.read(changes.indexed_fields.get("Int")), Ok(Some(2)));
    }
}
