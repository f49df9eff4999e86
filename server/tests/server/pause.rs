//! Paused workflows.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    enums::{EventType, WorkflowExecutionStatus as Status},
    query::WorkflowQuery,
    tonic::{Code, Request},
    workflowservice::*,
};

fn pause(request_id: &str) -> Request<PauseWorkflowExecutionRequest> {
    Request::new(PauseWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "workflow".to_owned(),
        identity: "operator".to_owned(),
        reason: "later".to_owned(),
        request_id: request_id.to_owned(),
        ..Default::default()
    })
}

fn unpause() -> Request<UnpauseWorkflowExecutionRequest> {
    Request::new(UnpauseWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "workflow".to_owned(),
        ..Default::default()
    })
}

/// How many workflows a query finds.
async fn count(bench: &Bench, query: &str) -> i64 {
    let request = CountWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        query: query.to_owned(),
    };
    let counted = bench.service.count_workflow_executions(Request::new(request)).await;
    counted.unwrap().into_inner().count
}

#[tokio::test]
async fn a_paused_workflow_gets_no_task_until_it_goes_on() {
    let bench = real();
    bench.start("workflow").await;
    bench.service.pause_workflow_execution(pause("one")).await.unwrap();
    bench.signal("workflow", "signal").await.unwrap();
    bench.service.unpause_workflow_execution(unpause()).await.unwrap();
    assert_eq!(
        bench.events("workflow").await,
        [
            EventType::WorkflowExecutionStarted,
            EventType::WorkflowTaskScheduled,
            EventType::WorkflowTaskFailed,
            EventType::WorkflowExecutionPaused,
            EventType::WorkflowExecutionSignaled,
            EventType::WorkflowExecutionUnpaused,
            EventType::WorkflowTaskScheduled,
        ]
    );
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
}

#[tokio::test]
async fn it_is_seen_by_whom_and_why_a_workflow_is_paused() {
    let bench = real();
    bench.start("workflow").await;
    bench.service.pause_workflow_execution(pause("one")).await.unwrap();
    let description = bench.describe("workflow").await;
    assert_eq!(description.workflow_execution_info.unwrap().status(), Status::Paused);
    let info = description.workflow_extended_info.unwrap().pause_info.unwrap();
    assert_eq!((info.identity.as_str(), info.reason.as_str()), ("operator", "later"));
    assert_eq!(count(&bench, "ExecutionStatus = 'Paused'").await, 1);
    assert_eq!(count(&bench, "ExecutionStatus = 'Running'").await, 0);
    assert_eq!(count(&bench, "TemporalPauseInfo = 'Reason:later'").await, 1);
    bench.service.unpause_workflow_execution(unpause()).await.unwrap();
    assert_eq!(count(&bench, "ExecutionStatus = 'Running'").await, 1);
    assert_eq!(count(&bench, "TemporalPauseInfo IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_workflow_is_paused_once() {
    let bench = real();
    bench.start("workflow").await;
    bench.service.pause_workflow_execution(pause("one")).await.unwrap();
    bench.service.pause_workflow_execution(pause("one")).await.unwrap();
    let twice = bench.service.pause_workflow_execution(pause("two")).await.unwrap_err();
    assert_eq!(
        (twice.code(), twice.message()),
        (Code::FailedPrecondition, "workflow is already paused.")
    );
    bench.service.unpause_workflow_execution(unpause()).await.unwrap();
    let twice = bench.service.unpause_workflow_execution(unpause()).await.unwrap_err();
    assert_eq!(
        (twice.code(), twice.message()),
        (Code::FailedPrecondition, "workflow is not paused.")
    );
}

#[tokio::test]
async fn a_task_that_is_out_when_the_workflow_is_paused_is_its_last() {
    let bench = real();
    bench.start("workflow").await;
    let task = bench.poll().await;
    bench.service.pause_workflow_execution(pause("one")).await.unwrap();
    let commands = vec![activity("one", |_| {}), start_timer("timer", Duration::from_secs(1))];
    bench.answer(&task, commands).await.unwrap();
    bench.server.skip(Duration::from_secs(2));
    let last = bench.events("workflow").await.split_off(6);
    assert_eq!(last, [EventType::WorkflowExecutionPaused, EventType::TimerFired]);
    bench.service.unpause_workflow_execution(unpause()).await.unwrap();
    let task = bench.poll_activity().await;
    bench.complete_activity(&task).await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
}

#[tokio::test]
async fn a_paused_workflow_answers_neither_queries_nor_updates() {
    let bench = real();
    bench.start("workflow").await;
    bench.service.pause_workflow_execution(pause("one")).await.unwrap();
    let query = QueryWorkflowRequest {
        namespace: "default".to_owned(),
        execution: execution("workflow"),
        query: Some(WorkflowQuery {
            query_type: "query".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = bench
        .service
        .query_workflow(Request::new(query))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.query_rejected.unwrap().status(), Status::Paused);
    let refused = bench.update("workflow", "update").await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}
