//! Queries: on their own, along with a task, and on what is over.

use crate::support::*;
use steadfast_proto::{
    enums::{QueryRejectCondition, QueryResultType, WorkflowExecutionStatus},
    query::{WorkflowQuery, WorkflowQueryResult},
    tonic::{Code, Request, Status},
    workflowservice::*,
};

fn ask(
    bench: &Bench,
    condition: QueryRejectCondition,
) -> tokio::task::JoinHandle<Result<QueryWorkflowResponse, Status>> {
    let service = bench.service.clone();
    let request = QueryWorkflowRequest {
        namespace: "default".to_owned(),
        execution: execution("w"),
        query: Some(WorkflowQuery {
            query_type: "state".to_owned(),
            ..Default::default()
        }),
        query_reject_condition: condition.into(),
    };
    tokio::spawn(async move {
        service
            .query_workflow(Request::new(request))
            .await
            .map(|response| response.into_inner())
    })
}

async fn answer(bench: &Bench, task: &PollWorkflowTaskQueueResponse, kind: QueryResultType) {
    let request = RespondQueryTaskCompletedRequest {
        namespace: "default".to_owned(),
        task_token: task.task_token.clone(),
        completed_type: kind.into(),
        query_result: Some(text("state")),
        error_message: "no such query".to_owned(),
        ..Default::default()
    };
    bench
        .service
        .respond_query_task_completed(Request::new(request))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_query_of_a_waiting_workflow_is_a_task_of_its_own() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![]).await.unwrap();
    let asked = ask(&bench, QueryRejectCondition::None);
    let task = bench.poll().await;
    assert_eq!(
        (task.query.as_ref().unwrap().query_type.as_str(), task.started_event_id),
        ("state", 0)
    );
    assert_eq!(task.history.as_ref().unwrap().events.len(), 4);
    answer(&bench, &task, QueryResultType::Answered).await;
    assert_eq!(asked.await.unwrap().unwrap().query_result, Some(text("state")));
    assert_eq!(bench.events("w").await.len(), 4);
}

#[tokio::test]
async fn a_query_goes_along_with_a_task_that_is_due() {
    let bench = real();
    bench.start("w").await;
    let asked = ask(&bench, QueryRejectCondition::None);
    tokio::task::yield_now().await;
    let task = bench.poll().await;
    let (id, query) = task.queries.iter().next().unwrap();
    assert_eq!(query.query_type, "state");
    let mut result = WorkflowQueryResult {
        answer: Some(text("first")),
        ..Default::default()
    };
    result.set_result_type(QueryResultType::Answered);
    bench
        .answer_with(&task, |request| request.query_results = [(id.clone(), result)].into())
        .await
        .unwrap();
    assert_eq!(asked.await.unwrap().unwrap().query_result, Some(text("first")));
}

#[tokio::test]
async fn a_failed_query_says_why() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let asked = ask(&bench, QueryRejectCondition::None);
    let task = bench.poll().await;
    answer(&bench, &task, QueryResultType::Failed).await;
    let failed = asked.await.unwrap().unwrap_err();
    assert_eq!(
        (failed.code(), failed.message()),
        (Code::InvalidArgument, "no such query")
    );
    assert!(!failed.details().is_empty());
}

#[tokio::test]
async fn a_query_of_what_is_over_may_be_rejected() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let rejected = ask(&bench, QueryRejectCondition::NotOpen).await.unwrap().unwrap();
    assert_eq!(
        rejected.query_rejected.unwrap().status(),
        WorkflowExecutionStatus::Completed
    );
}
