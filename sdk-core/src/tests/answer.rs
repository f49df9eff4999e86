//! What a task's answer says and holds, and when it is not given.

use super::{
    shard::{accept, commands, completion, give, handle, options, poll, query_task, refusal, stepping},
    *,
};
use crate::{Input, Notice, Output, PayloadLimits, Shard, ShardOptions, TaskInfo, Watch, testing::wait_until};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use steadfast_proto::{
    deployment::WorkerDeploymentOptions,
    enums::{QueryResultType, VersioningBehavior, WorkerVersioningMode, WorkflowTaskFailedCause},
    workflowservice::{
        PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedResponse, RespondWorkflowTaskFailedRequest,
    },
};

/// The failure among the outputs, and what people are told.
fn failure(outputs: Vec<Output>) -> Option<Box<RespondWorkflowTaskFailedRequest>> {
    outputs.into_iter().find_map(|output| match output {
        Output::Fail(_, request) => Some(request),
        _ => None,
    })
}

/// Completes with a text of so many bytes.
fn talkative(bytes: usize) -> Scripts {
    alone(move |_| async move { Ok(Some(json_text(&"x".repeat(bytes)))) })
}

fn limited() -> ShardOptions {
    ShardOptions {
        payload_limits: PayloadLimits {
            payload_warn: 100,
            payload_max: 1_000,
            ..PayloadLimits::default()
        },
        ..options(10)
    }
}

#[test]
fn a_large_payload_is_worth_a_warning() {
    let mut shard = Shard::new(limited(), Box::new(talkative(500)));
    let outputs = give(&mut shard, poll("r", &first_task(), 0));
    let warned = outputs.iter().any(|output| {
        matches!(output, Output::Notice(Notice::LargePayload { message, .. }) if message.contains("the result"))
    });
    assert!(warned);
    completion(outputs);
}

#[test]
fn a_payload_that_is_too_large_fails_the_task_and_drops_the_run() {
    let mut shard = Shard::new(limited(), Box::new(talkative(5_000)));
    let request = failure(give(&mut shard, poll("r", &first_task(), 0))).unwrap();
    assert_eq!(request.cause(), WorkflowTaskFailedCause::PayloadsTooLarge);
    assert!(request.failure.unwrap().message.contains("more than the allowed 1000"));
    assert_eq!(shard.cached(), 0);
}

#[test]
fn an_answer_that_no_message_can_hold_fails_the_task() {
    for (code, text) in [
        (8, "grpc: received message larger than max (5 vs. 4)"),
        (
            11,
            "Error, encoded message length too large: found 5 bytes, the limit is: 4 bytes",
        ),
    ] {
        let mut shard = Shard::new(options(10), Box::new(stepping()));
        let (key, _) = completion(give(&mut shard, poll("r", &first_task(), 0)));
        let outputs = handle(&mut shard, Input::Completed(key.clone(), Err(refusal(code, text))));
        assert_eq!(
            failure(outputs).unwrap().cause(),
            WorkflowTaskFailedCause::GrpcMessageTooLarge
        );
        assert_eq!((shard.outstanding(), shard.cached()), (1, 0));
        handle(&mut shard, Input::Failed(key, Ok(())));
        assert_eq!(shard.outstanding(), 0);
    }
}

#[test]
fn a_query_whose_answer_is_too_large_fails_alone() {
    let scripts = Script::<()>::new(|host, state| async move {
        wait_until(&host, &state, |()| false).await;
        Ok(None)
    })
    .query("all", |_, _| Ok(Some(json_text(&"x".repeat(5_000)))))
    .alone();
    let mut shard = Shard::new(limited(), Box::new(scripts));
    let mut task = poll("r", &first_task(), 0);
    let query = steadfast_proto::query::WorkflowQuery {
        query_type: "all".to_owned(),
        ..Default::default()
    };
    task.queries.insert("q".to_owned(), query);
    let (_, request) = completion(give(&mut shard, task));
    let message = &request.query_results["q"].error_message;
    assert!(message.contains("the answer to query `all` has 50"), "{message}");
}

#[test]
fn a_query_that_is_older_than_the_run_is_answered_from_the_newer_state() {
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let (key, _) = completion(give(&mut shard, poll("r", &first_task(), 0)));
    // Asked after the first task; it waits behind the second, which came with the answer to the first.
    let asked = after_first_task().activity_scheduled("1", "step");
    let query = query_task("r", &asked, 3);
    let response = RespondWorkflowTaskCompletedResponse {
        workflow_task: Some(poll("r", &asked.activity_completed("1", 1).open_task(), 3)),
        ..Default::default()
    };
    let (key, _) = completion(handle(&mut shard, Input::Completed(key, Ok(Box::new(response)))));
    assert!(give(&mut shard, query).is_empty());
    let outputs = accept(&mut shard, key);
    let [Output::AnswerQuery(_, answer)] = outputs.as_slice() else {
        panic!("an answer")
    };
    assert_eq!(answer.completed_type, i32::from(QueryResultType::Answered));
    assert_eq!(word(&Resolution::Completed(answer.query_result.clone())), "\"1\"");
    assert_eq!((shard.outstanding(), shard.cached()), (0, 1));
}

#[test]
fn the_deployment_is_named_in_answers_and_failures() {
    let deployment = WorkerDeploymentOptions {
        deployment_name: "orders".to_owned(),
        build_id: "7".to_owned(),
        worker_versioning_mode: WorkerVersioningMode::Versioned.into(),
    };
    let options = ShardOptions {
        deployment: Some(deployment.clone()),
        versioning_behavior: VersioningBehavior::Pinned,
        ..limited()
    };
    let mut shard = Shard::new(options.clone(), Box::new(stepping()));
    let (_, request) = completion(give(&mut shard, poll("r", &first_task(), 0)));
    assert_eq!(request.versioning_behavior(), VersioningBehavior::Pinned);
    assert_eq!(request.deployment_options.as_deref(), Some(&deployment));
    let mut shard = Shard::new(options, Box::new(talkative(5_000)));
    let request = failure(give(&mut shard, poll("r", &first_task(), 0))).unwrap();
    assert_eq!(request.deployment_options, Some(deployment));
}

/// Counts itself as long as it is held.
struct Held(Arc<AtomicUsize>);

impl Held {
    fn one(count: &Arc<AtomicUsize>) -> Option<Box<dyn std::any::Any + Send>> {
        count.fetch_add(1, Ordering::SeqCst);
        Some(Box::new(Self(Arc::clone(count))))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn give_held(shard: &mut Shard, task: Box<PollWorkflowTaskQueueResponse>, count: &Arc<AtomicUsize>) -> Vec<Output> {
    handle(shard, Input::WorkflowTask(task, Held::one(count)))
}

#[test]
fn a_slot_is_held_until_the_server_has_the_answer() {
    let held = Arc::new(AtomicUsize::new(0));
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let history = first_task();
    let (key, _) = completion(give_held(&mut shard, poll("r", &history, 0), &held));
    assert_eq!(held.load(Ordering::SeqCst), 1);

    // The next task comes with the answer, and goes on with the slot.
    let last = history.last_event_id();
    let next = HistoryBuilder::new("script")
        .task()
        .activity_scheduled("1", "step")
        .activity_completed("1", 1);
    let answer = RespondWorkflowTaskCompletedResponse {
        workflow_task: Some(poll("r", &next.open_task(), last)),
        ..Default::default()
    };
    let (key, request) = completion(handle(&mut shard, Input::Completed(key, Ok(Box::new(answer)))));
    assert_eq!(
        (commands(&request).as_str(), held.load(Ordering::SeqCst)),
        ("activity 2 step", 1)
    );
    handle(&mut shard, Input::Completed(key, Ok(Box::default())));
    assert_eq!((shard.outstanding(), held.load(Ordering::SeqCst)), (0, 0));
}

#[test]
fn slots_of_tasks_that_come_to_nothing_are_free() {
    let held = Arc::new(AtomicUsize::new(0));
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let (key, _) = completion(give_held(&mut shard, poll("r", &first_task(), 0), &held));
    // Of two that wait for the first, the later one counts.
    give_held(&mut shard, poll("r", &first_task(), 0), &held);
    give_held(&mut shard, poll("r", &first_task(), 0), &held);
    assert_eq!(held.load(Ordering::SeqCst), 2);
    handle(&mut shard, Input::Completed(key, Err(refusal(5, "gone"))));
    let outstanding = shard.outstanding();
    assert_eq!(held.load(Ordering::SeqCst), outstanding);
    drop(shard);
    assert_eq!(held.load(Ordering::SeqCst), 0);
}

/// Gives up every task of a type.
#[derive(Default)]
struct Impatient {
    seen: Arc<Mutex<Vec<String>>>,
    gives_up: bool,
}

impl Watch for Impatient {
    fn begins(&self, task: &Arc<TaskInfo>) {
        let mut seen = self.seen.lock().unwrap();
        seen.push(format!("{} {} {}", task.workflow_type, task.run_id, task.is_query));
    }

    fn ends(&self) -> Option<String> {
        self.gives_up.then(|| "too long".to_owned())
    }
}

#[test]
fn a_task_that_was_given_up_meanwhile_is_not_answered_and_its_run_is_dropped() {
    let held = Arc::new(AtomicUsize::new(0));
    let watch = Impatient {
        gives_up: true,
        ..Impatient::default()
    };
    let mut shard = Shard::new(options(10), Box::new(stepping())).watched(Box::new(watch));
    let outputs = give_held(&mut shard, poll("r", &first_task(), 0), &held);
    let told = outputs
        .iter()
        .any(|output| matches!(output, Output::Notice(Notice::TaskFailed { message, .. }) if message == "too long"));
    assert!(told);
    assert!(
        !outputs
            .iter()
            .any(|output| matches!(output, Output::Complete(..) | Output::Fail(..)))
    );
    assert_eq!(
        (shard.outstanding(), shard.cached(), held.load(Ordering::SeqCst)),
        (0, 0, 0)
    );
}

#[test]
fn who_watches_knows_the_type_and_the_run() {
    let watch = Impatient::default();
    let seen = Arc::clone(&watch.seen);
    let mut shard = Shard::new(options(10), Box::new(stepping())).watched(Box::new(watch));
    let mut task = poll("r", &first_task(), 0);
    task.workflow_type = Some(steadfast_proto::common::WorkflowType {
        name: "script".to_owned(),
    });
    completion(give(&mut shard, task));
    assert_eq!(seen.lock().unwrap().first().unwrap(), "script r false");
}
