//! From the wire to JSON.

use super::{
    error::{JsonError, JsonErrorKind},
    path::{Path, Step},
    payload::type_of,
    read::DEPTH_MAX,
    scalar::{DURATION_SECONDS, TIMESTAMP_SECONDS, camel_case, is_reversible},
    table::{EnumType, Field, Form, Kind, MessageType, Shape},
    wire::{Value, Wire, malformed},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message as _;
use std::{borrow::Cow, fmt::Write as _};

/// How the text is laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Layout {
    /// A line for each member, indented by two blanks.
    Indented,
    /// No blanks and no line breaks.
    OneLine,
}

/// Writes a message of this type.
pub(super) fn write(wire: &[u8], message: &'static MessageType, layout: Layout) -> Result<String, JsonError> {
    // Base64 and names make it longer than the wire.
    let text = String::with_capacity(wire.len() * 2);
    let mut writer = Writer {
        text,
        layout,
        indent: 0,
        depth: 0,
        path: Path::default(),
    };
    match writer.message(message, wire) {
        Ok(()) => Ok(writer.text),
        Err(kind) => Err(JsonError::new(writer.path.text(), None, kind)),
    }
}

struct Writer<'w> {
    text: String,
    layout: Layout,
    indent: usize,
    depth: usize,
    path: Path<'w>,
}

type Outcome = Result<(), JsonErrorKind>;
/// The values of a message by the place of their field in the table.
type Values<'w> = Vec<(usize, &'static Field, Value<'w>)>;

impl<'w> Writer<'w> {
    fn message(&mut self, message: &'static MessageType, wire: &'w [u8]) -> Outcome {
        self.enter()?;
        match message.form {
            form if form.is_object() => self.object(message, wire, None),
            Form::Any => self.any(message, wire),
            Form::Duration => self.duration(wire),
            Form::Timestamp => self.timestamp(wire),
            Form::FieldMask => self.field_mask(message, wire),
            _ => self.wrapper(message, wire),
        }?;
        self.depth -= 1;
        Ok(())
    }

    /// An object with a member for each field, in the order of the table; the first is `@type` within an `Any`.
    fn object(&mut self, message: &'static MessageType, wire: &'w [u8], type_url: Option<&str>) -> Outcome {
        let values = values(message, wire)?;
        let mut is_first = true;
        self.text.push('{');
        if let Some(url) = type_url {
            self.item(&mut is_first);
            self.name("@type");
            self.string(url);
        }
        for same in values.chunk_by(|one, other| one.0 == other.0) {
            let [.., (_, field, last)] = same else {
                continue;
            };
            if let (Shape::Many, true) = (
                field.shape,
                same.iter().all(|(_, field, value)| is_empty_packed(field, *value)),
            ) {
                continue;
            }
            self.path.push(Step::Field(field.json));
            self.item(&mut is_first);
            self.name(field.json());
            match field.shape {
                Shape::One => self.value(field.kind, *last)?,
                Shape::Many => self.many(field, same)?,
                Shape::Map(key) => self.map(key, field.kind, same)?,
            }
            self.path.pop();
        }
        self.end(is_first, '}');
        Ok(())
    }

    fn many(&mut self, field: &'static Field, values: &[(usize, &'static Field, Value<'w>)]) -> Outcome {
        let mut is_first = true;
        let mut place = 0;
        self.text.push('[');
        for (_, _, value) in values {
            let mut packed = match value {
                Value::Bytes(packed) if is_packable(field.kind) => Wire(packed),
                _ => {
                    self.element(field.kind, *value, &mut place, &mut is_first)?;
                    continue;
                }
            };
            while let Some(value) = packed.packed(field.kind)? {
                self.element(field.kind, value, &mut place, &mut is_first)?;
            }
        }
        self.end(is_first, ']');
        Ok(())
    }

    fn element(&mut self, kind: Kind, value: Value<'w>, place: &mut usize, is_first: &mut bool) -> Outcome {
        self.item(is_first);
        self.path.push(Step::Element(*place));
        self.value(kind, value)?;
        self.path.pop();
        *place += 1;
        Ok(())
    }

    fn map(&mut self, key: Kind, kind: Kind, entries: &[(usize, &'static Field, Value<'w>)]) -> Outcome {
        self.enter()?;
        let mut is_first = true;
        self.text.push('{');
        for (_, _, entry) in entries {
            let Value::Bytes(entry) = entry else {
                return Err(malformed("an entry of a map that is no message"));
            };
            let (mut name, mut value) = (None, None);
            let mut entry = Wire(entry);
            while let Some((number, part)) = entry.field()? {
                match number {
                    1 => name = Some(part),
                    2 => value = Some(part),
                    _ => {}
                }
            }
            let name = match (key, name) {
                (Kind::Text, Some(Value::Bytes(name))) => Cow::Borrowed(utf8(name)?),
                (Kind::Text, _) => Cow::Borrowed(""),
                (_, Some(Value::Varint(number))) => Cow::Owned((number as i32).to_string()),
                _ => Cow::Borrowed("0"),
            };
            self.item(&mut is_first);
            self.name(&name);
            self.path.push(Step::Key(name));
            self.value(kind, value.unwrap_or_else(|| default(kind)))?;
            self.path.pop();
        }
        self.end(is_first, '}');
        self.depth -= 1;
        Ok(())
    }

    fn value(&mut self, kind: Kind, value: Value<'w>) -> Outcome {
        match (kind, value) {
            (Kind::Message(place), Value::Bytes(wire)) => return self.message(MessageType::at(place), wire),
            (Kind::Text, Value::Bytes(text)) => self.string(utf8(text)?),
            (Kind::Bytes, Value::Bytes(bytes)) => {
                self.text.push('"');
                STANDARD.encode_string(bytes, &mut self.text);
                self.text.push('"');
            }
            (Kind::Bool, Value::Varint(number)) => self.text.push_str(if number == 0 { "false" } else { "true" }),
            (Kind::Int32, Value::Varint(number)) => self.display(number as i32),
            (Kind::Uint32, Value::Varint(number)) => self.display(number as u32),
            (Kind::Int64, Value::Varint(number)) => {
                self.text.push('"');
                self.display(number as i64);
                self.text.push('"');
            }
            (Kind::Enum(place), Value::Varint(number)) => match EnumType::at(place).name(number as i32) {
                Some(name) => self.string(name),
                None => self.display(number as i32),
            },
            (Kind::Float, Value::Fixed32(bytes)) => {
                let number = f32::from_le_bytes(bytes);
                self.fraction(f64::from(number), number);
            }
            (Kind::Double, Value::Fixed64(bytes)) => {
                let number = f64::from_le_bytes(bytes);
                self.fraction(number, number);
            }
            _ => return Err(malformed("a field has another wire type than its own")),
        }
        Ok(())
    }

    fn any(&mut self, any: &'static MessageType, wire: &'w [u8]) -> Outcome {
        let (mut url, mut value): (&[u8], &[u8]) = (&[], &[]);
        for (place, _, part) in values(any, wire)? {
            match (place, part) {
                (0, Value::Bytes(bytes)) => url = bytes,
                (_, Value::Bytes(bytes)) => value = bytes,
                _ => return Err(malformed("an Any without bytes")),
            }
        }
        let url = utf8(url)?;
        let Some(message) = type_of(url) else {
            return Err(JsonErrorKind::UnknownType { name: url.to_owned() });
        };
        if message.form.is_object() {
            return self.object(message, value, Some(url));
        }
        let mut is_first = true;
        self.text.push('{');
        self.item(&mut is_first);
        self.name("@type");
        self.string(url);
        self.item(&mut is_first);
        self.name("value");
        self.message(message, value)?;
        self.end(is_first, '}');
        Ok(())
    }

    fn duration(&mut self, wire: &[u8]) -> Outcome {
        let duration = prost_types::Duration::decode(wire).map_err(|error| malformed(&error.to_string()))?;
        let same_sign = i64::from(duration.nanos.signum()) * duration.seconds.signum() >= 0;
        if !DURATION_SECONDS.contains(&duration.seconds) || !same_sign || duration.nanos.unsigned_abs() >= 1_000_000_000
        {
            return Err(JsonErrorKind::Unwritable {
                expected: "a duration of at most ten thousand years, its seconds and nanoseconds of the same sign",
                found: format!("{} s and {} ns", duration.seconds, duration.nanos),
            });
        }
        self.string(&duration.to_string());
        Ok(())
    }

    fn timestamp(&mut self, wire: &[u8]) -> Outcome {
        let time = prost_types::Timestamp::decode(wire).map_err(|error| malformed(&error.to_string()))?;
        if !TIMESTAMP_SECONDS.contains(&time.seconds) || !(0..1_000_000_000).contains(&time.nanos) {
            return Err(JsonErrorKind::Unwritable {
                expected: "a time in the years 1 to 9999",
                found: format!("{} s and {} ns since 1970", time.seconds, time.nanos),
            });
        }
        self.string(&time.to_string());
        Ok(())
    }

    fn field_mask(&mut self, message: &'static MessageType, wire: &[u8]) -> Outcome {
        let mut mask = String::new();
        for (_, _, path) in values(message, wire)? {
            let Value::Bytes(path) = path else {
                return Err(malformed("a path of a field mask that is no text"));
            };
            let path = utf8(path)?;
            if !is_reversible(path) {
                return Err(JsonErrorKind::Unwritable {
                    expected: "names of fields, lower case with underscores",
                    found: format!("{path:?}"),
                });
            }
            if !mask.is_empty() {
                mask.push(',');
            }
            mask.push_str(&camel_case(path));
        }
        self.string(&mask);
        Ok(())
    }

    /// The only field's value, which is there even if it is zero.
    fn wrapper(&mut self, message: &'static MessageType, wire: &'w [u8]) -> Outcome {
        let [field] = message.fields() else {
            return Ok(());
        };
        let value = values(message, wire)?
            .last()
            .map_or_else(|| default(field.kind), |(_, _, value)| *value);
        self.value(field.kind, value)
    }

    fn enter(&mut self) -> Outcome {
        if self.depth > DEPTH_MAX {
            return Err(JsonErrorKind::TooDeep { limit: DEPTH_MAX });
        }
        self.depth += 1;
        Ok(())
    }

    /// Begins a member or element.
    fn item(&mut self, is_first: &mut bool) {
        if !std::mem::replace(is_first, false) {
            self.text.push(',');
        } else {
            self.indent += 1;
        }
        self.line();
    }

    /// Ends an object or array.
    fn end(&mut self, is_empty: bool, close: char) {
        if !is_empty {
            self.indent -= 1;
            self.line();
        }
        self.text.push(close);
    }

    fn line(&mut self) {
        if self.layout == Layout::Indented {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n("  ", self.indent));
        }
    }

    fn name(&mut self, name: &str) {
        self.string(name);
        self.text
            .push_str(if self.layout == Layout::Indented { ": " } else { ":" });
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
            // The byte there is ASCII, so both sides are whole characters.
            let (plain, escaped) = rest.split_at(at);
            self.text.push_str(plain);
            let mut letters = escaped.chars();
            match letters.next() {
                Some('\n') => self.text.push_str("\\n"),
                Some('\r') => self.text.push_str("\\r"),
                Some('\t') => self.text.push_str("\\t"),
                Some('\u{8}') => self.text.push_str("\\b"),
                Some('\u{c}') => self.text.push_str("\\f"),
                Some(letter @ ('"' | '\\')) => self.text.extend(['\\', letter]),
                Some(letter) => self.display(format_args!("\\u{:04x}", u32::from(letter))),
                None => {}
            }
            rest = letters.as_str();
        }
        self.text.push_str(rest);
        self.text.push('"');
    }

    fn fraction(&mut self, number: f64, shortest: impl std::fmt::Display + std::fmt::LowerExp) {
        match number {
            _ if number.is_nan() => self.text.push_str("\"NaN\""),
            f64::INFINITY => self.text.push_str("\"Infinity\""),
            f64::NEG_INFINITY => self.text.push_str("\"-Infinity\""),
            _ if number == 0.0 || (1e-6..1e21).contains(&number.abs()) => self.display(shortest),
            _ => self.display(format_args!("{shortest:e}")),
        }
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "{value}");
    }
}

/// A message's values, those of a field together, the fields in the order of the table.
fn values<'w>(message: &'static MessageType, wire: &'w [u8]) -> Result<Values<'w>, JsonErrorKind> {
    let mut values = Vec::new();
    let mut wire = Wire(wire);
    while let Some((number, value)) = wire.field()? {
        if let Some((place, field)) = message.field_numbered(number) {
            values.push((place, field, value));
        }
    }
    values.sort_by_key(|(place, _, _)| *place);
    Ok(values)
}

/// What a map's entry has if it doesn't say it.
fn default(kind: Kind) -> Value<'static> {
    match kind {
        Kind::Text | Kind::Bytes | Kind::Message(_) => Value::Bytes(&[]),
        Kind::Float => Value::Fixed32([0; 4]),
        Kind::Double => Value::Fixed64([0; 8]),
        Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Enum(_) => Value::Varint(0),
    }
}

/// Whether a list of such values may stand in one piece on the wire.
fn is_packable(kind: Kind) -> bool {
    !matches!(kind, Kind::Text | Kind::Bytes | Kind::Message(_))
}

fn is_empty_packed(field: &Field, value: Value<'_>) -> bool {
    is_packable(field.kind) && matches!(value, Value::Bytes([]))
}

fn utf8(bytes: &[u8]) -> Result<&str, JsonErrorKind> {
    std::str::from_utf8(bytes).map_err(|_| malformed("a text that is not UTF-8"))
}
