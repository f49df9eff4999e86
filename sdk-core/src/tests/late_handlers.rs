use super::*;
use crate::{
    Handled, Host, MessageKind, Program, Run, Signal, Start, TaskFailure, UpdateRequest,
    history::{Cursor, Step},
    testing::{State, activity, wait_until},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};
use steadfast_proto::{
    common::Payloads, history::WorkflowExecutionStartedEventAttributes, protocol::Message, query::WorkflowQuery,
};

/// Adds a handler of signal `late` once the activity is done.
fn opening() -> Script<Vec<String>> {
    Script::<Vec<String>>::new(|host, state: State<Vec<String>>| async move {
        activity(&host, "a").await;
        state.with(|log| log.push("open".to_owned()));
        host.handlers_changed();
        wait_until(&host, &state, |log| log.len() > 3).await;
        Ok(Some(json_text(&state.with(|log| log.join(" ")))))
    })
    .signal("late", |_, state, _| {
        if !state.with(|log| log.contains(&"open".to_owned())) {
            return Handled::Unknown;
        }
        state.with(|log| log.push("late".to_owned()));
        Handled::Done(Ok(()))
    })
    .signal("early", |_, state, _| {
        state.with(|log| log.push("early".to_owned()));
        Handled::Done(Ok(()))
    })
}

#[test]
fn signals_without_a_handler_wait_for_one_and_come_in_their_order() {
    let history = HistoryBuilder::new("script")
        .signaled("late")
        .signaled("early")
        .signaled("late")
        .task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task();
    assert_eq!(
        next_commands(&opening().alone(), history),
        r#"complete "early open late late""#
    );
}

#[test]
fn a_signal_that_found_its_handler_late_is_kept_no_longer() {
    let history = HistoryBuilder::new("script")
        .signaled("late")
        .signaled("never")
        .task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task();
    let mut replayed = replay(history.history(), "default", &opening().alone()).expect("it replays");
    let kept: Vec<&str> = replayed
        .run()
        .unhandled_signals()
        .iter()
        .map(|signal| signal.name.as_str())
        .collect();
    assert_eq!(kept, ["never"]);
    assert!(replayed.take_dropped_signals().is_empty(), "it was told when it came");
}

/// Knows updates only once its main routine has begun; an update's handler never ends.
#[derive(Default)]
struct Beginner(Arc<Mutex<BTreeSet<&'static str>>>);

impl Beginner {
    fn begun(&self) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Program for Beginner {
    fn start(
        &mut self,
        host: &Host,
        _: &WorkflowExecutionStartedEventAttributes,
    ) -> Result<crate::BoxFuture<Result<Option<Payloads>, crate::Exit>>, TaskFailure> {
        let (host, known) = (host.clone(), Arc::clone(&self.0));
        Ok(Box::pin(async move {
            known.lock().unwrap_or_else(PoisonError::into_inner).insert("work");
            activity(&host, "a").await;
            Ok(None)
        }))
    }

    fn signal(&mut self, _: &Host, _: &Signal) -> Handled<Result<(), crate::Exit>> {
        Handled::Unknown
    }

    fn knows_update(&self, name: &str) -> bool {
        self.begun() && name != "unknown"
    }

    fn may_be_abandoned(&self, message: MessageKind, name: &str) -> bool {
        (message, name) == (MessageKind::Update, "idle")
    }

    fn validate(&mut self, _: &Host, update: &UpdateRequest) -> Result<(), Failure> {
        if self.knows_update(&update.name) {
            Ok(())
        } else {
            Err(Failure::application("Unknown", "no such update"))
        }
    }

    fn update(&mut self, host: &Host, _: &UpdateRequest) -> Handled<Result<Option<Payloads>, crate::Exit>> {
        let host = host.clone();
        Handled::Routine(Box::pin(async move {
            activity(&host, "forever").await;
            Ok(None)
        }))
    }

    fn query(&mut self, _: &Host, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure> {
        let name = query.query_type.as_str();
        Err(Failure::application("Unknown", name))
    }
}

/// Runs all tasks of a history; the last one gets the messages.
fn run(history: HistoryBuilder, messages: &[Message]) -> (Run, String) {
    let mut run = Run::new(Box::new(Beginner::default()), Start::default(), true);
    let mut cursor = Cursor::new(0, history.last_started_event_id());
    cursor.push(history.history().events).expect("no gaps");
    let mut commands = Vec::new();
    while let Step::Turn(mut turn) = cursor.step() {
        if !turn.replaying {
            turn.messages = messages.to_vec();
        }
        run.turn(*turn, SystemTime::UNIX_EPOCH).expect("the turn is good");
        commands = run.take_commands();
    }
    let shown = commands.iter().map(|command| show_command(command.attributes.as_ref()));
    let shown: Vec<String> = shown.collect();
    (run, shown.join(", "))
}

#[test]
fn an_update_of_the_first_task_finds_a_handler_that_the_main_routine_adds() {
    let (_, commands) = run(first_task(), &[update::request("u", "work", 2)]);
    assert_eq!(commands, "activity 1 a, message u/request/accept, activity 2 forever");
    let recorded = after_first_task()
        .activity_scheduled("1", "a")
        .update_accepted("u", "work")
        .activity_scheduled("2", "forever");
    let (_, commands) = run(recorded.signaled("again").open_task(), &[]);
    assert_eq!(commands, "", "the same on replay");
}

#[test]
fn an_update_that_nobody_adds_a_handler_for_is_refused_after_all() {
    let (mut run, commands) = run(first_task(), &[update::request("u", "unknown", 2)]);
    assert_eq!(commands, "activity 1 a");
    let ids: Vec<String> = run.take_messages().into_iter().map(|message| message.id).collect();
    assert_eq!(ids, ["u/request/reject"]);
}

#[test]
fn handlers_that_the_end_of_the_run_leaves_behind_are_told_unless_they_may_be() {
    let history = after_first_task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task();
    let messages = [update::request("u", "work", 8), update::request("v", "idle", 8)];
    let (mut live, commands) = run(history.clone(), &messages);
    assert!(commands.ends_with("complete"), "{commands}");
    assert_eq!(live.take_unfinished_handlers(), ["update work (u)"]);
    assert!(live.take_unfinished_handlers().is_empty(), "once");

    let recorded = history
        .task_completed()
        .update_accepted("u", "work")
        .activity_scheduled("2", "forever")
        .completed();
    let (mut replayed, _) = run(recorded, &[]);
    assert!(
        replayed.take_unfinished_handlers().is_empty(),
        "it was told when it happened"
    );
}
