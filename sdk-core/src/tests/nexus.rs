use super::*;
use crate::{
    Command, NexusCancellation,
    testing::{Awaiting, activity},
};
use NexusCancellation::{Abandon, TryCancel, WaitCancellationCompleted, WaitCancellationRequested};
use steadfast_proto::{
    Shared, command::ScheduleNexusOperationCommandAttributes, common::Payload, enums::EventType as E, history as h,
    history::history_event::Attributes as A,
};

fn call(host: &crate::Host, cancellation: NexusCancellation) -> Awaiting {
    let attributes = ScheduleNexusOperationCommandAttributes {
        endpoint: "e".to_owned(),
        service: "s".to_owned(),
        operation: "o".to_owned(),
        ..Default::default()
    };
    let command = Command::NexusOperation {
        attributes: Box::new(attributes),
        cancellation,
        user_metadata: None,
    };
    Awaiting::new(host, command)
}

/// Calls, and tells what it hears until the end.
fn calling() -> Scripts {
    alone(|host| async move {
        let mut operation = call(&host, WaitCancellationCompleted);
        let mut heard = vec![(&mut operation).await];
        if matches!(heard[0], Resolution::OperationStarted { .. }) {
            heard.push((&mut operation).await);
        }
        let heard: Vec<String> = heard.iter().map(word).collect();
        Ok(Some(json_text(&heard.join(", "))))
    })
}

/// Calls, cancels after an activity, and tells what it hears then.
fn cancelling(cancellation: NexusCancellation) -> Scripts {
    alone(move |host| async move {
        let mut operation = call(&host, cancellation);
        activity(&host, "a").await;
        operation.cancel();
        operation.cancel();
        let mut heard = (&mut operation).await;
        if matches!(heard, Resolution::OperationStarted { .. }) {
            heard = (&mut operation).await;
        }
        let heard = word(&heard);
        activity(&host, "after").await;
        Ok(Some(json_text(&heard)))
    })
}

fn scheduled(history: HistoryBuilder) -> HistoryBuilder {
    scheduled_as(history, "o")
}

fn scheduled_as(history: HistoryBuilder, operation: &str) -> HistoryBuilder {
    let attributes = h::NexusOperationScheduledEventAttributes {
        endpoint: "e".to_owned(),
        service: "s".to_owned(),
        operation: operation.to_owned(),
        ..Default::default()
    };
    history.add(
        E::NexusOperationScheduled,
        A::NexusOperationScheduledEventAttributes(Shared::new(attributes)),
    )
}

fn started(history: HistoryBuilder) -> HistoryBuilder {
    let attributes = h::NexusOperationStartedEventAttributes {
        scheduled_event_id: 5,
        operation_token: "token".to_owned(),
        ..Default::default()
    };
    history.add(
        E::NexusOperationStarted,
        A::NexusOperationStartedEventAttributes(Shared::new(attributes)),
    )
}

fn completed(history: HistoryBuilder) -> HistoryBuilder {
    let attributes = h::NexusOperationCompletedEventAttributes {
        scheduled_event_id: 5,
        result: Some(Payload::encoded("json/plain", "7")),
        ..Default::default()
    };
    history.add(
        E::NexusOperationCompleted,
        A::NexusOperationCompletedEventAttributes(Shared::new(attributes)),
    )
}

fn cancel_requested(history: HistoryBuilder) -> HistoryBuilder {
    let attributes = h::NexusOperationCancelRequestedEventAttributes {
        scheduled_event_id: 5,
        ..Default::default()
    };
    history.add(
        E::NexusOperationCancelRequested,
        A::NexusOperationCancelRequestedEventAttributes(Shared::new(attributes)),
    )
}

fn request_completed(history: HistoryBuilder) -> HistoryBuilder {
    let attributes = h::NexusOperationCancelRequestCompletedEventAttributes {
        scheduled_event_id: 5,
        ..Default::default()
    };
    history.add(
        E::NexusOperationCancelRequestCompleted,
        A::NexusOperationCancelRequestCompletedEventAttributes(Shared::new(attributes)),
    )
}

fn request_failed(history: HistoryBuilder) -> HistoryBuilder {
    let attributes = h::NexusOperationCancelRequestFailedEventAttributes {
        scheduled_event_id: 5,
        failure: Some(Failure::application("Busy", "not now")),
        ..Default::default()
    };
    history.add(
        E::NexusOperationCancelRequestFailed,
        A::NexusOperationCancelRequestFailedEventAttributes(Shared::new(attributes)),
    )
}

fn canceled(history: HistoryBuilder) -> HistoryBuilder {
    let attributes = h::NexusOperationCanceledEventAttributes {
        scheduled_event_id: 5,
        ..Default::default()
    };
    history.add(
        E::NexusOperationCanceled,
        A::NexusOperationCanceledEventAttributes(Shared::new(attributes)),
    )
}

fn failed(history: HistoryBuilder) -> HistoryBuilder {
    let attributes = h::NexusOperationFailedEventAttributes {
        scheduled_event_id: 5,
        failure: Some(Failure::application("Bad", "no luck")),
        ..Default::default()
    };
    history.add(
        E::NexusOperationFailed,
        A::NexusOperationFailedEventAttributes(Shared::new(attributes)),
    )
}

fn timed_out(history: HistoryBuilder) -> HistoryBuilder {
    let attributes = h::NexusOperationTimedOutEventAttributes {
        scheduled_event_id: 5,
        ..Default::default()
    };
    history.add(
        E::NexusOperationTimedOut,
        A::NexusOperationTimedOutEventAttributes(Shared::new(attributes)),
    )
}

/// The run until the request to cancel is sent.
fn until_cancelled(was_started: bool) -> HistoryBuilder {
    let history = scheduled(after_first_task()).activity_scheduled("1", "a");
    let history = if was_started { started(history) } else { history };
    history.activity_completed("1", 1)
}

#[test]
fn an_operation_that_is_done_at_once_never_starts() {
    assert_eq!(next_commands(&calling(), first_task()), "nexus e s o");
    let history = completed(scheduled(after_first_task())).open_task();
    assert_eq!(next_commands(&calling(), history), "complete \"7\"");
}

#[test]
fn an_operation_that_takes_a_while_is_heard_of_twice() {
    let history = started(scheduled(after_first_task()));
    assert_eq!(next_commands(&calling(), history.clone().open_task()), "");
    let history = completed(history.task()).open_task();
    assert_eq!(next_commands(&calling(), history), "complete \"started token, 7\"");
    // Both at once.
    let history = completed(started(scheduled(after_first_task()))).open_task();
    assert_eq!(next_commands(&calling(), history), "complete \"started token, 7\"");
}

#[test]
fn an_operation_may_fail_or_time_out_or_be_cancelled_by_its_handler() {
    for (close, expected) in [
        (failed as fn(HistoryBuilder) -> HistoryBuilder, "no luck"),
        (timed_out, "Nexus operation timed out"),
        (canceled, "Nexus operation cancelled"),
    ] {
        let history = close(scheduled(after_first_task())).open_task();
        let commands = next_commands(&calling(), history);
        assert!(commands.contains(expected), "{commands}");
    }
}

#[test]
fn cancelling_before_it_is_sent_sends_nothing() {
    let scripts = alone(|host| async move {
        let operation = call(&host, WaitCancellationCompleted);
        operation.cancel();
        Ok(Some(json_text(&word(&operation.await))))
    });
    let commands = next_commands(&scripts, first_task());
    assert!(
        commands.starts_with("complete") && commands.contains("cancelled"),
        "{commands}"
    );
}

#[test]
fn cancelling_means_what_its_type_says() {
    for was_started in [false, true] {
        let asked = |cancellation| next_commands(&cancelling(cancellation), until_cancelled(was_started).open_task());
        assert_eq!(asked(Abandon), "activity 2 after");
        assert_eq!(asked(TryCancel), "cancel nexus of 5, activity 2 after");
        assert_eq!(asked(WaitCancellationRequested), "cancel nexus of 5");
        assert_eq!(asked(WaitCancellationCompleted), "cancel nexus of 5");
    }
}

#[test]
fn who_waits_for_the_request_goes_on_when_the_handler_has_it_or_refused_it() {
    let history = cancel_requested(until_cancelled(true).task());
    let goes_on = |cancellation, answer: fn(HistoryBuilder) -> HistoryBuilder| {
        next_commands(&cancelling(cancellation), answer(history.clone()).open_task())
    };
    assert_eq!(
        goes_on(WaitCancellationRequested, request_completed),
        "activity 2 after"
    );
    assert_eq!(goes_on(WaitCancellationRequested, request_failed), "activity 2 after");
    assert_eq!(goes_on(WaitCancellationCompleted, request_completed), "");
    assert_eq!(
        goes_on(WaitCancellationCompleted, request_failed),
        "",
        "it may still end"
    );
    assert_eq!(goes_on(WaitCancellationCompleted, canceled), "activity 2 after");
    assert_eq!(goes_on(WaitCancellationCompleted, completed), "activity 2 after");
}

#[test]
fn what_comes_after_the_caller_went_on_is_passed_over() {
    let history = cancel_requested(until_cancelled(true).task()).activity_scheduled("2", "after");
    let history = completed(request_completed(history))
        .activity_completed("2", 1)
        .open_task();
    let commands = next_commands(&cancelling(TryCancel), history);
    assert!(
        commands.starts_with("complete") && commands.contains("Nexus operation cancelled"),
        "{commands}"
    );
    // Also when the answer to the request comes after the end.
    let history = cancel_requested(until_cancelled(true).task());
    let history = request_failed(completed(history)).open_task();
    assert_eq!(
        next_commands(&cancelling(WaitCancellationCompleted), history),
        "activity 2 after"
    );
}

#[test]
fn another_operation_than_the_recorded_one_is_a_mismatch() {
    let history = completed(scheduled_as(after_first_task(), "other")).open_task();
    let error = replay_error(&calling(), history);
    assert!(
        error.contains("Nexus operation is 'other' in history and 'o' in the code"),
        "{error}"
    );
    assert!(error.contains("5 NexusOperationScheduled other of s"), "{error}");
}
