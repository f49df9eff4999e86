//! Messages in which every field has something.

use super::{EnumType, Field, Form, Kind, MessageType, Shape, close, push_key, push_varint};

/// How deep messages within messages are filled.
const DEPTH: usize = 3;

/// How many ways there are to fill the oneofs, so that each field is there in one of them.
pub(super) fn choices(message: &MessageType) -> usize {
    let sizes = (0..=u8::MAX).map(|oneof| members(message, oneof).count());
    sizes.max().unwrap_or(1).max(1)
}

/// The wire of such a message; `choice` says which field of each oneof it has.
pub(super) fn message(message: &MessageType, choice: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    fill(&mut wire, message, choice, 0);
    wire
}

fn fill(wire: &mut Vec<u8>, message: &MessageType, choice: usize, depth: usize) {
    match message.form {
        Form::Duration => return push_pair(wire, 3, 500_000_000 + choice as u64),
        Form::Timestamp => return push_pair(wire, 1_790_000_000, 120_000_000 * (choice as u64 % 5)),
        Form::FieldMask => {
            for path in ["one_field", "other.field"] {
                push_text(wire, 1, path);
            }
            return;
        }
        Form::Any => {
            let types = [
                "temporal.api.update.v1.Outcome",
                "google.protobuf.Duration",
                "temporal.api.common.v1.Payloads",
            ];
            let name = types[choice % types.len()];
            push_text(wire, 1, &format!("type.googleapis.com/{name}"));
            push_key(wire, 2, Kind::Bytes);
            let start = wire.len();
            fill(wire, MessageType::named(name).unwrap(), choice, depth + 1);
            close(wire, start);
            return;
        }
        _ => {}
    }
    for field in message.fields() {
        let is_chosen = field.oneof.is_none_or(|oneof| {
            let members: Vec<&Field> = members(message, oneof).collect();
            members[choice % members.len()].number() == field.number()
        });
        // Where it gets too deep only scalars are filled, except that a wrapper needs its field.
        let is_too_deep =
            depth >= DEPTH && matches!(field.kind, Kind::Message(inner) if MessageType::at(inner).form == Form::Object);
        if is_chosen && !is_too_deep {
            fill_field(wire, field, choice, depth);
        }
    }
}

fn fill_field(wire: &mut Vec<u8>, field: &Field, choice: usize, depth: usize) {
    let number = field.number();
    match field.shape {
        Shape::One => fill_value(wire, number, field.kind, choice, depth),
        Shape::Many => {
            fill_value(wire, number, field.kind, choice, depth);
            fill_value(wire, number, field.kind, choice + 1, depth);
        }
        Shape::Map(key) => {
            for entry in 1..=2 {
                push_key(wire, number, Kind::Bytes);
                let start = wire.len();
                match key {
                    Kind::Text => push_text(wire, 1, &format!("key \"{entry}\"")),
                    _ => {
                        push_key(wire, 1, key);
                        push_varint(wire, entry);
                    }
                }
                fill_value(wire, 2, field.kind, choice, depth);
                close(wire, start);
            }
        }
    }
}

fn fill_value(wire: &mut Vec<u8>, number: u32, kind: Kind, choice: usize, depth: usize) {
    let seed = u64::from(number) * 31 + choice as u64;
    if let Kind::Text = kind {
        return push_text(wire, number, &format!("text {seed} \u{e4}\n"));
    }
    push_key(wire, number, kind);
    match kind {
        Kind::Message(place) => {
            let start = wire.len();
            fill(wire, MessageType::at(place), choice, depth + 1);
            close(wire, start);
        }
        Kind::Bytes => {
            let start = wire.len();
            wire.extend((0..seed % 7 + 1).map(|byte| (byte * 91 + seed) as u8));
            close(wire, start);
        }
        Kind::Bool => push_varint(wire, 1),
        Kind::Int32 => push_varint(wire, -(seed as i64) as u64),
        Kind::Int64 => push_varint(wire, (i64::MIN + seed as i64) as u64),
        Kind::Uint32 => push_varint(wire, u64::from(u32::MAX) - seed),
        Kind::Float => wire.extend((0.1 * seed as f32).to_le_bytes()),
        Kind::Double => wire.extend((-1e-9 * seed as f64).to_le_bytes()),
        // Every value but zero in turn, and one that has no name.
        Kind::Enum(place) => {
            let values = EnumType::at(place).values();
            let named = values.map(|(value, _)| value).filter(|value| *value != 0);
            let values: Vec<i32> = named.chain([4711]).collect();
            push_varint(wire, values[seed as usize % values.len()] as u64);
        }
        Kind::Text => {}
    }
}

fn members(message: &MessageType, oneof: u8) -> impl Iterator<Item = &'static Field> {
    message.fields().iter().filter(move |field| field.oneof == Some(oneof))
}

fn push_text(wire: &mut Vec<u8>, number: u32, text: &str) {
    push_key(wire, number, Kind::Text);
    push_varint(wire, text.len() as u64);
    wire.extend(text.as_bytes());
}

/// Seconds and nanoseconds, the latter left out if zero.
fn push_pair(wire: &mut Vec<u8>, seconds: u64, nanos: u64) {
    for (number, value) in [(1, seconds), (2, nanos)] {
        if value != 0 {
            push_key(wire, number, Kind::Int64);
            push_varint(wire, value);
        }
    }
}
