//! Nexus: endpoints, operations, requests to handlers, and workflows that complete operations.

use crate::{handler::*, support::*};
use std::time::Duration;
use steadfast_proto::{
    command::{self, Command, command::Attributes},
    common, duration,
    enums::{
        CommandType, EventType, NexusOperationCancellationState, PendingNexusOperationState, WorkflowTaskFailedCause,
    },
    failure::{Failure, failure::FailureInfo},
    history::{HistoryEvent, history_event},
    nexus::{self, request, response},
    prost_types,
    tonic::{Code, Request},
    workflow::{OnConflictOptions, PendingNexusOperationInfo},
    workflowservice::*,
};
use steadfast_server::Time;

pub(crate) fn schedule(set: impl FnOnce(&mut command::ScheduleNexusOperationCommandAttributes)) -> Command {
    let mut attributes = command::ScheduleNexusOperationCommandAttributes {
        endpoint: "endpoint".to_owned(),
        service: "Service".to_owned(),
        operation: "operation".to_owned(),
        input: Some(payload("input")),
        ..Default::default()
    };
    set(&mut attributes);
    Command {
        command_type: CommandType::ScheduleNexusOperation.into(),
        attributes: Some(Attributes::ScheduleNexusOperationCommandAttributes(Box::new(
            attributes,
        ))),
        ..Default::default()
    }
}

pub(crate) fn cancel(scheduled_event_id: i64) -> Command {
    let attributes = command::RequestCancelNexusOperationCommandAttributes { scheduled_event_id };
    Command {
        command_type: CommandType::RequestCancelNexusOperation.into(),
        attributes: Some(Attributes::RequestCancelNexusOperationCommandAttributes(Box::new(
            attributes,
        ))),
        ..Default::default()
    }
}

impl Bench {
    /// A server with an endpoint, and a workflow that has scheduled an operation on it: event 5.
    async fn calling(time: Time, set: impl FnOnce(&mut command::ScheduleNexusOperationCommandAttributes)) -> Self {
        let bench = bench(time);
        create(&bench.server.operator_service(), spec("endpoint", "default", HANDLERS))
            .await
            .unwrap();
        bench.start("caller").await;
        let task = bench.poll().await;
        bench.answer(&task, vec![schedule(set)]).await.unwrap();
        bench
    }

    async fn pending_operation(&self) -> PendingNexusOperationInfo {
        self.describe("caller").await.pending_nexus_operations.remove(0)
    }

    /// The events after the operation was scheduled.
    async fn since(&self) -> Vec<HistoryEvent> {
        self.history("caller").await.split_off(5)
    }
}

/// What the failure of an operation that ended is caused by.
pub(crate) fn cause_of(event: &HistoryEvent) -> Failure {
    use history_event::Attributes as A;
    let failure = match event.attributes.clone() {
        Some(A::NexusOperationFailedEventAttributes(a)) => a.into_inner().failure,
        Some(A::NexusOperationCanceledEventAttributes(a)) => a.into_inner().failure,
        Some(A::NexusOperationTimedOutEventAttributes(a)) => a.into_inner().failure,
        other => panic!("expected the end of an operation, got {other:?}"),
    };
    let failure = failure.unwrap();
    assert_eq!(failure.message, "nexus operation completed unsuccessfully");
    *failure.cause.unwrap()
}

#[tokio::test]
async fn an_operation_may_be_complete_at_once() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    assert_eq!(
        bench.pending_operation().await.state(),
        PendingNexusOperationState::Scheduled
    );
    let task = bench.poll_nexus().await;
    let start = start_of(&task);
    assert_eq!(
        (start.service.as_str(), start.operation.as_str()),
        ("Service", "operation")
    );
    assert!(start.links[0].url.contains("/workflows/caller/"), "{:?}", start.links);
    assert!(task.request.as_ref().unwrap().header.contains_key("request-timeout"));
    bench.respond(&task, done("result")).await.unwrap();
    let events = bench.since().await;
    assert_eq!(
        types(&events),
        [EventType::NexusOperationCompleted, EventType::WorkflowTaskScheduled]
    );
    let again = bench.respond(&task, done("result")).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
}

#[tokio::test]
async fn a_handler_error_is_tried_again_unless_it_is_final() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    let task = bench.poll_nexus().await;
    bench.fail_request(&task, "INTERNAL").await;
    let info = bench.pending_operation().await;
    assert_eq!(
        (info.state(), info.attempt),
        (PendingNexusOperationState::BackingOff, 1)
    );
    assert!(info.next_attempt_schedule_time.is_some());
    bench.server.skip(Duration::from_secs(2));
    let task = bench.poll_nexus().await;
    bench.fail_request(&task, "BAD_REQUEST").await;
    let events = bench.since().await;
    assert_eq!(events[0].event_type(), EventType::NexusOperationFailed);
    let handler = match cause_of(&events[0]).failure_info {
        Some(FailureInfo::NexusHandlerFailureInfo(info)) => info.r#type,
        other => panic!("expected a handler's failure, got {other:?}"),
    };
    assert_eq!(handler, "BAD_REQUEST");
}

#[tokio::test]
async fn an_endpoint_that_fails_again_and_again_is_left_alone_for_a_minute() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    for attempt in 0..6 {
        let task = bench.poll_nexus().await;
        bench.fail_request(&task, "INTERNAL").await;
        bench.server.skip(Duration::from_secs(1 << attempt));
    }
    let info = bench.pending_operation().await;
    assert_eq!((info.state(), info.attempt), (PendingNexusOperationState::Blocked, 6));
    assert_eq!(info.blocked_reason, "The circuit breaker is open.");
    assert_eq!(info.next_attempt_schedule_time, None);
    bench.server.skip(Duration::from_secs(28));
    let task = bench.poll_nexus().await;
    bench.respond(&task, done("result")).await.unwrap();
    let events = bench.since().await;
    assert_eq!(events[0].event_type(), EventType::NexusOperationCompleted);
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_sent_again() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    let task = bench.poll_nexus().await;
    bench.server.skip(Duration::from_secs(9));
    let info = bench.pending_operation().await;
    assert_eq!(info.last_attempt_failure.unwrap().message, "upstream timeout");
    assert_eq!(
        bench.respond(&task, done("late")).await.unwrap_err().code(),
        Code::NotFound
    );
    bench.server.skip(Duration::from_secs(1));
    let task = bench.poll_nexus().await;
    bench.respond(&task, done("result")).await.unwrap();
}

#[tokio::test]
async fn operations_time_out_before_and_after_their_start() {
    let second = || Some(duration(Duration::from_secs(1)));
    let bench = Bench::calling(Time::Real, |command| command.schedule_to_start_timeout = second()).await;
    bench.server.skip(Duration::from_secs(2));
    assert_eq!(types(&bench.since().await)[0], EventType::NexusOperationTimedOut);

    let bench = Bench::calling(Time::Real, |command| command.start_to_close_timeout = second()).await;
    bench.server.skip(Duration::from_secs(2));
    assert_eq!(bench.since().await, [], "only a start begins start-to-close");
    let task = bench.poll_nexus().await;
    bench.respond(&task, begun("token")).await.unwrap();
    bench.server.skip(Duration::from_secs(2));
    let events = bench.since().await;
    assert_eq!(events[2].event_type(), EventType::NexusOperationTimedOut);
    assert_eq!(cause_of(&events[2]).message, "operation timed out");

    let bench = Bench::calling(Time::Real, |command| command.schedule_to_close_timeout = second()).await;
    let task = bench.poll_nexus().await;
    assert!(task.request.unwrap().header.contains_key("operation-timeout"));
    bench.server.skip(Duration::from_secs(2));
    assert_eq!(types(&bench.since().await)[0], EventType::NexusOperationTimedOut);
}

#[tokio::test]
async fn a_started_operation_is_cancelled_by_a_request_to_its_handler() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    let task = bench.poll_nexus().await;
    bench.respond(&task, begun("token")).await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![cancel(5)]).await.unwrap();
    let request = bench.poll_nexus().await;
    match request.request.clone().unwrap().variant {
        Some(request::Variant::CancelOperation(cancel)) => assert_eq!(cancel.operation_token, "token"),
        other => panic!("expected a request to cancel, got {other:?}"),
    }
    let answer = nexus::Response {
        variant: Some(response::Variant::CancelOperation(nexus::CancelOperationResponse {})),
    };
    bench.respond(&request, answer).await.unwrap();
    let info = bench.pending_operation().await;
    assert_eq!(
        info.cancellation_info.unwrap().state(),
        NexusOperationCancellationState::Succeeded
    );
    let last: Vec<_> = bench.events("caller").await.split_off(9);
    assert_eq!(
        last,
        [
            EventType::NexusOperationCancelRequested,
            EventType::NexusOperationCancelRequestCompleted,
            EventType::WorkflowTaskScheduled
        ]
    );
    let task = bench.poll().await;
    let twice = bench.answer(&task, vec![cancel(5)]).await.unwrap_err();
    assert!(twice.message().contains("cancelation was already requested"), "{twice}");
}

#[tokio::test]
async fn a_cancellation_waits_for_the_start() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    bench.signal("caller", "one").await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![cancel(5)]).await.unwrap();
    let start = bench.poll_nexus().await;
    bench.respond(&start, begun("token")).await.unwrap();
    let stop = bench.poll_nexus().await;
    bench.fail_request(&stop, "NOT_FOUND").await;
    let last = bench.events("caller").await.split_off(9);
    assert_eq!(
        last,
        [
            EventType::NexusOperationCancelRequested,
            EventType::NexusOperationStarted,
            EventType::WorkflowTaskScheduled,
            EventType::NexusOperationCancelRequestFailed
        ]
    );
}

#[tokio::test]
async fn bad_operations_fail_the_workflow_task() {
    let bench = real();
    create(&bench.server.operator_service(), spec("endpoint", "default", HANDLERS))
        .await
        .unwrap();
    type Set = fn(&mut command::ScheduleNexusOperationCommandAttributes);
    let bad: [(Set, &str); 4] = [
        (
            |command| "nowhere".clone_into(&mut command.endpoint),
            "endpoint \"nowhere\" not found",
        ),
        (
            |command| command.service = "x".repeat(1001),
            "Service exceeds length limit",
        ),
        (
            |command| {
                command
                    .nexus_header
                    .insert("Request-Timeout".to_owned(), "1s".to_owned());
            },
            "disallowed header key",
        ),
        (
            |command| command.start_to_close_timeout = Some(prost_types::Duration { seconds: -1, nanos: 0 }),
            "StartToCloseTimeout is invalid",
        ),
    ];
    for (at, (set, text)) in bad.into_iter().enumerate() {
        bench.start(&format!("workflow {at}")).await;
        let task = bench.poll().await;
        let status = bench.answer(&task, vec![schedule(set)]).await.unwrap_err();
        assert!(status.message().contains(text), "{status}");
        bench.terminate(&format!("workflow {at}")).await;
    }
    bench.start("many").await;
    let task = bench.poll().await;
    let many = (0..31).map(|_| schedule(|_| {})).collect();
    bench.answer(&task, many).await.unwrap_err();
    let failed = bench.history("many").await.remove(3);
    let Some(history_event::Attributes::WorkflowTaskFailedEventAttributes(failed)) = failed.attributes else {
        panic!("expected a failed task, got {failed:?}");
    };
    assert_eq!(
        failed.cause(),
        WorkflowTaskFailedCause::PendingNexusOperationsLimitExceeded
    );
}

/// Starts a workflow that completes the operation, and tells the caller unless told not to.
async fn with_handler(bench: &Bench, answers: bool) {
    let task = bench.poll_nexus().await;
    let request = StartWorkflowExecutionRequest {
        completion_callbacks: vec![callback_of(&task)],
        task_queue: queue("handler's workflows"),
        ..start("handler")
    };
    bench.start_with(request).await.unwrap();
    if answers {
        bench.respond(&task, begun("token")).await.unwrap();
    }
}

#[tokio::test]
async fn the_end_of_a_workflow_completes_the_operation_that_it_is() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    with_handler(&bench, true).await;
    let task = bench.poll_on("handler's workflows").await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    assert_eq!(
        types(&bench.since().await),
        [
            EventType::NexusOperationStarted,
            EventType::WorkflowTaskScheduled,
            EventType::NexusOperationCompleted
        ]
    );
    let callback = bench.describe("handler").await.callbacks.remove(0);
    assert_eq!(callback.state(), steadfast_proto::enums::CallbackState::Succeeded);
}

#[tokio::test]
async fn a_workflow_may_end_before_its_handler_answers() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    with_handler(&bench, false).await;
    let task = bench.poll_on("handler's workflows").await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let events = bench.since().await;
    assert_eq!(
        types(&events),
        [
            EventType::NexusOperationStarted,
            EventType::NexusOperationCompleted,
            EventType::WorkflowTaskScheduled
        ]
    );
    assert_eq!(events[0].links.len(), 1, "the start names the workflow");
}

#[tokio::test]
async fn the_operation_ends_as_its_workflow_does() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    with_handler(&bench, true).await;
    let task = bench.poll_on("handler's workflows").await;
    bench.answer(&task, vec![continue_as_new()]).await.unwrap();
    bench.server.skip(Duration::from_secs(2));
    let task = bench.poll_on("handler's workflows").await;
    bench
        .answer(&task, vec![fail(Failure::application("Bad", "no good"))])
        .await
        .unwrap();
    let failed = bench.since().await.remove(2);
    assert_eq!(failed.event_type(), EventType::NexusOperationFailed);
    assert_eq!(cause_of(&failed).message, "no good");

    let bench = Bench::calling(Time::Real, |_| {}).await;
    with_handler(&bench, true).await;
    bench.terminate("handler").await;
    let failed = bench.since().await.remove(2);
    assert_eq!(cause_of(&failed).message, "operation terminated");
}

#[tokio::test]
async fn a_callback_for_a_caller_that_is_gone_fails_visibly() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    with_handler(&bench, true).await;
    bench.terminate("caller").await;
    bench.terminate("handler").await;
    let callback = bench.describe("handler").await.callbacks.remove(0);
    assert_eq!(callback.state(), steadfast_proto::enums::CallbackState::Failed);
    let message = callback.last_attempt_failure.unwrap().message;
    assert!(message.contains("already completed"), "{message}");
}

#[tokio::test]
async fn a_second_operation_attaches_itself_to_the_same_workflow() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    with_handler(&bench, true).await;
    let task = bench.poll().await;
    bench.answer(&task, vec![schedule(|_| {})]).await.unwrap();
    let second = bench.poll_nexus().await;
    let request = StartWorkflowExecutionRequest {
        request_id: "second".to_owned(),
        completion_callbacks: vec![callback_of(&second)],
        workflow_id_conflict_policy: steadfast_proto::enums::WorkflowIdConflictPolicy::UseExisting.into(),
        on_conflict_options: Some(OnConflictOptions {
            attach_request_id: true,
            attach_completion_callbacks: true,
            attach_links: true,
        }),
        ..start("handler")
    };
    assert!(!bench.start_with(request).await.unwrap().started);
    bench.respond(&second, begun("token")).await.unwrap();
    bench.terminate("handler").await;
    let ended = |event: &EventType| *event == EventType::NexusOperationFailed;
    assert_eq!(bench.events("caller").await.into_iter().filter(ended).count(), 2);
}

#[tokio::test]
async fn only_the_servers_own_callbacks_are_taken() {
    let bench = real();
    for url in ["http://example.org", "nonsense", "temporal://elsewhere"] {
        let request = StartWorkflowExecutionRequest {
            completion_callbacks: vec![common::Callback {
                variant: Some(common::callback::Variant::Nexus(common::callback::Nexus {
                    url: url.to_owned(),
                    ..Default::default()
                })),
                links: Vec::new(),
            }],
            ..start("workflow")
        };
        let status = bench.start_with(request).await.unwrap_err();
        assert!(status.message().starts_with("invalid url"), "{status}");
    }
}

#[tokio::test]
async fn virtual_time_passes_until_an_operation_times_out_that_nobody_handles() {
    let hour = Some(duration(Duration::from_secs(3600)));
    let bench = Bench::calling(Time::Virtual, |command| command.schedule_to_close_timeout = hour).await;
    let waits = bench.closed("caller");
    let handles = async {
        let task = bench.poll().await;
        bench.answer(&task, vec![complete()]).await.unwrap();
    };
    let (closed, ()) = tokio::join!(waits, handles);
    assert_eq!(closed.event_type(), EventType::WorkflowExecutionCompleted);
    assert_eq!(types(&bench.since().await)[0], EventType::NexusOperationTimedOut);
}

#[tokio::test]
async fn a_reset_goes_on_with_the_operations_of_the_run() {
    let bench = Bench::calling(Time::Real, |_| {}).await;
    with_handler(&bench, true).await;
    let task = bench.poll().await;
    bench.answer(&task, vec![]).await.unwrap();
    let reset = ResetWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: execution("caller"),
        workflow_task_finish_event_id: 9,
        request_id: "reset".to_owned(),
        ..Default::default()
    };
    bench
        .service
        .reset_workflow_execution(Request::new(reset))
        .await
        .unwrap();
    bench.terminate("handler").await;
    assert!(bench.events("caller").await.contains(&EventType::NexusOperationFailed));
}
