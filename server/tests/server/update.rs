//! Updates: accepted, refused, completed, and those that outlive their workflow.

use crate::support::*;
use steadfast_proto::{
    enums::{EventType::*, UpdateWorkflowExecutionLifecycleStage as Stage},
    failure::failure::FailureInfo,
    history::history_event::Attributes,
    tonic::{Code, Request},
    update,
    workflowservice::*,
};

/// A workflow that waits for something.
async fn waiting() -> Bench {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![]).await.unwrap();
    bench
}

#[tokio::test]
async fn an_update_is_accepted_and_completed_in_one_task() {
    let bench = waiting().await;
    let update = bench.update("w", "u");
    let task = bench.poll().await;
    assert_eq!(task.messages[0].id, "u/request");
    assert_eq!(
        task.messages[0].sequencing_id,
        Some(steadfast_proto::protocol::message::SequencingId::EventId(5))
    );
    bench
        .answer_with(&task, |request| request.messages = vec![accept("u"), respond("u")])
        .await
        .unwrap();
    let response = update.await.unwrap().unwrap();
    assert_eq!(response.stage(), Stage::Completed);
    let events = bench.history("w").await;
    let expected = [
        WorkflowTaskScheduled,
        WorkflowTaskStarted,
        WorkflowTaskCompleted,
        WorkflowExecutionUpdateAccepted,
        WorkflowExecutionUpdateCompleted,
    ];
    assert_eq!(types(&events)[4..], expected);
    let Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(accepted)) = &events[7].attributes else {
        panic!()
    };
    assert_eq!(accepted.accepted_request_sequencing_event_id, 5);
    assert_eq!(
        accepted.accepted_request.as_ref().unwrap().input.as_ref().unwrap().name,
        "update"
    );
    // The same update again is answered from what is known.
    let again = bench.update("w", "u").await.unwrap().unwrap();
    assert_eq!(again.outcome, response.outcome);
}

#[tokio::test]
async fn a_refused_update_leaves_no_trace() {
    let bench = waiting().await;
    let update = bench.update("w", "u");
    let task = bench.poll().await;
    let answer = bench
        .answer_with(&task, |request| request.messages = vec![reject("u")])
        .await
        .unwrap();
    assert_eq!(answer.reset_history_event_id, 3);
    let outcome = update.await.unwrap().unwrap().outcome.unwrap();
    let Some(update::outcome::Value::Failure(failure)) = outcome.value else {
        panic!()
    };
    assert_eq!(failure.message, "not like this");
    assert_eq!(bench.events("w").await.len(), 4);
}

#[tokio::test]
async fn a_signal_makes_history_of_a_task_for_an_update() {
    let bench = waiting().await;
    let update = bench.update("w", "u");
    tokio::task::yield_now().await;
    bench.signal("w", "").await.unwrap();
    let task = bench.poll().await;
    bench
        .answer_with(&task, |request| request.messages = vec![reject("u")])
        .await
        .unwrap();
    update.await.unwrap().unwrap();
    let expected = [
        WorkflowTaskScheduled,
        WorkflowExecutionSignaled,
        WorkflowTaskStarted,
        WorkflowTaskCompleted,
    ];
    assert_eq!(bench.events("w").await[4..], expected);
}

#[tokio::test]
async fn an_ignored_update_is_refused_by_the_server() {
    let bench = waiting().await;
    let update = bench.update("w", "u");
    let task = bench.poll().await;
    bench.answer(&task, vec![]).await.unwrap();
    let outcome = update.await.unwrap().unwrap().outcome.unwrap();
    let Some(update::outcome::Value::Failure(failure)) = outcome.value else {
        panic!()
    };
    let Some(FailureInfo::ApplicationFailureInfo(info)) = failure.failure_info else {
        panic!()
    };
    assert_eq!((info.r#type.as_str(), info.non_retryable), ("UnprocessedUpdate", true));
}

#[tokio::test]
async fn what_a_closing_workflow_took_on_fails_and_what_it_did_not_is_refused() {
    let bench = waiting().await;
    let taken = bench.update("w", "taken");
    let task = bench.poll().await;
    bench
        .answer_with(&task, |request| request.messages = vec![accept("taken")])
        .await
        .unwrap();
    let late = bench.update("w", "late");
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let outcome = taken.await.unwrap().unwrap().outcome.unwrap();
    let Some(update::outcome::Value::Failure(failure)) = outcome.value else {
        panic!()
    };
    let Some(FailureInfo::ApplicationFailureInfo(info)) = failure.failure_info else {
        panic!()
    };
    assert_eq!(info.r#type, "AcceptedUpdateCompletedWorkflow");
    let refused = late.await.unwrap().unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::NotFound, "workflow update was aborted by closing workflow")
    );
}

#[tokio::test]
async fn a_poll_follows_an_update_and_knows_no_other() {
    let bench = waiting().await;
    let update = bench.update("w", "u");
    let task = bench.poll().await;
    bench
        .answer_with(&task, |request| request.messages = vec![accept("u"), respond("u")])
        .await
        .unwrap();
    update.await.unwrap().unwrap();
    let mut poll = PollWorkflowExecutionUpdateRequest {
        namespace: "default".to_owned(),
        update_ref: Some(update::UpdateRef {
            workflow_execution: execution("w"),
            update_id: "u".to_owned(),
        }),
        ..Default::default()
    };
    let known = bench
        .service
        .poll_workflow_execution_update(Request::new(poll.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(known.stage(), Stage::Completed);
    poll.update_ref.as_mut().unwrap().update_id = "x".to_owned();
    let unknown = bench
        .service
        .poll_workflow_execution_update(Request::new(poll))
        .await
        .unwrap_err();
    assert_eq!(
        (unknown.code(), unknown.message()),
        (Code::NotFound, "update \"x\" not found")
    );
}

#[tokio::test]
async fn an_update_may_start_its_workflow() {
    use execute_multi_operation_request::{Operation as Wrapped, operation::Operation};
    use execute_multi_operation_response::response::Response;
    let bench = real();
    let wrap = |operation| Wrapped {
        operation: Some(operation),
    };
    let request = ExecuteMultiOperationRequest {
        namespace: "default".to_owned(),
        operations: vec![
            wrap(Operation::StartWorkflow(start("w"))),
            wrap(Operation::UpdateWorkflow(Bench::update_request("w", "u"))),
        ],
        ..Default::default()
    };
    let service = bench.service.clone();
    let both = tokio::spawn(async move { service.execute_multi_operation(Request::new(request)).await });
    let task = bench.poll().await;
    assert_eq!(
        task.messages[0].sequencing_id,
        Some(steadfast_proto::protocol::message::SequencingId::EventId(2))
    );
    bench
        .answer_with(&task, |request| request.messages = vec![accept("u"), respond("u")])
        .await
        .unwrap();
    let responses = both.await.unwrap().unwrap().into_inner().responses;
    let Some(Response::StartWorkflow(started)) = &responses[0].response else {
        panic!()
    };
    let Some(Response::UpdateWorkflow(updated)) = &responses[1].response else {
        panic!()
    };
    assert!(started.started && updated.outcome.is_some());
}
