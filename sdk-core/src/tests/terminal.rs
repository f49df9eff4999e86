use super::*;
use crate::{Exit, Handled, TaskFailure, testing::activity};
use steadfast_proto::common::Memo;

/// A main routine that ends at once, and a handler that then still schedules.
fn racing() -> Scripts {
    Script::<bool>::new(|host, state| async move {
        state.with(|done| *done = true);
        host.state_changed();
        Ok(None)
    })
    .signal("work", |host, state, _| {
        Handled::Routine(Box::pin(async move {
            crate::testing::wait_until(&host, &state, |done| *done).await;
            activity(&host, "after").await;
            Ok(())
        }))
    })
    .alone()
}

#[test]
fn what_handlers_still_ask_for_goes_before_the_end_of_the_run() {
    let history = HistoryBuilder::new("script").signaled("work");
    assert_eq!(
        next_commands(&racing(), history.clone().open_task()),
        "activity 1 after, complete"
    );
    let recorded = history.task().activity_scheduled("1", "after").completed();
    assert_eq!(next_commands(&racing(), recorded), "");
}

#[test]
fn in_old_histories_the_end_of_the_run_cuts_off_what_came_after() {
    let history = HistoryBuilder::new("script")
        .flags(&[1, 2])
        .signaled("work")
        .task()
        .completed();
    assert_eq!(next_commands(&racing(), history), "");
}

#[test]
fn the_first_to_end_the_run_decides_how() {
    let scripts = Script::<()>::new(|_, _| async { Ok(None) })
        .signal("fail", |_, _, _| {
            Handled::Done(Err(Exit::Failed(Box::new(Failure::application("Late", "too late")))))
        })
        .alone();
    let history = HistoryBuilder::new("script").signaled("fail").open_task();
    assert_eq!(next_commands(&scripts, history), "fail too late");
}

#[test]
fn continuing_as_new_inherits_what_was_left_unset() {
    let scripts = alone(|_| async { Err(Exit::ContinueAsNew(Box::default())) });
    let mut history = first_task().history();
    let Some(steadfast_proto::history::history_event::Attributes::WorkflowExecutionStartedEventAttributes(started)) =
        &mut history.events[0].attributes
    else {
        unreachable!()
    };
    let memo = Memo {
        fields: [("k".to_owned(), json_text("v").payloads[0].clone())].into(),
    };
    started.memo = Some(memo.clone());
    started.retry_policy = Some(Default::default());
    let replayed = replay(history, "default", &scripts).unwrap();
    assert_eq!(show(&replayed), "continue as script on queue");
    let Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(new)) = &replayed.commands[0].attributes
    else {
        unreachable!()
    };
    assert_eq!(new.memo, Some(memo));
    assert!(new.retry_policy.is_some());
}

#[test]
fn a_task_failure_is_no_failure_of_the_run() {
    let scripts = alone(|_| async { Err(Exit::Task(TaskFailure::new("not today"))) });
    assert_eq!(replay_error(&scripts, first_task()), "not today");
}

#[test]
fn nothing_runs_after_the_end() {
    let scripts = alone(|host| async move {
        activity(&host, "a").await;
        Ok(None)
    });
    let history = after_first_task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .task()
        .completed();
    let replayed = replay(history.history(), "default", &scripts).unwrap();
    assert!(replayed.run().has_ended());
}

#[test]
fn a_terminated_run_replays_up_to_its_last_task() {
    let scripts = Script::<u32>::new(|host, _| async move {
        activity(&host, "a").await;
        Ok(None)
    })
    .signal("add", |_, state, _| {
        state.with(|count| *count += 1);
        Handled::Done(Ok(()))
    })
    .query("count", |_, state| {
        Ok(Some(json_text(&state.with(|count| count.to_string()))))
    })
    .alone();
    let history = HistoryBuilder::new("script")
        .signaled("add")
        .task()
        .activity_scheduled("1", "a")
        .signaled("add")
        .task_scheduled()
        .terminated();
    let mut replayed = replay(history.history(), "default", &scripts).unwrap();
    assert_eq!(
        word(&Resolution::Completed(replayed.query("count", None).unwrap())),
        "\"1\""
    );
}
