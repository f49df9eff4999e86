use super::*;
use crate::{
    Handled, Run, Start,
    history::{Cursor, Step},
    program::Programs,
    testing::{activity, timer, wait_until},
};
use std::time::Duration;

/// A bit of everything: activities, races with timers, patches, signals, updates, conditions, random numbers.
fn everything() -> Scripts {
    Script::<u32>::new(|host, state| async move {
        let limit = timer(&host, Duration::from_secs(9));
        for round in 0..3 {
            if host.patched("detour") && round == 1 {
                activity(&host, "detour").await;
            }
            let background = activity(&host, "background");
            activity(&host, if host.random().is_multiple_of(2) { "even" } else { "odd" }).await;
            if round == 0 {
                background.cancel();
            }
        }
        drop(limit);
        wait_until(&host, &state, |count| *count >= 4).await;
        Ok(None)
    })
    .signal("add", |host, state, _| {
        Handled::Routine(Box::pin(async move {
            activity(&host, "check").await;
            state.with(|count| *count += 1);
            host.state_changed();
            Ok(())
        }))
    })
    .update("add", |_, state, _| {
        state.with(|count| *count += 1);
        Handled::Done(Ok(None))
    })
    .alone()
}

/// What the server would record of these commands.
fn record(mut history: HistoryBuilder, commands: &str) -> HistoryBuilder {
    for command in commands.split(", ").filter(|command| !command.is_empty()) {
        let words: Vec<&str> = command.split(' ').collect();
        history = match words.as_slice() {
            ["activity", id, name] => history.activity_scheduled(id, name),
            ["timer", id] => history.timer_started(id),
            ["cancel", "timer", id] => history.timer_canceled(id),
            ["cancel", "activity", "of", event_id] => {
                let id = activity_of(&history, event_id.parse().unwrap());
                history.activity_cancel_requested(&id)
            }
            ["marker", ..] => history.patch_marker("detour", false),
            ["upsert", ..] => history.change_versions(&["detour"]),
            ["complete"] => history.completed(),
            other => panic!("{other:?}"),
        };
    }
    history
}

fn activity_of(history: &HistoryBuilder, event_id: i64) -> String {
    use steadfast_proto::history::history_event::Attributes as A;
    let events = history.clone().history().events;
    match events
        .into_iter()
        .find(|event| event.event_id == event_id)
        .and_then(|event| event.attributes)
    {
        Some(A::ActivityTaskScheduledEventAttributes(scheduled)) => scheduled.into_inner().activity_id,
        other => panic!("{other:?}"),
    }
}

fn show_all(commands: &[steadfast_proto::command::Command]) -> String {
    let commands: Vec<String> = commands
        .iter()
        .map(|command| show_command(command.attributes.as_ref()))
        .collect();
    commands.join(", ")
}

/// Plays server and worker until the run ends: at every task, the run that stayed in memory and one replayed from the
/// start must want the same.
#[test]
fn a_run_replayed_at_every_task_does_what_a_cached_one_does() {
    let scripts = everything();
    let mut cached = Run::new(
        scripts.create("script").unwrap(),
        Start {
            started: steadfast_proto::Shared::new(steadfast_proto::history::WorkflowExecutionStartedEventAttributes {
                original_execution_run_id: "run".to_owned(),
                ..Default::default()
            }),
            ..Start::default()
        },
        true,
    );
    let mut history = HistoryBuilder::new("script").signaled("add");
    let mut open: Vec<String> = Vec::new();
    for task in 0..60 {
        let shown = history.clone().open_task();
        let mut cursor = Cursor::new(cached.last_event_id(), shown.last_started_event_id());
        cursor.push(shown.clone().history().events).unwrap();
        let mut commands = String::new();
        while let Step::Turn(turn) = cursor.step() {
            cached.turn(*turn, std::time::SystemTime::UNIX_EPOCH).unwrap();
            commands = show_all(&cached.take_commands());
        }
        assert_eq!(next_commands(&scripts, shown), commands, "task {task}");

        history = record(history.task(), &commands);
        if cached.has_ended() {
            assert_eq!(next_commands(&scripts, history), "", "the whole of it");
            return;
        }
        let scheduled = commands
            .split(", ")
            .filter_map(|command| command.strip_prefix("activity "));
        open.extend(scheduled.filter_map(|rest| rest.split(' ').next()).map(str::to_owned));
        // Answers come in no particular order, sometimes two at once.
        let answers = if task % 3 == 0 { 2 } else { 1 };
        for _ in 0..answers {
            if !open.is_empty() {
                let id = open.remove((task * 7 + 3) % open.len());
                history = history.activity_completed(&id, 1);
            }
        }
        if task % 2 == 1 {
            history = history.signaled("add");
        }
    }
    panic!("the run should have ended by now");
}
