//! Batches: one operation on many workflows.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    batch::*,
    common::{ResetOptions, reset_options::Target},
    enums::{
        BatchOperationState as State, BatchOperationType as Type, EventType::*, WorkflowExecutionStatus as Status,
    },
    tonic::{Code, Request, Status as Refusal},
    workflowservice::{start_batch_operation_request::Operation, *},
};
use steadfast_server::Time;

fn signal() -> Operation {
    Operation::SignalOperation(BatchOperationSignal {
        signal: "go".to_owned(),
        identity: "operator".to_owned(),
        ..Default::default()
    })
}

impl Bench {
    async fn batch(
        &self,
        operation: Operation,
        set: impl FnOnce(&mut StartBatchOperationRequest),
    ) -> Result<DescribeBatchOperationResponse, Refusal> {
        let mut request = StartBatchOperationRequest {
            namespace: "default".to_owned(),
            job_id: format!("{operation:?}").chars().take(40).collect(),
            reason: "because".to_owned(),
            visibility_query: "WorkflowType = 'Type'".to_owned(),
            operation: Some(operation),
            ..Default::default()
        };
        set(&mut request);
        let job_id = request.job_id.clone();
        self.service.start_batch_operation(Request::new(request)).await?;
        self.described_batch(&job_id).await
    }

    async fn described_batch(&self, job_id: &str) -> Result<DescribeBatchOperationResponse, Refusal> {
        let request = DescribeBatchOperationRequest {
            namespace: "default".to_owned(),
            job_id: job_id.to_owned(),
        };
        let described = self.service.describe_batch_operation(Request::new(request)).await;
        described.map(|described| described.into_inner())
    }

    async fn three(&self) {
        for id in ["a", "b", "c"] {
            self.start(id).await;
        }
    }

    async fn status(&self, workflow_id: &str) -> Status {
        self.describe(workflow_id)
            .await
            .workflow_execution_info
            .unwrap()
            .status()
    }
}

#[tokio::test]
async fn a_batch_does_the_same_to_all_that_run() {
    let bench = real();
    bench.three().await;
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: execution("c"),
        ..Default::default()
    };
    bench
        .service
        .terminate_workflow_execution(Request::new(terminate))
        .await
        .unwrap();
    let signalled = bench.batch(signal(), |_| {}).await.unwrap();
    assert_eq!(
        (signalled.state(), signalled.operation_type()),
        (State::Completed, Type::SignalWorkflow)
    );
    assert_eq!(
        (signalled.total_operation_count, signalled.complete_operation_count),
        (2, 2)
    );
    assert_eq!(
        (signalled.identity.as_str(), signalled.reason.as_str()),
        ("operator", "because")
    );
    for id in ["a", "b"] {
        assert!(bench.events(id).await.contains(&WorkflowExecutionSignaled), "{id}");
    }
    bench
        .batch(
            Operation::CancellationOperation(BatchOperationCancellation::default()),
            |_| {},
        )
        .await
        .unwrap();
    assert!(bench.events("a").await.contains(&WorkflowExecutionCancelRequested));
    bench
        .batch(
            Operation::TerminationOperation(BatchOperationTermination::default()),
            |_| {},
        )
        .await
        .unwrap();
    assert_eq!(bench.status("b").await, Status::Terminated);
    let deleted = bench
        .batch(Operation::DeletionOperation(BatchOperationDeletion::default()), |_| {})
        .await
        .unwrap();
    assert_eq!(
        deleted.complete_operation_count, 3,
        "those that have ended are deleted too"
    );
}

#[tokio::test]
async fn workflows_may_be_named_and_what_is_gone_needs_nothing_more() {
    let bench = real();
    bench.start("a").await;
    let described = bench
        .batch(signal(), |request| {
            request.visibility_query.clear();
            request.executions = vec![execution("a").unwrap(), execution("gone").unwrap()];
        })
        .await
        .unwrap();
    assert_eq!(
        (described.complete_operation_count, described.failure_operation_count),
        (2, 0)
    );
    assert_eq!(described.executions[1].business_id, "gone");
}

#[tokio::test]
async fn a_batch_resets_to_the_first_workflow_task() {
    let bench = real();
    let first_run = bench.start("a").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let reset = Operation::ResetOperation(BatchOperationReset {
        options: Some(ResetOptions {
            target: Some(Target::FirstWorkflowTask(())),
            ..Default::default()
        }),
        ..Default::default()
    });
    let described = bench.batch(reset, |_| {}).await.unwrap();
    assert_eq!(
        (described.complete_operation_count, described.failure_operation_count),
        (1, 0)
    );
    let run = bench.describe("a").await.workflow_execution_info.unwrap();
    assert_ne!(run.execution.as_ref().unwrap().run_id, first_run);
    assert_eq!(run.status(), Status::Running);
}

#[tokio::test]
async fn paused_activities_go_on() {
    let bench = real();
    bench.start("a").await;
    bench
        .answer(&bench.poll().await, vec![activity("x", |_| {})])
        .await
        .unwrap();
    let pause = PauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution("a"),
        activity: Some(pause_activity_request::Activity::Id("x".to_owned())),
        ..Default::default()
    };
    bench.service.pause_activity(Request::new(pause)).await.unwrap();
    let unpause = Operation::UnpauseActivitiesOperation(BatchOperationUnpauseActivities {
        activity: Some(batch_operation_unpause_activities::Activity::MatchAll(true)),
        ..Default::default()
    });
    let described = bench.batch(unpause, |_| {}).await.unwrap();
    assert_eq!(
        (described.complete_operation_count, described.failure_operation_count),
        (1, 0)
    );
    assert_eq!(bench.poll_activity().await.activity_id, "x");
}

#[tokio::test]
async fn a_slow_batch_goes_on_by_itself_and_can_be_stopped() {
    let bench = bench(Time::Virtual);
    bench.three().await;
    let slowly = |request: &mut StartBatchOperationRequest| {
        request.job_id = "slow".to_owned();
        request.max_operations_per_second = 0.5;
    };
    let begun = bench.batch(signal(), slowly).await.unwrap();
    assert_eq!((begun.state(), begun.complete_operation_count), (State::Running, 1));
    bench.server.skip(Duration::from_secs(2));
    assert_eq!(bench.described_batch("slow").await.unwrap().complete_operation_count, 2);
    let stop = StopBatchOperationRequest {
        namespace: "default".to_owned(),
        job_id: "slow".to_owned(),
        reason: "enough".to_owned(),
        ..Default::default()
    };
    bench
        .service
        .stop_batch_operation(Request::new(stop.clone()))
        .await
        .unwrap();
    bench.server.skip(Duration::from_secs(10));
    let stopped = bench.described_batch("slow").await.unwrap();
    assert_eq!((stopped.state(), stopped.complete_operation_count), (State::Failed, 2));
    let again = bench
        .service
        .stop_batch_operation(Request::new(stop))
        .await
        .unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
}

#[tokio::test]
async fn batches_are_listed_from_the_latest_on() {
    let bench = real();
    for number in 0..3 {
        bench
            .batch(signal(), |request| request.job_id = format!("job {number}"))
            .await
            .unwrap();
    }
    let list = async |token| {
        let request = ListBatchOperationsRequest {
            namespace: "default".to_owned(),
            page_size: 2,
            next_page_token: token,
        };
        let page = bench
            .service
            .list_batch_operations(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        let ids: Vec<String> = page.operation_info.into_iter().map(|info| info.job_id).collect();
        (ids, page.next_page_token)
    };
    let (first, token) = list(bytes::Bytes::new()).await;
    assert_eq!(first, ["job 2", "job 1"]);
    assert_eq!(list(token).await, (vec!["job 0".to_owned()], bytes::Bytes::new()));
}

#[tokio::test]
async fn what_is_no_batch_is_refused() {
    type Change = fn(&mut StartBatchOperationRequest);
    let bench = real();
    let needed = "must provide required parameters: BatchType,Reason,Namespace, AND one of (Query OR Executions OR TargetExecutions)";
    let changes: [(Change, &str); 7] = [
        (|request| request.job_id.clear(), "JobId is not set on request."),
        (|request| request.reason.clear(), needed),
        (|request| request.operation = None, needed),
        (|request| request.visibility_query.clear(), needed),
        (
            |request| request.executions = vec![execution("a").unwrap()],
            "visibility query, executions, and target executions are mutually exclusive",
        ),
        (
            |request| request.operation = Some(Operation::SignalOperation(BatchOperationSignal::default())),
            "must provide signal name",
        ),
        (
            |request| request.visibility_query = "Nope = 1".to_owned(),
            "invalid query: invalid search attribute: Nope",
        ),
    ];
    for (change, message) in changes {
        let refused = bench.batch(signal(), change).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, message));
    }
    bench.batch(signal(), |_| {}).await.unwrap();
    assert_eq!(
        bench.batch(signal(), |_| {}).await.unwrap_err().code(),
        Code::AlreadyExists
    );
    assert_eq!(bench.described_batch("none").await.unwrap_err().code(), Code::NotFound);
}
