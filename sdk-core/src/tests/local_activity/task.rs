//! Within one task: results, retries, time-outs, cancellation.

use super::*;

// ---- within one task -----------------------------------------------------------------------------------------------

#[test]
fn results_reach_code_one_by_one_and_go_out_with_the_task() {
    let mut bench = Bench::new(three());
    assert_eq!(bench.give(&first_task(), 0), "run a; run b");
    bench.now += 1;
    assert_eq!(bench.returns("b", "B"), "");
    bench.now += 1;
    assert_eq!(bench.returns("a", "A"), "run c");
    bench.now += 1;
    assert_eq!(
        bench.returns("c", "C"),
        "complete: local 2 b in run 1 \"B\", at 4 s, local 1 a in run 2 \"A\", at 5 s, \
         local 3 c in run 3 \"C\", at 6 s, complete \"\\\"A\\\" \\\"B\\\" \\\"C\\\"\""
    );
    assert_eq!(bench.shard.next_deadline(), None);
}

#[test]
fn time_goes_on_for_code_while_they_run() {
    let scripts = alone(|host| async move {
        let seconds = |host: &crate::Host| host.now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let before = seconds(&host);
        local_activity(&host, "a").await;
        Ok(Some(json_text(&format!("{before} {}", seconds(&host)))))
    });
    let mut bench = Bench::new(scripts);
    bench.give(&first_task(), 0);
    bench.now += 4;
    assert!(bench.returns("a", "A").ends_with("complete \"3 7\""));
}

#[test]
fn what_is_done_beside_them_goes_out_with_the_task() {
    let scripts = alone(|host| async move {
        let (far, near) = (activity(&host, "far"), local_activity(&host, "near"));
        near.await;
        far.await;
        Ok(None)
    });
    let mut bench = Bench::new(scripts);
    assert_eq!(bench.give(&first_task(), 0), "run near");
    assert_eq!(
        bench.returns("near", "N"),
        "complete: activity 1 far, local 2 near in run 1 \"N\", at 3 s"
    );
}

#[test]
fn only_so_many_run_at_the_same_time() {
    let mut bench = Bench::with(three(), 10, 1);
    assert_eq!(bench.give(&first_task(), 0), "run a");
    assert_eq!(bench.returns("a", "A"), "run b");
    assert_eq!(bench.returns("b", "B"), "run c");
}

#[test]
fn the_end_of_the_run_stops_what_still_runs() {
    let scripts = alone(|host| async move {
        let _left = local_activity(&host, "left");
        local_activity(&host, "a").await;
        Ok(None)
    });
    let mut bench = Bench::new(scripts);
    assert_eq!(bench.give(&first_task(), 0), "run left; run a");
    assert_eq!(
        bench.returns("a", "A"),
        "complete: local 2 a in run 1 \"A\", at 3 s, complete; stop left: RunGone"
    );
    assert_eq!(bench.returns("left", "late"), "");
    assert_eq!(bench.shard.next_deadline(), None);
}

// ---- retries and time-outs -----------------------------------------------------------------------------------------

#[test]
fn a_failed_attempt_is_made_again_while_the_task_stays_open() {
    let mut bench = Bench::new(one(charge()));
    assert_eq!(bench.give(&first_task(), 0), "run charge");
    assert_eq!(bench.fails("charge"), "");
    assert_eq!(bench.passes(1), "run charge again (2)");
    assert_eq!(bench.fails("charge"), "");
    assert_eq!(bench.passes(2), "run charge again (3)");
    assert_eq!(
        bench.returns("charge", "ok"),
        "complete: local 1 charge in run 1 \"ok\", attempt 3, at 6 s, complete \"\\\"ok\\\"\""
    );
}

#[test]
fn the_last_failure_is_recorded_as_it_is_and_seen_as_an_activitys() {
    let policy = RetryPolicy {
        maximum_attempts: 1,
        ..RetryPolicy::default()
    };
    let attributes = LocalActivityAttributes {
        retry_policy: Some(policy),
        ..charge()
    };
    let mut bench = Bench::new(one(attributes));
    bench.give(&first_task(), 0);
    assert_eq!(
        bench.fails("charge"),
        "complete: local 1 charge in run 1 failed: busy, at 3 s, fail local activity failed: busy"
    );
}

#[test]
fn before_a_long_wait_the_attempt_is_recorded_and_a_timer_started() {
    let attributes = LocalActivityAttributes {
        local_retry_threshold: Some(Duration::from_millis(500)),
        ..charge()
    };
    let mut bench = Bench::new(one(attributes));
    bench.give(&first_task(), 0);
    assert_eq!(
        bench.fails("charge"),
        "complete: local 1 charge in run 1 failed: busy, again after 1 s, at 3 s, timer 1"
    );
    assert_eq!(bench.accepted(None), "");
    let busy = Failure::application("Busy", "busy");
    let next = after_first_task()
        .local_attempt(1, "charge", Some(1), Err(busy), 1, Some(Duration::from_secs(1)))
        .timer_started("1")
        .timer_fired("1")
        .open_task();
    assert_eq!(bench.give(&next, 3), "run charge again (2)");
    assert_eq!(
        bench.returns("charge", "ok"),
        "complete: local 2 charge in run 1 \"ok\", attempt 2, at 9 s, complete \"\\\"ok\\\"\""
    );
}

#[test]
fn an_attempt_that_takes_too_long_is_told_and_made_again() {
    let mut bench = Bench::new(one(charge()));
    bench.give(&first_task(), 0);
    assert_eq!(bench.passes(5), "stop charge: TimedOut");
    assert_eq!(bench.returns("charge", "late"), "", "it was given up");
    assert_eq!(bench.passes(1), "run charge again (2)");
}

#[test]
fn all_attempts_together_may_take_too_long() {
    let attributes = LocalActivityAttributes {
        schedule_to_close_timeout: Some(Duration::from_secs(4)),
        ..charge()
    };
    let mut bench = Bench::new(one(attributes));
    bench.give(&first_task(), 0);
    bench.now += 1;
    assert_eq!(bench.fails("charge"), "");
    assert_eq!(bench.passes(1), "run charge again (2)");
    assert_eq!(
        bench.passes(2),
        "stop charge: TimedOut; complete: local 1 charge in run 1 failed: activity timed out, attempt 2, at 7 s, \
         fail local activity timed out: activity timed out"
    );
}

#[test]
fn an_attempt_for_which_no_time_is_left_is_not_waited_for() {
    let attributes = LocalActivityAttributes {
        schedule_to_close_timeout: Some(Duration::from_secs(2)),
        ..charge()
    };
    let mut bench = Bench::new(one(attributes));
    bench.give(&first_task(), 0);
    bench.now += 1;
    assert_eq!(
        bench.fails("charge"),
        "complete: local 1 charge in run 1 failed: busy, at 4 s, fail local activity failed: busy"
    );
}

#[test]
fn one_that_waited_too_long_for_a_slot_is_not_run() {
    let scripts = alone(|host| async move {
        let attributes = LocalActivityAttributes {
            schedule_to_start_timeout: Some(Duration::from_secs(1)),
            ..charge()
        };
        let first = local_activity(&host, "a");
        let second = local_activity_with(&host, attributes, ActivityCancellation::TryCancel);
        first.await;
        Ok(Some(json_text(&word(&second.await))))
    });
    let mut bench = Bench::with(scripts, 10, 1);
    assert_eq!(bench.give(&first_task(), 0), "run a");
    bench.now += 2;
    assert_eq!(
        bench.returns("a", "A"),
        "complete: local 1 a in run 1 \"A\", at 5 s, local 2 charge in run 1 failed: activity timed out, at 5 s, \
         complete \"local activity timed out: activity timed out\""
    );
}

// ---- cancellation --------------------------------------------------------------------------------------------------

const CANCELLED: &str = "local 1 charge in run 2 failed: Activity cancelled, at no time, activity 3 after";

#[test]
fn cancelling_tells_the_body_and_goes_on() {
    let mut bench = Bench::new(cancelling(ActivityCancellation::TryCancel));
    assert_eq!(bench.give(&first_task(), 0), "run charge; run a");
    assert_eq!(
        bench.returns("a", "A"),
        format!("stop charge: Requested; complete: local 2 a in run 1 \"A\", at 3 s, {CANCELLED}")
    );
    assert_eq!(bench.returns("charge", "late"), "");
}

#[test]
fn an_abandoned_body_runs_on_and_holds_nothing_but_its_slot() {
    let mut bench = Bench::with(cancelling(ActivityCancellation::Abandon), 10, 2);
    bench.give(&first_task(), 0);
    assert_eq!(
        bench.returns("a", "A"),
        format!("complete: local 2 a in run 1 \"A\", at 3 s, {CANCELLED}")
    );
    assert_eq!(bench.passes(5), "stop charge: TimedOut");
    assert_eq!(bench.shard.next_deadline(), None);
}

#[test]
fn waiting_for_the_cancellation_ends_with_the_body() {
    let mut bench = Bench::new(cancelling(ActivityCancellation::WaitCancellationCompleted));
    bench.give(&first_task(), 0);
    assert_eq!(bench.returns("a", "A"), "stop charge: Requested");
    let failure = Box::new(Failure::cancelled("Activity cancelled"));
    assert_eq!(
        bench.ends("charge", LocalActivityOutcome::Cancelled(failure)),
        "complete: local 2 a in run 1 \"A\", at 3 s, \
         local 1 charge in run 2 failed: Activity cancelled, at 3 s, activity 3 after"
    );
}

#[test]
fn cancelling_between_attempts_needs_no_body() {
    let mut bench = Bench::new(cancelling(ActivityCancellation::WaitCancellationCompleted));
    bench.give(&first_task(), 0);
    bench.fails("charge");
    assert!(bench.returns("a", "A").starts_with("complete: "));
    assert_eq!(bench.shard.next_deadline(), None);
}

#[test]
fn cancelling_during_the_timer_between_attempts_cancels_the_timer() {
    let scripts = alone(|host| async move {
        let attributes = LocalActivityAttributes {
            local_retry_threshold: Some(Duration::ZERO),
            ..charge()
        };
        let charging = local_activity_with(&host, attributes, ActivityCancellation::TryCancel);
        activity(&host, "beside").await;
        charging.cancel();
        Ok(Some(json_text(&word(&charging.await))))
    });
    let mut bench = Bench::new(scripts);
    bench.give(&first_task(), 0);
    // Nobody polls it, and still its timer starts.
    assert_eq!(
        bench.fails("charge"),
        "complete: activity 2 beside, local 1 charge in run 1 failed: busy, again after 1 s, at 3 s, timer 1"
    );
    bench.accepted(None);
    let busy = Failure::application("Busy", "busy");
    let next = after_first_task()
        .activity_scheduled("2", "beside")
        .local_attempt(1, "charge", Some(1), Err(busy), 1, Some(Duration::from_secs(1)))
        .timer_started("1")
        .activity_completed("2", 1)
        .open_task();
    assert_eq!(
        bench.give(&next, 3),
        "complete: cancel timer 1, complete \"local activity cancelled: Activity cancelled\""
    );
}

#[test]
fn what_is_cancelled_at_once_never_runs_and_is_recorded() {
    let scripts = alone(|host| async move {
        let charging = local_activity_with(&host, charge(), ActivityCancellation::WaitCancellationCompleted);
        charging.cancel();
        Ok(Some(json_text(&word(&charging.await))))
    });
    let mut bench = Bench::new(scripts);
    assert_eq!(
        bench.give(&first_task(), 0),
        "complete: local 1 charge in run 1 failed: Activity cancelled, at no time, \
         complete \"local activity cancelled: Activity cancelled\""
    );
}
