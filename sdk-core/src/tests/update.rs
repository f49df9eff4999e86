use super::*;
use crate::{
    Exit, Handled, Run, Start, TurnError,
    history::{Cursor, Step},
    program::Programs,
    testing::{State, activity, wait_until},
};
use prost::{Message as _, Name};
use steadfast_proto::{
    prost_types::Any,
    protocol::{Message, message::SequencingId},
    update::{Acceptance, Input, Meta, Rejection, Request, Response},
};

fn updating() -> Script<Vec<String>> {
    Script::<Vec<String>>::new(|host, state: State<Vec<String>>| async move {
        state.with(|log| log.push("main".to_owned()));
        wait_until(&host, &state, |log| log.len() > 2).await;
        Ok(Some(json_text(&state.with(|log| log.join(" ")))))
    })
    .signal("note", |_, state, _| {
        state.with(|log| log.push("note".to_owned()));
        Handled::Done(Ok(()))
    })
    .update("set", |_, state, update| {
        state.with(|log| log.push(update.id.clone()));
        Handled::Done(Ok(Some(json_text("set"))))
    })
    .update("work", |host, _, _| {
        Handled::Routine(Box::pin(async move {
            activity(&host, "a").await;
            let id = host.current_update().map(|update| update.id.clone());
            Ok(Some(json_text(&id.unwrap_or_default())))
        }))
    })
    .update("refuse", |_, _, _| unreachable!("its validator never lets it through"))
    .validator("refuse", |_, _, _| Err(Failure::application("No", "must be positive")))
    .update("fail", |_, _, _| {
        Handled::Done(Err(Exit::Failed(Box::new(Failure::application("Bad", "no luck")))))
    })
}

pub(super) fn request(id: &str, name: &str, after: i64) -> Message {
    let request = Request {
        meta: Some(Meta {
            update_id: id.to_owned(),
            ..Meta::default()
        }),
        input: Some(Input {
            name: name.to_owned(),
            ..Input::default()
        }),
        ..Request::default()
    };
    Message {
        id: format!("{id}/request"),
        protocol_instance_id: id.to_owned(),
        sequencing_id: Some(SequencingId::EventId(after)),
        body: Some(Any {
            type_url: format!("type.googleapis.com/{}", Request::full_name()),
            value: request.encode_to_vec(),
        }),
    }
}

/// Runs the last task of a history with messages; gives commands and messages.
fn task(script: Script<Vec<String>>, history: HistoryBuilder, messages: &[Message]) -> Result<String, TurnError> {
    let program = script.alone().create("script").unwrap();
    let mut run = Run::new(program, Start::default(), true);
    let mut cursor = Cursor::new(0, history.last_started_event_id());
    cursor.push(history.history().events).unwrap();
    let mut commands = Vec::new();
    while let Step::Turn(mut turn) = cursor.step() {
        if !turn.replaying {
            turn.messages = messages.to_vec();
        }
        run.turn(*turn, std::time::SystemTime::UNIX_EPOCH)?;
        commands = run.take_commands();
    }
    let commands: Vec<String> = commands
        .iter()
        .map(|command| show_command(command.attributes.as_ref()))
        .collect();
    let messages: Vec<String> = run.take_messages().iter().map(show_message).collect();
    Ok(format!("{} / {}", commands.join(", "), messages.join(", ")))
}

fn show_message(message: &Message) -> String {
    let body = message.body.clone().unwrap_or_default();
    let bytes = body.value.as_slice();
    let text = match body.type_url.rsplit('.').next() {
        Some("Acceptance") => {
            let acceptance = Acceptance::decode(bytes).unwrap();
            assert!(acceptance.accepted_request.is_some(), "the request is echoed");
            format!("after {}", acceptance.accepted_request_sequencing_event_id)
        }
        Some("Rejection") => Rejection::decode(bytes).unwrap().failure.unwrap().to_string(),
        Some("Response") => match Response::decode(bytes).unwrap().outcome.unwrap().value.unwrap() {
            steadfast_proto::update::outcome::Value::Success(value) => word(&Resolution::Completed(Some(value))),
            steadfast_proto::update::outcome::Value::Failure(failure) => format!("failed: {failure}"),
        },
        other => panic!("{other:?}"),
    };
    format!("{} {text}", message.id)
}

#[test]
fn an_update_is_accepted_and_completed_in_one_task() {
    let outcome = task(updating(), first_task(), &[request("u", "set", 2)]).unwrap();
    assert_eq!(
        outcome,
        "message u/request/accept, message u/request/complete / u/request/accept after 2, u/request/complete \"set\""
    );
}

#[test]
fn an_update_may_take_several_tasks() {
    let outcome = task(updating(), first_task(), &[request("u", "work", 2)]).unwrap();
    assert_eq!(
        outcome,
        "message u/request/accept, activity 1 a / u/request/accept after 2"
    );
    let history = after_first_task()
        .update_accepted("u", "work")
        .activity_scheduled("1", "a")
        .activity_completed("1", 1);
    let outcome = task(updating(), history.clone().open_task(), &[]).unwrap();
    assert_eq!(outcome, "message u/request/complete / u/request/complete \"u\"");
    let history = history.task().update_completed("u").signaled("note").open_task();
    assert_eq!(task(updating(), history, &[]).unwrap(), " / ");
}

#[test]
fn a_refused_update_leaves_no_command() {
    let outcome = task(updating(), first_task(), &[request("u", "refuse", 2)]).unwrap();
    assert_eq!(outcome, " / u/request/reject must be positive");
}

#[test]
fn an_unknown_update_is_refused() {
    let outcome = task(updating(), first_task(), &[request("u", "what", 2)]).unwrap();
    assert_eq!(outcome, " / u/request/reject no update 'what'");
}

#[test]
fn an_update_that_nobody_can_read_is_refused_even_if_its_validator_was_not_asked() {
    let script = updating().update("odd", |_, _, _| Handled::Undecodable("not a number".to_owned()));
    let outcome = task(script, first_task(), &[request("u", "odd", 2)]).unwrap();
    assert_eq!(outcome, " / u/request/reject not a number");
}

#[test]
fn a_failure_after_acceptance_is_the_updates_outcome() {
    let outcome = task(updating(), first_task(), &[request("u", "fail", 2)]).unwrap();
    assert_eq!(
        outcome,
        "message u/request/accept, message u/request/complete / u/request/accept after 2, u/request/complete failed: no luck"
    );
}

#[test]
fn an_update_handler_cannot_continue_as_new() {
    let script = updating().update("renew", |_, _, _| {
        Handled::Done(Err(Exit::ContinueAsNew(Box::default())))
    });
    let error = task(script, first_task(), &[request("u", "renew", 2)]).unwrap_err();
    assert!(
        error.to_string().starts_with("an update handler can't continue as new"),
        "{error}"
    );
}

#[test]
fn a_validator_that_issues_commands_fails_the_task() {
    let script = updating().validator("set", |host, _, _| {
        drop(activity(&host, "a"));
        Ok(())
    });
    let error = task(script, first_task(), &[request("u", "set", 2)]).unwrap_err();
    assert!(error.to_string().contains("update validator"), "{error}");
}

#[test]
fn validators_do_not_run_on_replay() {
    let script = updating().update("refuse", |_, _, _| Handled::Done(Ok(None)));
    let history = after_first_task()
        .update_accepted("u", "refuse")
        .update_completed("u")
        .signaled("note")
        .open_task();
    assert_eq!(task(script, history, &[]).unwrap(), " / ");
}

#[test]
fn an_accepted_update_whose_handler_is_gone_fails_the_task() {
    let history = after_first_task().update_accepted("u", "gone").update_completed("u");
    let error = replay_error(&updating().alone(), history);
    assert_eq!(
        error,
        "history accepted update gone (u), but there is no handler of update 'gone'"
    );
}

#[test]
fn messages_come_before_the_events_after_their_sequencing_id() {
    let history = HistoryBuilder::new("script")
        .signaled("note")
        .signaled("note")
        .open_task();
    let early = task(updating(), history.clone(), &[request("u", "set", 2)]).unwrap();
    assert!(early.contains("complete \"note u note main\""), "{early}");
    let late = task(updating(), history, &[request("u", "set", 4)]).unwrap();
    assert!(late.contains("complete \"note note u main\""), "{late}");
}

#[test]
fn a_message_without_a_sequencing_event_is_the_servers_mistake() {
    let mut message = request("u", "set", 2);
    message.sequencing_id = None;
    let error = task(updating(), first_task(), &[message]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server sent message 'u/request' without the event it comes after"
    );
}

#[test]
fn an_update_of_a_task_that_looks_like_a_heartbeat_is_replayed_in_that_task() {
    // Flag 4 says that the core of the history tells such tasks from heartbeats; without it they are told apart here too.
    for flags in [&[1, 2, 3][..], &[1, 2, 3, 4]] {
        // The first task did nothing; the update came with the second, and its code must see the main routine's work.
        let history = HistoryBuilder::new("script")
            .flags(flags)
            .task()
            .task()
            .update_accepted("u", "set")
            .update_completed("u");
        let outcome = task(updating(), history.signaled("note").open_task(), &[]).unwrap();
        assert_eq!(outcome, "complete \"main u note\" / ", "{flags:?}");
    }
}

#[test]
fn an_admitted_update_is_a_request_when_new_and_waits_for_its_acceptance_on_replay() {
    let admitted = HistoryBuilder::new("script").update_admitted("u", "set");
    let outcome = task(updating(), admitted.clone().open_task(), &[]).unwrap();
    assert_eq!(
        outcome,
        "message u/request/accept, message u/request/complete / u/request/accept after 2, u/request/complete \"set\""
    );
    let accepted = admitted
        .task()
        .update_accepted_after(2, "u", None)
        .update_completed("u")
        .signaled("note")
        .open_task();
    assert_eq!(task(updating(), accepted, &[]).unwrap(), "complete \"u main note\" / ");
}
