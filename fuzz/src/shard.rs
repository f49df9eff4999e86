//! Whatever a server answers, a shard goes on, and answers every task that it took.

use crate::{history::renumber, program::Spelled};
use prost::Message;
use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};
use steadfast_core::{
    Input as ShardInput, LocalActivityKey, LocalActivityOutcome, Output, PayloadLimits, Refusal, RunKey, Shard,
    ShardOptions,
};
use steadfast_proto::{
    enums::VersioningBehavior,
    workflowservice::{
        GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedResponse,
    },
};

/// A program, and what a server answers one after the other.
#[derive(Clone, PartialEq, Message)]
pub struct Input {
    #[prost(bytes = "vec", tag = "1")]
    pub script: Vec<u8>,
    #[prost(uint32, tag = "2")]
    pub max_cached_workflows: u32,
    #[prost(message, repeated, tag = "3")]
    pub answers: Vec<Answer>,
}

/// An answer of the server.
#[derive(Clone, PartialEq, Message)]
pub struct Answer {
    /// Which of the calls that wait for an answer of this kind is answered.
    #[prost(uint32, tag = "1")]
    pub which: u32,
    /// The code with which the call is refused, if it is.
    #[prost(int32, tag = "2")]
    pub refusal: i32,
    #[prost(message, optional, tag = "3")]
    pub poll: Option<PollWorkflowTaskQueueResponse>,
    #[prost(message, optional, tag = "4")]
    pub page: Option<GetWorkflowExecutionHistoryResponse>,
    #[prost(message, optional, tag = "5")]
    pub completed: Option<RespondWorkflowTaskCompletedResponse>,
    /// Whether the events of a poll keep the numbers that they have.
    #[prost(bool, tag = "6")]
    pub is_numbered: bool,
}

/// The calls of a shard that are not answered yet.
#[derive(Default)]
struct Calls {
    completions: VecDeque<RunKey>,
    failures: VecDeque<RunKey>,
    local_activities: VecDeque<LocalActivityKey>,
    fetches: VecDeque<RunKey>,
}

/// Drives a shard.
pub fn run(data: &[u8]) {
    let Ok(input) = Input::decode(data) else { return };
    let first = input
        .answers
        .iter()
        .find_map(|answer| answer.poll.as_ref()?.history.as_ref());
    let programs = Spelled::new(&input.script, first);
    let mut shard = Shard::new(options(&input), Box::new(programs));
    let mut calls = Calls::default();
    for answer in input.answers {
        let at = |queue: &mut VecDeque<RunKey>| queue.remove(answer.which as usize % queue.len().max(1));
        let refused = (answer.refusal != 0).then(|| Refusal {
            code: answer.refusal,
            message: "refused".to_owned(),
        });
        if let Some(mut poll) = answer.poll {
            if let Some(history) = &mut poll.history
                && !answer.is_numbered
            {
                let first = history.events.first().map_or(1, |event| event.event_id);
                renumber(history);
                for event in &mut history.events {
                    event.event_id = event.event_id.saturating_add(first).saturating_sub(1);
                }
            }
            give(&mut shard, &mut calls, ShardInput::WorkflowTask(Box::new(poll), None));
        } else if let Some(page) = answer.page {
            let Some(key) = at(&mut calls.fetches) else { continue };
            let page = refused.map_or(Ok(Box::new(page)), Err);
            give(&mut shard, &mut calls, ShardInput::HistoryPage(key, page));
        } else if let Some(completed) = answer.completed {
            let Some(key) = at(&mut calls.completions) else {
                continue;
            };
            let completed = refused.map_or(Ok(Box::new(completed)), Err);
            give(&mut shard, &mut calls, ShardInput::Completed(key, completed));
        } else if let Some(key) = at(&mut calls.failures) {
            give(
                &mut shard,
                &mut calls,
                ShardInput::Failed(key, refused.map_or(Ok(()), Err)),
            );
        }
    }
    settle(&mut shard, &mut calls);
}

/// Once everything is answered, the shard holds no task.
fn settle(shard: &mut Shard, calls: &mut Calls) {
    for _ in 0..10_000 {
        let input = if let Some(key) = calls.fetches.pop_front() {
            let gone = Refusal {
                code: 5,
                message: "workflow execution not found".to_owned(),
            };
            ShardInput::HistoryPage(key, Err(gone))
        } else if let Some(key) = calls.completions.pop_front() {
            ShardInput::Completed(key, Ok(Box::default()))
        } else if let Some(key) = calls.failures.pop_front() {
            ShardInput::Failed(key, Ok(()))
        } else if let Some(key) = calls.local_activities.pop_front() {
            ShardInput::LocalActivity(key, LocalActivityOutcome::Completed(None))
        } else {
            assert_eq!(shard.outstanding(), 0, "tasks that were never answered");
            return;
        };
        give(shard, calls, input);
    }
    panic!("the shard never comes to rest");
}

fn give(shard: &mut Shard, calls: &mut Calls, input: ShardInput) {
    shard.handle(SystemTime::UNIX_EPOCH, input);
    while let Some(output) = shard.poll_output() {
        match output {
            Output::Complete(key, _) => calls.completions.push_back(key),
            Output::Fail(key, _) => calls.failures.push_back(key),
            Output::FetchHistory(key, _) => calls.fetches.push_back(key),
            Output::RunLocalActivity(task) => calls.local_activities.push_back(task.key),
            Output::AnswerQuery(..) | Output::Notice(_) | Output::StopLocalActivity(..) => {}
        }
    }
}

fn options(input: &Input) -> ShardOptions {
    ShardOptions {
        namespace: "default".to_owned(),
        task_queue: "queue".to_owned(),
        identity: "worker".to_owned(),
        max_cached_workflows: input.max_cached_workflows as usize % 4,
        sticky_queue: Some(("sticky".to_owned(), Duration::from_secs(10))),
        sdk: ("steadfast".to_owned(), "0".to_owned()),
        record_flags: true,
        max_local_activities: 2,
        deployment: None,
        versioning_behavior: VersioningBehavior::Unspecified,
        payload_limits: PayloadLimits::default(),
    }
}
