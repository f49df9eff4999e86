//! Runs that are removed.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    tonic::{Code, Request, Status},
    workflowservice::*,
};
use steadfast_server::Time;

async fn delete(bench: &Bench, workflow_id: &str) -> Result<(), Status> {
    let request = DeleteWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: execution(workflow_id),
    };
    bench
        .service
        .delete_workflow_execution(Request::new(request))
        .await
        .map(|_| ())
}

async fn rows(bench: &Bench) -> usize {
    let request = ListWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        ..Default::default()
    };
    let rows = bench
        .service
        .list_workflow_executions(Request::new(request))
        .await
        .unwrap();
    rows.into_inner().executions.len()
}

async fn describe(bench: &Bench, workflow_id: &str) -> Result<(), Code> {
    let request = DescribeWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        execution: execution(workflow_id),
    };
    let described = bench.service.describe_workflow_execution(Request::new(request)).await;
    described.map(|_| ()).map_err(|status| status.code())
}

#[tokio::test]
async fn a_deleted_run_is_gone_from_everywhere() {
    let bench = real();
    bench.start("deleted").await;
    bench.start("kept").await;
    let task = bench.poll().await;
    delete(&bench, "deleted").await.unwrap();
    assert_eq!(describe(&bench, "deleted").await, Err(Code::NotFound));
    assert_eq!(rows(&bench).await, 1);
    let late = bench.answer(&task, vec![complete()]).await.unwrap_err();
    assert_eq!(late.code(), Code::NotFound);
    assert_eq!(delete(&bench, "deleted").await.unwrap_err().code(), Code::NotFound);
    // Its place is another run's now, which has nothing of it.
    bench.start("deleted").await;
    assert_eq!(bench.history("deleted").await.len(), 2);
    assert_eq!(bench.poll().await.workflow_execution.unwrap().workflow_id, "kept");
    assert_eq!(bench.poll().await.workflow_execution.unwrap().workflow_id, "deleted");
}

#[tokio::test]
async fn who_waits_for_a_deleted_run_hears_that_it_ended() {
    let bench = real();
    bench.start("deleted").await;
    let waiting = {
        let service = bench.service.clone();
        let bench = Bench {
            server: bench.server.clone(),
            service,
        };
        tokio::spawn(async move { bench.closed("deleted").await })
    };
    tokio::task::yield_now().await;
    delete(&bench, "deleted").await.unwrap();
    let last = waiting.await.unwrap();
    assert_eq!(
        last.event_type().as_str_name(),
        "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED"
    );
}

#[tokio::test]
async fn a_run_that_ended_is_kept_as_long_as_its_namespace_says() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let bench = real();
    bench.start("ended").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    bench.start("open").await;
    bench.server.skip(DAY - Duration::from_secs(60));
    assert_eq!(describe(&bench, "ended").await, Ok(()));
    bench.server.skip(Duration::from_secs(120));
    assert_eq!(describe(&bench, "ended").await, Err(Code::NotFound));
    assert_eq!(describe(&bench, "open").await, Ok(()));
    assert_eq!(rows(&bench).await, 1);
}

#[tokio::test]
async fn a_test_that_skips_days_still_finds_what_ended_before() {
    let bench = bench(Time::Virtual);
    bench.start("ended").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    bench.server.skip(Duration::from_secs(90 * 24 * 3600));
    assert_eq!(describe(&bench, "ended").await, Ok(()));
}
