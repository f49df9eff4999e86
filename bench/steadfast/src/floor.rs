//! A worker that knows `Hello`, `Fanout` and `Seq` by heart: the calls over gRPC and their messages, and nothing else. No SDK on
//! this transport can take less.

use bench_harness::{Arguments, Outcome};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use steadfast_proto::{
    Call,
    command::{
        Command, CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes, command::Attributes,
    },
    common::{ActivityType, Payload, Payloads},
    duration,
    enums::{CommandType, EventType},
    history::history_event,
    taskqueue::{StickyExecutionAttributes, TaskQueue},
    tonic::{
        Request,
        client::Grpc,
        codegen::http::uri::PathAndQuery,
        transport::{Channel, Endpoint},
    },
    workflowservice::*,
};
use tonic_prost::ProstCodec;

const POLLERS: usize = 8;

/// What is known of a run in hand.
#[derive(Default)]
struct Run {
    activities: usize,
    scheduled: usize,
    completed: usize,
    at_once: bool,
    /// What it was started with, and ends with.
    input: Option<Payloads>,
}

struct Worker {
    channel: Channel,
    task_queue: String,
    sticky_queue: String,
    runs: Mutex<HashMap<String, Run>>,
}

/// Runs until it is killed.
pub async fn run(arguments: &Arguments) -> Outcome {
    let url = arguments.text("url", "http://127.0.0.1:7233");
    let channel = Endpoint::from_shared(url)?.tcp_nodelay(true).connect().await?;
    let worker = Arc::new(Worker {
        channel,
        task_queue: arguments.text("tq", "bench"),
        sticky_queue: format!("floor-{}", std::process::id()),
        runs: Mutex::default(),
    });
    for number in 0..POLLERS {
        let queue = if number % 2 == 0 {
            &worker.sticky_queue
        } else {
            &worker.task_queue
        };
        tokio::spawn(worker.clone().workflows(queue.clone()));
        tokio::spawn(worker.clone().activities());
    }
    println!("READY {}", std::process::id());
    std::future::pending().await
}

impl Worker {
    async fn call<R: Call>(&self, request: R, seconds: u64) -> Option<R::Response> {
        let mut client = Grpc::new(self.channel.clone());
        client.ready().await.ok()?;
        let mut request = Request::new(request);
        request.set_timeout(Duration::from_secs(seconds));
        let codec = ProstCodec::<R, R::Response>::default();
        let answer = client.unary(request, PathAndQuery::from_static(R::PATH), codec).await;
        Some(answer.ok()?.into_inner())
    }

    async fn workflows(self: Arc<Self>, queue: String) {
        let is_sticky = queue == self.sticky_queue;
        loop {
            let poll = PollWorkflowTaskQueueRequest {
                namespace: "default".to_owned(),
                task_queue: Some(TaskQueue {
                    name: queue.clone(),
                    kind: if is_sticky { 2 } else { 1 },
                    normal_name: if is_sticky {
                        self.task_queue.clone()
                    } else {
                        String::new()
                    },
                }),
                identity: "floor".to_owned(),
                ..Default::default()
            };
            match self.call(poll, 70).await {
                Some(mut task) if !task.task_token.is_empty() => {
                    self.read_on(&mut task).await;
                    let commands = self.commands(&task);
                    self.call(self.completion(task, commands), 30).await;
                }
                Some(_) => {}
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Reads the other pages of a long history.
    async fn read_on(&self, task: &mut PollWorkflowTaskQueueResponse) {
        while !task.next_page_token.is_empty() {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: "default".to_owned(),
                execution: task.workflow_execution.clone(),
                next_page_token: std::mem::take(&mut task.next_page_token),
                ..Default::default()
            };
            let Some(page) = self.call(request, 30).await else {
                return;
            };
            task.next_page_token = page.next_page_token;
            let events = page.history.unwrap_or_default().events;
            task.history.get_or_insert_default().events.extend(events);
        }
    }

    fn completion(
        &self,
        task: PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> RespondWorkflowTaskCompletedRequest {
        RespondWorkflowTaskCompletedRequest {
            task_token: task.task_token,
            commands,
            identity: "floor".to_owned(),
            namespace: "default".to_owned(),
            sticky_attributes: Some(StickyExecutionAttributes {
                worker_task_queue: Some(TaskQueue {
                    name: self.sticky_queue.clone(),
                    kind: 2,
                    normal_name: self.task_queue.clone(),
                }),
                schedule_to_start_timeout: Some(duration(Duration::from_secs(10))),
            }),
            ..Default::default()
        }
    }

    /// What the run does next.
    fn commands(&self, task: &PollWorkflowTaskQueueResponse) -> Vec<Command> {
        let run_id = task.workflow_execution.as_ref().map_or("", |run| run.run_id.as_str());
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let run = runs.entry(run_id.to_owned()).or_default();
        for event in task.history.iter().flat_map(|history| &history.events) {
            match &event.attributes {
                Some(history_event::Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                    let kind = started.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
                    let input = started.input.iter().flat_map(|input| &input.payloads).next();
                    let number = input.and_then(|input| std::str::from_utf8(&input.data).ok()?.parse().ok());
                    run.activities = number.unwrap_or(1);
                    run.at_once = kind == "Fanout";
                    run.input.clone_from(&started.input);
                }
                _ if event.event_type == EventType::ActivityTaskCompleted as i32 => run.completed += 1,
                _ => {}
            }
        }
        if run.completed == run.activities {
            let result = runs.remove(run_id).and_then(|run| run.input);
            return vec![command(
                CommandType::CompleteWorkflowExecution,
                Attributes::CompleteWorkflowExecutionCommandAttributes(
                    CompleteWorkflowExecutionCommandAttributes { result }.into(),
                ),
            )];
        }
        let until = if run.at_once { run.activities } else { run.completed + 1 };
        let from = std::mem::replace(&mut run.scheduled, until);
        (from..until).map(|number| self.activity(number)).collect()
    }

    fn activity(&self, number: usize) -> Command {
        let attributes = ScheduleActivityTaskCommandAttributes {
            activity_id: number.to_string(),
            activity_type: Some(ActivityType {
                name: "echo".to_owned(),
            }),
            task_queue: Some(TaskQueue {
                name: self.task_queue.clone(),
                kind: 1,
                normal_name: String::new(),
            }),
            input: Some(word(&number.to_string())),
            start_to_close_timeout: Some(duration(Duration::from_secs(60))),
            ..Default::default()
        };
        command(
            CommandType::ScheduleActivityTask,
            Attributes::ScheduleActivityTaskCommandAttributes(attributes.into()),
        )
    }

    async fn activities(self: Arc<Self>) {
        loop {
            let poll = PollActivityTaskQueueRequest {
                namespace: "default".to_owned(),
                task_queue: Some(TaskQueue {
                    name: self.task_queue.clone(),
                    kind: 1,
                    normal_name: String::new(),
                }),
                identity: "floor".to_owned(),
                ..Default::default()
            };
            match self.call(poll, 70).await {
                Some(task) if !task.task_token.is_empty() => {
                    let completion = RespondActivityTaskCompletedRequest {
                        task_token: task.task_token,
                        result: task.input,
                        identity: "floor".to_owned(),
                        namespace: "default".to_owned(),
                        ..Default::default()
                    };
                    // The next poll goes out with it, as it does from a worker.
                    tokio::spawn({
                        let worker = self.clone();
                        async move { worker.call(completion, 30).await }
                    });
                }
                Some(_) => {}
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command {
        command_type: kind as i32,
        attributes: Some(attributes),
        ..Default::default()
    }
}

/// As JSON.
fn word(text: &str) -> Payloads {
    let metadata = [("encoding", "json/plain")].into();
    Payloads {
        payloads: vec![Payload {
            metadata,
            data: format!("\"{text}\"").into(),
            ..Default::default()
        }],
    }
}
