use super::*;
use crate::{
    ChildCancellation,
    testing::{activity, child, timer},
};
use ChildCancellation::{Abandon, TryCancel, WaitCancellationCompleted, WaitCancellationRequested};
use std::time::Duration;
use steadfast_proto::{
    Shared,
    common::{WorkflowExecution, WorkflowType},
    enums::{EventType, StartChildWorkflowExecutionFailedCause},
    history as h,
    history::history_event::Attributes as A,
};

fn execution(id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: id.to_owned(),
        run_id: "child run".to_owned(),
    })
}

impl HistoryBuilder {
    fn child_initiated(self, id: &str, type_name: &str) -> Self {
        let initiated = h::StartChildWorkflowExecutionInitiatedEventAttributes {
            workflow_id: id.to_owned(),
            workflow_type: Some(WorkflowType {
                name: type_name.to_owned(),
            }),
            ..Default::default()
        };
        let attributes = A::StartChildWorkflowExecutionInitiatedEventAttributes(Shared::new(initiated));
        self.add(EventType::StartChildWorkflowExecutionInitiated, attributes)
    }

    fn child_not_started(self, initiated_event_id: i64) -> Self {
        let failed = h::StartChildWorkflowExecutionFailedEventAttributes {
            cause: StartChildWorkflowExecutionFailedCause::WorkflowAlreadyExists.into(),
            initiated_event_id,
            ..Default::default()
        };
        let attributes = A::StartChildWorkflowExecutionFailedEventAttributes(Shared::new(failed));
        self.add(EventType::StartChildWorkflowExecutionFailed, attributes)
    }

    fn child_started(self, id: &str, initiated_event_id: i64) -> Self {
        let started = h::ChildWorkflowExecutionStartedEventAttributes {
            initiated_event_id,
            workflow_execution: execution(id),
            ..Default::default()
        };
        let attributes = A::ChildWorkflowExecutionStartedEventAttributes(Shared::new(started));
        self.add(EventType::ChildWorkflowExecutionStarted, attributes)
    }

    fn child_completed(self, initiated_event_id: i64) -> Self {
        let completed = h::ChildWorkflowExecutionCompletedEventAttributes {
            initiated_event_id,
            result: Some(json_text("done")),
            ..Default::default()
        };
        let attributes = A::ChildWorkflowExecutionCompletedEventAttributes(Shared::new(completed));
        self.add(EventType::ChildWorkflowExecutionCompleted, attributes)
    }

    fn child_canceled(self, initiated_event_id: i64) -> Self {
        let canceled = h::ChildWorkflowExecutionCanceledEventAttributes {
            initiated_event_id,
            ..Default::default()
        };
        let attributes = A::ChildWorkflowExecutionCanceledEventAttributes(Shared::new(canceled));
        self.add(EventType::ChildWorkflowExecutionCanceled, attributes)
    }

    fn child_terminated(self, initiated_event_id: i64) -> Self {
        let terminated = h::ChildWorkflowExecutionTerminatedEventAttributes {
            initiated_event_id,
            ..Default::default()
        };
        let attributes = A::ChildWorkflowExecutionTerminatedEventAttributes(Shared::new(terminated));
        self.add(EventType::ChildWorkflowExecutionTerminated, attributes)
    }

    fn child_cancel_initiated(self, id: &str) -> Self {
        let initiated = h::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_execution: execution(id),
            child_workflow_only: true,
            ..Default::default()
        };
        let attributes = A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(Shared::new(initiated));
        self.add(EventType::RequestCancelExternalWorkflowExecutionInitiated, attributes)
    }

    fn child_cancel_requested(self, initiated_event_id: i64) -> Self {
        let requested = h::ExternalWorkflowExecutionCancelRequestedEventAttributes {
            initiated_event_id,
            ..Default::default()
        };
        let attributes = A::ExternalWorkflowExecutionCancelRequestedEventAttributes(Shared::new(requested));
        self.add(EventType::ExternalWorkflowExecutionCancelRequested, attributes)
    }
}

/// Tells how its child starts, and how it ends.
fn parent() -> Scripts {
    alone(|host| async move {
        let mut child = child(&host, "c", WaitCancellationCompleted);
        let start = word(&(&mut child).await);
        if !start.starts_with("started") {
            return Ok(Some(json_text(&start)));
        }
        activity(&host, &start).await;
        Ok(Some(json_text(&word(&child.await))))
    })
}

#[test]
fn a_child_is_resolved_when_it_starts_and_when_it_ends() {
    assert_eq!(next_commands(&parent(), first_task()), "child c child on queue");
    let started = after_first_task().child_initiated("c", "child").child_started("c", 5);
    assert_eq!(
        next_commands(&parent(), started.clone().open_task()),
        "activity 1 started child run"
    );
    let scheduled = started.task().activity_scheduled("1", "started child run");
    let ended = scheduled.activity_completed("1", 1).child_completed(5);
    assert_eq!(
        next_commands(&parent(), ended.clone().open_task()),
        r#"complete "\"done\"""#
    );
    assert_eq!(next_commands(&parent(), ended.task().completed()), "");
}

#[test]
fn a_child_that_ended_before_its_parent_looked_has_started_all_the_same() {
    let history = after_first_task()
        .child_initiated("c", "child")
        .child_started("c", 5)
        .child_completed(5);
    assert_eq!(
        next_commands(&parent(), history.open_task()),
        "activity 1 started child run"
    );
}

#[test]
fn a_child_whose_id_is_taken_is_not_started() {
    let history = after_first_task().child_initiated("c", "child").child_not_started(5);
    assert_eq!(
        next_commands(&parent(), history.open_task()),
        "complete \"child workflow not started: a workflow of id 'c' exists already\""
    );
}

#[test]
fn a_terminated_child_fails() {
    let history = after_first_task()
        .child_initiated("c", "child")
        .child_started("c", 5)
        .task()
        .activity_scheduled("1", "started child run")
        .activity_completed("1", 1)
        .child_terminated(5)
        .open_task();
    assert_eq!(
        next_commands(&parent(), history),
        "complete \"child workflow terminated: child workflow terminated\""
    );
}

/// Cancels its child once that runs, and tells how it ends.
fn cancelling(cancellation: ChildCancellation) -> Scripts {
    alone(move |host| async move {
        let mut child = child(&host, "c", cancellation);
        (&mut child).await;
        child.cancel();
        let end = word(&child.await);
        timer(&host, Duration::from_secs(1)).await;
        Ok(Some(json_text(&end)))
    })
}

fn started() -> HistoryBuilder {
    after_first_task().child_initiated("c", "child").child_started("c", 5)
}

#[test]
fn an_abandoned_child_hears_nothing_and_its_end_is_passed_over() {
    let scripts = cancelling(Abandon);
    assert_eq!(next_commands(&scripts, started().open_task()), "timer 1");
    let late = started().task().timer_started("1").child_completed(5).timer_fired("1");
    assert_eq!(
        next_commands(&scripts, late.open_task()),
        "complete \"child workflow cancelled: child workflow cancelled\""
    );
}

#[test]
fn trying_to_cancel_a_child_asks_and_goes_on_at_once() {
    let scripts = cancelling(TryCancel);
    assert_eq!(
        next_commands(&scripts, started().open_task()),
        "cancel child c, timer 1"
    );
    let late = started()
        .task()
        .child_cancel_initiated("c")
        .timer_started("1")
        .child_cancel_requested(10)
        .child_canceled(5)
        .timer_fired("1");
    assert_eq!(
        next_commands(&scripts, late.open_task()),
        "complete \"child workflow cancelled: child workflow cancelled\""
    );
}

#[test]
fn waiting_for_the_request_goes_on_once_the_child_has_it() {
    let scripts = cancelling(WaitCancellationRequested);
    assert_eq!(next_commands(&scripts, started().open_task()), "cancel child c");
    let initiated = started().task().child_cancel_initiated("c");
    assert_eq!(next_commands(&scripts, initiated.clone().open_task()), "");
    let requested = initiated.child_cancel_requested(10);
    assert_eq!(next_commands(&scripts, requested.clone().open_task()), "timer 1");
    let late = requested.task().timer_started("1").child_completed(5).timer_fired("1");
    assert_eq!(
        next_commands(&scripts, late.open_task()),
        "complete \"child workflow cancelled: child workflow cancelled\""
    );
}

#[test]
fn waiting_for_a_cancelled_child_waits_for_its_end() {
    let scripts = cancelling(WaitCancellationCompleted);
    let requested = started().task().child_cancel_initiated("c").child_cancel_requested(10);
    assert_eq!(next_commands(&scripts, requested.clone().open_task()), "");
    assert_eq!(
        next_commands(&scripts, requested.child_canceled(5).open_task()),
        "timer 1"
    );
}

#[test]
fn a_child_cancelled_before_it_was_sent_is_never_sent() {
    let scripts = alone(|host| async move {
        let child = child(&host, "c", WaitCancellationCompleted);
        child.cancel();
        Ok(Some(json_text(&word(&child.await))))
    });
    assert_eq!(
        next_commands(&scripts, first_task()),
        "complete \"child workflow cancelled: child workflow cancelled\""
    );
}

#[test]
fn a_child_is_cancelled_with_its_parent_before_it_runs() {
    let history = after_first_task().child_initiated("c", "child").cancel_requested();
    assert_eq!(next_commands(&parent(), history.open_task()), "cancel child c");
}

#[test]
fn a_child_nobody_waits_for_leaves_nothing_behind() {
    let scripts = alone(|host| async move {
        drop(child(&host, "c", WaitCancellationCompleted));
        timer(&host, Duration::from_secs(1)).await;
        Ok(None)
    });
    let history = after_first_task()
        .child_initiated("c", "child")
        .timer_started("1")
        .child_started("c", 5)
        .child_completed(5)
        .timer_fired("1");
    assert_eq!(next_commands(&scripts, history.open_task()), "complete");
}

#[test]
fn another_child_than_the_recorded_one_is_a_mismatch() {
    let error = replay_error(&parent(), after_first_task().child_initiated("d", "child").open_task());
    assert!(
        error.contains("child workflow's id is 'd' in history and 'c' in the code"),
        "{error}"
    );
    let error = replay_error(&parent(), after_first_task().child_initiated("c", "other").open_task());
    assert!(
        error.contains("child workflow's type is 'other' in history and 'child'"),
        "{error}"
    );
}
