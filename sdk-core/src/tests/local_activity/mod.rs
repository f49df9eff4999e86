//! Local activities: what a shard wants of its worker, and what goes out to the server.

mod heartbeat;
mod replay;
mod task;

use super::*;
use crate::{
    ActivityCancellation, Input, LocalActivityAttributes, LocalActivityKey, LocalActivityOutcome, Notice, Output,
    PayloadLimits, RunKey, Shard, ShardOptions,
    testing::{activity, local_activity, local_activity_with, timer},
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};
use steadfast_proto::{
    bytes::Bytes,
    common::{RetryPolicy, WorkflowExecution},
    enums::{TimeoutType, VersioningBehavior},
    history::History,
    query::WorkflowQuery,
    workflowservice::{PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedResponse},
};

/// A shard, and what it last asked for.
struct Bench {
    shard: Shard,
    /// In seconds; the worker's time is a thousand seconds ahead of the server's.
    now: u64,
    keys: BTreeMap<String, LocalActivityKey>,
    completed: Option<RunKey>,
    is_caching: bool,
}

impl Bench {
    fn new(scripts: Scripts) -> Self {
        Self::with(scripts, 10, 100)
    }

    fn with(scripts: Scripts, max_cached_workflows: usize, max_local_activities: usize) -> Self {
        let options = ShardOptions {
            namespace: "default".to_owned(),
            task_queue: "queue".to_owned(),
            identity: "worker".to_owned(),
            max_cached_workflows,
            sticky_queue: Some(("sticky".to_owned(), Duration::from_secs(10))),
            sdk: ("steadfast".to_owned(), "1.2.3".to_owned()),
            record_flags: true,
            max_local_activities,
            deployment: None,
            versioning_behavior: VersioningBehavior::Unspecified,
            payload_limits: PayloadLimits::default(),
        };
        Self {
            shard: Shard::new(options, Box::new(scripts)),
            now: 1000,
            keys: BTreeMap::new(),
            completed: None,
            is_caching: max_cached_workflows > 0,
        }
    }

    fn handle(&mut self, input: Input) -> String {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.now);
        self.shard.handle(now, input);
        let mut outputs: Vec<Output> = std::iter::from_fn(|| self.shard.poll_output()).collect();
        outputs.retain(|output| !matches!(output, Output::Notice(Notice::SignalDropped { .. })));
        let shown: Vec<String> = outputs.into_iter().map(|output| self.show(output)).collect();
        shown.join("; ")
    }

    fn show(&mut self, output: Output) -> String {
        match output {
            Output::RunLocalActivity(task) => {
                let name = task.attributes.activity_type.clone();
                self.keys.insert(name.clone(), task.key);
                match task.attempt {
                    1 => format!("run {name}"),
                    attempt => format!("run {name} again ({attempt})"),
                }
            }
            Output::StopLocalActivity(key, why) => {
                let name = self.keys.iter().find(|(_, known)| **known == key);
                format!("stop {}: {why:?}", name.unwrap().0)
            }
            Output::Complete(key, request) => {
                self.completed = Some(key);
                let commands: Vec<String> = request
                    .commands
                    .iter()
                    .map(|command| show_command(command.attributes.as_ref()))
                    .collect();
                let metered = request
                    .metering_metadata
                    .unwrap()
                    .nonfirst_local_activity_execution_attempts;
                let metered = if metered > 0 {
                    format!(" (metered: {metered})")
                } else {
                    String::new()
                };
                let answers = request.query_results.len();
                let answers = if answers > 0 {
                    format!(" with {answers} answers")
                } else {
                    String::new()
                };
                let what = match (request.force_create_new_workflow_task, request.return_new_workflow_task) {
                    (false, _) => "complete",
                    (true, true) => "heartbeat",
                    (true, false) => "hand off",
                };
                let sticky = request.sticky_attributes.is_some();
                assert_eq!(sticky, self.is_caching && what != "hand off");
                format!("{what}{answers}{metered}: {}", commands.join(", "))
            }
            Output::Fail(..) => "fail".to_owned(),
            Output::Notice(notice) => format!("{notice:?}"),
            _ => "other".to_owned(),
        }
    }

    fn give(&mut self, history: &HistoryBuilder, after: i64) -> String {
        self.handle(Input::WorkflowTask(poll(history, after), None))
    }

    fn ends(&mut self, name: &str, outcome: LocalActivityOutcome) -> String {
        let key = self.keys[name];
        self.handle(Input::LocalActivity(key, outcome))
    }

    fn returns(&mut self, name: &str, value: &str) -> String {
        self.ends(name, LocalActivityOutcome::Completed(Some(json_text(value))))
    }

    fn fails(&mut self, name: &str) -> String {
        let failure = Failure::application("Busy", "busy");
        self.ends(name, LocalActivityOutcome::Failed(Box::new(failure)))
    }

    /// The deadline is that far away; then it comes.
    fn passes(&mut self, seconds: u64) -> String {
        self.now += seconds;
        let deadline = self.shard.next_deadline().unwrap();
        assert_eq!(deadline, SystemTime::UNIX_EPOCH + Duration::from_secs(self.now));
        self.handle(Input::Deadline)
    }

    /// The server takes the completion, and gives the next task with its answer.
    fn accepted(&mut self, next: Option<(&HistoryBuilder, i64)>) -> String {
        let response = RespondWorkflowTaskCompletedResponse {
            workflow_task: next.map(|(history, after)| poll(history, after)),
            ..RespondWorkflowTaskCompletedResponse::default()
        };
        let key = self.completed.take().unwrap();
        self.handle(Input::Completed(key, Ok(Box::new(response))))
    }
}

fn poll(history: &HistoryBuilder, after: i64) -> Box<PollWorkflowTaskQueueResponse> {
    let events = history.clone().history().events;
    Box::new(PollWorkflowTaskQueueResponse {
        task_token: Bytes::from(format!("task-{}", history.last_event_id())),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: "workflow".to_owned(),
            run_id: "r".to_owned(),
        }),
        attempt: 1,
        started_event_id: history.last_started_event_id(),
        history: Some(History {
            events: events.into_iter().filter(|event| event.event_id > after).collect(),
        }),
        ..PollWorkflowTaskQueueResponse::default()
    })
}

/// Two at once, then a third with what they returned.
fn three() -> Scripts {
    alone(|host| async move {
        let (a, b) = (local_activity(&host, "a"), local_activity(&host, "b"));
        let both = format!("{} {}", word(&a.await), word(&b.await));
        let c = word(&local_activity(&host, "c").await);
        Ok(Some(json_text(&format!("{both} {c}"))))
    })
}

fn one_with(attributes: LocalActivityAttributes, cancellation: ActivityCancellation) -> Scripts {
    alone(move |host| {
        let attributes = attributes.clone();
        async move {
            let ended = local_activity_with(&host, attributes, cancellation).await;
            match &ended {
                Resolution::Completed(_) => Ok(Some(json_text(&word(&ended)))),
                _ => Err(fail_with(ended)),
            }
        }
    })
}

fn charge() -> LocalActivityAttributes {
    LocalActivityAttributes {
        activity_type: "charge".to_owned(),
        start_to_close_timeout: Some(Duration::from_secs(5)),
        ..LocalActivityAttributes::default()
    }
}

fn one(attributes: LocalActivityAttributes) -> Scripts {
    one_with(attributes, ActivityCancellation::TryCancel)
}

/// Cancels a local activity when another one ends.
fn cancelling(cancellation: ActivityCancellation) -> Scripts {
    alone(move |host| async move {
        let charging = local_activity_with(&host, charge(), cancellation);
        local_activity(&host, "a").await;
        charging.cancel();
        let ended = word(&charging.await);
        activity(&host, "after").await;
        Ok(Some(json_text(&ended)))
    })
}
