//! Over several tasks: heartbeats, and the end of the worker.

use super::*;

// ---- heartbeats of the task ----------------------------------------------------------------------------------------

#[test]
fn the_task_is_completed_in_time_and_goes_on_as_another() {
    let scripts = alone(|host| async move {
        let _timer = timer(&host, Duration::from_secs(60));
        let slow = local_activity_with(
            &host,
            LocalActivityAttributes {
                start_to_close_timeout: None,
                ..charge()
            },
            ActivityCancellation::TryCancel,
        );
        Ok(Some(json_text(&word(&slow.await))))
    });
    let mut bench = Bench::new(scripts);
    assert_eq!(bench.give(&first_task(), 0), "run charge");
    // Four fifths of the ten seconds that a workflow task may take.
    assert_eq!(bench.passes(8), "heartbeat: timer 1");
    let second = after_first_task().timer_started("1").open_task();
    assert_eq!(bench.accepted(Some((&second, 3))), "");
    assert_eq!(bench.passes(8), "heartbeat: ");
    let third = after_first_task().timer_started("1").task().open_task();
    assert_eq!(bench.accepted(Some((&third, 7))), "");
    // Nothing else happened in this task.
    assert_eq!(
        bench.returns("charge", "ok"),
        "complete: local 1 charge in run 0 \"ok\", at 19 s, cancel timer 1, complete \"\\\"ok\\\"\""
    );
}

#[test]
fn what_ends_while_a_heartbeat_is_under_way_waits_for_the_next_task() {
    let mut bench = Bench::new(one(LocalActivityAttributes {
        start_to_close_timeout: None,
        ..charge()
    }));
    bench.give(&first_task(), 0);
    assert_eq!(bench.passes(8), "heartbeat: ");
    assert_eq!(bench.returns("charge", "ok"), "");
    let second = after_first_task().signaled("x").open_task();
    assert_eq!(
        bench.accepted(Some((&second, 3))),
        "complete: local 1 charge in run 0 \"ok\", at 11 s, complete \"\\\"ok\\\"\""
    );
}

#[test]
fn without_a_cache_the_run_stays_while_something_runs() {
    let mut bench = Bench::with(
        one(LocalActivityAttributes {
            start_to_close_timeout: None,
            ..charge()
        }),
        0,
        10,
    );
    bench.give(&first_task(), 0);
    assert_eq!(bench.passes(8), "heartbeat: ");
    assert_eq!(bench.accepted(Some((&after_first_task().open_task(), 0))), "");
    assert!(bench.returns("charge", "ok").starts_with("complete: local 1"));
    bench.accepted(None);
    assert_eq!(bench.shard.cached(), 0);
}

#[test]
fn a_query_is_answered_at_once_and_the_server_makes_another_task() {
    let scripts = Script::<()>::new(|host, _| async move {
        local_activity(&host, "a").await;
        Ok(None)
    })
    .query("ask", |_, _| Ok(None))
    .alone();
    let mut bench = Bench::new(scripts);
    let mut task = poll(&first_task(), 0);
    let query = WorkflowQuery {
        query_type: "ask".to_owned(),
        ..WorkflowQuery::default()
    };
    task.queries = BTreeMap::from([("q".to_owned(), query)]);
    assert_eq!(
        bench.handle(Input::WorkflowTask(task, None)),
        "run a; heartbeat with 1 answers: "
    );
    assert_eq!(bench.accepted(Some((&after_first_task().open_task(), 3))), "");
    assert!(bench.returns("a", "A").starts_with("complete: local 1 a in run 0"));
}

#[test]
fn attempts_in_later_tasks_are_metered() {
    let mut bench = Bench::new(one(LocalActivityAttributes {
        start_to_close_timeout: None,
        ..charge()
    }));
    bench.give(&first_task(), 0);
    bench.fails("charge");
    assert_eq!(bench.passes(1), "run charge again (2)");
    assert_eq!(bench.passes(7), "heartbeat: ", "the task began with its first attempt");
    bench.accepted(Some((&after_first_task().open_task(), 3)));
    bench.fails("charge");
    assert_eq!(bench.passes(2), "run charge again (3)");
    assert_eq!(bench.passes(6), "heartbeat (metered: 1): ");
    bench.accepted(Some((&after_first_task().task().open_task(), 6)));
    assert_eq!(bench.passes(8), "heartbeat: ");
}

#[test]
fn a_refused_completion_stops_what_runs() {
    let mut bench = Bench::new(one(charge()));
    let mut task = poll(&first_task(), 0);
    task.queries = BTreeMap::from([("q".to_owned(), WorkflowQuery::default())]);
    bench.handle(Input::WorkflowTask(task, None));
    let refusal = crate::Refusal {
        code: 5,
        message: "gone".to_owned(),
    };
    let key = bench.completed.take().unwrap();
    let outputs = bench.handle(Input::Completed(key, Err(refusal)));
    assert!(outputs.ends_with("stop charge: RunGone"), "{outputs}");
    assert_eq!((bench.shard.cached(), bench.shard.next_deadline()), (0, None));
}

// ---- shutdown ------------------------------------------------------------------------------------------------------

#[test]
fn a_worker_that_stops_hands_off_what_waits_for_another_attempt() {
    let mut bench = Bench::new(one(charge()));
    bench.give(&first_task(), 0);
    assert_eq!(bench.handle(Input::Leaving), "");
    assert_eq!(bench.fails("charge"), "hand off: ");
    assert_eq!(bench.shard.next_deadline(), None);
    bench.accepted(None);
    assert_eq!((bench.shard.cached(), bench.shard.outstanding()), (0, 0));
}

#[test]
fn a_worker_that_stops_for_good_tells_bodies_and_takes_what_they_still_return() {
    let mut bench = Bench::with(three(), 10, 2);
    bench.give(&first_task(), 0);
    assert_eq!(
        bench.handle(Input::LeavingNow),
        "stop a: WorkerShutdown; stop b: WorkerShutdown"
    );
    assert_eq!(bench.returns("a", "A"), "");
    let stopped = Box::new(Failure::cancelled("stopped"));
    assert_eq!(
        bench.ends("b", LocalActivityOutcome::Cancelled(stopped)),
        "hand off: local 1 a in run 1 \"A\", at 3 s"
    );
}

#[test]
fn a_body_that_does_not_stop_is_left_when_the_heartbeat_is_due() {
    let mut bench = Bench::new(one(LocalActivityAttributes {
        start_to_close_timeout: None,
        ..charge()
    }));
    bench.give(&first_task(), 0);
    bench.handle(Input::LeavingNow);
    assert_eq!(bench.passes(8), "hand off: ; stop charge: RunGone");
}
