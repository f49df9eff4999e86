//! What the wire and JSON call the fields of each message: the descriptors of the API, as statics.

/// A message of the API.
#[derive(Debug)]
pub(crate) struct MessageType {
    /// `temporal.api.common.v1.Payload`.
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) oneofs: &'static [&'static str],
    /// In the order of the `.proto` text, which is the order they are written in.
    pub(crate) fields: &'static [Field],
}

/// How a message looks in JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// An object with a member for each field.
    Object,
    /// An object; reading takes a bare array of events too.
    History,
    /// An object; reading takes the shorthand too, any other JSON value.
    Payload,
    /// An object; reading takes the shorthand too, an array of payloads.
    Payloads,
    /// The message within, and its type as `@type`.
    Any,
    /// `"1.5s"`.
    Duration,
    /// `"2026-01-02T03:04:05Z"`.
    Timestamp,
    /// `"oneField,other.field"`.
    FieldMask,
    /// What its only field has.
    Wrapper,
}

impl Form {
    /// Whether it is written as an object that has a member for each field.
    pub(crate) fn is_object(self) -> bool {
        matches!(self, Self::Object | Self::History | Self::Payload | Self::Payloads)
    }
}

/// A field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    /// `workflow_type`.
    pub(crate) name: &'static str,
    /// `workflowType`.
    pub(crate) json: &'static str,
    /// The place in [`MessageType::oneofs`] of the oneof it belongs to.
    pub(crate) oneof: Option<u8>,
    pub(crate) shape: Shape,
    pub(crate) kind: Kind,
}

/// How often a field's value is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    One,
    Many,
    /// With the kind of the keys.
    Map(Kind),
}

/// The type of a field's value. Those the API has no field of are left out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Bool,
    Int32,
    Int64,
    Uint32,
    Float,
    Double,
    Text,
    Bytes,
    Enum(&'static EnumType),
    Message(&'static MessageType),
}

/// An enum of the API.
#[derive(Debug)]
pub(crate) struct EnumType {
    /// `temporal.api.enums.v1.EventType`.
    pub(crate) name: &'static str,
    /// What all values begin with: `EVENT_TYPE_`.
    pub(crate) prefix: &'static str,
    pub(crate) values: &'static [(i32, &'static str)],
}

impl MessageType {
    /// The message of this full name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        let place = MESSAGES.binary_search_by(|message| message.name.cmp(name)).ok()?;
        MESSAGES.get(place).copied()
    }

    /// The field of this name in either spelling and its place; the search begins at the place where it is likely.
    pub(crate) fn field_named(&'static self, name: &str, likely: usize) -> Option<(usize, &'static Field)> {
        let fields = || self.fields.iter().enumerate();
        let named = |(_, field): &(usize, &Field)| field.json == name || field.name == name;
        fields()
            .skip(likely)
            .find(named)
            .or_else(|| fields().take(likely).find(named))
    }

    /// The field of this number and its place.
    pub(crate) fn field_numbered(&'static self, number: u64) -> Option<(usize, &'static Field)> {
        self.fields
            .iter()
            .enumerate()
            .find(|(_, field)| u64::from(field.number) == number)
    }
}

impl EnumType {
    /// The number of a value by its name, whole or without the prefix, in any spelling of words:
    /// `EVENT_TYPE_TIMER_FIRED`, `TIMER_FIRED`, `TimerFired`.
    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        let exact = self.values.iter().find(|(_, value)| *value == name);
        let alike = || {
            self.values.iter().find(|(_, value)| {
                let short = value.strip_prefix(self.prefix).unwrap_or(value);
                is_same_words(value, name) || is_same_words(short, name)
            })
        };
        exact.or_else(alike).map(|(number, _)| *number)
    }

    /// The name of the value of this number.
    pub(crate) fn name(&self, number: i32) -> Option<&'static str> {
        self.values
            .iter()
            .find(|(value, _)| *value == number)
            .map(|(_, name)| *name)
    }

    /// The name without packages: `EventType`.
    pub(crate) fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

/// Whether two names differ in nothing but case and underscores.
fn is_same_words(one: &str, other: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> + '_ {
        name.bytes()
            .filter(|letter| *letter != b'_')
            .map(|letter| letter.to_ascii_lowercase())
    }
    letters(one).eq(letters(other))
}

const fn one(number: u32, name: &'static str, json: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        json,
        oneof: None,
        shape: Shape::One,
        kind,
    }
}

const fn member(oneof: u8, number: u32, name: &'static str, json: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        json,
        oneof: Some(oneof),
        shape: Shape::One,
        kind,
    }
}

const fn many(number: u32, name: &'static str, json: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        json,
        oneof: None,
        shape: Shape::Many,
        kind,
    }
}

const fn map(number: u32, name: &'static str, json: &'static str, key: Kind, kind: Kind) -> Field {
    Field {
        number,
        name,
        json,
        oneof: None,
        shape: Shape::Map(key),
        kind,
    }
}

pub(crate) use generated::MESSAGES;

#[rustfmt::skip]
mod generated {
    include!("../generated/json.rs");
}
