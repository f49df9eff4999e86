//! Where a task's history comes from, and what there is to do about a bad one.

use super::{
    shard::{accept, commands, completion, give, handle, options, poll, query_task, refusal, step, stepping},
    *,
};
use crate::{Input, Output, RunKey, Shard};
use steadfast_proto::{
    bytes::Bytes,
    history::{History, HistoryEvent},
    workflowservice::{GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse},
};

/// The one fetch that is asked for.
fn fetch(outputs: Vec<Output>) -> (RunKey, Box<GetWorkflowExecutionHistoryRequest>) {
    let mut fetches = outputs.into_iter().filter_map(|output| match output {
        Output::FetchHistory(key, request) => Some((key, request)),
        _ => None,
    });
    fetches.next().expect("a fetch")
}

/// The answer to a fetch.
fn page(key: RunKey, events: &[HistoryEvent], token: &'static str) -> Input {
    let page = GetWorkflowExecutionHistoryResponse {
        history: Some(History {
            events: events.to_vec(),
        }),
        next_page_token: Bytes::from_static(token.as_bytes()),
        ..Default::default()
    };
    Input::HistoryPage(key, Ok(Box::new(page)))
}

/// Why the task failed.
fn failure(outputs: &[Output]) -> &str {
    let Some(Output::Fail(_, request)) = outputs.last() else {
        panic!("a failure")
    };
    &request.failure.as_ref().unwrap().message
}

#[test]
fn a_run_that_is_not_cached_is_fetched_from_its_start() {
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let history = step(step(HistoryBuilder::new("script"), "1"), "2").open_task();
    let events = history.clone().history().events;
    let (key, request) = fetch(give(&mut shard, poll("r", &history, 9)));
    assert!(request.next_page_token.is_empty());
    assert_eq!(request.execution.as_ref().unwrap().run_id, "r");
    // The second page is empty and still names a third; the last events come only with the task.
    let (key, request) = fetch(handle(&mut shard, page(key, &events[0..5], "2")));
    assert_eq!(request.next_page_token, "2");
    let (key, _) = fetch(handle(&mut shard, page(key, &[], "3")));
    let (_, request) = completion(handle(&mut shard, page(key, &events[5..12], "")));
    assert_eq!(commands(&request), "activity 3 step");
}

#[test]
fn turns_are_worked_on_as_their_pages_come() {
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let history = step(step(HistoryBuilder::new("script"), "1"), "2").open_task();
    let mut task = poll("r", &history, 0);
    let events = task.history.take().unwrap().events;
    task.history = Some(History {
        events: events[..12].to_vec(),
    });
    task.next_page_token = Bytes::from_static(b"more");
    let (key, request) = fetch(give(&mut shard, task));
    assert_eq!(request.next_page_token, "more");
    assert_eq!(
        shard.cached(),
        1,
        "the first turn was applied before the second page came"
    );
    let last = page(key, &events[12..], "to an empty page");
    let (_, request) = completion(handle(&mut shard, last));
    assert_eq!(commands(&request), "activity 3 step");
}

#[test]
fn a_history_that_ends_too_early_is_fetched_once_and_then_fails_the_task() {
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let mut task = poll("r", &first_task(), 0);
    task.started_event_id = 6;
    let (key, request) = fetch(give(&mut shard, task));
    assert!(request.next_page_token.is_empty());
    let outputs = handle(&mut shard, page(key, &first_task().history().events, ""));
    let message = failure(&outputs);
    assert!(
        message.starts_with("the history ends with event 3, before event 6"),
        "{message}"
    );
}

#[test]
fn a_history_whose_last_page_ends_too_early_fails_the_task() {
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let history = step(HistoryBuilder::new("script"), "1").open_task();
    let mut task = poll("r", &history, 0);
    task.history.as_mut().unwrap().events.truncate(5);
    task.next_page_token = Bytes::from_static(b"more");
    let (key, _) = fetch(give(&mut shard, task));
    let outputs = handle(&mut shard, page(key, &history.history().events[5..7], ""));
    assert!(failure(&outputs).contains("before event 9"), "{}", failure(&outputs));
}

#[test]
fn a_cached_run_that_misses_events_of_its_task_begins_anew() {
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let (key, _) = completion(give(&mut shard, poll("r", &first_task(), 0)));
    accept(&mut shard, key);
    let history = step(HistoryBuilder::new("script"), "1").open_task();
    let mut task = poll("r", &history, 3);
    task.history.as_mut().unwrap().events.truncate(3);
    let (key, request) = fetch(give(&mut shard, task));
    assert!(request.next_page_token.is_empty());
    let (key, request) = completion(handle(&mut shard, page(key, &history.history().events, "")));
    assert_eq!(commands(&request), "activity 2 step");
    accept(&mut shard, key);
    assert_eq!((shard.outstanding(), shard.cached()), (0, 1));
}

/// As on the time-skipping test server, which names the event after the one that scheduled the task.
#[test]
fn events_may_come_between_a_task_and_its_start_whatever_the_server_names() {
    let scheduled = step(HistoryBuilder::new("script"), "1").task_scheduled();
    let named = scheduled.last_event_id() + 1;
    let history = scheduled.signaled("x").signaled("y").task_started();
    for after in [3, 0] {
        let mut shard = Shard::new(options(10), Box::new(stepping()));
        let (key, _) = completion(give(&mut shard, poll("r", &first_task(), 0)));
        accept(&mut shard, key);
        let mut task = poll("r", &history, after);
        task.started_event_id = named;
        let (_, request) = completion(give(&mut shard, task));
        assert_eq!(commands(&request), "activity 2 step");
    }
}

#[test]
fn a_task_with_neither_history_nor_query_fails() {
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let mut task = poll("r", &first_task(), 0);
    task.history = None;
    assert!(matches!(give(&mut shard, task).last(), Some(Output::Fail(..))));
}

#[test]
fn a_history_that_cannot_be_fetched_fails_the_task_but_leaves_a_query_to_be_asked_again() {
    let history = step(HistoryBuilder::new("script"), "1").open_task();
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let (key, _) = fetch(give(&mut shard, poll("r", &history, 3)));
    let outputs = handle(&mut shard, Input::HistoryPage(key, Err(refusal(14, "try later"))));
    assert!(matches!(outputs.last(), Some(Output::Fail(..))));
    let mut shard = Shard::new(options(10), Box::new(stepping()));
    let (key, _) = fetch(give(&mut shard, query_task("r", &history, 3)));
    let outputs = handle(&mut shard, Input::HistoryPage(key, Err(refusal(14, "try later"))));
    assert!(outputs.is_empty());
    assert_eq!(shard.outstanding(), 0);
}
