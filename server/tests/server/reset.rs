//! Resets.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    common::WorkflowExecution,
    enums::EventType::*,
    history::{HistoryEvent, history_event::Attributes},
    tonic::{Code, Request, Status},
    workflowservice::*,
};

fn request(run_id: &str, finish: i64) -> ResetWorkflowExecutionRequest {
    ResetWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: "reset".to_owned(),
            run_id: run_id.to_owned(),
        }),
        reason: "again".to_owned(),
        workflow_task_finish_event_id: finish,
        request_id: format!("request {finish}"),
        ..Default::default()
    }
}

async fn reset(bench: &Bench, request: ResetWorkflowExecutionRequest) -> Result<String, Status> {
    let response = bench.service.reset_workflow_execution(Request::new(request)).await?;
    Ok(response.into_inner().run_id)
}

async fn of(bench: &Bench, run_id: &str) -> Vec<HistoryEvent> {
    let execution = WorkflowExecution {
        workflow_id: "reset".to_owned(),
        run_id: run_id.to_owned(),
    };
    bench.history_of(Some(execution)).await
}

/// A run that took a signal, an update and another signal after its first workflow task, and ended.
async fn ended(bench: &Bench) -> String {
    let run_id = bench.start("reset").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![]).await.unwrap();
    bench.signal("reset", "one").await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![]).await.unwrap();
    let update = bench.update("reset", "update");
    let task = bench.poll().await;
    bench
        .answer_with(&task, |answer| {
            answer.messages = vec![accept("update"), respond("update")]
        })
        .await
        .unwrap();
    update.await.unwrap().unwrap();
    bench.signal("reset", "two").await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    run_id
}

#[tokio::test]
async fn a_reset_run_has_the_beginning_of_the_other_and_what_came_from_outside_since() {
    let bench = real();
    let base = ended(&bench).await;
    let run_id = reset(&bench, request(&base, 4)).await.unwrap();
    let events = of(&bench, &run_id).await;
    assert_eq!(
        types(&events),
        [
            WorkflowExecutionStarted,
            WorkflowTaskScheduled,
            WorkflowTaskStarted,
            WorkflowTaskFailed,
            WorkflowExecutionSignaled,
            WorkflowExecutionUpdateAdmitted,
            WorkflowExecutionSignaled,
            WorkflowTaskScheduled,
        ]
    );
    let kept = of(&bench, &base).await;
    assert_eq!(events[..3], kept[..3], "the beginning is the same to the letter");
    let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = &events[3].attributes else {
        panic!("{:?}", events[3]);
    };
    assert_eq!((failed.scheduled_event_id, failed.started_event_id), (2, 3));
    assert_eq!(
        failed.cause().as_str_name(),
        "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW"
    );
    assert_eq!(failed.failure.as_ref().unwrap().message, "again");
    assert_eq!((&failed.base_run_id, &failed.new_run_id), (&base, &run_id));
    let info = bench.describe("reset").await;
    assert_eq!(info.workflow_execution_info.unwrap().first_run_id, base);
    assert!(info.workflow_extended_info.unwrap().last_reset_time.is_some());
    assert_eq!(
        bench
            .describe_run("reset", &base)
            .await
            .workflow_extended_info
            .unwrap()
            .reset_run_id,
        run_id
    );
}

#[tokio::test]
async fn an_update_is_run_once_more_after_a_reset() {
    let bench = real();
    let base = ended(&bench).await;
    let run_id = reset(&bench, request(&base, 4)).await.unwrap();
    let poll = PollWorkflowExecutionUpdateRequest {
        namespace: "default".to_owned(),
        update_ref: Some(steadfast_proto::update::UpdateRef {
            workflow_execution: execution("reset"),
            update_id: "update".to_owned(),
        }),
        ..Default::default()
    };
    let admitted = bench
        .service
        .poll_workflow_execution_update(Request::new(poll))
        .await
        .unwrap();
    assert_eq!(
        admitted.into_inner().stage().as_str_name(),
        "UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED"
    );
    // The event brings it to the worker, also to one that comes after another has failed the task.
    let task = bench.poll().await;
    assert_eq!(task.messages, []);
    bench.fail_task(&task).await;
    let task = bench.poll().await;
    assert_eq!(task.messages, []);
    bench
        .answer_with(&task, |answer| {
            answer.messages = vec![accept("update"), respond("update")];
        })
        .await
        .unwrap();
    let events = of(&bench, &run_id).await;
    let accepted = events.iter().find_map(|event| match &event.attributes {
        Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(accepted)) => Some(accepted),
        _ => None,
    });
    let accepted = accepted.unwrap();
    assert_eq!(
        (
            accepted.accepted_request_sequencing_event_id,
            &accepted.accepted_request
        ),
        (6, &None)
    );
    // What was admitted by an event is admitted by another when that run is reset in turn.
    let again = reset(&bench, request(&run_id, 10)).await.unwrap();
    let kinds = types(&of(&bench, &again).await);
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| **kind == WorkflowExecutionUpdateAdmitted)
            .count(),
        1
    );
}

#[tokio::test]
async fn what_came_from_outside_can_be_left_out() {
    let bench = real();
    let base = ended(&bench).await;
    for (number, (exclude, old, expected)) in [
        (vec![1], 0, vec![WorkflowExecutionUpdateAdmitted]),
        (vec![2], 0, vec![WorkflowExecutionSignaled, WorkflowExecutionSignaled]),
        (vec![1, 2], 0, vec![]),
        (vec![], 1, vec![WorkflowExecutionSignaled, WorkflowExecutionSignaled]),
        (vec![], 2, vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = request(&base, 4);
        request.request_id = number.to_string();
        request.reset_reapply_exclude_types = exclude;
        request.reset_reapply_type = old;
        let run_id = reset(&bench, request).await.unwrap();
        let events = types(&of(&bench, &run_id).await);
        assert_eq!(events[4..events.len() - 1], expected);
    }
}

#[tokio::test]
async fn a_running_run_is_terminated_by_its_reset_which_goes_on_with_what_was_under_way() {
    let bench = real();
    let base = bench.start("reset").await;
    let task = bench.poll().await;
    let commands = vec![
        activity("kept", |_| {}),
        start_timer("timer", Duration::from_secs(3600)),
        start_child("child"),
    ];
    bench.answer(&task, commands).await.unwrap();
    let held = bench.poll_activity().await;
    let mut tasks = vec![bench.poll().await, bench.poll().await];
    tasks.sort_by_key(|task| task.workflow_execution.clone().unwrap().workflow_id);
    let child = tasks.remove(0);
    let task = tasks.remove(0);
    let finish = task.started_event_id + 1;
    bench.answer(&task, vec![cancel_timer("timer")]).await.unwrap();
    let run_id = reset(&bench, request(&base, finish)).await.unwrap();
    let ended = of(&bench, &base).await.pop().unwrap();
    let Some(Attributes::WorkflowExecutionTerminatedEventAttributes(ended)) = ended.attributes else {
        panic!("{ended:?}");
    };
    assert_eq!(
        (ended.reason.as_str(), ended.identity.as_str()),
        ("again", "history-resetter")
    );
    // The old attempt is void; the activity is handed out again.
    assert_eq!(bench.complete_activity(&held).await.unwrap_err().code(), Code::NotFound);
    let again = bench.poll_activity().await;
    assert_eq!((again.activity_id.as_str(), again.attempt), ("kept", 1));
    bench.complete_activity(&again).await.unwrap();
    bench.answer(&child, vec![complete()]).await.unwrap();
    bench.server.skip(Duration::from_secs(3601));
    let events = types(&of(&bench, &run_id).await);
    for kind in [ActivityTaskCompleted, TimerFired, ChildWorkflowExecutionCompleted] {
        assert!(events.contains(&kind), "{kind:?} in {events:?}");
    }
}

#[tokio::test]
async fn a_reset_is_done_once_a_request_and_at_a_workflow_task_alone() {
    let bench = real();
    let base = ended(&bench).await;
    for (finish, message) in [
        (1, "Workflow task finish ID must be > 1 && <= workflow last event ID."),
        (99, "Workflow task finish ID must be > 1 && <= workflow last event ID."),
        (
            5,
            "StateRebuilder unable to Rebuild mutable state to event ID: 4, version: 0, this event must be at the boundary",
        ),
    ] {
        let refused = reset(&bench, request(&base, finish)).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, message));
    }
    let nameless = ResetWorkflowExecutionRequest {
        request_id: String::new(),
        ..request(&base, 4)
    };
    let refused = reset(&bench, nameless).await.unwrap_err();
    assert_eq!(refused.message(), "RequestId is not set on request.");
    let once = reset(&bench, request(&base, 4)).await.unwrap();
    assert_eq!(reset(&bench, request(&base, 4)).await.unwrap(), once);
    // A task that was never handed out is taken to have been.
    let early = reset(&bench, request(&base, 3)).await.unwrap();
    assert_eq!(
        types(&of(&bench, &early).await)[1..4],
        [WorkflowTaskScheduled, WorkflowTaskStarted, WorkflowTaskFailed]
    );
}
