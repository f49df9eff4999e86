//! Runs that follow runs: continue-as-new, retry, cron.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    common::RetryPolicy,
    enums::{ContinueAsNewInitiator as Initiator, EventType::*, RetryState},
    failure::Failure,
    history::history_event::Attributes,
    workflowservice::*,
};

#[tokio::test]
async fn a_workflow_goes_on_as_a_new_run_of_its_chain() {
    let bench = real();
    let first = bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![continue_as_new()]).await.unwrap();
    bench.server.skip(Duration::from_secs(1));
    let events = bench.history("w").await;
    assert_eq!(types(&events), [WorkflowExecutionStarted, WorkflowTaskScheduled]);
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
        panic!()
    };
    assert_eq!(
        (&started.first_execution_run_id, &started.continued_execution_run_id),
        (&first, &first)
    );
    assert_eq!(started.initiator(), Initiator::Workflow);
}

#[tokio::test]
async fn a_failed_run_is_tried_again_as_its_policy_says() {
    let bench = real();
    let policy = Some(RetryPolicy {
        maximum_attempts: 2,
        ..Default::default()
    });
    bench
        .start_with(StartWorkflowExecutionRequest {
            retry_policy: policy.map(Box::new),
            ..start("w")
        })
        .await
        .unwrap();
    for state in [RetryState::InProgress, RetryState::MaximumAttemptsReached] {
        let task = bench.poll().await;
        let run = task.workflow_execution.clone();
        bench
            .answer(&task, vec![fail(Failure::application("Bad", "luck"))])
            .await
            .unwrap();
        let events = bench.history_of(run).await;
        let Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) = &events[4].attributes else {
            panic!()
        };
        assert_eq!(failed.retry_state(), state);
        assert_eq!(failed.new_execution_run_id.is_empty(), state != RetryState::InProgress);
        bench.server.skip(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_cron_workflow_waits_for_its_first_time_and_comes_back() {
    let bench = real();
    let request = StartWorkflowExecutionRequest {
        cron_schedule: "@every 1h".to_owned(),
        ..start("w")
    };
    bench.start_with(request).await.unwrap();
    assert_eq!(bench.events("w").await, [WorkflowExecutionStarted]);
    for _ in 0..2 {
        bench.server.skip(Duration::from_secs(3600));
        let task = bench.poll().await;
        bench.answer(&task, vec![complete()]).await.unwrap();
    }
    let events = bench.history("w").await;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
        panic!()
    };
    assert_eq!(
        (started.initiator(), started.last_completion_result.clone()),
        (Initiator::CronSchedule, Some(text("done")))
    );
}
