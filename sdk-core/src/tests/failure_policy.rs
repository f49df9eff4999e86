//! What fails the workflow, where otherwise its task alone fails.

use super::{
    shard::{commands, handle, options, poll, query_task},
    *,
};
use crate::{FailurePolicy, Input, Notice, Output, Shard, testing::activity};

/// Schedules an activity, and fails on this.
fn failing_on(mismatch: bool, panic: bool) -> Scripts {
    let script = Script::<()>::new(|host, _| async move {
        activity(&host, "step").await;
        panic!("boom")
    });
    script.failure_policy(FailurePolicy { mismatch, panic }).alone()
}

/// A timer where the code has an activity.
fn of_other_code() -> HistoryBuilder {
    HistoryBuilder::new("script").task().timer_started("1").timer_fired("1")
}

/// The activity is over, and the code panics.
fn of_this_code() -> HistoryBuilder {
    let history = HistoryBuilder::new("script").task();
    history.activity_scheduled("1", "step").activity_completed("1", 1)
}

#[test]
fn code_that_does_not_fit_fails_the_workflow_if_it_says_so() {
    let mut shard = Shard::new(options(10), Box::new(failing_on(true, false)));
    let outputs = handle(
        &mut shard,
        Input::WorkflowTask(poll("r", &of_other_code().open_task(), 0), None),
    );
    let [
        Output::Notice(Notice::TaskFailed { .. }),
        Output::Complete(key, request),
    ] = outputs.as_slice()
    else {
        panic!("a notice and a completion")
    };
    let shown = commands(request);
    assert!(
        shown.starts_with("fail") && shown.contains("history and code differ"),
        "{shown}"
    );
    assert_eq!((shard.cached(), shard.outstanding()), (0, 1));
    handle(&mut shard, Input::Completed(key.clone(), Ok(Box::default())));
    assert_eq!((shard.cached(), shard.outstanding()), (0, 0));
}

#[test]
fn a_panic_fails_the_workflow_if_it_says_so_at_any_attempt() {
    let mut shard = Shard::new(options(10), Box::new(failing_on(false, true)));
    let mut task = poll("r", &of_this_code().open_task(), 0);
    task.attempt = 3;
    let outputs = handle(&mut shard, Input::WorkflowTask(task, None));
    let Some(Output::Complete(_, request)) = outputs.last() else {
        panic!("a completion")
    };
    assert!(commands(request).contains("boom"), "{}", commands(request));
}

#[test]
fn each_is_said_by_itself_and_a_query_fails_no_workflow() {
    for (mismatch, panic, history) in [(false, true, of_other_code()), (true, false, of_this_code())] {
        let mut shard = Shard::new(options(10), Box::new(failing_on(mismatch, panic)));
        let outputs = handle(
            &mut shard,
            Input::WorkflowTask(poll("r", &history.open_task(), 0), None),
        );
        assert!(matches!(outputs.last(), Some(Output::Fail(..))));
    }
    let mut shard = Shard::new(options(10), Box::new(failing_on(true, true)));
    let outputs = handle(
        &mut shard,
        Input::WorkflowTask(query_task("r", &of_other_code(), 0), None),
    );
    assert!(matches!(outputs.last(), Some(Output::AnswerQuery(..))));
}
