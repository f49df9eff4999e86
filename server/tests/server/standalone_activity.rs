//! Activities without a workflow.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    activity::{ActivityOptions, activity_execution_outcome::Value},
    common::{ActivityType, RetryPolicy},
    duration,
    enums::{ActivityExecutionStatus as Status, ActivityIdConflictPolicy, ActivityIdReusePolicy, PendingActivityState},
    failure::{Failure, failure::FailureInfo},
    prost_types::FieldMask,
    tonic::{Code, Request},
    workflowservice::*,
};
use steadfast_server::Time;

const ID: &str = "activity";

fn start_request() -> StartActivityExecutionRequest {
    StartActivityExecutionRequest {
        namespace: "default".to_owned(),
        activity_id: ID.to_owned(),
        activity_type: Some(ActivityType {
            name: "Type".to_owned(),
        }),
        task_queue: queue(QUEUE),
        start_to_close_timeout: Some(duration(Duration::from_secs(30))),
        input: Some(text("input")),
        ..Default::default()
    }
}

impl Bench {
    async fn start_activity(&self, request: StartActivityExecutionRequest) -> StartActivityExecutionResponse {
        let started = self.service.start_activity_execution(Request::new(request)).await;
        started.unwrap().into_inner()
    }

    async fn describe_activity(&self) -> DescribeActivityExecutionResponse {
        let request = DescribeActivityExecutionRequest {
            namespace: "default".to_owned(),
            activity_id: ID.to_owned(),
            include_input: true,
            include_outcome: true,
            include_last_failure: true,
            ..Default::default()
        };
        let described = self.service.describe_activity_execution(Request::new(request)).await;
        described.unwrap().into_inner()
    }

    async fn activity_status(&self) -> Status {
        self.describe_activity().await.info.unwrap().status()
    }

    /// How the activity ended, once it has.
    async fn outcome(&self) -> Value {
        let request = PollActivityExecutionRequest {
            namespace: "default".to_owned(),
            activity_id: ID.to_owned(),
            ..Default::default()
        };
        let polled = self.service.poll_activity_execution(Request::new(request)).await;
        polled.unwrap().into_inner().outcome.unwrap().value.unwrap()
    }

    async fn failure(&self) -> Failure {
        match self.outcome().await {
            Value::Failure(failure) => failure,
            Value::Result(result) => panic!("expected a failure, got {result:?}"),
        }
    }

    async fn cancel_execution(&self) {
        let request = RequestCancelActivityExecutionRequest {
            namespace: "default".to_owned(),
            activity_id: ID.to_owned(),
            reason: "enough".to_owned(),
            request_id: "cancel".to_owned(),
            ..Default::default()
        };
        let canceled = self
            .service
            .request_cancel_activity_execution(Request::new(request))
            .await;
        canceled.unwrap();
    }
}

#[tokio::test]
async fn an_activity_runs_without_a_workflow() {
    let bench = real();
    let started = bench.start_activity(start_request()).await;
    assert!(started.started);
    let task = bench.poll_activity().await;
    assert_eq!(task.activity_run_id, started.run_id);
    assert_eq!((task.activity_id.as_str(), task.workflow_type.clone()), (ID, None));
    let (outcome, completed) = tokio::join!(bench.outcome(), bench.complete_activity(&task));
    completed.unwrap();
    assert_eq!(outcome, Value::Result(text("result")));
    let description = bench.describe_activity().await;
    assert_eq!(description.info.unwrap().status(), Status::Completed);
    assert_eq!(description.input, Some(text("input")));
    let again = bench.complete_activity(&task).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
}

#[tokio::test]
async fn its_description_says_what_its_last_worker_is_made_with() {
    let bench = real();
    bench.start_activity(start_request()).await;
    let sdk = async || {
        let info = bench.describe_activity().await.info.unwrap();
        (info.sdk_name, info.sdk_version)
    };
    assert_eq!(sdk().await, (String::new(), String::new()));
    let headers = [("client-name", "temporal-python"), ("client-version", "1.35.0")];
    let task = bench.poll_activity_with(&headers).await;
    let told = ("temporal-python".to_owned(), "1.35.0".to_owned());
    assert_eq!(sdk().await, told);
    bench.complete_activity(&task).await.unwrap();
    assert_eq!(sdk().await, told);
}

#[tokio::test]
async fn requests_about_workflows_do_not_find_it() {
    let bench = real();
    let run_id = bench.start_activity(start_request()).await.run_id;
    for run_id in [String::new(), run_id] {
        let request = DescribeWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            execution: Some(steadfast_proto::common::WorkflowExecution {
                workflow_id: ID.to_owned(),
                run_id,
            }),
        };
        let status = bench
            .service
            .describe_workflow_execution(Request::new(request))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
    }
    bench.start(ID).await;
    let count = CountWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        ..Default::default()
    };
    let count = bench
        .service
        .count_workflow_executions(Request::new(count))
        .await
        .unwrap();
    assert_eq!(count.into_inner().count, 1);
}

#[tokio::test]
async fn it_is_tried_again_until_its_attempts_are_used_up() {
    let bench = real();
    let request = StartActivityExecutionRequest {
        retry_policy: Some(RetryPolicy {
            maximum_attempts: 2,
            ..Default::default()
        }),
        ..start_request()
    };
    bench.start_activity(request).await;
    let task = bench.poll_activity().await;
    bench.fail_activity(&task, Failure::application("Bad", "no good")).await;
    let info = bench.describe_activity().await.info.unwrap();
    assert_eq!((info.attempt, info.status()), (2, Status::Running));
    assert_eq!(info.last_failure.unwrap().message, "no good");
    bench.server.skip(Duration::from_secs(2));
    let task = bench.poll_activity().await;
    bench
        .fail_activity(&task, Failure::application("Bad", "still no good"))
        .await;
    assert_eq!(bench.failure().await.message, "still no good");
    assert_eq!(bench.activity_status().await, Status::Failed);
}

#[tokio::test]
async fn it_times_out() {
    let bench = real();
    let request = StartActivityExecutionRequest {
        schedule_to_close_timeout: Some(duration(Duration::from_secs(1))),
        ..start_request()
    };
    bench.start_activity(request).await;
    bench.server.skip(Duration::from_secs(2));
    assert_eq!(bench.activity_status().await, Status::TimedOut);
    assert!(matches!(
        bench.failure().await.failure_info,
        Some(FailureInfo::TimeoutFailureInfo(_))
    ));
}

#[tokio::test]
async fn a_request_to_cancel_ends_it_at_once_or_reaches_its_worker() {
    let bench = real();
    bench.start_activity(start_request()).await;
    bench.cancel_execution().await;
    assert_eq!(bench.activity_status().await, Status::Canceled);

    bench.start_activity(start_request()).await;
    let task = bench.poll_activity().await;
    bench.cancel_execution().await;
    let info = bench.describe_activity().await.info.unwrap();
    assert_eq!(info.run_state(), PendingActivityState::CancelRequested);
    let beat = RecordActivityTaskHeartbeatByIdRequest {
        namespace: "default".to_owned(),
        activity_id: ID.to_owned(),
        ..Default::default()
    };
    let beat = bench
        .service
        .record_activity_task_heartbeat_by_id(Request::new(beat))
        .await
        .unwrap();
    assert!(beat.into_inner().cancel_requested);
    let canceled = RespondActivityTaskCanceledRequest {
        namespace: "default".to_owned(),
        task_token: task.task_token,
        details: Some(text("details")),
        ..Default::default()
    };
    bench
        .service
        .respond_activity_task_canceled(Request::new(canceled))
        .await
        .unwrap();
    assert_eq!(bench.failure().await.message, "Activity canceled");
}

#[tokio::test]
async fn it_is_terminated_once_and_deleted() {
    let bench = real();
    bench.start_activity(start_request()).await;
    let terminate = |request_id: &str| {
        Request::new(TerminateActivityExecutionRequest {
            namespace: "default".to_owned(),
            activity_id: ID.to_owned(),
            reason: "why not".to_owned(),
            request_id: request_id.to_owned(),
            ..Default::default()
        })
    };
    bench
        .service
        .terminate_activity_execution(terminate("one"))
        .await
        .unwrap();
    bench
        .service
        .terminate_activity_execution(terminate("one"))
        .await
        .unwrap();
    let other = bench
        .service
        .terminate_activity_execution(terminate("two"))
        .await
        .unwrap_err();
    assert_eq!(other.code(), Code::FailedPrecondition);
    assert_eq!(bench.failure().await.message, "why not");
    let delete = DeleteActivityExecutionRequest {
        namespace: "default".to_owned(),
        activity_id: ID.to_owned(),
        ..Default::default()
    };
    bench
        .service
        .delete_activity_execution(Request::new(delete.clone()))
        .await
        .unwrap();
    let gone = bench
        .service
        .delete_activity_execution(Request::new(delete))
        .await
        .unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
}

#[tokio::test]
async fn policies_say_what_a_second_start_of_the_same_id_means() {
    let bench = real();
    let first = bench.start_activity(start_request()).await;
    let refused = bench
        .service
        .start_activity_execution(Request::new(start_request()))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let existing = StartActivityExecutionRequest {
        id_conflict_policy: ActivityIdConflictPolicy::UseExisting.into(),
        ..start_request()
    };
    let same = bench.start_activity(existing).await;
    assert_eq!((same.run_id, same.started), (first.run_id.clone(), false));
    let task = bench.poll_activity().await;
    bench.complete_activity(&task).await.unwrap();
    let only_failed = StartActivityExecutionRequest {
        id_reuse_policy: ActivityIdReusePolicy::AllowDuplicateFailedOnly.into(),
        ..start_request()
    };
    let refused = bench
        .service
        .start_activity_execution(Request::new(only_failed))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_ne!(bench.start_activity(start_request()).await.run_id, first.run_id);
}

#[tokio::test]
async fn operators_pause_reset_and_change_it() {
    let bench = real();
    bench.start_activity(start_request()).await;
    let pause = PauseActivityExecutionRequest {
        namespace: "default".to_owned(),
        activity_id: ID.to_owned(),
        ..Default::default()
    };
    bench
        .service
        .pause_activity_execution(Request::new(pause.clone()))
        .await
        .unwrap();
    assert_eq!(bench.activity_status().await, Status::Paused);
    let twice = bench
        .service
        .pause_activity_execution(Request::new(pause))
        .await
        .unwrap_err();
    assert_eq!(twice.message(), "activity is in non-pausable state Paused");
    let unpause = UnpauseActivityExecutionRequest {
        namespace: "default".to_owned(),
        activity_id: ID.to_owned(),
        ..Default::default()
    };
    bench
        .service
        .unpause_activity_execution(Request::new(unpause))
        .await
        .unwrap();
    let update = UpdateActivityExecutionOptionsRequest {
        namespace: "default".to_owned(),
        activity_id: ID.to_owned(),
        activity_options: Some(ActivityOptions {
            heartbeat_timeout: Some(duration(Duration::from_secs(7))),
            ..Default::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["heartbeat_timeout".to_owned()],
        }),
        ..Default::default()
    };
    bench
        .service
        .update_activity_execution_options(Request::new(update))
        .await
        .unwrap();
    let task = bench.poll_activity().await;
    assert_eq!(task.heartbeat_timeout, Some(duration(Duration::from_secs(7))));
    bench.fail_activity(&task, Failure::application("Bad", "no good")).await;
    let reset = ResetActivityExecutionRequest {
        namespace: "default".to_owned(),
        activity_id: ID.to_owned(),
        ..Default::default()
    };
    bench
        .service
        .reset_activity_execution(Request::new(reset))
        .await
        .unwrap();
    assert_eq!(bench.poll_activity().await.attempt, 1);
}

#[tokio::test]
async fn a_description_waits_for_a_change() {
    let bench = real();
    bench.start_activity(start_request()).await;
    let request = DescribeActivityExecutionRequest {
        namespace: "default".to_owned(),
        activity_id: ID.to_owned(),
        long_poll_token: bench.describe_activity().await.long_poll_token,
        ..Default::default()
    };
    let (described, _) = tokio::join!(
        bench.service.describe_activity_execution(Request::new(request)),
        bench.poll_activity()
    );
    let info = described.unwrap().into_inner().info.unwrap();
    assert_eq!(info.run_state(), PendingActivityState::Started);
}

#[tokio::test]
async fn activities_are_listed_and_counted_apart_from_workflows() {
    let bench = real();
    bench.start("workflow").await;
    bench.start_activity(start_request()).await;
    let list = ListActivityExecutionsRequest {
        namespace: "default".to_owned(),
        query: "ActivityId = 'activity' AND ActivityType = 'Type' AND ExecutionStatus = 'Running'".to_owned(),
        ..Default::default()
    };
    let listed = bench
        .service
        .list_activity_executions(Request::new(list))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.executions.len(), 1);
    assert_eq!(listed.executions[0].activity_id, ID);
    let count = CountActivityExecutionsRequest {
        namespace: "default".to_owned(),
        ..Default::default()
    };
    let counted = bench
        .service
        .count_activity_executions(Request::new(count))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(counted.count, 1);
}

#[tokio::test]
async fn virtual_time_jumps_over_its_delay() {
    let bench = bench(Time::Virtual);
    let request = StartActivityExecutionRequest {
        start_delay: Some(duration(Duration::from_secs(3600))),
        ..start_request()
    };
    bench.start_activity(request).await;
    let work = async {
        let task = bench.poll_activity().await;
        bench.complete_activity(&task).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(bench.outcome(), work);
    assert_eq!(outcome, Value::Result(text("result")));
}

#[tokio::test]
async fn starts_that_make_no_sense_are_refused() {
    let bench = real();
    type Set = fn(&mut StartActivityExecutionRequest);
    let wrong: [(Set, &str); 4] = [
        (|request| request.activity_id.clear(), "activityId is not set"),
        (|request| request.activity_type = None, "activityType is not set"),
        (|request| request.task_queue = None, "taskQueue is not set"),
        (
            |request| request.start_to_close_timeout = None,
            "a valid StartToCloseTimeout",
        ),
    ];
    for (set, text) in wrong {
        let mut request = start_request();
        set(&mut request);
        let status = bench
            .service
            .start_activity_execution(Request::new(request))
            .await
            .unwrap_err();
        assert!(status.message().starts_with(text), "{status}");
    }
}
