//! Fixed pieces of work without a network: to count instructions of, and for criterion.

use crate::{
    replay::{EVENTS_PER_ACTIVITY, recorded},
    workflows::{Hello, Seq, echo},
};
use bench_harness::Outcome;
use prost::Message as _;
use std::{hint::black_box, sync::Arc, time::SystemTime};
use steadfast::{
    convert::Converter,
    prelude::*,
    proto::{
        command::{
            Command, CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
            command::Attributes,
        },
        common::{ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType},
        enums::{CommandType, EventType, HistoryEventFilterType},
        history::History,
        taskqueue::TaskQueue,
        workflowservice::{
            GetWorkflowExecutionHistoryRequest, PollActivityTaskQueueResponse, PollWorkflowTaskQueueRequest,
            PollWorkflowTaskQueueResponse, RespondActivityTaskCompletedRequest, RespondWorkflowTaskCompletedRequest,
            StartWorkflowExecutionRequest, workflow_service_server::WorkflowService,
        },
    },
    replay::Replayer,
};
use steadfast_core::{Input, Output, PayloadLimits, Shard, ShardOptions};
use steadfast_proto::{json, tonic::Request};
use steadfast_server::Server;
use tokio::runtime::Runtime;

/// Work that is done again and again.
pub type Work = Box<dyn FnMut() -> Outcome>;

/// A piece of work.
pub struct Part {
    pub name: &'static str,
    /// How often it is done to count its instructions; at most [`CAPACITY`] times.
    pub times: usize,
    /// Readies what may be done [`CAPACITY`] times.
    pub prepare: fn() -> Outcome<Work>,
}

/// How often work may be done before it has to be prepared anew.
pub const CAPACITY: usize = 600;
/// The length of the histories.
const EVENTS: usize = 1_000;

pub const PARTS: &[Part] = &[
    Part {
        name: "turn",
        times: 500,
        prepare: turn,
    },
    Part {
        name: "turn_among_100000",
        times: 500,
        prepare: turn_among_many,
    },
    Part {
        name: "replay_1000",
        times: 25,
        prepare: replay,
    },
    Part {
        name: "decode_history_1000",
        times: 25,
        prepare: decode_history,
    },
    Part {
        name: "read_history_json_1000",
        times: 25,
        prepare: read_history_json,
    },
    Part {
        name: "payload",
        times: 500,
        prepare: payload,
    },
    Part {
        name: "engine_start",
        times: 500,
        prepare: engine_start,
    },
    Part {
        name: "engine_hello",
        times: 500,
        prepare: engine_hello,
    },
    Part {
        name: "hello_in_process",
        times: 500,
        prepare: hello,
    },
];

fn runtime() -> Outcome<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn history(events: usize) -> Outcome<History> {
    runtime()?.block_on(recorded(events))
}

fn seq() -> Replayer {
    Replayer::new().workflow::<Seq>()
}

/// The tasks of a run, as a server gives them to the worker that has the run in its cache.
fn tasks(history: History) -> Vec<PollWorkflowTaskQueueResponse> {
    let execution = WorkflowExecution {
        workflow_id: "workflow".to_owned(),
        run_id: "run".to_owned(),
    };
    let (mut tasks, mut events, mut previous) = (Vec::new(), Vec::new(), 0);
    for event in history.events {
        let (id, is_started) = (event.event_id, event.event_type() == EventType::WorkflowTaskStarted);
        events.push(event);
        if is_started {
            tasks.push(PollWorkflowTaskQueueResponse {
                task_token: id.to_string().into(),
                workflow_execution: Some(execution.clone()),
                workflow_type: Some(WorkflowType { name: "Seq".to_owned() }),
                attempt: 1,
                previous_started_event_id: previous,
                started_event_id: id,
                history: Some(History {
                    events: std::mem::take(&mut events),
                }),
                ..PollWorkflowTaskQueueResponse::default()
            });
            previous = id;
        }
    }
    tasks
}

fn turn() -> Outcome<Work> {
    turn_among(0)
}

fn turn_among_many() -> Outcome<Work> {
    turn_among(100_000)
}

/// An activity is done: code goes on, and asks for the next one. The run is in the cache, with so many that wait.
fn turn_among(others: usize) -> Outcome<Work> {
    let tasks = tasks(history((CAPACITY + 2) * EVENTS_PER_ACTIVITY)?);
    let mut shard = Shard::new(options(others + 10), Box::new(seq()));
    let first = tasks.first().ok_or("there are no tasks")?.clone();
    for number in 0..others {
        let mut other = first.clone();
        let execution = other.workflow_execution.get_or_insert_default();
        execution.run_id = format!("run-{number}");
        complete(&mut shard, other)?;
    }
    let mut tasks = tasks.into_iter();
    Ok(Box::new(move || {
        complete(&mut shard, tasks.next().ok_or("there are no more tasks")?)
    }))
}

fn complete(shard: &mut Shard, task: PollWorkflowTaskQueueResponse) -> Outcome {
    shard.handle(SystemTime::UNIX_EPOCH, Input::WorkflowTask(Box::new(task), None));
    match shard.poll_output() {
        Some(Output::Complete(run, answer)) => {
            black_box(answer);
            shard.handle(SystemTime::UNIX_EPOCH, Input::Completed(run, Ok(Box::default())));
            Ok(())
        }
        _ => Err("the task was not completed".into()),
    }
}

fn options(max_cached_workflows: usize) -> ShardOptions {
    ShardOptions {
        namespace: "default".to_owned(),
        task_queue: "bench".to_owned(),
        identity: "bench".to_owned(),
        max_cached_workflows,
        sticky_queue: Some(("sticky".to_owned(), secs(10))),
        sdk: ("bench".to_owned(), "0".to_owned()),
        record_flags: true,
        max_local_activities: 10,
        deployment: None,
        versioning_behavior: Default::default(),
        payload_limits: PayloadLimits::default(),
    }
}

/// A history, from its bytes, against the code.
fn replay() -> Outcome<Work> {
    let (bytes, replayer) = (history(EVENTS)?.encode_to_vec(), seq());
    Ok(Box::new(move || {
        black_box(steadfast_core::replay_bytes(&bytes, "default", &replayer)?.turns);
        Ok(())
    }))
}

fn decode_history() -> Outcome<Work> {
    let bytes = history(EVENTS)?.encode_to_vec();
    Ok(Box::new(move || {
        black_box(History::decode(bytes.as_slice())?);
        Ok(())
    }))
}

/// As the `temporal` command line prints it.
fn read_history_json() -> Outcome<Work> {
    let text = json::history_to_json(&history(EVENTS)?)?;
    Ok(Box::new(move || {
        black_box(json::history_from_json(text.as_bytes())?);
        Ok(())
    }))
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u64,
    customer: String,
    items: Vec<(String, u32)>,
    express: bool,
}

/// A value into a payload, and back.
fn payload() -> Outcome<Work> {
    let (converter, order) = (
        Converter::default(),
        Order {
            id: 4711,
            customer: "ada@example.com".to_owned(),
            items: vec![("teapot".to_owned(), 1), ("cup".to_owned(), 6)],
            express: true,
        },
    );
    Ok(Box::new(move || {
        let payload = converter.encode(black_box(&order))?;
        let back: Order = converter.decode(Some(black_box(&payload)))?;
        black_box(back);
        Ok(())
    }))
}

/// A request to the engine, through the service that clients of the same process call: a workflow starts.
fn engine_start() -> Outcome<Work> {
    let (runtime, service) = service()?;
    let mut number = 0;
    Ok(Box::new(move || {
        number += 1;
        let started = runtime.block_on(service.start_workflow_execution(Request::new(start(number))))?;
        black_box(started);
        Ok(())
    }))
}

/// All requests of a hello workflow to the engine, as a client and a worker make them that know it by heart.
fn engine_hello() -> Outcome<Work> {
    let (runtime, service) = service()?;
    let mut number = 0;
    Ok(Box::new(move || {
        number += 1;
        runtime.block_on(ask_engine(&*service, number))
    }))
}

fn service() -> Outcome<(Runtime, Arc<dyn WorkflowService>)> {
    let runtime = runtime()?;
    let server = runtime.block_on(async { Server::builder().start() })?;
    Ok((runtime, server.workflow_service()))
}

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue {
        name: "bench".to_owned(),
        ..TaskQueue::default()
    })
}

fn text() -> Option<Payloads> {
    Some(Payloads {
        payloads: vec![Payload::encoded("json/plain", "\"world\"")],
    })
}

fn start(number: u64) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: format!("run-{number}"),
        request_id: format!("request-{number}"),
        workflow_type: Some(WorkflowType {
            name: "Hello".to_owned(),
        }),
        task_queue: queue(),
        ..StartWorkflowExecutionRequest::default()
    }
}

async fn ask_engine(service: &dyn WorkflowService, number: u64) -> Outcome {
    let started = StartWorkflowExecutionRequest {
        input: text(),
        ..start(number)
    };
    service.start_workflow_execution(Request::new(started)).await?;
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "1".to_owned(),
        activity_type: Some(ActivityType {
            name: "echo".to_owned(),
        }),
        task_queue: queue(),
        input: text(),
        start_to_close_timeout: Some(steadfast_proto::duration(secs(10))),
        request_eager_execution: true,
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    let activity = Attributes::ScheduleActivityTaskCommandAttributes(Box::new(activity));
    for task in answer_task(service, CommandType::ScheduleActivityTask, activity).await? {
        let completed = RespondActivityTaskCompletedRequest {
            namespace: "default".to_owned(),
            task_token: task.task_token,
            result: text(),
            ..RespondActivityTaskCompletedRequest::default()
        };
        service.respond_activity_task_completed(Request::new(completed)).await?;
    }
    let done = CompleteWorkflowExecutionCommandAttributes { result: text() };
    let done = Attributes::CompleteWorkflowExecutionCommandAttributes(Box::new(done));
    answer_task(service, CommandType::CompleteWorkflowExecution, done).await?;
    let result = GetWorkflowExecutionHistoryRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution {
            workflow_id: format!("run-{number}"),
            run_id: String::new(),
        }),
        wait_new_event: true,
        history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
        ..GetWorkflowExecutionHistoryRequest::default()
    };
    let read = service.get_workflow_execution_history(Request::new(result)).await?;
    match read.into_inner().history.map_or(0, |history| history.events.len()) {
        1 => Ok(()),
        events => Err(format!("expected the event that ended the workflow, got {events}").into()),
    }
}

/// Answers the next workflow task with a command; gives the activities that come with that.
async fn answer_task(
    service: &dyn WorkflowService,
    kind: CommandType,
    attributes: Attributes,
) -> Outcome<Vec<PollActivityTaskQueueResponse>> {
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(),
        ..PollWorkflowTaskQueueRequest::default()
    };
    let task = service.poll_workflow_task_queue(Request::new(poll)).await?.into_inner();
    let completed = RespondWorkflowTaskCompletedRequest {
        namespace: "default".to_owned(),
        task_token: task.task_token,
        commands: vec![Command {
            command_type: kind.into(),
            attributes: Some(attributes),
            ..Command::default()
        }],
        ..RespondWorkflowTaskCompletedRequest::default()
    };
    let answer = service.respond_workflow_task_completed(Request::new(completed)).await?;
    Ok(answer.into_inner().activity_tasks)
}

/// A workflow with an activity: client, server and worker on one thread.
fn hello() -> Outcome<Work> {
    let runtime = runtime()?;
    let client = runtime.block_on(async { Client::embedded() })?;
    let worker = Worker::new(&client, "bench").workflow::<Hello>().activity::<echo>();
    let worker = {
        let _entered = runtime.enter();
        worker.start()
    };
    let mut number = 0;
    Ok(Box::new(move || {
        let _running = &worker;
        number += 1;
        let execution = client
            .execute::<Hello>("world".to_owned())
            .id(format!("hello-{number}"));
        let greeting = runtime.block_on(async { execution.task_queue("bench").await })?;
        black_box(greeting);
        Ok(())
    }))
}
