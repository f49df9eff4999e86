//! Starts: policies for ids, repeated requests, delays, what is refused.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    duration,
    enums::{EventType::*, WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse},
    errordetails::WorkflowExecutionAlreadyStartedFailure,
    history::history_event::Attributes,
    prost::Message,
    prost_types, rpc,
    tonic::{Code, Request},
    workflowservice::*,
};

#[tokio::test]
async fn a_running_id_is_taken_and_the_error_names_the_run() {
    let bench = real();
    let run_id = bench.start("w").await;
    let taken = bench.start_with(start("w")).await.unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists);
    let status = rpc::Status::decode(taken.details()).unwrap();
    let detail = WorkflowExecutionAlreadyStartedFailure::decode(&*status.details[0].value).unwrap();
    assert_eq!(detail.run_id, run_id);
}

#[tokio::test]
async fn the_same_request_starts_once() {
    let bench = real();
    let request = StartWorkflowExecutionRequest {
        request_id: "r".to_owned(),
        ..start("w")
    };
    let first = bench.start_with(request.clone()).await.unwrap();
    let again = bench.start_with(request).await.unwrap();
    assert_eq!((first.run_id, true), (again.run_id, again.started));
}

#[tokio::test]
async fn a_start_may_join_or_replace_the_running_one() {
    let bench = real();
    let first = bench.start("w").await;
    let with = |conflict: Conflict| StartWorkflowExecutionRequest {
        workflow_id_conflict_policy: conflict.into(),
        ..start("w")
    };
    let joined = bench.start_with(with(Conflict::UseExisting)).await.unwrap();
    assert_eq!((joined.run_id.as_str(), joined.started), (first.as_str(), false));
    let replaced = bench.start_with(with(Conflict::TerminateExisting)).await.unwrap();
    assert_ne!(replaced.run_id, first);
    let old = steadfast_proto::common::WorkflowExecution {
        workflow_id: "w".to_owned(),
        run_id: first,
    };
    let events = bench.history_of(Some(old)).await;
    let Some(Attributes::WorkflowExecutionTerminatedEventAttributes(end)) = &events.last().unwrap().attributes else {
        panic!()
    };
    assert_eq!(end.reason, "TerminateIfRunning WorkflowIdReusePolicy");
}

#[tokio::test]
async fn a_finished_id_may_be_reserved_for_failures() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    for reuse in [Reuse::RejectDuplicate, Reuse::AllowDuplicateFailedOnly] {
        let request = StartWorkflowExecutionRequest {
            workflow_id_reuse_policy: reuse.into(),
            ..start("w")
        };
        assert_eq!(bench.start_with(request).await.unwrap_err().code(), Code::AlreadyExists);
    }
    bench.start("w").await;
}

#[tokio::test]
async fn a_delayed_start_waits_with_its_first_task() {
    let bench = real();
    let delay = Some(duration(Duration::from_secs(60)));
    bench
        .start_with(StartWorkflowExecutionRequest {
            workflow_start_delay: delay,
            ..start("w")
        })
        .await
        .unwrap();
    bench.signal("w", "").await.unwrap();
    assert_eq!(
        bench.events("w").await,
        [WorkflowExecutionStarted, WorkflowExecutionSignaled]
    );
    bench.server.skip(Duration::from_secs(60));
    assert_eq!(bench.events("w").await.last(), Some(&WorkflowTaskScheduled));
}

#[tokio::test]
async fn an_eager_start_brings_the_first_task_along() {
    let bench = real();
    let request = StartWorkflowExecutionRequest {
        request_eager_execution: true,
        ..start("w")
    };
    let task = bench.start_with(request).await.unwrap().eager_workflow_task.unwrap();
    assert_eq!(task.history.as_ref().unwrap().events.len(), 3);
    bench.answer(&task, vec![complete()]).await.unwrap();
}

#[tokio::test]
async fn a_task_time_out_fits_into_the_run() {
    let bench = real();
    let short = Some(duration(Duration::from_secs(1)));
    bench
        .start_with(StartWorkflowExecutionRequest {
            workflow_run_timeout: short,
            ..start("w")
        })
        .await
        .unwrap();
    let events = bench.history("w").await;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
        panic!()
    };
    assert_eq!(started.workflow_task_timeout, short);
    bench.server.skip(Duration::from_secs(1));
    assert_eq!(bench.closed("w").await.event_type(), WorkflowExecutionTimedOut);
}

/// Makes a request wrong.
type Spoil = fn(&mut StartWorkflowExecutionRequest);

#[tokio::test]
async fn nonsense_is_refused_with_the_text_of_the_original() {
    let bench = real();
    let cases: [(Spoil, &str); 7] = [
        (|request| request.namespace.clear(), "Namespace is empty."),
        (
            |request| request.workflow_id.clear(),
            "WorkflowId is not set on request.",
        ),
        (
            |request| request.workflow_type = None,
            "WorkflowType is not set on request.",
        ),
        (|request| request.task_queue = None, "taskQueue is not set"),
        (|request| request.task_queue = queue(""), "missing task queue name"),
        (
            |request| request.workflow_id = "x".repeat(1001),
            "WorkflowId exceeds maximum allowed length (1001/1000)",
        ),
        (
            |request| request.workflow_run_timeout = Some(prost_types::Duration { seconds: -1, nanos: 0 }),
            "An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration",
        ),
    ];
    for (spoil, message) in cases {
        let mut request = start("w");
        spoil(&mut request);
        let refused = bench.start_with(request).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, message));
    }
}

#[tokio::test]
async fn a_signal_is_taken_once_and_starts_what_is_not_there() {
    let bench = real();
    let request = SignalWithStartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        workflow_type: start("w").workflow_type,
        task_queue: queue(QUEUE),
        signal_name: "signal".to_owned(),
        ..Default::default()
    };
    let started = bench
        .service
        .signal_with_start_workflow_execution(Request::new(request.clone()))
        .await
        .unwrap();
    assert!(started.into_inner().started);
    let joined = bench
        .service
        .signal_with_start_workflow_execution(Request::new(request))
        .await
        .unwrap();
    assert!(!joined.into_inner().started);
    bench.signal("w", "same").await.unwrap();
    bench.signal("w", "same").await.unwrap();
    let signals = bench
        .events("w")
        .await
        .into_iter()
        .filter(|kind| *kind == WorkflowExecutionSignaled);
    assert_eq!(signals.count(), 3);
}
