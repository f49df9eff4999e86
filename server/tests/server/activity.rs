//! Activities: attempts, time-outs, heartbeats, cancellation.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    common::RetryPolicy,
    duration,
    enums::{EventType::*, RetryState, TimeoutType},
    failure::{Failure, failure::FailureInfo},
    history::history_event::Attributes,
    tonic::{Code, Request},
    workflowservice::*,
};

fn retrying(attempts: i32) -> Option<RetryPolicy> {
    Some(RetryPolicy {
        maximum_attempts: attempts,
        ..Default::default()
    })
}

#[tokio::test]
async fn a_started_event_is_written_with_the_last_one() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![activity("a", |_| {})]).await.unwrap();
    let work = bench.poll_activity().await;
    assert_eq!((work.activity_id.as_str(), work.attempt), ("a", 1));
    assert_eq!(bench.events("w").await.last(), Some(&ActivityTaskScheduled));
    bench.complete_activity(&work).await.unwrap();
    let expected = [
        ActivityTaskScheduled,
        ActivityTaskStarted,
        ActivityTaskCompleted,
        WorkflowTaskScheduled,
    ];
    assert_eq!(bench.events("w").await[4..], expected);
    assert_eq!(bench.complete_activity(&work).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn attempts_are_no_events_but_the_last_failure_is_told() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench
        .answer(&task, vec![activity("a", |command| command.retry_policy = retrying(2))])
        .await
        .unwrap();
    let work = bench.poll_activity().await;
    bench.fail_activity(&work, Failure::application("Flaky", "first")).await;
    let pending = &bench.describe("w").await.pending_activities[0];
    assert_eq!(
        (pending.attempt, pending.last_failure.as_ref().unwrap().message.as_str()),
        (2, "first")
    );
    assert!(pending.next_attempt_schedule_time.is_some());
    bench.server.skip(Duration::from_secs(1));
    let work = bench.poll_activity().await;
    assert_eq!(work.attempt, 2);
    bench
        .fail_activity(&work, Failure::application("Flaky", "second"))
        .await;
    let events = bench.history("w").await;
    assert_eq!(types(&events)[5..7], [ActivityTaskStarted, ActivityTaskFailed]);
    let Some(Attributes::ActivityTaskStartedEventAttributes(started)) = &events[5].attributes else {
        panic!()
    };
    assert_eq!(
        (started.attempt, started.last_failure.as_ref().unwrap().message.as_str()),
        (2, "first")
    );
    let Some(Attributes::ActivityTaskFailedEventAttributes(failed)) = &events[6].attributes else {
        panic!()
    };
    assert_eq!(failed.retry_state(), RetryState::MaximumAttemptsReached);
}

#[tokio::test]
async fn a_failure_may_say_when_to_try_again() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![activity("a", |_| {})]).await.unwrap();
    let work = bench.poll_activity().await;
    let mut failure = Failure::application("Busy", "later");
    if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut failure.failure_info {
        info.next_retry_delay = Some(duration(Duration::from_secs(3600)));
    }
    bench.fail_activity(&work, failure).await;
    let pending = &bench.describe("w").await.pending_activities[0];
    assert_eq!(
        pending.current_retry_interval,
        Some(duration(Duration::from_secs(3600)))
    );
}

/// What is asked of an activity.
type Asked = fn(&mut steadfast_proto::command::ScheduleActivityTaskCommandAttributes);

#[tokio::test]
async fn each_time_out_is_reported_as_what_it_is() {
    let cases: [(TimeoutType, &str, Asked, bool); 4] = [
        (
            TimeoutType::StartToClose,
            "activity StartToClose timeout",
            |command| command.retry_policy = retrying(1),
            true,
        ),
        (
            TimeoutType::Heartbeat,
            "activity Heartbeat timeout",
            |command| {
                command.retry_policy = retrying(1);
                command.heartbeat_timeout = Some(duration(Duration::from_secs(2)));
            },
            true,
        ),
        (
            TimeoutType::ScheduleToStart,
            "activity ScheduleToStart timeout",
            |command| {
                command.schedule_to_start_timeout = Some(duration(Duration::from_secs(3)));
            },
            false,
        ),
        (
            TimeoutType::ScheduleToClose,
            "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying",
            |command| {
                command.start_to_close_timeout = None;
                command.schedule_to_close_timeout = Some(duration(Duration::from_secs(4)));
            },
            true,
        ),
    ];
    for (kind, message, set, takes) in cases {
        let bench = real();
        bench.start("w").await;
        let task = bench.poll().await;
        bench.answer(&task, vec![activity("a", set)]).await.unwrap();
        if takes {
            bench.poll_activity().await;
        }
        bench.server.skip(Duration::from_secs(31));
        let events = bench.history("w").await;
        let timed_out = events.iter().find_map(|event| match &event.attributes {
            Some(Attributes::ActivityTaskTimedOutEventAttributes(timed_out)) => Some(timed_out),
            _ => None,
        });
        let failure = timed_out.unwrap().failure.as_ref().unwrap();
        assert_eq!(failure.message, message);
        let Some(FailureInfo::TimeoutFailureInfo(info)) = &failure.failure_info else {
            panic!()
        };
        assert_eq!(info.timeout_type(), kind);
        assert_eq!(types(&events).contains(&ActivityTaskStarted), takes, "{kind:?}");
    }
}

#[tokio::test]
async fn a_heartbeat_moves_its_time_out_and_is_there_on_the_next_attempt() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    let beating = activity("a", |command| {
        command.heartbeat_timeout = Some(duration(Duration::from_secs(5)))
    });
    bench.answer(&task, vec![beating]).await.unwrap();
    let work = bench.poll_activity().await;
    for _ in 0..3 {
        bench.server.skip(Duration::from_secs(4));
        let beat = RecordActivityTaskHeartbeatRequest {
            namespace: "default".to_owned(),
            task_token: work.task_token.clone(),
            details: Some(text("half")),
            ..Default::default()
        };
        bench
            .service
            .record_activity_task_heartbeat(Request::new(beat))
            .await
            .unwrap();
    }
    bench.server.skip(Duration::from_secs(7));
    let next = bench.poll_activity().await;
    assert_eq!((next.attempt, next.heartbeat_details), (2, Some(text("half"))));
}

#[tokio::test]
async fn an_activity_that_nobody_has_is_cancelled_on_the_spot() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![activity("a", |_| {})]).await.unwrap();
    bench.signal("w", "").await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![cancel_activity(5)]).await.unwrap();
    let expected = [
        WorkflowTaskCompleted,
        ActivityTaskCancelRequested,
        ActivityTaskCanceled,
        WorkflowTaskScheduled,
    ];
    assert_eq!(bench.events("w").await[8..], expected);
}

#[tokio::test]
async fn an_activity_in_hand_hears_of_its_cancellation_by_heartbeat() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![activity("a", |_| {})]).await.unwrap();
    let work = bench.poll_activity().await;
    let cancel = RespondActivityTaskCanceledRequest {
        namespace: "default".to_owned(),
        task_token: work.task_token.clone(),
        ..Default::default()
    };
    let early = bench
        .service
        .respond_activity_task_canceled(Request::new(cancel.clone()))
        .await
        .unwrap_err();
    assert_eq!(early.code(), Code::InvalidArgument);
    bench.signal("w", "").await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![cancel_activity(5)]).await.unwrap();
    let beat = RecordActivityTaskHeartbeatRequest {
        namespace: "default".to_owned(),
        task_token: work.task_token.clone(),
        ..Default::default()
    };
    let beat = bench
        .service
        .record_activity_task_heartbeat(Request::new(beat))
        .await
        .unwrap();
    assert!(beat.into_inner().cancel_requested);
    bench
        .service
        .respond_activity_task_canceled(Request::new(cancel))
        .await
        .unwrap();
    assert_eq!(
        bench.events("w").await[10..],
        [ActivityTaskStarted, ActivityTaskCanceled, WorkflowTaskScheduled]
    );
}

#[tokio::test]
async fn an_activity_can_be_completed_by_its_name() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![activity("named", |_| {})]).await.unwrap();
    bench.poll_activity().await;
    let mut request = RespondActivityTaskCompletedByIdRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        activity_id: "other".to_owned(),
        ..Default::default()
    };
    let missing = bench
        .service
        .respond_activity_task_completed_by_id(Request::new(request.clone()))
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    request.activity_id = "named".to_owned();
    bench
        .service
        .respond_activity_task_completed_by_id(Request::new(request))
        .await
        .unwrap();
    assert_eq!(bench.events("w").await[6], ActivityTaskCompleted);
}

#[tokio::test]
async fn an_eager_activity_comes_with_the_answer() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    let eager = activity("a", |command| command.request_eager_execution = true);
    let answer = bench.answer(&task, vec![eager]).await.unwrap();
    bench.complete_activity(&answer.activity_tasks[0]).await.unwrap();
    assert_eq!(
        bench.events("w").await[4..7],
        [ActivityTaskScheduled, ActivityTaskStarted, ActivityTaskCompleted]
    );
}

#[tokio::test]
async fn an_attempt_that_leaves_no_time_for_another_is_the_last() {
    let bench = real();
    bench.start("w").await;
    let task = bench.poll().await;
    let eager = activity("a", |command| {
        command.request_eager_execution = true;
        command.start_to_close_timeout = None;
        command.schedule_to_close_timeout = Some(duration(Duration::from_secs(4)));
    });
    bench.answer(&task, vec![eager]).await.unwrap();
    bench.server.skip(Duration::from_secs(4));
    let events = bench.history("w").await;
    let Some(Attributes::ActivityTaskTimedOutEventAttributes(timed_out)) = &events[6].attributes else {
        panic!()
    };
    let failure = timed_out.failure.as_ref().unwrap();
    assert!(
        failure.message.starts_with("Not enough time to schedule next retry"),
        "{}",
        failure.message
    );
    assert_eq!(timed_out.retry_state(), RetryState::Timeout);
}
