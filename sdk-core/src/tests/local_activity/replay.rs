//! Along a history: nothing runs, markers tell.

use super::*;

fn value(text: &str) -> Result<serde_json::Value, Failure> {
    Ok(serde_json::Value::from(text))
}

#[test]
fn on_replay_nothing_runs_and_markers_tell() {
    let history = after_first_task()
        .local_activity(2, "b", Some(1), value("B"))
        .local_activity(1, "a", Some(2), value("A"))
        .local_activity(3, "c", Some(3), value("C"))
        .completed();
    assert_eq!(next_commands(&three(), history), "");
}

/// Which of two is awaited first depends on which ended first.
fn race() -> Scripts {
    alone(|host| async move {
        let (a, b) = (local_activity(&host, "a"), local_activity(&host, "b"));
        let (mut a, mut b) = (Box::pin(a), Box::pin(b));
        let first = std::future::poll_fn(|context| {
            use std::task::Poll;
            match (a.as_mut().poll(context), b.as_mut().poll(context)) {
                (Poll::Ready(_), Poll::Ready(_)) => Poll::Ready("both"),
                (Poll::Ready(_), Poll::Pending) => Poll::Ready("a"),
                (Poll::Pending, Poll::Ready(_)) => Poll::Ready("b"),
                (Poll::Pending, Poll::Pending) => Poll::Pending,
            }
        });
        let first = first.await;
        activity(&host, first).await;
        Ok(None)
    })
}

#[test]
fn what_ended_together_is_delivered_together_on_replay() {
    let history = |second| {
        after_first_task()
            .local_activity(2, "b", Some(1), value("B"))
            .local_activity(1, "a", Some(second), value("A"))
    };
    let replays = |history: HistoryBuilder, name| {
        let history = history.activity_scheduled("3", name).activity_completed("3", 1);
        assert_eq!(next_commands(&race(), history.open_task()), "complete", "{name}");
    };
    replays(history(1), "both");
    // Older cores didn't count; then what is known is delivered at once.
    let uncounted = after_first_task()
        .local_activity(2, "b", None, value("B"))
        .local_activity(1, "a", None, value("A"));
    replays(uncounted, "both");
    // The second one's marker comes after what the first one led to.
    let apart = after_first_task()
        .local_activity(2, "b", Some(1), value("B"))
        .activity_scheduled("3", "b")
        .local_activity(1, "a", Some(2), value("A"))
        .activity_completed("3", 1)
        .open_task();
    assert_eq!(next_commands(&race(), apart), "complete");
}

#[test]
fn groups_that_nothing_makes_code_run_for_are_delivered_one_by_one() {
    let history = after_first_task()
        .local_activity(2, "b", Some(4), value("B"))
        .activity_scheduled("3", "b")
        .local_activity(1, "a", Some(6), value("A"))
        .activity_completed("3", 1)
        .open_task();
    assert_eq!(next_commands(&race(), history), "complete");
}

#[test]
fn one_that_spans_tasks_is_told_by_the_marker_of_a_later_one() {
    let history = HistoryBuilder::new("script")
        .task()
        .task()
        .signaled("x")
        .task()
        .local_activity(2, "b", Some(0), value("B"))
        .local_activity(1, "a", Some(1), value("A"))
        .local_activity(3, "c", Some(2), value("C"))
        .completed();
    assert_eq!(next_commands(&three(), history), "");
}

#[test]
fn what_history_has_no_end_of_is_run_now() {
    let mut bench = Bench::new(three());
    let history = after_first_task().signaled("x").open_task();
    assert_eq!(bench.give(&history, 0), "run a; run b");
    assert_eq!(bench.returns("a", "A"), "");
    let partly = after_first_task()
        .local_activity(2, "b", Some(1), value("B"))
        .open_task();
    let mut bench = Bench::new(three());
    assert_eq!(bench.give(&partly, 0), "run a");
}

#[test]
fn one_that_was_cancelled_before_its_worker_died_is_not_run_again() {
    let scripts = alone(|host| async move {
        let charging = local_activity_with(&host, charge(), ActivityCancellation::WaitCancellationCompleted);
        activity(&host, "beside").await;
        charging.cancel();
        Ok(Some(json_text(&word(&charging.await))))
    });
    let history = after_first_task()
        .activity_scheduled("2", "beside")
        .activity_completed("2", 1)
        .task()
        .open_task();
    assert_eq!(
        next_commands(&scripts, history),
        "local 1 charge in run 0 failed: Activity cancelled, at no time, \
         complete \"local activity cancelled: Activity cancelled\""
    );
}

#[test]
fn a_cancelled_one_is_told_by_its_marker() {
    let cancelled = Failure::cancelled("Activity cancelled");
    let history = after_first_task()
        .local_activity(2, "a", Some(1), value("A"))
        .local_activity(1, "charge", Some(2), Err(cancelled))
        .activity_scheduled("3", "after")
        .activity_completed("3", 1)
        .open_task();
    let scripts = cancelling(ActivityCancellation::TryCancel);
    assert_eq!(
        next_commands(&scripts, history),
        "complete \"local activity cancelled: Activity cancelled\""
    );
}

#[test]
fn retries_after_timers_replay() {
    let busy = || Err(Failure::application("Busy", "busy"));
    let wait = Some(Duration::from_secs(100));
    let history = after_first_task()
        .local_attempt(1, "charge", Some(1), busy(), 8, wait)
        .timer_started("1")
        .timer_fired("1")
        .task()
        .local_attempt(2, "charge", Some(1), busy(), 9, wait)
        .timer_started("2")
        .timer_fired("2")
        .open_task();
    let mut bench = Bench::new(one(charge()));
    assert_eq!(bench.give(&history, 0), "run charge again (10)");
}

#[test]
fn another_activity_than_recorded_is_a_mismatch() {
    let history = || after_first_task().local_activity(1, "charge", Some(1), value("ok"));
    assert_eq!(next_commands(&one(charge()), history().completed()), "");
    let refund = LocalActivityAttributes {
        activity_type: "refund".to_owned(),
        ..charge()
    };
    let error = replay_error(&one(refund), history().completed());
    assert!(
        error.contains("history has MarkerRecorded, the code nothing"),
        "{error}"
    );
    assert!(error.contains("5 MarkerRecorded local activity charge (1)"), "{error}");
    let none = alone(|_| async { Ok(None) });
    let error = replay_error(&none, history().completed());
    assert!(error.contains("the code completes the workflow"), "{error}");
}

#[test]
fn a_live_marker_meets_its_event() {
    let mut bench = Bench::new(alone(|host| async move {
        local_activity(&host, "a").await;
        activity(&host, "far").await;
        Ok(None)
    }));
    bench.give(&first_task(), 0);
    assert_eq!(
        bench.returns("a", "A"),
        "complete: local 1 a in run 1 \"A\", at 3 s, activity 2 far"
    );
    bench.accepted(None);
    let next = |name| {
        after_first_task()
            .local_activity(1, name, Some(1), value("A"))
            .activity_scheduled("2", "far")
            .activity_completed("2", 1)
            .open_task()
    };
    assert_eq!(bench.give(&next("a"), 3), "complete: complete");
}

#[test]
fn closed_ones_leave_nothing_behind() {
    let scripts = alone(|host| async move {
        for _ in 0..50 {
            local_activity(&host, "a").await;
        }
        activity(&host, "far").await;
        Ok(None)
    });
    let mut history = after_first_task();
    for number in 1..=50 {
        history = history.local_activity(number, "a", Some(u64::from(number)), value("A"));
    }
    let replayed = replay(history.history(), "default", &scripts);
    let error = replayed.expect_err("the activity isn't recorded");
    assert!(error.to_string().contains("schedules activity far (51)"), "{error}");
    let mut history = after_first_task();
    for number in 1..=50 {
        history = history.local_activity(number, "a", Some(u64::from(number)), value("A"));
    }
    let replayed = replay(history.activity_scheduled("51", "far").history(), "default", &scripts).unwrap();
    assert_eq!(replayed.run().open_operations(), 1);
}

#[test]
fn tasks_carry_what_the_body_needs() {
    let attributes = LocalActivityAttributes {
        schedule_to_close_timeout: Some(Duration::from_secs(60)),
        ..charge()
    };
    let mut bench = Bench::new(one(attributes.clone()));
    bench.shard.handle(
        SystemTime::UNIX_EPOCH + Duration::from_secs(1000),
        Input::WorkflowTask(poll(&first_task(), 0), None),
    );
    let Some(Output::RunLocalActivity(task)) = bench.shard.poll_output() else {
        panic!("it runs")
    };
    assert_eq!((task.activity_id.as_str(), task.attempt), ("1", 1));
    assert_eq!(task.attributes, Arc::new(attributes));
    assert_eq!(task.workflow.workflow_id, "workflow");
    let asked = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
    assert_eq!((task.original_schedule_time, task.schedule_time), (asked, asked));
    let timed_out = crate::local_activity::timed_out(TimeoutType::StartToClose);
    assert_eq!(timed_out.to_string(), "activity timed out");
}
