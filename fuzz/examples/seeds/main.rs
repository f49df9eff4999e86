//! Writes the inputs to begin with into `corpus`: recorded histories, in the form that each target wants.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`. Files that are there and have other names stay.

mod server;

use prost::Message;
use std::{error::Error, fs, path::Path};
use steadfast_fuzz::{
    history, payload,
    program::Spelled,
    shard::{self, Answer},
};
use steadfast_proto::{
    common::WorkflowExecution,
    history::{History, HistoryEvent, history_event::Attributes as A},
    json,
    query::WorkflowQuery,
    workflowservice as w,
};

/// Larger ones slow down more than they tell.
const BYTES_MAX: usize = 12 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let recorded = root.join("../proto/tests/histories");
    for file in fs::read_dir(recorded)? {
        let path = file?.path();
        let text = fs::read(&path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let history = json::history_from_json(&text)?;
        if history.encoded_len() <= BYTES_MAX {
            write("history", &name, of_history(&history).encode_to_vec())?;
            write("shard", &name, of_shard(&history).encode_to_vec())?;
            let payload = of_payload(&history).encode_to_vec();
            if payload.len() > 2 {
                write("payload", &name, payload)?;
            }
        }
        if text.len() <= 4 * 1024 {
            write("json", &name, text)?;
        }
    }
    for (name, input) in server::seeds() {
        write("server", name, input.encode_to_vec())?;
    }
    for (name, text) in FILTERS {
        write("filter", name, text.as_bytes().to_vec())?;
    }
    Ok(())
}

fn write(target: &str, name: &str, bytes: Vec<u8>) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), bytes)?)
}

fn of_history(history: &History) -> history::Input {
    history::Input {
        script: Spelled::of_history(history),
        history: Some(history.clone()),
        is_numbered: false,
    }
}

/// Each workflow task brings the events since the one before, as on a sticky queue.
fn of_shard(history: &History) -> shard::Input {
    let mut answers = Vec::new();
    let mut events: Vec<HistoryEvent> = Vec::new();
    for event in &history.events {
        events.push(event.clone());
        if !matches!(event.attributes, Some(A::WorkflowTaskStartedEventAttributes(_))) {
            continue;
        }
        let poll = w::PollWorkflowTaskQueueResponse {
            task_token: b"token".as_slice().into(),
            workflow_execution: Some(execution("workflow")),
            started_event_id: event.event_id,
            attempt: 1,
            history: Some(History {
                events: std::mem::take(&mut events),
            }),
            query: None,
            ..Default::default()
        };
        answers.push(Answer {
            poll: Some(poll),
            ..Default::default()
        });
        answers.push(Answer {
            completed: Some(Default::default()),
            ..Default::default()
        });
    }
    answers.push(Answer {
        poll: Some(w::PollWorkflowTaskQueueResponse {
            task_token: b"query".as_slice().into(),
            workflow_execution: Some(execution("workflow")),
            query: Some(WorkflowQuery {
                query_type: "count".to_owned(),
                ..Default::default()
            }),
            next_page_token: b"page".as_slice().into(),
            ..Default::default()
        }),
        ..Default::default()
    });
    answers.push(Answer {
        page: Some(w::GetWorkflowExecutionHistoryResponse {
            history: Some(history.clone()),
            ..Default::default()
        }),
        ..Default::default()
    });
    shard::Input {
        script: Spelled::of_history(history),
        max_cached_workflows: 2,
        answers,
    }
}

fn of_payload(history: &History) -> payload::Input {
    let payloads = history
        .events
        .iter()
        .find_map(|event| match event.attributes.as_ref()? {
            A::WorkflowExecutionStartedEventAttributes(a) => a.input.clone(),
            A::ActivityTaskScheduledEventAttributes(a) => a.input.clone(),
            _ => None,
        });
    let failure = history
        .events
        .iter()
        .find_map(|event| match event.attributes.as_ref()? {
            A::ActivityTaskFailedEventAttributes(a) => a.failure.clone(),
            A::ActivityTaskTimedOutEventAttributes(a) => a.failure.clone(),
            A::WorkflowExecutionFailedEventAttributes(a) => a.failure.clone(),
            A::WorkflowTaskFailedEventAttributes(a) => a.failure.clone(),
            _ => None,
        });
    payload::Input { payloads, failure }
}

fn execution(workflow_id: &str) -> WorkflowExecution {
    WorkflowExecution {
        workflow_id: workflow_id.to_owned(),
        run_id: "run".to_owned(),
    }
}

const FILTERS: [(&str, &str); 8] = [
    (
        "and_or",
        "(WorkflowType = 'Type' and ExecutionStatus in ('Running', 'Failed')) or not Int > 3\n0 12 * * MON\n1",
    ),
    (
        "between",
        "StartTime between '2023-01-01T00:00:00Z' and \"2024-01-01T00:00:00+01:00\" and Number <= 1.5e3\n*/15 1-5,7 L 2 ?\n\"a\"",
    ),
    (
        "group",
        "CloseTime is null group by ExecutionStatus\n@every 1h30m\n[\"a\", \"b\"]",
    ),
    (
        "list",
        "List = 'a' and List not in ('c') and Bool = true\n@daily\n\"2026-01-02T03:04:05.678Z\"",
    ),
    (
        "starts",
        "Keyword starts_with 'a' and WorkflowId not starts_with 'b' order by StartTime\nTZ=Europe/Berlin 0 0 1 1 0\n\"\\u00e4\\ud83d\\ude00\"",
    ),
    (
        "duration",
        "ExecutionDuration > '1h30m' or ExecutionDuration < '01:02:03' or ExecutionTime >= 1700000000000000000\n@monthly\n-1.5e3",
    ),
    (
        "quotes",
        "`Text` = 'it''s' and Text != \"a\\\"b\" -- comment\n59 23 31 12 6\nnull",
    ),
    (
        "broken",
        "not not (((Int = -5)))) and Text like 'x'\n60 * * * *\n{\"a\":{}}",
    ),
];

// --- what callers ask a server -------------------------------------------------------------------------------------
