use super::*;
use crate::testing::timer;
use std::time::Duration;

fn asked() -> Script<u32> {
    Script::<u32>::new(|host, state| async move {
        state.with(|count| *count = 42);
        timer(&host, Duration::from_secs(1)).await;
        Ok(None)
    })
    .query("count", |host, state| {
        assert!(host.is_replaying(), "a query always counts as replayed");
        Ok(Some(json_text(&state.with(|count| count.to_string()))))
    })
}

fn ask(script: Script<u32>, name: &str) -> Result<String, String> {
    let mut replayed = replay(first_task().history(), "default", &script.alone()).unwrap();
    let answer = replayed.query(name, None);
    answer
        .map(|answer| word(&Resolution::Completed(answer)))
        .map_err(|failure| failure.to_string())
}

#[test]
fn a_query_sees_the_state() {
    assert_eq!(ask(asked(), "count"), Ok("\"42\"".to_owned()));
}

#[test]
fn a_failing_query_fails_alone() {
    assert_eq!(ask(asked(), "what"), Err("no query 'what'".to_owned()));
    let panicking = asked().query("bad", |_, _| panic!("boom"));
    assert_eq!(
        ask(panicking, "bad"),
        Err("the query handler panicked: boom".to_owned())
    );
}

#[test]
fn a_query_that_issues_commands_fails_and_nothing_is_issued() {
    let script = asked().query("bad", |host, _| {
        let _timer = timer(&host, Duration::from_secs(1));
        Ok(None)
    });
    let mut replayed = replay(first_task().history(), "default", &script.alone()).unwrap();
    let failure = replayed.query("bad", None).unwrap_err().to_string();
    assert!(
        failure.starts_with("an operation was asked for in a query handler"),
        "{failure}"
    );
    assert_eq!(replayed.run().open_operations(), 1);
}

#[test]
fn a_query_does_not_draw_from_the_runs_random_numbers() {
    let script = asked().query("random", |host, _| Ok(Some(json_text(&host.random().to_string()))));
    let mut replayed = replay(first_task().history(), "default", &script.alone()).unwrap();
    let first = replayed.query("random", None).unwrap();
    assert_eq!(first, replayed.query("random", None).unwrap());
}
