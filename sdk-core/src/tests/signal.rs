use super::*;
use crate::{Exit, Handled, testing::activity};

fn journaling() -> Script<Vec<String>> {
    Script::<Vec<String>>::new(|host, state| async move {
        state.with(|log| log.push("main".to_owned()));
        activity(&host, "a").await;
        Ok(Some(json_text(&state.with(|log| log.join(" ")))))
    })
    .signal("note", |_, state, _| {
        state.with(|log| log.push("note".to_owned()));
        Handled::Done(Ok(()))
    })
    .signal("later", |_, state, _| {
        Handled::Routine(Box::pin(async move {
            state.with(|log| log.push("later".to_owned()));
            Ok(())
        }))
    })
}

#[test]
fn handlers_run_before_the_main_routine_and_sync_ones_at_once() {
    let history = HistoryBuilder::new("script")
        .signaled("later")
        .signaled("note")
        .task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task();
    assert_eq!(
        next_commands(&journaling().alone(), history),
        "complete \"note later main\""
    );
}

#[test]
fn an_unknown_signal_is_kept_and_told_only_when_it_is_new() {
    let live = replay(
        HistoryBuilder::new("script").signaled("what").open_task().history(),
        "default",
        &journaling().alone(),
    );
    let mut replayed = live.unwrap();
    assert_eq!(replayed.run().unhandled_signals()[0].name, "what");
    let told = replayed.take_dropped_signals();
    assert_eq!(told[0].reason, "no handler of that name; it is kept until one is added");

    let history = HistoryBuilder::new("script")
        .signaled("what")
        .task()
        .activity_scheduled("1", "a");
    let mut replayed = replay(history.history(), "default", &journaling().alone()).unwrap();
    assert_eq!(replayed.run().unhandled_signals().len(), 1);
    assert!(replayed.take_dropped_signals().is_empty());
}

#[test]
fn a_signal_that_cannot_be_read_is_dropped() {
    let scripts = journaling()
        .signal("bad", |_, _, _| Handled::Undecodable("not a number".to_owned()))
        .alone();
    let history = HistoryBuilder::new("script").signaled("bad").open_task();
    let mut replayed = replay(history.history(), "default", &scripts).unwrap();
    assert_eq!(show(&replayed), "activity 1 a");
    assert_eq!(replayed.take_dropped_signals()[0].reason, "not a number");
    assert!(replayed.run().unhandled_signals().is_empty());
}

#[test]
fn a_signal_handlers_failure_fails_the_run() {
    let scripts = journaling()
        .signal("stop", |_, _, _| {
            Handled::Done(Err(Exit::Failed(Box::new(Failure::application("Stop", "stopped")))))
        })
        .alone();
    let history = HistoryBuilder::new("script").signaled("stop").open_task();
    assert_eq!(next_commands(&scripts, history), "activity 1 a, fail stopped");
}

#[test]
fn a_signal_handler_may_continue_as_new() {
    let scripts = journaling()
        .signal("renew", |_, _, _| {
            Handled::Routine(Box::pin(async { Err(Exit::ContinueAsNew(Box::default())) }))
        })
        .alone();
    let history = HistoryBuilder::new("script").signaled("renew").open_task();
    assert_eq!(
        next_commands(&scripts, history),
        "activity 1 a, continue as script on queue"
    );
}

#[test]
fn unfinished_handlers_are_counted() {
    let scripts = Script::<()>::new(|host, state| async move {
        crate::testing::wait_until(&host, &state, |()| host.unfinished_handlers() == 0).await;
        Ok(None)
    })
    .signal("work", |host, _, _| {
        Handled::Routine(Box::pin(async move {
            activity(&host, "a").await;
            Ok(())
        }))
    })
    .alone();
    let history = HistoryBuilder::new("script").signaled("work");
    assert_eq!(next_commands(&scripts, history.clone().open_task()), "activity 1 a");
    let history = history
        .task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task();
    assert_eq!(next_commands(&scripts, history), "complete");
}
