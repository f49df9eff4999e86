//! Children: started, ended, and what becomes of them without their parent.

use crate::support::*;
use steadfast_proto::{common::WorkflowExecution, enums::EventType::*, history::history_event::Attributes};

#[tokio::test]
async fn a_parent_hears_of_its_child_twice() {
    let bench = real();
    bench.start("parent").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![start_child("child")]).await.unwrap();
    let heard = bench.poll().await;
    let born = bench.poll().await;
    assert_eq!(born.workflow_type.as_ref().unwrap().name, "Child");
    bench.answer(&heard, vec![]).await.unwrap();
    bench.answer(&born, vec![complete()]).await.unwrap();
    let expected = [
        StartChildWorkflowExecutionInitiated,
        ChildWorkflowExecutionStarted,
        WorkflowTaskScheduled,
        WorkflowTaskStarted,
        WorkflowTaskCompleted,
        ChildWorkflowExecutionCompleted,
        WorkflowTaskScheduled,
    ];
    assert_eq!(bench.events("parent").await[4..], expected);
}

#[tokio::test]
async fn a_child_ends_with_its_parent_unless_told_otherwise() {
    let bench = real();
    bench.start("parent").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![start_child("child")]).await.unwrap();
    let heard = bench.poll().await;
    bench.answer(&heard, vec![complete()]).await.unwrap();
    let end = bench.closed("child").await;
    let Some(Attributes::WorkflowExecutionTerminatedEventAttributes(end)) = end.attributes else {
        panic!()
    };
    assert_eq!(end.reason, "by parent close policy");
}

#[tokio::test]
async fn a_child_of_a_taken_id_does_not_start() {
    let bench = real();
    bench.start("child").await;
    let taken = bench.poll().await;
    bench.start("parent").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![start_child("child")]).await.unwrap();
    let expected = [
        StartChildWorkflowExecutionInitiated,
        StartChildWorkflowExecutionFailed,
        WorkflowTaskScheduled,
    ];
    assert_eq!(bench.events("parent").await[4..], expected);
    let WorkflowExecution { workflow_id, .. } = taken.workflow_execution.unwrap();
    assert_eq!(workflow_id, "child");
}
