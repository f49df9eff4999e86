//! From JSON to the wire.
//!
//! Goes through the text once and writes each field's bytes as it meets it. Only `Any` and `Payload` are looked at
//! ahead: what they are shows in their members.

use super::{
    error::{JsonError, JsonErrorKind},
    path::{Path, Step},
    scan::Scanner,
    table::{EnumType, Field, Form, Kind, MessageType, Shape},
    wire::{close, push_key, push_varint},
};
use std::borrow::Cow;

/// Messages within each other that the decoder of the wire follows; a map counts as one.
pub(super) const DEPTH_MAX: usize = 100;

/// Bytes of a message that were read from JSON.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) wire: Vec<u8>,
    /// The paths of the members that the table has no field for.
    pub(super) unknown: Vec<String>,
}

/// Reads all of `json` as a message of this type.
pub(super) fn read(json: &[u8], message: &'static MessageType) -> Result<Read, JsonError> {
    let Ok(text) = std::str::from_utf8(json) else {
        return Err(JsonError::new(String::new(), None, JsonErrorKind::NotUtf8));
    };
    let mut reader = Reader::new(text);
    let result = reader.message(message);
    match result.and_then(|()| reader.scanner.end()) {
        Ok(()) => Ok(Read {
            wire: reader.wire,
            unknown: reader.unknown,
        }),
        Err(kind) => Err(JsonError::new(
            reader.path.text(),
            Some(reader.scanner.position()),
            kind,
        )),
    }
}

pub(super) struct Reader<'a> {
    pub(super) scanner: Scanner<'a>,
    pub(super) wire: Vec<u8>,
    /// After an error, the path to it; so it is only popped on success.
    pub(super) path: Path<'a>,
    pub(super) unknown: Vec<String>,
    depth: usize,
}

type Outcome = Result<(), JsonErrorKind>;

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        // The wire of a history is shorter than its JSON, by half and more.
        let wire = Vec::with_capacity(text.len() / 2);
        Self {
            scanner: Scanner::new(text),
            wire,
            path: Path::default(),
            unknown: Vec::new(),
            depth: 0,
        }
    }

    /// A message's fields, without its length.
    pub(super) fn message(&mut self, message: &'static MessageType) -> Outcome {
        self.enter()?;
        match message.form {
            Form::Object => self.object(message),
            Form::History => self.history(message),
            Form::Payload => self.payload(message),
            Form::Payloads => self.payloads(message),
            Form::Any => self.any(message),
            Form::Duration => self.duration(),
            Form::Timestamp => self.timestamp(),
            Form::FieldMask => self.field_mask(message),
            Form::Wrapper => match message.fields() {
                [value] => self.singular(value),
                _ => Ok(()),
            },
        }?;
        self.depth -= 1;
        Ok(())
    }

    /// An object with a member for each field.
    pub(super) fn object(&mut self, message: &'static MessageType) -> Outcome {
        self.open(b'{', "an object")?;
        let mut is_first = true;
        let mut seen = Seen::default();
        let mut likely = 0;
        loop {
            if !self.scanner.next_item(&mut is_first, b'}')? {
                break;
            }
            self.scanner.peek();
            let member_start = self.scanner.at;
            let name = self.scanner.name()?;
            match message.field_named(&name, likely) {
                Some((place, field)) => {
                    likely = place + 1;
                    self.path.push(Step::Field(field.json));
                    if !self.scanner.take_null()? {
                        if let Err(kind) = seen.add(message, place, field) {
                            self.scanner.at = member_start;
                            return Err(kind);
                        }
                        self.field(field)?;
                    }
                    self.path.pop();
                }
                None => self.unknown(name)?,
            }
        }
        Ok(())
    }

    /// A field that is there and not null.
    pub(super) fn field(&mut self, field: &'static Field) -> Outcome {
        match field.shape {
            Shape::One => self.singular(field),
            Shape::Many => self.many(field),
            Shape::Map(key) => self.map(field, key),
        }
    }

    /// An array.
    pub(super) fn many(&mut self, field: &'static Field) -> Outcome {
        self.open(b'[', "an array")?;
        let mut is_first = true;
        for place in 0.. {
            if !self.scanner.next_item(&mut is_first, b']')? {
                break;
            }
            self.path.push(Step::Element(place));
            self.singular(field)?;
            self.path.pop();
        }
        Ok(())
    }

    /// Steps over the value of a member that the table has no field for.
    fn unknown(&mut self, name: Cow<'a, str>) -> Outcome {
        // The type of the message in an `Any` was read when that was looked at ahead.
        if name != "@type" {
            self.unknown.push(match self.path.text() {
                path if path.is_empty() => name.into_owned(),
                path => format!("{path}.{name}"),
            });
        }
        self.scanner.skip().map(|_| ())
    }

    fn map(&mut self, field: &'static Field, key: Kind) -> Outcome {
        self.enter()?;
        self.open(b'{', "an object")?;
        let mut is_first = true;
        while self.scanner.next_item(&mut is_first, b'}')? {
            self.scanner.peek();
            let key_start = self.scanner.at;
            let name = self.scanner.name()?;
            push_key(&mut self.wire, field.number(), Kind::Bytes);
            let start = self.wire.len();
            push_key(&mut self.wire, 1, key);
            self.path.push(Step::Key(name.clone()));
            match key {
                Kind::Int32 => match name.parse::<i32>() {
                    Ok(number) => push_varint(&mut self.wire, i64::from(number) as u64),
                    Err(_) => return Err(self.not(key_start, "a 32-bit integer in quotes as the key")),
                },
                _ => self.push_bytes(name.as_bytes()),
            }
            self.value(2, field.kind)?;
            close(&mut self.wire, start);
            self.path.pop();
        }
        self.depth -= 1;
        Ok(())
    }

    fn singular(&mut self, field: &'static Field) -> Outcome {
        self.value(field.number(), field.kind)
    }

    /// A value with its key before it.
    fn value(&mut self, number: u32, kind: Kind) -> Outcome {
        push_key(&mut self.wire, number, kind);
        match kind {
            Kind::Message(place) => {
                let start = self.wire.len();
                self.message(MessageType::at(place))?;
                close(&mut self.wire, start);
                Ok(())
            }
            Kind::Text => {
                let text = self.text("a string")?;
                self.push_bytes(text.as_bytes());
                Ok(())
            }
            Kind::Bytes => self.bytes(),
            Kind::Bool => self.boolean(),
            Kind::Int32 => self.integer(i64::from(i32::MIN), i64::from(i32::MAX), "a 32-bit integer"),
            Kind::Uint32 => self.integer(0, i64::from(u32::MAX), "an unsigned 32-bit integer"),
            Kind::Int64 => self.integer(i64::MIN, i64::MAX, "a 64-bit integer"),
            Kind::Float => self.float(),
            Kind::Double => self.double(),
            Kind::Enum(place) => self.enumeration(EnumType::at(place)),
        }
    }

    /// A message begins within the ones around it.
    fn enter(&mut self) -> Outcome {
        // The outermost message is at depth 0 of the decoder.
        if self.depth > DEPTH_MAX {
            return Err(JsonErrorKind::TooDeep { limit: DEPTH_MAX });
        }
        self.depth += 1;
        Ok(())
    }

    fn open(&mut self, bracket: u8, expected: &str) -> Outcome {
        if self.scanner.take(bracket) {
            Ok(())
        } else {
            Err(self.not(self.scanner.at, expected))
        }
    }

    /// Tries to read; if it fails or meets unknown members, all is as it was before.
    pub(super) fn attempt(&mut self, read: impl FnOnce(&mut Self) -> Outcome) -> bool {
        let (scanner, depth) = (self.scanner, self.depth);
        let (wire, path, unknown) = (self.wire.len(), self.path.len(), self.unknown.len());
        if read(self).is_ok() && self.unknown.len() == unknown {
            return true;
        }
        self.scanner = scanner;
        self.depth = depth;
        self.wire.truncate(wire);
        self.path.truncate(path);
        self.unknown.truncate(unknown);
        false
    }

    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        push_varint(&mut self.wire, bytes.len() as u64);
        self.wire.extend_from_slice(bytes);
    }

    /// The error for a value at `start` that isn't what it should be.
    pub(super) fn not(&mut self, start: usize, expected: &str) -> JsonErrorKind {
        self.scanner.at = start;
        // What isn't JSON at all is said to be that.
        let mut ahead = self.scanner;
        if let Err(kind) = ahead.skip() {
            self.scanner = ahead;
            return kind;
        }
        JsonErrorKind::Type {
            expected: expected.to_owned(),
            found: self.scanner.shown(),
        }
    }
}

/// Which fields and oneofs of a message have been there. The table's test knows that the bits suffice.
#[derive(Default)]
struct Seen {
    fields: u128,
    oneofs: u64,
}

impl Seen {
    fn add(&mut self, message: &'static MessageType, place: usize, field: &'static Field) -> Outcome {
        let bit = 1 << place;
        if self.fields & bit != 0 {
            return Err(JsonErrorKind::Twice { field: field.json() });
        }
        self.fields |= bit;
        let Some(oneof) = field.oneof else {
            return Ok(());
        };
        let bit = 1 << oneof;
        if self.oneofs & bit != 0 {
            let oneof = message.oneof(oneof);
            return Err(JsonErrorKind::Oneof {
                oneof,
                field: field.json(),
            });
        }
        self.oneofs |= bit;
        Ok(())
    }
}
