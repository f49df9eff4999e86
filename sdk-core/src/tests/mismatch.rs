use super::*;
use crate::{
    ReplayError, TurnError,
    testing::{activity, timer},
};
use std::time::Duration;

fn code() -> Scripts {
    alone(|host| async move {
        activity(&host, "first").await;
        let _wait = timer(&host, Duration::from_secs(1));
        activity(&host, "third").await;
        Ok(None)
    })
}

fn history() -> HistoryBuilder {
    after_first_task()
        .activity_scheduled("1", "first")
        .activity_completed("1", 1)
}

#[test]
fn history_and_code_stand_side_by_side_with_the_line_of_each_call() {
    let history = history()
        .task()
        .timer_started("1")
        .activity_scheduled("2", "second")
        .activity_scheduled("3", "fourth");
    let error = replay_error(&code(), history);
    let expected = "\
[TMPRL1100] history and code differ at event 12: activity type is 'second' in history and 'third' in the code
  history                            | code
  5 ActivityTaskScheduled            | same  sdk-core/src/tests/mismatch.rs:10:9
  11 TimerStarted                    | same  sdk-core/src/tests/mismatch.rs:11:21
> 12 ActivityTaskScheduled second (2) | schedules activity third (2)  sdk-core/src/tests/mismatch.rs:12:9
  13 ActivityTaskScheduled fourth (3) | (nothing)
The code changed since this run passed here, or it isn't deterministic. Put the new way behind patched(\"..\") and keep the old one in the other branch.";
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(flat(&error), flat(expected), "\n{error}");
    let columns: Vec<usize> = error
        .lines()
        .skip(1)
        .take(5)
        .filter_map(|line| line.find('|'))
        .collect();
    assert!(
        columns.windows(2).all(|pair| pair[0] == pair[1]),
        "columns are aligned:\n{error}"
    );
}

#[test]
fn a_mismatch_is_a_struct() {
    let history = history().task().activity_scheduled("2", "second");
    let Err(ReplayError::Turn(TurnError::Mismatch(mismatch))) = replay(history.history(), "default", &code()) else {
        panic!("it should differ")
    };
    assert_eq!(mismatch.event_id, 11);
    assert_eq!(mismatch.recorded, "11 ActivityTaskScheduled second (2)");
    assert_eq!(mismatch.issued.as_deref(), Some("starts timer 1"));
    assert!(
        mismatch
            .location
            .as_deref()
            .is_some_and(|place| place.contains("mismatch.rs")),
        "{mismatch:?}"
    );
}

#[test]
fn a_command_that_history_lacks_is_found() {
    let error = replay_error(&code(), history().task().timer_started("1").signaled("x").open_task());
    assert!(
        error.contains("history has no more commands of this task, the code schedules activity third (2)"),
        "{error}"
    );
}

#[test]
fn an_event_that_code_lacks_is_found() {
    let scripts = alone(|host| async move {
        activity(&host, "first").await;
        activity(&host, "second").await;
        Ok(None)
    });
    let history = after_first_task().activity_scheduled("1", "first").timer_started("1");
    let error = replay_error(&scripts, history);
    assert!(
        error.contains("differ at event 6: history has TimerStarted, the code nothing"),
        "{error}"
    );
}

#[test]
fn ids_and_types_are_not_compared_in_histories_from_before_that_rule() {
    let scripts = alone(|host| async move {
        activity(&host, "renamed").await;
        Ok(None)
    });
    let history = HistoryBuilder::new("script")
        .flags(&[])
        .task()
        .activity_scheduled("1", "first")
        .activity_completed("1", 1)
        .open_task();
    assert_eq!(next_commands(&scripts, history), "complete");
}

#[test]
fn a_run_that_ends_too_early_is_found() {
    let scripts = alone(|_| async { Ok(None) });
    let error = replay_error(&scripts, history().open_task());
    assert!(
        error.contains("history has ActivityTaskScheduled, the code completes the workflow"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_replayed_yet_is_named() {
    use steadfast_proto::history as h;
    let nothing = || alone(|_| async { Ok(None) });
    let marker = after_first_task().marker(h::MarkerRecordedEventAttributes {
        marker_name: "SideEffect".to_owned(),
        ..Default::default()
    });
    assert_eq!(
        replay_error(&nothing(), marker),
        "event 5 is MarkerRecorded: this version doesn't replay markers of this name yet"
    );
}

#[test]
fn an_event_of_the_future_is_passed_over_only_if_it_may_be() {
    let mut history = first_task().history();
    let mut event = history.events[1].clone();
    event.event_type = 4711;
    event.attributes = None;
    event.event_id = 2;
    history.events[1].event_id = 3;
    history.events[2].event_id = 4;
    history.events.insert(1, event);
    let nothing = alone(|_| async { Ok(None) });
    let error = replay(history.clone(), "default", &nothing).unwrap_err().to_string();
    assert_eq!(
        error,
        "event 2 (event type 4711) isn't known to this version and may not be ignored"
    );
    history.events[1].worker_may_ignore = true;
    assert!(replay(history, "default", &nothing).is_ok());
}

#[test]
fn a_gap_in_the_history_is_found() {
    let mut history = first_task().history();
    history.events.remove(1);
    let error = replay(history, "default", &code()).unwrap_err().to_string();
    assert_eq!(error, "the history has a gap: event 2 should come next, but 3 came");
}

#[test]
fn an_unregistered_type_is_told_with_those_that_are() {
    let error = replay(HistoryBuilder::new("other").open_task().history(), "default", &code()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the history is of workflow type 'other', and only these are registered: script"
    );
}

#[test]
fn bytes_that_are_no_history_are_told_so() {
    let error = crate::replay_bytes(b"\xff\xff", "default", &code()).unwrap_err();
    assert!(error.to_string().starts_with("not a history"), "{error}");
    assert!(crate::replay_bytes(&history().open_task().bytes(), "default", &code()).is_ok());
}
