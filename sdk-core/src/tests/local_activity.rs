use super::*;
use crate::{
    ActivityCancellation, Input, LocalActivityAttributes, LocalActivityKey, LocalActivityOutcome, Notice, Output,
    RunKey, Shard, ShardOptions,
    testing::{activity, local_activity, local_activity_with, timer},
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};
use steadfast_proto::{
    bytes::Bytes,
    common::{RetryPolicy, WorkflowExecution},
    enums::TimeoutType,
    history::History,
    query::WorkflowQuery,
    workflowservice::{PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedResponse},
};

/// A shard, and what it last asked for.
struct Bench {
    shard: Shard,
    /// In seconds; the worker's time is a thousand seconds ahead of the server's.
    now: u64,
    keys: BTreeMap<String, LocalActivityKey>,
    completed: Option<RunKey>,
    is_caching: bool,
}

impl Bench {
    fn new(scripts: Scripts) -> Self {
        Self::with(scripts, 10, 100)
    }

    fn with(scripts: Scripts, max_cached_workflows: usize, max_local_activities: usize) -> Self {
        let options = ShardOptions {
            namespace: "default".to_owned(),
            task_queue: "queue".to_owned(),
            identity: "worker".to_owned(),
            max_cached_workflows,
            sticky_queue: Some(("sticky".to_owned(), Duration::from_secs(10))),
            sdk: ("steadfast".to_owned(), "1.2.3".to_owned()),
            record_flags: true,
            max_local_activities,
            build_id: None,
        };
        Self {
            shard: Shard::new(options, Box::new(scripts)),
            now: 1000,
            keys: BTreeMap::new(),
            completed: None,
            is_caching: max_cached_workflows > 0,
        }
    }

    fn handle(&mut self, input: Input) -> String {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.now);
        self.shard.handle(now, input);
        let mut outputs: Vec<Output> = std::iter::from_fn(|| self.shard.poll_output()).collect();
        outputs.retain(|output| !matches!(output, Output::Notice(Notice::SignalDropped { .. })));
        let shown: Vec<String> = outputs.into_iter().map(|output| self.show(output)).collect();
        shown.join("; ")
    }

    fn show(&mut self, output: Output) -> String {
        match output {
            Output::RunLocalActivity(task) => {
                let name = task.attributes.activity_type.clone();
                self.keys.insert(name.clone(), task.key);
                match task.attempt {
                    1 => format!("run {name}"),
                    attempt => format!("run {name} again ({attempt})"),
                }
            }
            Output::StopLocalActivity(key, why) => {
                let name = self.keys.iter().find(|(_, known)| **known == key);
                format!("stop {}: {why:?}", name.unwrap().0)
            }
            Output::Complete(key, request) => {
                self.completed = Some(key);
                let commands: Vec<String> = request
                    .commands
                    .iter()
                    .map(|command| show_command(command.attributes.as_ref()))
                    .collect();
                let metered = request
                    .metering_metadata
                    .unwrap()
                    .nonfirst_local_activity_execution_attempts;
                let metered = if metered > 0 {
                    format!(" (metered: {metered})")
                } else {
                    String::new()
                };
                let answers = request.query_results.len();
                let answers = if answers > 0 {
                    format!(" with {answers} answers")
                } else {
                    String::new()
                };
                let what = match (request.force_create_new_workflow_task, request.return_new_workflow_task) {
                    (false, _) => "complete",
                    (true, true) => "heartbeat",
                    (true, false) => "hand off",
                };
                let sticky = request.sticky_attributes.is_some();
                assert_eq!(sticky, self.is_caching && what != "hand off");
                format!("{what}{answers}{metered}: {}", commands.join(", "))
            }
            Output::Fail(..) => "fail".to_owned(),
            Output::Notice(notice) => format!("{notice:?}"),
            _ => "other".to_owned(),
        }
    }

    fn give(&mut self, history: &HistoryBuilder, after: i64) -> String {
        self.handle(Input::WorkflowTask(poll(history, after)))
    }

    fn ends(&mut self, name: &str, outcome: LocalActivityOutcome) -> String {
        let key = self.keys[name];
        self.handle(Input::LocalActivity(key, outcome))
    }

    fn returns(&mut self, name: &str, value: &str) -> String {
        self.ends(name, LocalActivityOutcome::Completed(Some(json_text(value))))
    }

    fn fails(&mut self, name: &str) -> String {
        let failure = Failure::application("Busy", "busy");
        self.ends(name, LocalActivityOutcome::Failed(Box::new(failure)))
    }

    /// The deadline is that far away; then it comes.
    fn passes(&mut self, seconds: u64) -> String {
        self.now += seconds;
        let deadline = self.shard.next_deadline().unwrap();
        assert_eq!(deadline, SystemTime::UNIX_EPOCH + Duration::from_secs(self.now));
        self.handle(Input::Deadline)
    }

    /// The server takes the completion, and gives the next task with its answer.
    fn accepted(&mut self, next: Option<(&HistoryBuilder, i64)>) -> String {
        let response = RespondWorkflowTaskCompletedResponse {
            workflow_task: next.map(|(history, after)| *poll(history, after)),
            ..RespondWorkflowTaskCompletedResponse::default()
        };
        let key = self.completed.take().unwrap();
        self.handle(Input::Completed(key, Ok(Box::new(response))))
    }
}

fn poll(history: &HistoryBuilder, after: i64) -> Box<PollWorkflowTaskQueueResponse> {
    let events = history.clone().history().events;
    Box::new(PollWorkflowTaskQueueResponse {
        task_token: Bytes::from(format!("task-{}", history.last_event_id())),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: "workflow".to_owned(),
            run_id: "r".to_owned(),
        }),
        attempt: 1,
        started_event_id: history.last_started_event_id(),
        history: Some(History {
            events: events.into_iter().filter(|event| event.event_id > after).collect(),
        }),
        ..PollWorkflowTaskQueueResponse::default()
    })
}

/// Two at once, then a third with what they returned.
fn three() -> Scripts {
    alone(|host| async move {
        let (a, b) = (local_activity(&host, "a"), local_activity(&host, "b"));
        let both = format!("{} {}", word(&a.await), word(&b.await));
        let c = word(&local_activity(&host, "c").await);
        Ok(Some(json_text(&format!("{both} {c}"))))
    })
}

fn one_with(attributes: LocalActivityAttributes, cancellation: ActivityCancellation) -> Scripts {
    alone(move |host| {
        let attributes = attributes.clone();
        async move {
            let ended = local_activity_with(&host, attributes, cancellation).await;
            match &ended {
                Resolution::Completed(_) => Ok(Some(json_text(&word(&ended)))),
                _ => Err(fail_with(ended)),
            }
        }
    })
}

fn charge() -> LocalActivityAttributes {
    LocalActivityAttributes {
        activity_type: "charge".to_owned(),
        start_to_close_timeout: Some(Duration::from_secs(5)),
        ..LocalActivityAttributes::default()
    }
}

fn one(attributes: LocalActivityAttributes) -> Scripts {
    one_with(attributes, ActivityCancellation::TryCancel)
}

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

/// Cancels a local activity when another one ends.
fn cancelling(cancellation: ActivityCancellation) -> Scripts {
    alone(move |host| async move {
        let charging = local_activity_with(&host, charge(), cancellation);
        local_activity(&host, "a").await;
        charging.cancel();
        let ended = word(&charging.await);
        activity(&host, "after").await;
        Ok(Some(json_text(&ended)))
    })
}

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
        bench.handle(Input::WorkflowTask(task)),
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
    bench.handle(Input::WorkflowTask(task));
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

// ---- replay --------------------------------------------------------------------------------------------------------

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
        Input::WorkflowTask(poll(&first_task(), 0)),
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
