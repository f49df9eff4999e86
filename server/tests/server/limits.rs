//! What runs and requests are held to, and what happens beyond.

use crate::support::*;
use steadfast_proto::{
    command::{self, command::Attributes},
    common::{Payload, Payloads, WorkflowExecution},
    enums::{CommandType, EventType::*, WorkflowTaskFailedCause as Cause},
    history::history_event::Attributes as Event,
    tonic::{Code, Request},
    workflowservice::*,
};
use steadfast_server::{Limits, Server};

type Make = fn(usize) -> command::Command;

fn limited(set: impl FnOnce(&mut Limits)) -> Bench {
    let mut limits = Limits::default();
    set(&mut limits);
    let server = Server::builder().seed(1).limits(limits).start().unwrap();
    Bench {
        service: server.workflow_service(),
        server,
    }
}

fn large() -> Payloads {
    vec![Payload::encoded("binary/plain", vec![b'x'; 200])].into()
}

fn signal_external() -> command::Command {
    let attributes = command::SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution {
            workflow_id: "other".to_owned(),
            run_id: String::new(),
        }),
        signal_name: "signal".to_owned(),
        ..Default::default()
    };
    command::Command {
        command_type: CommandType::SignalExternalWorkflowExecution.into(),
        attributes: Some(Attributes::SignalExternalWorkflowExecutionCommandAttributes(Box::new(
            attributes,
        ))),
        ..Default::default()
    }
}

fn cancel_external() -> command::Command {
    let attributes = command::RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: "other".to_owned(),
        ..Default::default()
    };
    command::Command {
        command_type: CommandType::RequestCancelExternalWorkflowExecution.into(),
        attributes: Some(Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(
            Box::new(attributes),
        )),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_run_takes_so_many_signals_and_no_more() {
    let bench = limited(|limits| limits.signals = 2);
    bench.start("workflow").await;
    bench.signal("workflow", "one").await.unwrap();
    bench.signal("workflow", "two").await.unwrap();
    let refused = bench.signal("workflow", "three").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "exceeded workflow execution limit for signal events");
    bench.start("another").await;
    bench.signal("another", "one").await.unwrap();
}

#[tokio::test]
async fn more_pending_things_than_allowed_fail_the_task_which_can_be_done_again() {
    let bench = limited(|limits| {
        limits.pending_activities = 2;
        limits.pending_children = 2;
        limits.pending_externals = 2;
    });
    let cases: [(Cause, Make); 4] = [
        (Cause::PendingActivitiesLimitExceeded, |n| {
            activity(&n.to_string(), |_| {})
        }),
        (Cause::PendingChildWorkflowsLimitExceeded, |n| {
            start_child(&format!("child {n}"))
        }),
        (Cause::PendingSignalsLimitExceeded, |_| signal_external()),
        (Cause::PendingRequestCancelLimitExceeded, |_| cancel_external()),
    ];
    for (cause, make) in cases {
        let id = cause.as_str_name();
        bench.start(id).await;
        let task = bench.poll().await;
        let refused = bench.answer(&task, (0..3).map(make).collect()).await.unwrap_err();
        assert!(refused.message().contains("limit of 2"), "{}", refused.message());
        let failed = bench
            .history(id)
            .await
            .into_iter()
            .find_map(|event| match event.attributes {
                Some(Event::WorkflowTaskFailedEventAttributes(failed)) => Some(failed),
                _ => None,
            });
        let failed = failed.expect("the task has failed");
        assert_eq!(failed.cause(), cause);
        let task = bench.poll().await;
        bench.answer(&task, vec![complete()]).await.unwrap();
    }
}

#[tokio::test]
async fn a_history_that_grows_too_long_ends_its_run_after_it_was_told_to_begin_anew() {
    let bench = limited(|limits| {
        limits.suggest_events = 4;
        limits.history_events = 8;
    });
    bench.start("long").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![]).await.unwrap();
    bench.signal("long", "one").await.unwrap();
    let task = bench.poll().await;
    let started = task.history.as_ref().unwrap().events.last().cloned().unwrap();
    let Some(Event::WorkflowTaskStartedEventAttributes(started)) = started.attributes else {
        panic!("{started:?}");
    };
    assert!(started.suggest_continue_as_new);
    bench.answer(&task, vec![]).await.unwrap();
    bench.signal("long", "two").await.unwrap();
    let last = bench.closed("long").await;
    let Some(Event::WorkflowExecutionTerminatedEventAttributes(ended)) = last.attributes else {
        panic!("{last:?}");
    };
    assert_eq!(ended.reason, "Workflow history count exceeds limit.");
}

#[tokio::test]
async fn a_history_that_grows_too_large_ends_its_run() {
    let bench = limited(|limits| limits.history_bytes = 600);
    bench.start("large").await;
    let signal = SignalWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: execution("large"),
        signal_name: "signal".to_owned(),
        input: Some(vec![Payload::encoded("binary/plain", vec![b'x'; 600])].into()),
        ..Default::default()
    };
    bench
        .service
        .signal_workflow_execution(Request::new(signal))
        .await
        .unwrap();
    let last = bench.closed("large").await;
    let Some(Event::WorkflowExecutionTerminatedEventAttributes(ended)) = last.attributes else {
        panic!("{last:?}");
    };
    assert_eq!(ended.reason, "Workflow history size exceeds limit.");
}

#[tokio::test]
async fn what_is_kept_back_for_too_long_takes_the_task_from_its_worker() {
    for set in [(|limits| limits.buffered_events = 2) as fn(&mut Limits), |limits| {
        limits.buffered_bytes = 50
    }] {
        let bench = limited(set);
        bench.start("workflow").await;
        let task = bench.poll().await;
        for number in 0..3 {
            bench.signal("workflow", &number.to_string()).await.unwrap();
        }
        let events = bench.events("workflow").await;
        assert!(events.contains(&WorkflowTaskFailed), "{events:?}");
        assert_eq!(
            events.iter().filter(|kind| **kind == WorkflowExecutionSignaled).count(),
            3
        );
        let late = bench.answer(&task, vec![complete()]).await.unwrap_err();
        assert_eq!(late.code(), Code::NotFound);
        let task = bench.poll().await;
        bench.answer(&task, vec![complete()]).await.unwrap();
    }
}

#[tokio::test]
async fn a_run_has_so_many_updates_at_once_and_so_many_in_all() {
    let bench = limited(|limits| {
        limits.updates_in_flight = 1;
        limits.updates = 2;
    });
    bench.start("workflow").await;
    for id in ["one", "two"] {
        let update = bench.update("workflow", id);
        tokio::task::yield_now().await;
        let refused = bench.update("workflow", "meanwhile").await.unwrap().unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{}", refused.message());
        let task = bench.poll().await;
        bench
            .answer_with(&task, |answer| answer.messages = vec![accept(id), respond(id)])
            .await
            .unwrap();
        update.await.unwrap().unwrap();
    }
    let refused = bench.update("workflow", "three").await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{}", refused.message());
}

#[tokio::test]
async fn a_payload_that_is_too_large_has_the_effect_of_its_place() {
    let bench = limited(|limits| limits.blob_bytes = 100);
    let refused = bench
        .start_with(StartWorkflowExecutionRequest {
            input: Some(large()),
            ..start("workflow")
        })
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::InvalidArgument, "Blob data size exceeds limit.")
    );

    bench.start("workflow").await;
    let task = bench.poll().await;
    let retried = |id: &str| activity(id, |_| {});
    bench
        .answer(&task, vec![retried("result"), retried("heartbeat")])
        .await
        .unwrap();
    let held = bench.poll_activity().await;
    let result = RespondActivityTaskCompletedRequest {
        namespace: "default".to_owned(),
        task_token: held.task_token,
        result: Some(large()),
        ..Default::default()
    };
    bench
        .service
        .respond_activity_task_completed(Request::new(result))
        .await
        .unwrap();
    let held = bench.poll_activity().await;
    let beat = RecordActivityTaskHeartbeatRequest {
        namespace: "default".to_owned(),
        task_token: held.task_token,
        details: Some(large()),
        ..Default::default()
    };
    let beat = bench
        .service
        .record_activity_task_heartbeat(Request::new(beat))
        .await
        .unwrap();
    assert!(beat.into_inner().cancel_requested, "there is nothing to go on with");
    let events = bench.events("workflow").await;
    assert_eq!(events.iter().filter(|kind| **kind == ActivityTaskFailed).count(), 2);

    let task = bench.poll().await;
    let too_large = activity("large", |activity| activity.input = Some(large()));
    bench.answer(&task, vec![too_large]).await.unwrap_err();
    assert_eq!(bench.closed("workflow").await.event_type(), WorkflowExecutionTerminated);
}

#[tokio::test]
async fn a_run_that_stands_still_does_not_hold_others_up() {
    let bench = limited(|limits| limits.history_events = 5);
    for number in 0..20 {
        bench.start(&format!("stalled {number}")).await;
        let _held = bench.poll().await;
    }
    bench.start("workflow").await;
    let task = bench.poll().await;
    assert_eq!(task.workflow_execution.as_ref().unwrap().workflow_id, "workflow");
    let malformed = RespondWorkflowTaskCompletedRequest {
        namespace: "default".to_owned(),
        task_token: "nonsense".into(),
        ..Default::default()
    };
    let refused = bench
        .service
        .respond_workflow_task_completed(Request::new(malformed))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    bench.answer(&task, vec![complete()]).await.unwrap();
}
