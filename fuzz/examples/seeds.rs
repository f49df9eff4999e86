//! Writes the inputs to begin with into `corpus`: recorded histories, in the form that each target wants.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`. Files that are there and have other names stay.

use prost::Message;
use std::{error::Error, fs, path::Path};
use steadfast_fuzz::{
    history, payload,
    program::Spelled,
    server::{self, method},
    shard::{self, Answer},
};
use steadfast_proto::{
    command::{self as c, Command, command::Attributes as C},
    common::{ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType},
    duration,
    enums::CommandType,
    failure::Failure,
    history::{History, HistoryEvent, history_event::Attributes as A},
    json, prost_types,
    protocol::Message as Protocol,
    query::WorkflowQuery,
    taskqueue::TaskQueue,
    update, workflowservice as w,
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
    for (name, input) in servers() {
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

/// A request of a method, at once.
fn step(method: u32, request: &impl Message) -> server::Step {
    server::Step {
        method,
        request: request.encode_to_vec(),
        ..Default::default()
    }
}

fn after(millis: u64, mut step: server::Step) -> server::Step {
    step.millis = millis;
    step
}

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue {
        name: "queue".to_owned(),
        ..Default::default()
    })
}

fn start(id: &str, set: impl FnOnce(&mut w::StartWorkflowExecutionRequest)) -> server::Step {
    let mut request = w::StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Type".to_owned(),
        }),
        task_queue: queue(),
        ..Default::default()
    };
    set(&mut request);
    step(method::StartWorkflowExecution, &request)
}

fn poll() -> server::Step {
    let request = w::PollWorkflowTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(),
        identity: "worker".to_owned(),
        ..Default::default()
    };
    step(method::PollWorkflowTaskQueue, &request)
}

fn poll_activity() -> server::Step {
    let request = w::PollActivityTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(),
        identity: "worker".to_owned(),
        ..Default::default()
    };
    step(method::PollActivityTaskQueue, &request)
}

const LATEST: &[u8] = b"\0T0";

fn complete_with(commands: Vec<Command>, messages: Vec<Protocol>) -> server::Step {
    let request = w::RespondWorkflowTaskCompletedRequest {
        namespace: "default".to_owned(),
        task_token: LATEST.into(),
        commands,
        messages,
        ..Default::default()
    };
    step(method::RespondWorkflowTaskCompleted, &request)
}

fn complete(commands: impl IntoIterator<Item = (CommandType, C)>) -> server::Step {
    complete_with(commands.into_iter().map(command).collect(), Vec::new())
}

fn command((kind, attributes): (CommandType, C)) -> Command {
    Command {
        command_type: kind.into(),
        attributes: Some(attributes),
        ..Default::default()
    }
}

fn activity(id: &str) -> (CommandType, C) {
    let attributes = c::ScheduleActivityTaskCommandAttributes {
        activity_id: id.to_owned(),
        activity_type: Some(ActivityType {
            name: "Activity".to_owned(),
        }),
        task_queue: queue(),
        start_to_close_timeout: Some(duration(std::time::Duration::from_secs(30))),
        heartbeat_timeout: Some(duration(std::time::Duration::from_secs(5))),
        ..Default::default()
    };
    (
        CommandType::ScheduleActivityTask,
        C::ScheduleActivityTaskCommandAttributes(Box::new(attributes)),
    )
}

fn timer(id: &str, seconds: u64) -> (CommandType, C) {
    let attributes = c::StartTimerCommandAttributes {
        timer_id: id.to_owned(),
        start_to_fire_timeout: Some(duration(std::time::Duration::from_secs(seconds))),
    };
    (
        CommandType::StartTimer,
        C::StartTimerCommandAttributes(Box::new(attributes)),
    )
}

fn child(id: &str) -> (CommandType, C) {
    let attributes = c::StartChildWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Child".to_owned(),
        }),
        task_queue: queue(),
        ..Default::default()
    };
    (
        CommandType::StartChildWorkflowExecution,
        C::StartChildWorkflowExecutionCommandAttributes(Box::new(attributes)),
    )
}

fn end() -> (CommandType, C) {
    (
        CommandType::CompleteWorkflowExecution,
        C::CompleteWorkflowExecutionCommandAttributes(Box::default()),
    )
}

fn of(id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: id.to_owned(),
        ..Default::default()
    })
}

fn signal(id: &str) -> server::Step {
    let request = w::SignalWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: of(id),
        signal_name: "signal".to_owned(),
        ..Default::default()
    };
    step(method::SignalWorkflowExecution, &request)
}

fn update(id: &str, update_id: &str) -> server::Step {
    let request = w::UpdateWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: of(id),
        request: Some(update::Request {
            meta: Some(update::Meta {
                update_id: update_id.to_owned(),
                identity: "client".to_owned(),
            }),
            input: Some(update::Input {
                name: "update".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    step(method::UpdateWorkflowExecution, &request)
}

fn said<M: Message + prost::Name>(id: &str, update_id: &str, body: &M) -> Protocol {
    Protocol {
        id: id.to_owned(),
        protocol_instance_id: update_id.to_owned(),
        body: Some(prost_types::Any {
            type_url: M::type_url(),
            value: body.encode_to_vec(),
        }),
        ..Default::default()
    }
}

fn pointer(message_id: &str) -> Command {
    let attributes = c::ProtocolMessageCommandAttributes {
        message_id: message_id.to_owned(),
    };
    command((
        CommandType::ProtocolMessage,
        C::ProtocolMessageCommandAttributes(Box::new(attributes)),
    ))
}

fn answered_update() -> server::Step {
    let accepted = update::Acceptance {
        accepted_request_message_id: "update-1/request".to_owned(),
        ..Default::default()
    };
    let outcome = update::Outcome {
        value: Some(update::outcome::Value::Success(Payloads {
            payloads: vec![Payload::encoded("json/plain", "1".to_owned())],
        })),
    };
    let meta = update::Meta {
        update_id: "update-1".to_owned(),
        ..Default::default()
    };
    let responded = update::Response {
        meta: Some(meta),
        outcome: Some(outcome),
    };
    complete_with(
        vec![pointer("accepted"), pointer("responded")],
        vec![
            said("accepted", "update-1", &accepted),
            said("responded", "update-1", &responded),
        ],
    )
}

fn activity_completed() -> server::Step {
    let request = w::RespondActivityTaskCompletedRequest {
        namespace: "default".to_owned(),
        task_token: LATEST.into(),
        ..Default::default()
    };
    step(method::RespondActivityTaskCompleted, &request)
}

fn activity_failed() -> server::Step {
    let request = w::RespondActivityTaskFailedRequest {
        namespace: "default".to_owned(),
        task_token: LATEST.into(),
        failure: Some(Failure::application("Type", "it failed")),
        ..Default::default()
    };
    step(method::RespondActivityTaskFailed, &request)
}

fn reset(id: &str) -> server::Step {
    let request = w::ResetWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: of(id),
        workflow_task_finish_event_id: 4,
        request_id: "reset".to_owned(),
        ..Default::default()
    };
    step(method::ResetWorkflowExecution, &request)
}

fn query(id: &str) -> server::Step {
    let request = w::QueryWorkflowRequest {
        namespace: "default".to_owned(),
        execution: of(id),
        query: Some(WorkflowQuery {
            query_type: "state".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    step(method::QueryWorkflow, &request)
}

fn terminate(id: &str) -> server::Step {
    let request = w::TerminateWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: of(id),
        ..Default::default()
    };
    step(method::TerminateWorkflowExecution, &request)
}

fn cancel(id: &str) -> server::Step {
    let request = w::RequestCancelWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: of(id),
        ..Default::default()
    };
    step(method::RequestCancelWorkflowExecution, &request)
}

fn servers() -> Vec<(&'static str, server::Input)> {
    let with = |is_virtual, steps: Vec<server::Step>| server::Input { is_virtual, steps };
    let plain = |id: &'static str| start(id, |_| ());
    vec![
        (
            "activity",
            with(
                false,
                vec![
                    plain("a"),
                    poll(),
                    complete([activity("1"), activity("2")]),
                    poll_activity(),
                    activity_failed(),
                    after(2000, poll_activity()),
                    activity_completed(),
                    poll(),
                    complete([end()]),
                ],
            ),
        ),
        (
            "timer",
            with(
                true,
                vec![
                    plain("a"),
                    poll(),
                    complete([timer("1", 3600), timer("2", 5)]),
                    poll(),
                    complete([end()]),
                ],
            ),
        ),
        (
            "child",
            with(
                false,
                vec![
                    plain("a"),
                    poll(),
                    complete([child("b")]),
                    poll(),
                    poll(),
                    complete([end()]),
                    poll(),
                    complete([end()]),
                ],
            ),
        ),
        (
            "update",
            with(
                false,
                vec![
                    plain("a"),
                    poll(),
                    complete([]),
                    update("a", "update-1"),
                    poll(),
                    answered_update(),
                ],
            ),
        ),
        (
            "signal_query",
            with(
                false,
                vec![
                    plain("a"),
                    signal("a"),
                    poll(),
                    signal("a"),
                    query("a"),
                    complete([end()]),
                    poll(),
                    complete([end()]),
                    query("a"),
                ],
            ),
        ),
        (
            "reset",
            with(
                false,
                vec![
                    plain("a"),
                    poll(),
                    complete([timer("1", 10)]),
                    after(11_000, poll()),
                    signal("a"),
                    complete([end()]),
                    reset("a"),
                    poll(),
                    complete([activity("1")]),
                    reset("a"),
                ],
            ),
        ),
        (
            "cancel_terminate",
            with(
                false,
                vec![
                    plain("a"),
                    poll(),
                    cancel("a"),
                    complete([timer("1", 1)]),
                    poll(),
                    terminate("a"),
                    plain("a"),
                ],
            ),
        ),
        (
            "cron",
            with(
                true,
                vec![
                    start("a", |request| {
                        request.cron_schedule = "@every 60s".to_owned();
                        request.workflow_run_timeout = Some(duration(std::time::Duration::from_secs(600)));
                    }),
                    poll(),
                    complete([end()]),
                    poll(),
                    complete([end()]),
                    after(600_000, poll()),
                ],
            ),
        ),
        (
            "timeouts",
            with(
                false,
                vec![
                    start("a", |request| {
                        request.workflow_execution_timeout = Some(duration(std::time::Duration::from_secs(60)))
                    }),
                    poll(),
                    after(11_000, poll()),
                    complete([activity("1")]),
                    poll_activity(),
                    after(6000, poll_activity()),
                    after(90_000, poll()),
                ],
            ),
        ),
    ]
}
