//! Writes the tables that the JSON of messages is read and written by.

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};
use std::collections::{BTreeMap, BTreeSet};

/// The reader keeps which fields it has seen in the bits of a `u128`, and which oneofs in those of a `u64`.
const FIELDS_MAX: usize = 128;
const ONEOFS_MAX: usize = 63;
/// Characters of a line of names.
const NAMES_WIDTH: usize = 110;

/// The messages of `google.protobuf` that the API uses.
const WELL_KNOWN: [&str; 6] = ["Any", "DoubleValue", "Duration", "Empty", "FieldMask", "Timestamp"];

/// The text of `src/generated/json.rs`.
pub(crate) fn table(descriptors: &FileDescriptorSet) -> Result<String, String> {
    let mut types = Types::default();
    for file in &descriptors.file {
        let package = file.package();
        for message in &file.message_type {
            if package == "google.protobuf" && !WELL_KNOWN.contains(&message.name()) {
                continue;
            }
            types.message(package, message);
        }
        for enumeration in &file.enum_type {
            if package == "google.protobuf" {
                continue;
            }
            types
                .enumerations
                .insert(format!("{package}.{}", enumeration.name()), enumeration);
        }
    }
    let messages: BTreeMap<&String, &DescriptorProto> = types
        .messages
        .iter()
        .filter(|(_, message)| !is_entry(message))
        .map(|(name, message)| (name, *message))
        .collect();
    let places = Places {
        messages: messages
            .keys()
            .zip(0..)
            .map(|(name, place)| (name.as_str(), place))
            .collect(),
        enumerations: used_enumerations(&messages, &types).into_iter().zip(0..).collect(),
    };
    let mut tables = Tables::default();
    for (name, message) in &messages {
        tables.message(name, message, &types, &places)?;
    }
    for name in places.enumerations.keys() {
        if let Some(enumeration) = types.enumerations.get(*name) {
            tables.enumeration(name, enumeration);
        }
    }
    Ok(tables.text())
}

/// The enums that fields have, in the order of their names.
fn used_enumerations<'a>(messages: &BTreeMap<&String, &'a DescriptorProto>, types: &Types<'a>) -> BTreeSet<&'a str> {
    let entries = types.messages.values().filter(|message| is_entry(message)).copied();
    let all = messages.values().copied().chain(entries);
    all.flat_map(|message| &message.field)
        .filter(|field| field.r#type() == Type::Enum)
        .map(target)
        .collect()
}

/// At which places of their tables types are.
struct Places<'a> {
    messages: BTreeMap<&'a str, usize>,
    enumerations: BTreeMap<&'a str, usize>,
}

/// The lines of the tables.
#[derive(Default)]
struct Tables {
    /// All names, one after the other.
    names: String,
    /// Where the names begin.
    known: BTreeMap<String, usize>,
    messages: Vec<String>,
    fields: Vec<String>,
    oneofs: Vec<String>,
    enumerations: Vec<String>,
    values: Vec<String>,
}

impl Tables {
    /// Where a name is: as a number, its place times 256 and its length.
    fn name(&mut self, name: &str) -> String {
        assert!(name.len() < 256, "a name's length has one byte: {name}");
        let at = *self.known.entry(name.to_owned()).or_insert_with(|| {
            self.names.find(name).unwrap_or_else(|| {
                self.names.push_str(name);
                self.names.len() - name.len()
            })
        });
        format!("{}", at * 256 + name.len())
    }

    fn message(
        &mut self,
        name: &str,
        message: &DescriptorProto,
        types: &Types<'_>,
        places: &Places<'_>,
    ) -> Result<(), String> {
        if message.field.len() > FIELDS_MAX || message.oneof_decl.len() > ONEOFS_MAX {
            return Err(format!(
                "{name} has more fields or oneofs than the reader can tell apart"
            ));
        }
        let line = format!(
            "message({}, {}, {}, {}, {}, {}), // {name}",
            self.name(name),
            form(name),
            self.fields.len(),
            message.field.len(),
            self.oneofs.len(),
            message.oneof_decl.len(),
        );
        self.messages.push(line);
        for oneof in &message.oneof_decl {
            let oneof = format!("Name({}), // {}", self.name(oneof.name()), oneof.name());
            self.oneofs.push(oneof);
        }
        for field in &message.field {
            let line = self.field(name, field, types, places)?;
            self.fields.push(format!("{line}, // {}", field.name()));
        }
        Ok(())
    }

    fn field(
        &mut self,
        scope: &str,
        field: &FieldDescriptorProto,
        types: &Types<'_>,
        places: &Places<'_>,
    ) -> Result<String, String> {
        let entry = types.messages.get(target(field)).filter(|message| is_entry(message));
        let (name, json) = (self.name(field.name()), self.name(field.json_name()));
        let names = format!("{}, {name}, {json}", field.number());
        let own = || kind(scope, field, places);
        Ok(match (entry, field.oneof_index) {
            (Some(entry), _) => match entry.field.as_slice() {
                [key, value] => format!(
                    "map({names}, {}, {})",
                    kind(scope, key, places)?,
                    kind(scope, value, places)?
                ),
                _ => return Err(format!("{scope}.{}: a map entry has a key and a value", field.name())),
            },
            (None, _) if field.label() == Label::Repeated => format!("many({names}, {})", own()?),
            (None, Some(oneof)) => format!("member({oneof}, {names}, {})", own()?),
            (None, None) => format!("one({names}, {})", own()?),
        })
    }

    fn enumeration(&mut self, name: &str, enumeration: &EnumDescriptorProto) {
        let short = name.rsplit('.').next().unwrap_or_default();
        let line = format!(
            "enumeration({}, {}, {}, {}), // {name}",
            self.name(name),
            self.name(&prefix(short, enumeration)),
            self.values.len(),
            enumeration.value.len(),
        );
        self.enumerations.push(line);
        for value in &enumeration.value {
            let line = format!(
                "({}, Name({})), // {}",
                value.number(),
                self.name(value.name()),
                value.name()
            );
            self.values.push(line);
        }
    }

    fn text(self) -> String {
        let mut text = String::from(
            "// This file is @generated by tests/generated.rs.\n\
             use super::{EnumType, Field, Form::*, Kind::*, MessageType, Name, enumeration, many, map, member, message, one};\n",
        );
        let tables = [
            ("MESSAGES", "MessageType", self.messages),
            ("FIELDS", "Field", self.fields),
            ("ONEOFS", "Name", self.oneofs),
            ("ENUMS", "EnumType", self.enumerations),
            ("VALUES", "(i32, Name)", self.values),
        ];
        for (table, of, lines) in tables {
            text.push_str(&format!("pub(crate) static {table}: [{of}; {}] = [\n", lines.len()));
            for line in lines {
                text.push_str(&format!("    {line}\n"));
            }
            text.push_str("];\n");
        }
        text.push_str("pub(crate) const NAMES: &str = \"\\\n");
        for line in self.names.as_bytes().chunks(NAMES_WIDTH) {
            text.push_str(&format!("    {}\\\n", String::from_utf8_lossy(line)));
        }
        text.push_str("\";\n");
        text
    }
}

/// The name of the type of a field.
fn target(field: &FieldDescriptorProto) -> &str {
    field.type_name().trim_start_matches('.')
}

#[derive(Default)]
struct Types<'a> {
    messages: BTreeMap<String, &'a DescriptorProto>,
    enumerations: BTreeMap<String, &'a EnumDescriptorProto>,
}

impl<'a> Types<'a> {
    fn message(&mut self, scope: &str, message: &'a DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        for nested in &message.nested_type {
            self.message(&name, nested);
        }
        for enumeration in &message.enum_type {
            self.enumerations
                .insert(format!("{name}.{}", enumeration.name()), enumeration);
        }
        self.messages.insert(name, message);
    }
}

fn kind(scope: &str, field: &FieldDescriptorProto, places: &Places<'_>) -> Result<String, String> {
    let place = |of: &BTreeMap<&str, usize>| {
        let missing = || format!("{scope}.{}: {} is not in the tables", field.name(), target(field));
        of.get(target(field)).copied().ok_or_else(missing)
    };
    Ok(match field.r#type() {
        Type::Bool => "Bool".to_owned(),
        Type::Int32 => "Int32".to_owned(),
        Type::Int64 => "Int64".to_owned(),
        Type::Uint32 => "Uint32".to_owned(),
        Type::Float => "Float".to_owned(),
        Type::Double => "Double".to_owned(),
        Type::String => "Text".to_owned(),
        Type::Bytes => "Bytes".to_owned(),
        Type::Enum => format!("Enum({})", place(&places.enumerations)?),
        Type::Message => format!("Message({})", place(&places.messages)?),
        other => {
            return Err(format!(
                "{scope}.{}: add {other:?} to the kinds of src/json",
                field.name()
            ));
        }
    })
}

/// What every value of the enum begins with, `EVENT_TYPE_`; empty if they have no such prefix.
fn prefix(short: &str, enumeration: &EnumDescriptorProto) -> String {
    let mut prefix = String::new();
    let mut before = 'A';
    for letter in short.chars() {
        if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            prefix.push('_');
        }
        prefix.push(letter.to_ascii_uppercase());
        before = letter;
    }
    prefix.push('_');
    if enumeration.value.iter().all(|value| value.name().starts_with(&prefix)) {
        prefix
    } else {
        String::new()
    }
}

/// How the message looks in JSON, if not as an object with a member for each field.
fn form(name: &str) -> &'static str {
    match name {
        "google.protobuf.Any" => "Any",
        "google.protobuf.Duration" => "Duration",
        "google.protobuf.Timestamp" => "Timestamp",
        "google.protobuf.FieldMask" => "FieldMask",
        "google.protobuf.DoubleValue" => "Wrapper",
        "temporal.api.common.v1.Payload" => "Payload",
        "temporal.api.common.v1.Payloads" => "Payloads",
        "temporal.api.history.v1.History" => "History",
        _ => "Object",
    }
}

fn is_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| options.map_entry())
}
