//! Calls of the server, one after the other.

use prost::Message;
use steadfast_fuzz::server::{self, method};
use steadfast_proto::{
    command::{self as c, Command, command::Attributes as C},
    common::{ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType},
    duration,
    enums::CommandType,
    failure::Failure,
    prost_types,
    protocol::Message as Protocol,
    query::WorkflowQuery,
    taskqueue::TaskQueue,
    update, workflowservice as w,
};

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

pub type Seed = (&'static str, server::Input);

pub fn seeds() -> Vec<Seed> {
    [operations(), messages(), times()].into_iter().flatten().collect()
}

fn seed(name: &'static str, is_virtual: bool, steps: Vec<server::Step>) -> Seed {
    (name, server::Input { is_virtual, steps })
}

fn plain(id: &str) -> server::Step {
    start(id, |_| ())
}

/// What workflows ask for.
fn operations() -> Vec<Seed> {
    vec![
        seed(
            "activity",
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
        seed(
            "timer",
            true,
            vec![
                plain("a"),
                poll(),
                complete([timer("1", 3600), timer("2", 5)]),
                poll(),
                complete([end()]),
            ],
        ),
        seed(
            "child",
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
    ]
}

/// What is said to workflows.
fn messages() -> Vec<Seed> {
    vec![
        seed(
            "update",
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
        seed(
            "signal_query",
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
        seed(
            "reset",
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
        seed(
            "cancel_terminate",
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
    ]
}

/// Runs that time begins and ends.
fn times() -> Vec<Seed> {
    vec![
        seed(
            "cron",
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
        seed(
            "timeouts",
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
    ]
}
