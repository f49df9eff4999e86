//! What operators do to pending activities.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    activity::ActivityOptions,
    duration,
    enums::PendingActivityState,
    failure::Failure,
    prost_types::FieldMask,
    tonic::{Code, Request},
    workflow::PendingActivityInfo,
    workflowservice::*,
};

fn pause(id: &str) -> PauseActivityRequest {
    PauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution("workflow"),
        identity: "operator".to_owned(),
        reason: "later".to_owned(),
        activity: Some(pause_activity_request::Activity::Id(id.to_owned())),
        ..Default::default()
    }
}

fn unpause() -> UnpauseActivityRequest {
    UnpauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution("workflow"),
        activity: Some(unpause_activity_request::Activity::UnpauseAll(true)),
        ..Default::default()
    }
}

fn reset() -> ResetActivityRequest {
    ResetActivityRequest {
        namespace: "default".to_owned(),
        execution: execution("workflow"),
        activity: Some(reset_activity_request::Activity::Type("Activity".to_owned())),
        ..Default::default()
    }
}

/// A run with one pending activity.
async fn scheduled() -> Bench {
    let bench = real();
    bench.start("workflow").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![activity("one", |_| {})]).await.unwrap();
    bench
}

async fn pending(bench: &Bench) -> PendingActivityInfo {
    bench.describe("workflow").await.pending_activities.remove(0)
}

async fn beat(bench: &Bench, task: &PollActivityTaskQueueResponse) -> RecordActivityTaskHeartbeatResponse {
    let beat = RecordActivityTaskHeartbeatRequest {
        namespace: "default".to_owned(),
        task_token: task.task_token.clone(),
        details: Some(text("half")),
        ..Default::default()
    };
    let response = bench.service.record_activity_task_heartbeat(Request::new(beat)).await;
    response.unwrap().into_inner()
}

#[tokio::test]
async fn a_paused_activity_is_not_handed_out_until_it_may_go_on() {
    let bench = scheduled().await;
    bench.service.pause_activity(Request::new(pause("one"))).await.unwrap();
    let info = pending(&bench).await;
    assert_eq!((info.state(), info.paused), (PendingActivityState::Paused, true));
    assert!(info.pause_info.unwrap().paused_by.is_some());
    // Its time-outs do not run.
    bench.server.skip(Duration::from_secs(3600));
    bench.service.unpause_activity(Request::new(unpause())).await.unwrap();
    let task = bench.poll_activity().await;
    bench.complete_activity(&task).await.unwrap();
}

#[tokio::test]
async fn a_worker_hears_of_a_pause_and_a_failed_attempt_stays_paused() {
    let bench = scheduled().await;
    let task = bench.poll_activity().await;
    bench.service.pause_activity(Request::new(pause("one"))).await.unwrap();
    assert!(beat(&bench, &task).await.activity_paused);
    assert_eq!(pending(&bench).await.state(), PendingActivityState::PauseRequested);
    bench.fail_activity(&task, Failure::application("Bug", "oops")).await;
    bench.server.skip(Duration::from_secs(60));
    let info = pending(&bench).await;
    assert_eq!((info.state(), info.attempt), (PendingActivityState::Paused, 2));
    let mut request = unpause();
    request.reset_attempts = true;
    bench.service.unpause_activity(Request::new(request)).await.unwrap();
    assert_eq!(bench.poll_activity().await.attempt, 1);
}

#[tokio::test]
async fn a_reset_activity_begins_anew_at_once() {
    let bench = scheduled().await;
    let task = bench.poll_activity().await;
    bench.fail_activity(&task, Failure::application("Bug", "oops")).await;
    assert_eq!(pending(&bench).await.attempt, 2);
    bench.service.reset_activity(Request::new(reset())).await.unwrap();
    let task = bench.poll_activity().await;
    assert_eq!(task.attempt, 1);
    // The first attempt of one that a worker has stays what it is.
    bench.service.reset_activity(Request::new(reset())).await.unwrap();
    assert!(beat(&bench, &task).await.activity_reset);
    bench.fail_activity(&task, Failure::application("Bug", "oops")).await;
    assert_eq!(pending(&bench).await.attempt, 2);
}

#[tokio::test]
async fn a_later_attempt_that_is_reset_while_it_runs_is_the_first_and_its_token_is_no_longer_good() {
    let bench = scheduled().await;
    let task = bench.poll_activity().await;
    bench.fail_activity(&task, Failure::application("Bug", "oops")).await;
    bench.server.skip(Duration::from_secs(2));
    let task = bench.poll_activity().await;
    assert_eq!(task.attempt, 2);
    bench.service.reset_activity(Request::new(reset())).await.unwrap();
    let info = pending(&bench).await;
    assert_eq!((info.state(), info.attempt), (PendingActivityState::Started, 1));
    let refused = bench.complete_activity(&task).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    // Who names the activity need not know the attempt.
    let beat = RecordActivityTaskHeartbeatByIdRequest {
        namespace: "default".to_owned(),
        workflow_id: "workflow".to_owned(),
        activity_id: "one".to_owned(),
        ..Default::default()
    };
    let beat = bench
        .service
        .record_activity_task_heartbeat_by_id(Request::new(beat))
        .await;
    assert!(beat.unwrap().into_inner().activity_reset);
    // Nobody answers for it: it times out, and the next attempt is the second.
    bench.server.skip(Duration::from_secs(60));
    assert_eq!(bench.poll_activity().await.attempt, 2);
}

#[tokio::test]
async fn what_heartbeats_said_is_shown_until_the_attempt_after_a_reset() {
    let bench = scheduled().await;
    let task = bench.poll_activity().await;
    beat(&bench, &task).await;
    bench.service.pause_activity(Request::new(pause("one"))).await.unwrap();
    bench.fail_activity(&task, Failure::application("Bug", "oops")).await;
    let request = ResetActivityRequest {
        keep_paused: true,
        reset_heartbeat: true,
        ..reset()
    };
    bench.service.reset_activity(Request::new(request)).await.unwrap();
    let shown = pending(&bench).await;
    assert!(shown.paused && shown.heartbeat_details.is_some(), "{shown:?}");
    bench.service.unpause_activity(Request::new(unpause())).await.unwrap();
    assert_eq!(bench.poll_activity().await.heartbeat_details, None);
}

#[tokio::test]
async fn options_are_updated_field_by_field_and_restored() {
    let bench = scheduled().await;
    let request = UpdateActivityOptionsRequest {
        namespace: "default".to_owned(),
        execution: execution("workflow"),
        activity_options: Some(ActivityOptions {
            task_queue: queue("elsewhere"),
            heartbeat_timeout: Some(duration(Duration::from_secs(7))),
            ..Default::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["taskQueue.name".to_owned(), "heartbeat_timeout".to_owned()],
        }),
        activity: Some(update_activity_options_request::Activity::Id("one".to_owned())),
        ..Default::default()
    };
    let updated = bench
        .service
        .update_activity_options(Request::new(request.clone()))
        .await
        .unwrap();
    let options = updated.into_inner().activity_options.unwrap();
    assert_eq!(options.task_queue.unwrap().name, "elsewhere");
    assert_eq!(options.heartbeat_timeout, Some(duration(Duration::from_secs(7))));
    assert_eq!(options.start_to_close_timeout, Some(duration(Duration::from_secs(30))));
    let unknown = UpdateActivityOptionsRequest {
        update_mask: Some(FieldMask {
            paths: vec!["colour".to_owned()],
        }),
        ..request.clone()
    };
    let refused = bench
        .service
        .update_activity_options(Request::new(unknown))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let restore = UpdateActivityOptionsRequest {
        restore_original: true,
        update_mask: None,
        ..request
    };
    bench
        .service
        .update_activity_options(Request::new(restore))
        .await
        .unwrap();
    let task = bench.poll_activity().await;
    assert_eq!(task.heartbeat_timeout, Some(duration(Duration::ZERO)));
}

#[tokio::test]
async fn what_is_not_pending_cannot_be_operated_on() {
    let bench = scheduled().await;
    let refused = bench
        .service
        .pause_activity(Request::new(pause("two")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let nothing = PauseActivityRequest {
        activity: None,
        ..pause("one")
    };
    let refused = bench.service.pause_activity(Request::new(nothing)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
