//! Our `.proto` text says the same as the published descriptors: every message, field (number, name, type, label,
//! oneof), enum value and RPC path, both ways.
//!
//! The published facts are `tests/published/*.txt`, written by `tests/published/extract.py`. What differs on purpose is
//! in [`EXPLAINED`], each with its reason; anything else fails the test, and so does an explanation that is not needed.

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::{Path, PathBuf},
};

type Failure = Box<dyn Error>;

/// Published only in the newer of the two, so the other lacks it: our text has the union.
const NEWER: &str = "in temporalio 1.35.0 and not yet in temporalio-protos 0.10.2";

/// (published list, side, what the fact's subject starts with, why).
const EXPLAINED: &[(&str, Side, &str, &str)] = &[
    (
        "temporalio-protos-0.10.2",
        Side::Published,
        "temporal.api.protometa.v1.",
        "annotations for gateways, not on the wire",
    ),
    (
        "temporalio-python-1.35.0",
        Side::Published,
        "temporal.api.protometa.v1.",
        "annotations for gateways, not on the wire",
    ),
    (
        "temporalio-python-1.35.0",
        Side::Published,
        "temporal.api.common.v1.GrpcStatus",
        "the package's copy of google.rpc.Status",
    ),
    (
        "temporalio-python-1.35.0",
        Side::Ours,
        "google.rpc.Status",
        "the package has a copy of its own name",
    ),
    (
        "temporalio-python-1.35.0",
        Side::Ours,
        "grpc.health.v1.",
        "the package renames it",
    ),
    (
        "temporalio-python-1.35.0",
        Side::Ours,
        "/grpc.health.v1.",
        "the package renames it",
    ),
    (
        "temporalio-protos-0.10.2",
        Side::Ours,
        "temporal.api.nexus.v1.PropagatedSerializationContext",
        NEWER,
    ),
    (
        "temporalio-protos-0.10.2",
        Side::Ours,
        "temporal.api.export.v1.ActivityExecution",
        NEWER,
    ),
    (
        "temporalio-protos-0.10.2",
        Side::Ours,
        "temporal.api.export.v1.ExportedExecutions",
        NEWER,
    ),
];

/// Single fields and values that only the newer list has: their numbers and names.
const NEWER_FACTS: &[&str] = &[
    "propagated_nexus_serialization_context",
    "eager_execution_accepted",
    "eager_activity_task",
    "request_eager_execution",
    "region_ids",
    "RUNTIME_TYPE_GRAAL_AOT",
    "RUNTIME_TYPE_KOTLIN",
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    /// Only in our text.
    Ours,
    /// Only in the published list.
    Published,
}

#[test]
fn the_proto_text_says_what_temporalio_protos_publishes() -> Result<(), Failure> {
    let differences = unexplained("temporalio-protos-0.10.2")?;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

#[test]
fn the_proto_text_says_what_the_python_package_publishes() -> Result<(), Failure> {
    let differences = unexplained("temporalio-python-1.35.0")?;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

#[test]
fn every_explanation_explains_something() -> Result<(), Failure> {
    let mut differences = BTreeMap::new();
    for list in ["temporalio-protos-0.10.2", "temporalio-python-1.35.0"] {
        differences.insert(list, differing(list)?);
    }
    for (list, side, subject, why) in EXPLAINED {
        let found = differences[list]
            .iter()
            .any(|(there, fact)| there == side && subject_of(fact).starts_with(subject));
        assert!(
            found,
            "{list} no longer differs in {subject} ({why}): take the explanation out"
        );
    }
    for name in NEWER_FACTS {
        let found = differences["temporalio-protos-0.10.2"]
            .iter()
            .any(|(_, fact)| fact.split(' ').any(|word| word == *name));
        assert!(
            found,
            "temporalio-protos-0.10.2 has {name} now: take the explanation out"
        );
    }
    Ok(())
}

/// The differences that nothing explains, one line each.
fn unexplained(list: &str) -> Result<Vec<String>, Failure> {
    let explained = |side: Side, fact: &str| {
        let newer = list == "temporalio-protos-0.10.2" && side == Side::Ours;
        (newer && fact.split(' ').any(|word| NEWER_FACTS.contains(&word)))
            || EXPLAINED.iter().any(|(name, there, subject, _)| {
                *name == list && *there == side && subject_of(fact).starts_with(subject)
            })
    };
    Ok(differing(list)?
        .into_iter()
        .filter(|(side, fact)| !explained(*side, fact))
        .map(|(side, fact)| match side {
            Side::Ours => format!("only in proto/protos: {fact}"),
            Side::Published => format!("only in {list}: {fact}"),
        })
        .collect())
}

fn differing(list: &str) -> Result<Vec<(Side, String)>, Failure> {
    let ours = our_facts()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/published/{list}.txt"));
    let published: BTreeSet<String> = fs::read_to_string(file)?.lines().map(str::to_owned).collect();
    let only_ours = ours.difference(&published).map(|fact| (Side::Ours, fact.clone()));
    let only_theirs = published.difference(&ours).map(|fact| (Side::Published, fact.clone()));
    Ok(only_ours.chain(only_theirs).collect())
}

/// What a fact is about: the second word.
fn subject_of(fact: &str) -> &str {
    fact.split(' ').nth(1).unwrap_or_default()
}

fn our_facts() -> Result<BTreeSet<String>, Failure> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("protos");
    let mut files = Vec::new();
    collect(&protos, &mut files)?;
    let set = protox::compile(&files, [&protos])?;
    let mut facts = BTreeSet::new();
    for file in set
        .file
        .iter()
        .filter(|file| !file.package().starts_with("google.protobuf"))
    {
        file_facts(file, &mut facts);
    }
    Ok(facts)
}

fn file_facts(file: &FileDescriptorProto, facts: &mut BTreeSet<String>) {
    for message in &file.message_type {
        message_facts(file.package(), message, facts);
    }
    for declared in &file.enum_type {
        enum_facts(file.package(), declared, facts);
    }
    for service in &file.service {
        for method in &service.method {
            let streamed = if method.client_streaming() || method.server_streaming() {
                " streamed"
            } else {
                ""
            };
            facts.insert(format!(
                "rpc /{}.{}/{} {} {}{streamed}",
                file.package(),
                service.name(),
                method.name(),
                method.input_type().trim_start_matches('.'),
                method.output_type().trim_start_matches('.'),
            ));
        }
    }
}

fn message_facts(scope: &str, message: &DescriptorProto, facts: &mut BTreeSet<String>) {
    let name = format!("{scope}.{}", message.name());
    let is_entry = |nested: &&DescriptorProto| nested.options.as_ref().is_some_and(|options| options.map_entry());
    let entries: BTreeMap<String, &DescriptorProto> = message
        .nested_type
        .iter()
        .filter(is_entry)
        .map(|nested| (format!("{name}.{}", nested.name()), nested))
        .collect();
    for field in &message.field {
        facts.insert(field_fact(&name, message, field, &entries));
    }
    for nested in message.nested_type.iter().filter(|nested| !is_entry(nested)) {
        message_facts(&name, nested, facts);
    }
    for declared in &message.enum_type {
        enum_facts(&name, declared, facts);
    }
    facts.insert(format!("message {name}"));
}

fn field_fact(
    message_name: &str,
    message: &DescriptorProto,
    field: &FieldDescriptorProto,
    entries: &BTreeMap<String, &DescriptorProto>,
) -> String {
    let kind = type_name(field, entries);
    let label = match field.label() {
        _ if kind.starts_with("map<") => "singular".to_owned(),
        Label::Repeated => "repeated".to_owned(),
        _ if field.proto3_optional() => "optional".to_owned(),
        _ => match field
            .oneof_index
            .and_then(|index| message.oneof_decl.get(index as usize))
        {
            Some(oneof) => format!("singular oneof {}", oneof.name()),
            None => "singular".to_owned(),
        },
    };
    format!(
        "field {message_name} {} {} {kind} {label}",
        field.number(),
        field.name()
    )
}

fn type_name(field: &FieldDescriptorProto, entries: &BTreeMap<String, &DescriptorProto>) -> String {
    let name = field.type_name().trim_start_matches('.');
    match entries.get(name).map(|entry| entry.field.as_slice()) {
        Some([key, value]) => format!("map<{},{}>", type_name(key, entries), type_name(value, entries)),
        _ if !name.is_empty() => name.to_owned(),
        _ => scalar(field.r#type()),
    }
}

fn scalar(kind: Type) -> String {
    kind.as_str_name().trim_start_matches("TYPE_").to_lowercase()
}

fn enum_facts(scope: &str, declared: &EnumDescriptorProto, facts: &mut BTreeSet<String>) {
    let name = format!("{scope}.{}", declared.name());
    for value in &declared.value {
        facts.insert(format!("value {name} {} {}", value.number(), value.name()));
    }
    facts.insert(format!("enum {name}"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
