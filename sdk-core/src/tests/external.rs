use super::*;
use crate::testing::{cancel_external, signal_external, timer};
use std::time::Duration;
use steadfast_proto::{
    Shared,
    common::WorkflowExecution,
    enums::{
        CancelExternalWorkflowExecutionFailedCause, EventType,
        SignalExternalWorkflowExecutionFailedCause as SignalCause,
    },
    history as h,
    history::history_event::Attributes as A,
};

fn other() -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: "other".to_owned(),
        ..WorkflowExecution::default()
    })
}

impl HistoryBuilder {
    fn signal_initiated(self, name: &str) -> Self {
        let initiated = h::SignalExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_execution: other(),
            signal_name: name.to_owned(),
            ..Default::default()
        };
        let attributes = A::SignalExternalWorkflowExecutionInitiatedEventAttributes(Shared::new(initiated));
        self.add(EventType::SignalExternalWorkflowExecutionInitiated, attributes)
    }

    fn signal_delivered(self, initiated_event_id: i64) -> Self {
        let signaled = h::ExternalWorkflowExecutionSignaledEventAttributes {
            initiated_event_id,
            ..Default::default()
        };
        let attributes = A::ExternalWorkflowExecutionSignaledEventAttributes(Shared::new(signaled));
        self.add(EventType::ExternalWorkflowExecutionSignaled, attributes)
    }

    fn signal_failed(self, initiated_event_id: i64, cause: SignalCause) -> Self {
        let failed = h::SignalExternalWorkflowExecutionFailedEventAttributes {
            initiated_event_id,
            cause: cause.into(),
            ..Default::default()
        };
        let attributes = A::SignalExternalWorkflowExecutionFailedEventAttributes(Shared::new(failed));
        self.add(EventType::SignalExternalWorkflowExecutionFailed, attributes)
    }

    fn cancel_initiated(self) -> Self {
        let initiated = h::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_execution: other(),
            ..Default::default()
        };
        let attributes = A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(Shared::new(initiated));
        self.add(EventType::RequestCancelExternalWorkflowExecutionInitiated, attributes)
    }

    fn cancel_delivered(self, initiated_event_id: i64) -> Self {
        let requested = h::ExternalWorkflowExecutionCancelRequestedEventAttributes {
            initiated_event_id,
            ..Default::default()
        };
        let attributes = A::ExternalWorkflowExecutionCancelRequestedEventAttributes(Shared::new(requested));
        self.add(EventType::ExternalWorkflowExecutionCancelRequested, attributes)
    }

    fn cancel_failed(self, initiated_event_id: i64) -> Self {
        let failed = h::RequestCancelExternalWorkflowExecutionFailedEventAttributes {
            initiated_event_id,
            cause: CancelExternalWorkflowExecutionFailedCause::ExternalWorkflowExecutionNotFound.into(),
            ..Default::default()
        };
        let attributes = A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(Shared::new(failed));
        self.add(EventType::RequestCancelExternalWorkflowExecutionFailed, attributes)
    }
}

fn signalling() -> Scripts {
    alone(|host| async move { Ok(Some(json_text(&word(&signal_external(&host, "other", "hello").await)))) })
}

#[test]
fn a_signal_to_another_workflow_is_awaited_until_it_is_there() {
    assert_eq!(next_commands(&signalling(), first_task()), "signal hello to other");
    let initiated = after_first_task().signal_initiated("hello");
    assert_eq!(next_commands(&signalling(), initiated.clone().open_task()), "");
    let delivered = initiated.signal_delivered(5);
    assert_eq!(
        next_commands(&signalling(), delivered.clone().open_task()),
        "complete \"nothing\""
    );
    assert_eq!(next_commands(&signalling(), delivered.task().completed()), "");
}

#[test]
fn a_signal_that_is_not_received_says_why() {
    for (cause, text) in [
        (SignalCause::ExternalWorkflowExecutionNotFound, "NotFound"),
        (SignalCause::NamespaceNotFound, "NamespaceNotFound"),
        (SignalCause::SignalCountLimitExceeded, "SignalLimit"),
    ] {
        let history = after_first_task()
            .signal_initiated("hello")
            .signal_failed(5, cause)
            .open_task();
        assert_eq!(next_commands(&signalling(), history), format!("complete \"{text}\""));
    }
}

#[test]
fn a_signal_cancelled_before_it_was_sent_is_never_sent() {
    let scripts = alone(|host| async move {
        let signal = signal_external(&host, "other", "hello");
        signal.cancel();
        Ok(Some(json_text(&word(&signal.await))))
    });
    assert_eq!(next_commands(&scripts, first_task()), "complete \"cancelled\"");
}

#[test]
fn a_cancellation_that_finds_a_signal_on_its_way_reaches_what_comes_after() {
    let scripts = alone(|host| async move {
        let signal = word(&signal_external(&host, "other", "hello").await);
        let sleep = word(&timer(&host, Duration::from_secs(1)).await);
        Ok(Some(json_text(&format!("{signal}, {sleep}"))))
    });
    let history = after_first_task().signal_initiated("hello").cancel_requested();
    assert_eq!(next_commands(&scripts, history.clone().open_task()), "");
    let history = history.task().signal_delivered(5).open_task();
    assert_eq!(next_commands(&scripts, history), "complete \"nothing, cancelled\"");
}

#[test]
fn another_signal_than_the_recorded_one_is_a_mismatch() {
    let error = replay_error(&signalling(), after_first_task().signal_initiated("bye").open_task());
    assert!(
        error.contains("signal is 'bye' in history and 'hello' in the code"),
        "{error}"
    );
}

#[test]
fn the_cancellation_of_another_workflow_is_requested_or_not() {
    let scripts = alone(|host| async move { Ok(Some(json_text(&word(&cancel_external(&host, "other").await)))) });
    assert_eq!(next_commands(&scripts, first_task()), "cancel workflow other");
    let initiated = after_first_task().cancel_initiated();
    let delivered = initiated.clone().cancel_delivered(5).open_task();
    assert_eq!(next_commands(&scripts, delivered), "complete \"nothing\"");
    let failed = initiated.cancel_failed(5).open_task();
    assert_eq!(next_commands(&scripts, failed), "complete \"NotFound\"");
}
