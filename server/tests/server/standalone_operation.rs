//! Nexus operations that clients start without a workflow.

use crate::{handler::*, support::*};
use std::time::Duration;
use steadfast_proto::{
    common::{Callback, link::Variant},
    duration,
    enums::{
        NexusOperationCancellationState as CancellationState, NexusOperationExecutionStatus as Status,
        NexusOperationIdConflictPolicy as Conflict, NexusOperationIdReusePolicy as Reuse,
        NexusOperationWaitStage as Stage, PendingNexusOperationState as State,
    },
    failure::{Failure, failure::FailureInfo},
    nexus::{self, request, response, start_operation_response},
    prost_types,
    tonic::{self, Code, Request},
    workflowservice::*,
};
use steadfast_server::Time;

use describe_nexus_operation_execution_response::Outcome;

fn start_request(operation_id: &str) -> StartNexusOperationExecutionRequest {
    StartNexusOperationExecutionRequest {
        namespace: "default".to_owned(),
        operation_id: operation_id.to_owned(),
        endpoint: "endpoint".to_owned(),
        service: "Service".to_owned(),
        operation: "operation".to_owned(),
        input: Some(payload("input")),
        nexus_header: [("My-Key".to_owned(), "value".to_owned())].into(),
        ..Default::default()
    }
}

impl Bench {
    async fn with_endpoint(time: Time) -> Self {
        let bench = bench(time);
        let spec = spec("endpoint", "default", HANDLERS);
        create(&bench.server.operator_service(), spec).await.unwrap();
        bench
    }

    async fn start_operation(
        &self,
        request: StartNexusOperationExecutionRequest,
    ) -> Result<StartNexusOperationExecutionResponse, tonic::Status> {
        let response = self
            .service
            .start_nexus_operation_execution(Request::new(request))
            .await?;
        Ok(response.into_inner())
    }

    async fn describe_operation(&self, operation_id: &str) -> DescribeNexusOperationExecutionResponse {
        self.describe_operation_after(operation_id, bytes::Bytes::new()).await
    }

    async fn describe_operation_after(
        &self,
        operation_id: &str,
        long_poll_token: bytes::Bytes,
    ) -> DescribeNexusOperationExecutionResponse {
        let request = DescribeNexusOperationExecutionRequest {
            namespace: "default".to_owned(),
            operation_id: operation_id.to_owned(),
            include_input: true,
            include_outcome: true,
            long_poll_token,
            ..Default::default()
        };
        let response = self
            .service
            .describe_nexus_operation_execution(Request::new(request))
            .await;
        response.unwrap().into_inner()
    }

    async fn await_operation(&self, operation_id: &str, stage: Stage) -> PollNexusOperationExecutionResponse {
        let request = PollNexusOperationExecutionRequest {
            namespace: "default".to_owned(),
            operation_id: operation_id.to_owned(),
            wait_stage: stage.into(),
            ..Default::default()
        };
        let response = self.service.poll_nexus_operation_execution(Request::new(request)).await;
        response.unwrap().into_inner()
    }

    async fn cancel_operation(&self, operation_id: &str, request_id: &str) -> Result<(), tonic::Status> {
        let request = RequestCancelNexusOperationExecutionRequest {
            namespace: "default".to_owned(),
            operation_id: operation_id.to_owned(),
            request_id: request_id.to_owned(),
            reason: "because".to_owned(),
            ..Default::default()
        };
        let answer = self
            .service
            .request_cancel_nexus_operation_execution(Request::new(request))
            .await;
        answer.map(|_| ())
    }

    async fn terminate_operation(&self, operation_id: &str, request_id: &str) -> Result<(), tonic::Status> {
        let request = TerminateNexusOperationExecutionRequest {
            namespace: "default".to_owned(),
            operation_id: operation_id.to_owned(),
            request_id: request_id.to_owned(),
            reason: "enough".to_owned(),
            identity: "me".to_owned(),
            ..Default::default()
        };
        let answer = self
            .service
            .terminate_nexus_operation_execution(Request::new(request))
            .await;
        answer.map(|_| ())
    }
}

fn failure_of(description: &DescribeNexusOperationExecutionResponse) -> Failure {
    match &description.outcome {
        Some(Outcome::Failure(failure)) => failure.clone(),
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[tokio::test]
async fn an_operation_runs_without_a_workflow() {
    let bench = Bench::with_endpoint(Time::Real).await;
    let started = bench.start_operation(start_request("one")).await.unwrap();
    assert!(started.started);
    let info = bench.describe_operation("one").await.info.unwrap();
    assert_eq!(
        (info.status(), info.state(), info.attempt),
        (Status::Running, State::Scheduled, 1)
    );

    let task = bench.poll_nexus().await;
    let request = task.request.clone().unwrap();
    assert_eq!(request.header.get("my-key").map(String::as_str), Some("value"));
    let link = start_of(&task).links.remove(0);
    assert_eq!(link.r#type, "temporal.api.common.v1.Link.NexusOperation");
    let address = format!(
        "temporal:///namespaces/default/nexus-operations/one/{}/details",
        started.run_id
    );
    assert_eq!(link.url, address);
    bench.respond(&task, done("result")).await.unwrap();

    let polled = bench.await_operation("one", Stage::Started).await;
    assert_eq!(polled.wait_stage(), Stage::Closed);
    let description = bench.describe_operation("one").await;
    assert_eq!(description.input, Some(payload("input")));
    assert_eq!(description.outcome, Some(Outcome::Result(payload("result"))));
    let info = description.info.unwrap();
    assert_eq!(
        (info.status(), info.state(), info.attempt),
        (Status::Completed, State::Unspecified, 1)
    );
    assert_eq!(info.state_transition_count, 2);
}

#[tokio::test]
async fn requests_about_workflows_do_not_find_it() {
    let bench = Bench::with_endpoint(Time::Real).await;
    bench.start_operation(start_request("one")).await.unwrap();
    let request = DescribeWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        execution: execution("one"),
    };
    let missing = bench.service.describe_workflow_execution(Request::new(request)).await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
    let listed = ListWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        ..Default::default()
    };
    let listed = bench
        .service
        .list_workflow_executions(Request::new(listed))
        .await
        .unwrap();
    assert_eq!(listed.into_inner().executions, []);
}

#[tokio::test]
async fn its_failure_is_the_handlers_own() {
    let bench = Bench::with_endpoint(Time::Real).await;
    bench.start_operation(start_request("one")).await.unwrap();
    let task = bench.poll_nexus().await;
    let failure = Failure {
        message: "no".to_owned(),
        ..Default::default()
    };
    bench
        .respond(
            &task,
            answer(start_operation_response::Variant::Failure(failure.clone())),
        )
        .await
        .unwrap();
    let description = bench.describe_operation("one").await;
    assert_eq!(failure_of(&description), failure);
    let info = description.info.unwrap();
    assert_eq!(
        (info.status(), info.last_attempt_failure),
        (Status::Failed, Some(failure))
    );

    bench.start_operation(start_request("two")).await.unwrap();
    let task = bench.poll_nexus().await;
    bench.fail_request(&task, "BAD_REQUEST").await;
    let description = bench.describe_operation("two").await;
    let failure = failure_of(&description);
    assert!(
        matches!(failure.failure_info, Some(FailureInfo::NexusHandlerFailureInfo(info)) if info.r#type == "BAD_REQUEST")
    );
}

#[tokio::test]
async fn a_request_that_may_be_tried_again_is() {
    let bench = Bench::with_endpoint(Time::Virtual).await;
    bench.start_operation(start_request("one")).await.unwrap();
    let task = bench.poll_nexus().await;
    bench.fail_request(&task, "UNAVAILABLE").await;
    let info = bench.describe_operation("one").await.info.unwrap();
    assert_eq!((info.state(), info.attempt), (State::BackingOff, 1));
    let (_, again) = tokio::join!(bench.await_operation("one", Stage::Closed), async {
        let again = bench.poll_nexus().await;
        let info = bench.describe_operation("one").await.info.unwrap();
        bench.respond(&again, done("result")).await.unwrap();
        info
    });
    assert_eq!((again.state(), again.attempt), (State::Scheduled, 2));
}

#[tokio::test]
async fn it_times_out() {
    let bench = Bench::with_endpoint(Time::Virtual).await;
    let request = StartNexusOperationExecutionRequest {
        schedule_to_start_timeout: Some(duration(Duration::from_secs(60))),
        ..start_request("one")
    };
    bench.start_operation(request).await.unwrap();
    let polled = bench.await_operation("one", Stage::Closed).await;
    assert_eq!(polled.wait_stage(), Stage::Closed);
    let description = bench.describe_operation("one").await;
    assert_eq!(failure_of(&description).message, "operation timed out");
    assert_eq!(description.info.unwrap().status(), Status::TimedOut);
}

#[tokio::test]
async fn it_is_cancelled_through_its_handler_and_completed_by_a_callback() {
    let bench = Bench::with_endpoint(Time::Real).await;
    bench.start_operation(start_request("one")).await.unwrap();
    let task = bench.poll_nexus().await;
    bench.respond(&task, begun("token")).await.unwrap();
    let polled = bench.await_operation("one", Stage::Started).await;
    assert_eq!(
        (polled.wait_stage(), polled.operation_token.as_str()),
        (Stage::Started, "token")
    );

    bench.cancel_operation("one", "first").await.unwrap();
    bench.cancel_operation("one", "first").await.unwrap();
    let again = bench.cancel_operation("one", "second").await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
    assert_eq!(again.message(), "cancellation already requested with request ID first");
    let cancel = bench.poll_nexus().await;
    assert!(matches!(
        cancel.request.clone().unwrap().variant,
        Some(request::Variant::CancelOperation(cancel)) if cancel.operation_token == "token"
    ));
    let accepted = nexus::Response {
        variant: Some(response::Variant::CancelOperation(nexus::CancelOperationResponse {})),
    };
    bench.respond(&cancel, accepted).await.unwrap();
    let info = bench.describe_operation("one").await.info.unwrap();
    let cancellation = info.cancellation_info.unwrap();
    assert_eq!(
        (cancellation.state(), cancellation.reason.as_str()),
        (CancellationState::Succeeded, "because")
    );

    let callback: Callback = callback_of(&task);
    bench
        .start_with(StartWorkflowExecutionRequest {
            completion_callbacks: vec![callback],
            ..start("handler")
        })
        .await
        .unwrap();
    bench.terminate("handler").await;
    let description = bench.describe_operation("one").await;
    assert_eq!(failure_of(&description).message, "operation terminated");
    assert_eq!(description.info.unwrap().status(), Status::Failed);
}

#[tokio::test]
async fn it_is_terminated_once_and_deleted() {
    let bench = Bench::with_endpoint(Time::Real).await;
    bench.start_operation(start_request("one")).await.unwrap();
    bench.terminate_operation("one", "first").await.unwrap();
    bench.terminate_operation("one", "first").await.unwrap();
    let again = bench.terminate_operation("one", "second").await.unwrap_err();
    assert_eq!(again.message(), "already terminated with request ID first");
    let late = bench.cancel_operation("one", "late").await.unwrap_err();
    assert_eq!(
        (late.code(), late.message()),
        (Code::FailedPrecondition, "operation already completed")
    );
    assert_eq!(failure_of(&bench.describe_operation("one").await).message, "enough");
    let delete = DeleteNexusOperationExecutionRequest {
        namespace: "default".to_owned(),
        operation_id: "one".to_owned(),
        ..Default::default()
    };
    let gone = delete.clone();
    bench
        .service
        .delete_nexus_operation_execution(Request::new(delete))
        .await
        .unwrap();
    let gone = bench
        .service
        .delete_nexus_operation_execution(Request::new(gone))
        .await
        .unwrap_err();
    assert_eq!(
        (gone.code(), gone.message()),
        (Code::NotFound, "operation not found for ID: one")
    );
}

#[tokio::test]
async fn policies_say_what_a_second_start_of_the_same_id_means() {
    let bench = Bench::with_endpoint(Time::Real).await;
    let with = |request_id: &str, conflict: Conflict, reuse: Reuse| StartNexusOperationExecutionRequest {
        request_id: request_id.to_owned(),
        id_conflict_policy: conflict.into(),
        id_reuse_policy: reuse.into(),
        ..start_request("one")
    };
    let first = bench
        .start_operation(with("a", Conflict::Fail, Reuse::Unspecified))
        .await
        .unwrap();
    let same = bench
        .start_operation(with("a", Conflict::Fail, Reuse::Unspecified))
        .await
        .unwrap();
    assert_eq!((same.run_id.as_str(), same.started), (first.run_id.as_str(), false));
    let refused = bench
        .start_operation(with("b", Conflict::Fail, Reuse::Unspecified))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let used = bench
        .start_operation(with("b", Conflict::UseExisting, Reuse::Unspecified))
        .await
        .unwrap();
    assert_eq!((used.run_id.as_str(), used.started), (first.run_id.as_str(), false));
    bench.terminate_operation("one", "t").await.unwrap();
    let refused = bench
        .start_operation(with("c", Conflict::Fail, Reuse::RejectDuplicate))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let failed_only = with("c", Conflict::Fail, Reuse::AllowDuplicateFailedOnly);
    assert!(bench.start_operation(failed_only).await.unwrap().started);
}

#[tokio::test]
async fn a_description_waits_for_a_change() {
    let bench = Bench::with_endpoint(Time::Real).await;
    bench.start_operation(start_request("one")).await.unwrap();
    let seen = bench.describe_operation("one").await;
    let (changed, _) = tokio::join!(
        bench.describe_operation_after("one", seen.long_poll_token),
        bench.terminate_operation("one", "t"),
    );
    assert_eq!(changed.info.unwrap().status(), Status::Terminated);
}

#[tokio::test]
async fn operations_are_listed_and_counted_by_what_they_are() {
    let bench = Bench::with_endpoint(Time::Real).await;
    bench.start_operation(start_request("one")).await.unwrap();
    let other = StartNexusOperationExecutionRequest {
        service: "Other".to_owned(),
        ..start_request("two")
    };
    bench.start_operation(other).await.unwrap();
    bench.start("workflow").await;
    let count = async |query: &str| {
        let request = CountNexusOperationExecutionsRequest {
            namespace: "default".to_owned(),
            query: query.to_owned(),
        };
        let answer = bench
            .service
            .count_nexus_operation_executions(Request::new(request))
            .await;
        answer.map(|answer| answer.into_inner().count)
    };
    assert_eq!(count("").await.unwrap(), 2);
    assert_eq!(count("Service = 'Other'").await.unwrap(), 1);
    assert_eq!(count("OperationId = 'one' AND Endpoint = 'endpoint'").await.unwrap(), 1);
    assert_eq!(count("Operation = 'another'").await.unwrap(), 0);
    assert_eq!(count("ExecutionStatus = 'Running'").await.unwrap(), 2);
    assert_eq!(count("What = 'ever'").await.unwrap_err().code(), Code::InvalidArgument);
    let list = ListNexusOperationExecutionsRequest {
        namespace: "default".to_owned(),
        query: "Service = 'Other'".to_owned(),
        ..Default::default()
    };
    let listed = bench
        .service
        .list_nexus_operation_executions(Request::new(list))
        .await
        .unwrap();
    let ids: Vec<String> = listed
        .into_inner()
        .operations
        .into_iter()
        .map(|row| row.operation_id)
        .collect();
    assert_eq!(ids, ["two"]);
}

#[tokio::test]
async fn starts_that_make_no_sense_are_refused() {
    let bench = Bench::with_endpoint(Time::Real).await;
    type Change = fn(&mut StartNexusOperationExecutionRequest);
    let refused: [(Change, Code, &str); 7] = [
        (
            |r| r.operation_id.clear(),
            Code::InvalidArgument,
            "operation_id is required",
        ),
        (|r| r.endpoint.clear(), Code::InvalidArgument, "endpoint is required"),
        (
            |r| r.endpoint = "nowhere".to_owned(),
            Code::NotFound,
            "could not find Nexus endpoint by name: nowhere",
        ),
        (
            |r| r.service = "x".repeat(1001),
            Code::InvalidArgument,
            "service exceeds length limit. Length=1001 Limit=1000",
        ),
        (
            |r| r.start_to_close_timeout = Some(prost_types::Duration { seconds: -1, nanos: 0 }),
            Code::InvalidArgument,
            "start_to_close_timeout is invalid: negative duration",
        ),
        (
            |r| {
                r.nexus_header.insert("Request-Timeout".to_owned(), "1s".to_owned());
            },
            Code::InvalidArgument,
            "nexus_header contains a disallowed key: \"Request-Timeout\"",
        ),
        (
            |r| r.completion_callbacks.push(Callback::default()),
            Code::Unimplemented,
            "a standalone Nexus operation with completion callbacks",
        ),
    ];
    for (change, code, text) in refused {
        let mut request = start_request("one");
        change(&mut request);
        let status = bench.start_operation(request).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert!(status.message().contains(text), "{status}");
    }
}

#[tokio::test]
async fn links_of_its_start_and_of_its_handler_are_shown() {
    let bench = Bench::with_endpoint(Time::Real).await;
    let handler = bench.start("handler").await;
    bench.start_operation(start_request("one")).await.unwrap();
    let task = bench.poll_nexus().await;
    let link = nexus::Link {
        url: format!(
            "temporal:///namespaces/default/workflows/handler/{handler}/history\
             ?eventID=1&eventType=WorkflowExecutionStarted&referenceType=EventReference"
        ),
        r#type: "temporal.api.common.v1.Link.WorkflowEvent".to_owned(),
    };
    let begun = answer(start_operation_response::Variant::AsyncSuccess(
        start_operation_response::Async {
            operation_token: "token".to_owned(),
            links: vec![link],
            ..Default::default()
        },
    ));
    bench.respond(&task, begun).await.unwrap();
    let links = bench.describe_operation("one").await.info.unwrap().links;
    assert!(matches!(&links[0].variant, Some(Variant::WorkflowEvent(event)) if event.run_id == handler));
}
