use super::*;
use crate::{
    ActivityCancellation,
    testing::{activity, activity_with, timer},
};
use std::{future::Future, time::Duration};

fn cancelling(cancellation: ActivityCancellation) -> Scripts {
    alone(move |host| async move {
        let work = activity_with(&host, "work", cancellation);
        timer(&host, Duration::from_secs(1)).await;
        work.cancel();
        Ok(Some(json_text(&word(&work.await))))
    })
}

fn scheduled() -> HistoryBuilder {
    after_first_task()
        .activity_scheduled("1", "work")
        .timer_started("1")
        .timer_fired("1")
}

#[test]
fn trying_to_cancel_asks_and_goes_on_at_once() {
    let scripts = cancelling(ActivityCancellation::TryCancel);
    assert_eq!(
        next_commands(&scripts, scheduled().open_task()),
        "cancel activity of 5, complete \"activity cancelled: activity cancelled\""
    );
    let history = scheduled().task().activity_cancel_requested("1").completed();
    assert_eq!(next_commands(&scripts, history), "");
}

#[test]
fn waiting_for_a_cancellation_asks_and_waits_for_the_end() {
    let scripts = cancelling(ActivityCancellation::WaitCancellationCompleted);
    assert_eq!(next_commands(&scripts, scheduled().open_task()), "cancel activity of 5");
    let requested = scheduled().task().activity_cancel_requested("1");
    assert_eq!(
        next_commands(&scripts, requested.clone().activity_canceled("1").open_task()),
        "complete \"activity cancelled: activity cancelled\""
    );
    assert_eq!(
        next_commands(&scripts, requested.activity_completed("1", 3).open_task()),
        "complete \"3\""
    );
}

#[test]
fn abandoning_asks_nothing_and_goes_on() {
    let scripts = alone(|host| async move {
        let work = activity_with(&host, "work", ActivityCancellation::Abandon);
        timer(&host, Duration::from_secs(1)).await;
        work.cancel();
        work.await;
        timer(&host, Duration::from_secs(1)).await;
        Ok(None)
    });
    assert_eq!(next_commands(&scripts, scheduled().open_task()), "timer 2");
    let late = scheduled()
        .task()
        .timer_started("2")
        .activity_completed("1", 1)
        .timer_fired("2")
        .open_task();
    assert_eq!(next_commands(&scripts, late), "complete");
}

#[test]
fn an_activity_cancelled_before_it_was_sent_is_never_sent() {
    let scripts = alone(|host| async move {
        let work = activity(&host, "work");
        work.cancel();
        Ok(Some(json_text(&word(&work.await))))
    });
    assert_eq!(
        next_commands(&scripts, first_task()),
        "complete \"activity cancelled: activity cancelled\""
    );
}

#[test]
fn a_cancelled_run_cancels_all_that_is_pending_and_ends_as_cancelled() {
    let scripts = alone(|host| async move {
        let _limit = timer(&host, Duration::from_secs(100));
        let result = activity(&host, "work").await;
        Err(fail_with(result))
    });
    let history = after_first_task()
        .timer_started("1")
        .activity_scheduled("1", "work")
        .cancel_requested();
    assert_eq!(
        next_commands(&scripts, history.clone().open_task()),
        "cancel timer 1, cancel activity of 6, cancel workflow"
    );
    let history = history
        .task()
        .timer_canceled("1")
        .activity_cancel_requested("1")
        .canceled();
    assert_eq!(next_commands(&scripts, history), "");
}

#[test]
fn clean_up_after_a_cancellation_needs_no_shield() {
    let scripts = alone(|host| async move {
        let result = activity(&host, "work").await;
        activity(&host, "undo").await;
        Err(fail_with(result))
    });
    let history = after_first_task()
        .activity_scheduled("1", "work")
        .cancel_requested()
        .task()
        .activity_cancel_requested("1")
        .activity_scheduled("2", "undo")
        .activity_completed("2", 1)
        .open_task();
    assert_eq!(next_commands(&scripts, history), "cancel workflow");
}

#[test]
fn a_run_cancelled_before_its_first_task_cancels_the_first_operation() {
    let scripts = alone(|host| async move {
        assert!(host.is_cancel_requested());
        let first = word(&timer(&host, Duration::from_secs(1)).await);
        activity(&host, "undo").await;
        Ok(Some(json_text(&first)))
    });
    let history = HistoryBuilder::new("script").cancel_requested();
    assert_eq!(next_commands(&scripts, history.clone().open_task()), "activity 1 undo");
    let history = history
        .task()
        .activity_scheduled("1", "undo")
        .activity_completed("1", 1)
        .open_task();
    assert_eq!(next_commands(&scripts, history), "complete \"cancelled\"");
}

#[test]
fn a_cancelled_failure_without_a_request_fails_the_run() {
    let scripts = alone(|_| async { Err(crate::Exit::Failed(Box::new(Failure::cancelled("stopped")))) });
    assert_eq!(next_commands(&scripts, first_task()), "fail stopped");
}

#[test]
fn a_second_request_changes_nothing() {
    let scripts = alone(|host| async move {
        let first = word(&timer(&host, Duration::from_secs(1)).await);
        let second = word(&timer(&host, Duration::from_secs(1)).await);
        Ok(Some(json_text(&format!("{first} {second}"))))
    });
    let history = after_first_task()
        .timer_started("1")
        .cancel_requested()
        .task()
        .timer_canceled("1")
        .timer_started("2")
        .cancel_requested()
        .timer_fired("2")
        .open_task();
    assert_eq!(next_commands(&scripts, history), "complete \"cancelled fired\"");
}

/// Polls a future with its scope entered.
async fn inside<F: Future>(host: crate::Host, scope: crate::ScopeId, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| {
        let outside = host.enter_scope(Some(scope));
        let poll = future.as_mut().poll(context);
        host.enter_scope(outside);
        poll
    })
    .await
}

#[test]
fn a_cancelled_scope_cancels_what_was_asked_for_inside_alone() {
    let scripts = alone(|host| async move {
        let _outside = activity(&host, "outside");
        let scope = host.open_scope(false);
        inside(host.clone(), scope, async {
            let work = activity(&host, "inside");
            timer(&host, Duration::from_secs(1)).await;
            host.cancel_scope(scope);
            Ok(Some(json_text(&word(&work.await))))
        })
        .await
    });
    let history = after_first_task()
        .activity_scheduled("1", "outside")
        .activity_scheduled("2", "inside")
        .timer_started("1")
        .timer_fired("1")
        .open_task();
    assert_eq!(
        next_commands(&scripts, history),
        "cancel activity of 6, complete \"activity cancelled: activity cancelled\""
    );
}

#[test]
fn a_cancelled_run_reaches_what_comes_after_a_shielded_scope() {
    let scripts = alone(|host| async move {
        let scope = host.open_scope(true);
        inside(host.clone(), scope, async {
            timer(&host, Duration::from_secs(1)).await
        })
        .await;
        host.close_scope(scope);
        let result = activity(&host, "after").await;
        Err(fail_with(result))
    });
    let history = after_first_task().timer_started("1").cancel_requested();
    assert_eq!(next_commands(&scripts, history.clone().open_task()), "");
    let history = history.task().timer_fired("1").open_task();
    assert_eq!(next_commands(&scripts, history), "cancel workflow");
}
