//! Workflow tasks: their events, repeated ones, kept-back events.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    common::Priority,
    enums::EventType::*,
    failure::Failure,
    history::history_event::Attributes,
    tonic::{Code, Request},
    workflowservice::*,
};

#[tokio::test]
async fn a_workflow_of_one_task_has_five_events() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    assert_eq!(
        (task.previous_started_event_id, task.started_event_id, task.attempt),
        (0, 3, 1)
    );
    bench.answer(&task, vec![complete()]).await.unwrap();
    let expected = [
        WorkflowExecutionStarted,
        WorkflowTaskScheduled,
        WorkflowTaskStarted,
        WorkflowTaskCompleted,
        WorkflowExecutionCompleted,
    ];
    assert_eq!(bench.events("w").await, expected);
    assert_eq!(bench.closed("w").await.event_type(), WorkflowExecutionCompleted);
}

#[tokio::test]
async fn a_failure_with_more_causes_than_the_wire_could_read_ends_a_workflow_as_it_is() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    let innermost = Failure::application("Innermost", "0");
    let failure = (1..200).fold(innermost, |cause, depth| Failure {
        cause: Some(Box::new(cause)),
        ..Failure::application("Cause", depth.to_string())
    });
    bench.answer(&task, vec![fail(failure.clone())]).await.unwrap();
    let Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) = bench.closed("w").await.attributes else {
        panic!("the workflow did not fail");
    };
    assert_eq!(failed.failure, Some(failure));
    assert_eq!(bench.history("w").await.len(), 5);
}

#[tokio::test]
async fn an_answer_counts_once() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let repeated = bench.answer(&task, vec![complete()]).await.unwrap_err();
    assert_eq!(
        (repeated.code(), repeated.message()),
        (Code::NotFound, "Workflow task not found.")
    );
}

#[tokio::test]
async fn a_signal_that_meets_a_task_in_hand_stops_the_workflow_from_closing() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.signal("w", "one").await.unwrap();
    let refused = bench.answer(&task, vec![complete()]).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::InvalidArgument, "UnhandledCommand")
    );
    let expected = [
        WorkflowExecutionStarted,
        WorkflowTaskScheduled,
        WorkflowTaskStarted,
        WorkflowTaskFailed,
        WorkflowExecutionSignaled,
        WorkflowTaskScheduled,
    ];
    assert_eq!(bench.events("w").await, expected);
    let next = bench.poll().await;
    assert_eq!(next.attempt, 1);
    bench.answer(&next, vec![complete()]).await.unwrap();
}

#[tokio::test]
async fn the_first_failure_in_a_row_is_recorded_alone() {
    let bench = real();
    bench.start("w").await;
    for attempt in 1..=3 {
        let task = bench.poll().await;
        assert_eq!(task.attempt, attempt);
        assert_eq!(task.started_event_id, if attempt == 1 { 3 } else { 6 });
        let seen = types(&task.history.as_ref().unwrap().events);
        assert_eq!(seen.last(), Some(&WorkflowTaskStarted));
        bench.fail_task(&task).await;
    }
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let events = bench.history("w").await;
    let expected = [
        WorkflowExecutionStarted,
        WorkflowTaskScheduled,
        WorkflowTaskStarted,
        WorkflowTaskFailed,
        WorkflowTaskScheduled,
        WorkflowTaskStarted,
        WorkflowTaskCompleted,
        WorkflowExecutionCompleted,
    ];
    assert_eq!(types(&events), expected);
    let Some(Attributes::WorkflowTaskScheduledEventAttributes(scheduled)) = &events[4].attributes else {
        panic!()
    };
    assert_eq!(scheduled.attempt, 4);
}

#[tokio::test]
async fn a_bad_command_fails_the_task_and_has_no_effect() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    let bad = vec![
        start_timer("1", Duration::from_secs(9)),
        activity("a", |command| command.activity_type = None),
    ];
    let refused = bench.answer(&task, bad).await.unwrap_err();
    assert_eq!(
        refused.message(),
        "BadScheduleActivityAttributes: activityType is not set"
    );
    assert_eq!(
        bench.events("w").await[3..],
        [WorkflowTaskFailed, WorkflowTaskScheduled]
    );
}

#[tokio::test]
async fn a_cached_run_gets_the_rest_of_its_history_alone() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench
        .answer_with(&task, |request| request.sticky_attributes = sticky("sticky"))
        .await
        .unwrap();
    let (task, ()) = tokio::join!(bench.poll_on("sticky"), async {
        bench.signal("w", "").await.unwrap();
    });
    assert_eq!(task.previous_started_event_id, 3);
    let ids: Vec<i64> = task
        .history
        .unwrap()
        .events
        .iter()
        .map(|event| event.event_id)
        .collect();
    assert_eq!(ids, [4, 5, 6, 7]);
}

#[tokio::test]
async fn a_sticky_queue_that_nobody_polls_is_passed_over() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench
        .answer_with(&task, |request| request.sticky_attributes = sticky("sticky"))
        .await
        .unwrap();
    bench.signal("w", "").await.unwrap();
    let task = bench.poll().await;
    let events = task.history.unwrap().events;
    assert_eq!(events.len(), 7, "the history is whole");
    let Some(Attributes::WorkflowTaskScheduledEventAttributes(scheduled)) = &events[5].attributes else {
        panic!()
    };
    assert_eq!(scheduled.task_queue.as_ref().unwrap().name, "sticky");
}

#[tokio::test]
async fn a_heartbeat_is_answered_with_the_next_task() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    let answer = bench
        .answer_with(&task, |request| {
            request.force_create_new_workflow_task = true;
            request.return_new_workflow_task = true;
            request.sticky_attributes = sticky("sticky");
        })
        .await
        .unwrap();
    let next = answer.workflow_task.unwrap();
    assert_eq!((next.previous_started_event_id, next.started_event_id), (3, 6));
    assert_eq!(
        types(&next.history.clone().unwrap().events),
        [WorkflowTaskCompleted, WorkflowTaskScheduled, WorkflowTaskStarted]
    );
    bench.answer(&next, vec![complete()]).await.unwrap();
    assert_eq!(bench.events("w").await.len(), 8);
}

#[tokio::test]
async fn a_timer_that_fired_meanwhile_can_still_be_cancelled() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench
        .answer(&task, vec![start_timer("1", Duration::from_secs(3))])
        .await
        .unwrap();
    bench.signal("w", "").await.unwrap();
    let task = bench.poll().await;
    bench.server.skip(Duration::from_secs(3));
    bench.answer(&task, vec![cancel_timer("1"), complete()]).await.unwrap();
    assert_eq!(
        bench.events("w").await[9..],
        [TimerCanceled, WorkflowExecutionCompleted]
    );
}

#[tokio::test]
async fn a_task_that_is_not_answered_goes_to_the_next_worker() {
    let bench = real();
    bench.start("w").await;
    let lost = bench.poll().await;
    bench.server.skip(Duration::from_secs(10));
    assert_eq!(bench.events("w").await[3], WorkflowTaskTimedOut);
    let task = bench.poll().await;
    assert_eq!(task.attempt, 2);
    assert_eq!(bench.answer(&lost, vec![]).await.unwrap_err().code(), Code::NotFound);
    bench.answer(&task, vec![complete()]).await.unwrap();
}

#[tokio::test]
async fn a_repeated_task_is_shown_until_another_event_has_its_number() {
    let bench = real();
    bench.start("w").await;
    bench.poll().await;
    bench.server.skip(Duration::from_secs(10));
    let timed_out = [
        WorkflowExecutionStarted,
        WorkflowTaskScheduled,
        WorkflowTaskStarted,
        WorkflowTaskTimedOut,
    ];
    assert_eq!(
        bench.events("w").await,
        [&timed_out[..], &[WorkflowTaskScheduled]].concat()
    );
    bench.signal("w", "").await.unwrap();
    assert_eq!(
        bench.events("w").await,
        [&timed_out[..], &[WorkflowExecutionSignaled]].concat()
    );
}

#[tokio::test]
async fn events_that_end_something_follow_the_others() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench
        .answer(
            &task,
            vec![activity("a", |_| {}), start_timer("1", Duration::from_secs(3))],
        )
        .await
        .unwrap();
    let work = bench.poll_activity().await;
    bench.signal("w", "one").await.unwrap();
    let task = bench.poll().await;
    bench.complete_activity(&work).await.unwrap();
    bench.signal("w", "two").await.unwrap();
    bench.server.skip(Duration::from_secs(3));
    bench.answer(&task, vec![]).await.unwrap();
    let events = bench.history("w").await;
    let expected = [
        WorkflowTaskCompleted,
        ActivityTaskStarted,
        WorkflowExecutionSignaled,
        TimerFired,
        ActivityTaskCompleted,
        WorkflowTaskScheduled,
    ];
    assert_eq!(types(&events)[9..], expected);
    let Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) = &events[13].attributes else {
        panic!()
    };
    assert_eq!((completed.scheduled_event_id, completed.started_event_id), (5, 11));
}

#[tokio::test]
async fn urgent_work_comes_first_and_equals_in_their_order() {
    let bench = real();
    for (id, priority_key) in [("usual", 0), ("late", 5), ("urgent", 1), ("usual too", 3)] {
        bench
            .start_with(StartWorkflowExecutionRequest {
                priority: Some(Priority {
                    priority_key,
                    ..Default::default()
                }),
                ..start(id)
            })
            .await
            .unwrap();
    }
    let describe = DescribeTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(QUEUE),
        report_stats: true,
        ..Default::default()
    };
    let described = bench
        .service
        .describe_task_queue(Request::new(describe))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(described.stats.unwrap().approximate_backlog_count, 4);
    let by_key: Vec<_> = described
        .stats_by_priority_key
        .into_iter()
        .map(|(key, stats)| (key, stats.approximate_backlog_count))
        .collect();
    assert_eq!(by_key, [(1, 1), (3, 2), (5, 1)]);
    for id in ["urgent", "usual", "usual too", "late"] {
        assert_eq!(bench.poll().await.workflow_execution.unwrap().workflow_id, id);
    }
}

#[tokio::test]
async fn the_transactions_that_changed_a_run_are_counted() {
    let bench = real();
    bench.start("workflow").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let info = bench.describe("workflow").await.workflow_execution_info.unwrap();
    assert_eq!(info.state_transition_count, 3);
}
