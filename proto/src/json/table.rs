//! What the wire and JSON call the fields of each message: the descriptors of the API, as statics.
//!
//! The tables name each other, and names, by place: a program that has pointers in its statics carries three more words
//! for each, to set it when it is loaded.

/// A name: its place in [`NAMES`] times 256, and its length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Name(u32);

impl Name {
    pub(crate) fn text(self) -> &'static str {
        let at = (self.0 >> 8) as usize;
        let len = (self.0 & 0xff) as usize;
        NAMES.get(at..at + len).unwrap_or_default()
    }

    /// Whether the name is this text; most that are not have another length.
    fn is(self, text: &str) -> bool {
        let at = (self.0 >> 8) as usize;
        (self.0 & 0xff) as usize == text.len() && NAMES.as_bytes().get(at..at + text.len()) == Some(text.as_bytes())
    }
}

/// A message of the API.
#[derive(Debug)]
pub(crate) struct MessageType {
    name: Name,
    pub(crate) form: Form,
    fields: Range,
    oneofs: Range,
}

/// A part of another table.
#[derive(Clone, Copy, Debug)]
struct Range {
    first: u16,
    len: u16,
}

impl Range {
    fn of<T>(self, table: &'static [T]) -> &'static [T] {
        let first = usize::from(self.first);
        table.get(first..first + usize::from(self.len)).unwrap_or_default()
    }
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
    number: u16,
    name: Name,
    /// `workflowType`.
    pub(crate) json: Name,
    /// Which of [`MessageType::oneof`] it belongs to.
    pub(crate) oneof: Option<u8>,
    pub(crate) shape: Shape,
    pub(crate) kind: Kind,
}

impl Field {
    pub(crate) fn number(&self) -> u32 {
        u32::from(self.number)
    }

    /// `workflow_type`.
    #[cfg(test)]
    pub(crate) fn name(&self) -> &'static str {
        self.name.text()
    }

    /// `workflowType`.
    pub(crate) fn json(&self) -> &'static str {
        self.json.text()
    }
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
    /// Of the enum at this place of [`ENUMS`].
    Enum(u16),
    /// Of the message at this place of [`MESSAGES`].
    Message(u16),
}

/// An enum of the API.
#[derive(Debug)]
pub(crate) struct EnumType {
    name: Name,
    prefix: Name,
    values: Range,
}

impl MessageType {
    /// The message at this place of [`MESSAGES`].
    pub(crate) fn at(place: u16) -> &'static Self {
        const NONE: MessageType = message(0, Form::Object, 0, 0, 0, 0);
        MESSAGES.get(usize::from(place)).unwrap_or(&NONE)
    }

    /// `temporal.api.common.v1.Payload`.
    pub(crate) fn name(&self) -> &'static str {
        self.name.text()
    }

    /// In the order of the `.proto` text, which is the order they are written in.
    pub(crate) fn fields(&self) -> &'static [Field] {
        self.fields.of(&FIELDS)
    }

    /// The name of the oneof at this place.
    pub(crate) fn oneof(&self, place: u8) -> &'static str {
        let name = self.oneofs.of(&ONEOFS).get(usize::from(place));
        name.map_or("", |name| name.text())
    }

    /// The message of this full name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        let place = MESSAGES.binary_search_by(|message| message.name().cmp(name)).ok()?;
        MESSAGES.get(place)
    }

    /// The field of this name in either spelling and its place; the search begins at the place where it is likely.
    pub(crate) fn field_named(&'static self, name: &str, likely: usize) -> Option<(usize, &'static Field)> {
        let fields = || self.fields().iter().enumerate();
        let named = |(_, field): &(usize, &Field)| field.json.is(name) || field.name.is(name);
        fields()
            .skip(likely)
            .find(named)
            .or_else(|| fields().take(likely).find(named))
    }

    /// The field of this number and its place.
    pub(crate) fn field_numbered(&'static self, number: u64) -> Option<(usize, &'static Field)> {
        self.fields()
            .iter()
            .enumerate()
            .find(|(_, field)| u64::from(field.number) == number)
    }
}

impl EnumType {
    /// The enum at this place of [`ENUMS`].
    pub(crate) fn at(place: u16) -> &'static Self {
        const NONE: EnumType = enumeration(0, 0, 0, 0);
        ENUMS.get(usize::from(place)).unwrap_or(&NONE)
    }

    /// `temporal.api.enums.v1.EventType`.
    pub(crate) fn full_name(&self) -> &'static str {
        self.name.text()
    }

    /// What all values begin with: `EVENT_TYPE_`.
    pub(crate) fn prefix(&self) -> &'static str {
        self.prefix.text()
    }

    /// The numbers and names of the values.
    pub(crate) fn values(&self) -> impl Iterator<Item = (i32, &'static str)> {
        let values = self.values.of(&VALUES).iter();
        values.map(|(number, name)| (*number, name.text()))
    }

    /// The number of a value by its name, whole or without the prefix, in any spelling of words:
    /// `EVENT_TYPE_TIMER_FIRED`, `TIMER_FIRED`, `TimerFired`.
    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        let exact = self.values.of(&VALUES).iter().find(|(_, value)| value.is(name));
        if let Some((number, _)) = exact {
            return Some(*number);
        }
        let alike = |value: &str| {
            let short = value.strip_prefix(self.prefix()).unwrap_or(value);
            is_same_words(value, name) || is_same_words(short, name)
        };
        self.values().find(|(_, value)| alike(value)).map(|(number, _)| number)
    }

    /// The name of the value of this number.
    pub(crate) fn name(&self, number: i32) -> Option<&'static str> {
        let values = self.values.of(&VALUES);
        let found = values.iter().find(|(value, _)| *value == number);
        found.map(|(_, name)| name.text())
    }

    /// The name without packages: `EventType`.
    pub(crate) fn short_name(&self) -> &'static str {
        self.full_name().rsplit('.').next().unwrap_or_default()
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

const fn message(name: u32, form: Form, field: u16, fields: u16, oneof: u16, oneofs: u16) -> MessageType {
    MessageType {
        name: Name(name),
        form,
        fields: Range {
            first: field,
            len: fields,
        },
        oneofs: Range {
            first: oneof,
            len: oneofs,
        },
    }
}

const fn enumeration(name: u32, prefix: u32, first: u16, len: u16) -> EnumType {
    EnumType {
        name: Name(name),
        prefix: Name(prefix),
        values: Range { first, len },
    }
}

const fn field(number: u16, name: u32, json: u32, oneof: Option<u8>, shape: Shape, kind: Kind) -> Field {
    Field {
        number,
        name: Name(name),
        json: Name(json),
        oneof,
        shape,
        kind,
    }
}

const fn one(number: u16, name: u32, json: u32, kind: Kind) -> Field {
    field(number, name, json, None, Shape::One, kind)
}

const fn member(oneof: u8, number: u16, name: u32, json: u32, kind: Kind) -> Field {
    field(number, name, json, Some(oneof), Shape::One, kind)
}

const fn many(number: u16, name: u32, json: u32, kind: Kind) -> Field {
    field(number, name, json, None, Shape::Many, kind)
}

const fn map(number: u16, name: u32, json: u32, key: Kind, kind: Kind) -> Field {
    field(number, name, json, None, Shape::Map(key), kind)
}

pub(crate) use generated::{ENUMS, FIELDS, MESSAGES, NAMES, ONEOFS, VALUES};

#[rustfmt::skip]
mod generated {
    include!("../generated/json.rs");
}
