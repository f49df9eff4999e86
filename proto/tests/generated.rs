//! The committed code is what the committed `.proto` text gives.
//!
//! To write it anew after a change of the text: `STEADFAST_REGENERATE=1 cargo test -p steadfast-proto --test generated`.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use prost::Message;

#[path = "calls/table.rs"]
mod calls_table;
#[path = "carriers/table.rs"]
mod carriers_table;
#[path = "json/table.rs"]
mod json_table;

type Failure = Box<dyn Error>;

/// Oneofs so large that every message around them would be moved at their full size, and large messages that are hardly ever
/// there: each of the others would have room for them.
const BOXED: [&str; 36] = [
    ".temporal.api.history.v1.HistoryEvent.attributes",
    ".temporal.api.history.v1.HistoryEvent.user_metadata",
    ".temporal.api.history.v1.HistoryEvent.principal",
    ".temporal.api.history.v1.ActivityTaskStartedEventAttributes.last_failure",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.continued_failure",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.versioning_override",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.inherited_auto_upgrade_info",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.time_skipping_config",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.time_skipping_state_propagation",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.propagated_nexus_serialization_context",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.retry_policy",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.parent_workflow_execution",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.source_version_stamp",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.inherited_pinned_version",
    ".temporal.api.history.v1.WorkflowExecutionStartedEventAttributes.declined_target_version_upgrade",
    ".temporal.api.history.v1.WorkflowTaskCompletedEventAttributes.worker_version",
    ".temporal.api.history.v1.WorkflowTaskCompletedEventAttributes.sdk_metadata",
    ".temporal.api.history.v1.WorkflowTaskCompletedEventAttributes.deployment",
    ".temporal.api.history.v1.WorkflowTaskCompletedEventAttributes.deployment_version",
    ".temporal.api.command.v1.Command.attributes",
    ".temporal.api.command.v1.Command.user_metadata",
    ".temporal.api.workflowservice.v1.StartWorkflowExecutionRequest.continued_failure",
    ".temporal.api.workflowservice.v1.StartWorkflowExecutionRequest.user_metadata",
    ".temporal.api.workflowservice.v1.StartWorkflowExecutionRequest.versioning_override",
    ".temporal.api.workflowservice.v1.StartWorkflowExecutionRequest.propagated_nexus_serialization_context",
    ".temporal.api.workflowservice.v1.StartWorkflowExecutionRequest.retry_policy",
    ".temporal.api.workflowservice.v1.StartWorkflowExecutionRequest.time_skipping_config",
    ".temporal.api.workflowservice.v1.StartWorkflowExecutionRequest.eager_worker_deployment_options",
    ".temporal.api.workflowservice.v1.StartWorkflowExecutionResponse.eager_workflow_task",
    ".temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedResponse.workflow_task",
    ".temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest.worker_version_stamp",
    ".temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest.sdk_metadata",
    ".temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest.deployment",
    ".temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest.deployment_options",
    ".temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse.query",
    ".temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse.poller_groups_info",
];

#[test]
fn generated_code_matches_the_proto_text() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = root.join("src/generated");
    let (fresh, descriptors) = generate(&root.join("protos"))?;
    let committed_descriptors = root.join("src/descriptors.bin");
    if std::env::var_os("STEADFAST_REGENERATE").is_some() {
        if committed.exists() {
            fs::remove_dir_all(&committed)?;
        }
        fs::create_dir_all(&committed)?;
        for (name, text) in &fresh {
            fs::write(committed.join(name), text)?;
        }
        fs::write(committed_descriptors, descriptors)?;
        return Ok(());
    }
    let mut present = BTreeMap::new();
    for entry in fs::read_dir(&committed)? {
        let path = entry?.path();
        present.insert(file_name(&path), fs::read_to_string(&path)?);
    }
    let differing: Vec<&String> = fresh
        .keys()
        .chain(present.keys())
        .filter(|name| fresh.get(*name) != present.get(*name))
        .collect();
    assert!(
        differing.is_empty(),
        "src/generated is not what protos/ gives, write it anew with STEADFAST_REGENERATE=1: {differing:?}"
    );
    assert!(
        fs::read(committed_descriptors)? == descriptors,
        "src/descriptors.bin is not what protos/ gives, write it anew with STEADFAST_REGENERATE=1"
    );
    Ok(())
}

/// The code by file name, and the encoded descriptors of what it is made from.
fn generate(protos: &Path) -> Result<(BTreeMap<String, String>, Vec<u8>), Failure> {
    let mut files = Vec::new();
    collect(protos, &mut files)?;
    files.sort();
    let descriptors = protox::compile(&files, [protos])?;
    let mut encoded = descriptors.clone();
    for file in &mut encoded.file {
        file.source_code_info = None;
    }
    let encoded = encoded.encode_to_vec();
    let json_table = json_table::table(&descriptors)?;
    let calls_table = calls_table::table(&descriptors)?;
    let carriers_table = carriers_table::table(&descriptors)?;
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("generated");
    fs::create_dir_all(&out)?;
    for entry in fs::read_dir(&out)? {
        fs::remove_file(entry?.path())?;
    }
    let mut prost = prost_build::Config::new();
    prost.enable_type_names();
    // `skip_debug` and friends stay off: every message is `Debug`, `Clone` and `PartialEq`.
    let mut builder = tonic_prost_build::configure()
        .out_dir(&out)
        .include_file("mod.rs")
        .emit_rerun_if_changed(false)
        .bytes(".")
        .btree_map(".")
        .build_transport(false)
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]");
    for oneof in BOXED {
        builder = builder.boxed(oneof);
    }
    builder.compile_fds_with_config(descriptors, prost)?;
    let mut fresh = BTreeMap::new();
    for entry in fs::read_dir(&out)? {
        let path = entry?.path();
        fresh.insert(file_name(&path), fs::read_to_string(&path)?);
    }
    keep_metadata_small(&mut fresh)?;
    share_attributes(&mut fresh)?;
    leave_names_to_the_trait(&mut fresh)?;
    fresh.insert("json.rs".to_owned(), json_table);
    fresh.insert("calls.rs".to_owned(), calls_table);
    fresh.insert("carriers.rs".to_owned(), carriers_table);
    Ok((fresh, encoded))
}

/// Nearly all payloads say their encoding and nothing else, for which a map is large: they have a type of ours, and `Message` is
/// written by hand for them (`src/payload.rs`).
fn keep_metadata_small(fresh: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let generated = "#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Payload {
    #[prost(btree_map = \"string, bytes\", tag = \"1\")]
    pub metadata: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::bytes::Bytes,
    >,
    #[prost(bytes = \"bytes\", tag = \"2\")]
    pub data: ::prost::bytes::Bytes,
    #[prost(message, repeated, tag = \"3\")]
    pub external_payloads";
    let ours = "#[derive(Clone, PartialEq, Debug, Default)]
pub struct Payload {
    pub metadata: crate::Metadata,
    pub data: ::prost::bytes::Bytes,
    pub external_payloads";
    let file = fresh
        .get_mut("temporal.api.common.v1.rs")
        .ok_or("payloads are elsewhere")?;
    if !file.contains(generated) {
        return Err("payloads have other fields: write `src/payload.rs` anew".into());
    }
    *file = file.replacen(generated, ours, 1);
    Ok(())
}

/// The attributes of an event never change again: who has the event shares them with whoever it gives it to.
fn share_attributes(fresh: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let file = fresh
        .get_mut("temporal.api.history.v1.rs")
        .ok_or("events are elsewhere")?;
    let (before, oneof) = file
        .split_once("pub enum Attributes {")
        .ok_or("events have no attributes")?;
    let (oneof, after) = oneof.split_once("\n    }\n").ok_or("attributes have no end")?;
    let shared = oneof.replace("::prost::alloc::boxed::Box<", "crate::Shared<");
    if shared == oneof {
        return Err("attributes are not in boxes".into());
    }
    *file = format!("{before}pub enum Attributes {{{shared}\n    }}\n{after}");
    Ok(())
}

/// A message's full name and URL are made by the trait when somebody asks: as functions of each message, of which nearly none is
/// called, they took a twelfth of what is compiled.
fn leave_names_to_the_trait(fresh: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let mut functions = 0;
    for file in fresh.values_mut() {
        let mut kept = String::with_capacity(file.len());
        let mut lines = file.lines();
        while let Some(line) = lines.next() {
            let function = line.trim_start();
            if function.starts_with("fn full_name()") || function.starts_with("fn type_url()") {
                let end = format!("{}}}", line.get(..line.len() - function.len()).unwrap_or_default());
                let is_whole = function.ends_with('}') || lines.any(|line| line == end);
                functions += usize::from(is_whole);
                continue;
            }
            kept.push_str(line);
            kept.push('\n');
        }
        *file = kept;
    }
    if functions == 0 {
        return Err("names are written in another way".into());
    }
    Ok(())
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

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
