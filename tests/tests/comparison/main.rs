//! The workflows and activities of the official Rust SDK's examples, written with ours: they do the same in fewer lines.
//! `docs/comparison.md` has the numbers.

mod activity_heartbeating;
mod cancellation;
mod child_workflows;
mod continue_as_new;
mod hello_world;
mod local_activities;
mod message_passing;
mod polling;
mod saga;
mod search_attributes;
mod timer_examples;
mod updatable_timer;

use std::{error::Error, fs, path::Path};
use steadfast::{
    client::UpdateCallError,
    prelude::*,
    proto::{enums::IndexedValueType, operatorservice::AddSearchAttributesRequest},
};

/// The official example, and the lines of its `workflows.rs` that are neither blank nor a comment alone. Counted in the
/// sources of `temporalio-sdk` 1.1.1, which are formatted to 100 columns, as ours in this folder are.
const OFFICIAL: [(&str, usize); 12] = [
    ("activity_heartbeating", 45),
    ("cancellation", 67),
    ("child_workflows", 38),
    ("continue_as_new", 22),
    ("hello_world", 32),
    ("local_activities", 44),
    ("message_passing", 42),
    ("polling", 42),
    ("saga", 155),
    ("search_attributes", 27),
    ("timer_examples", 47),
    ("updatable_timer", 55),
];

/// With `STEADFAST_REGENERATE` set, the table is written anew.
#[test]
fn ours_are_shorter_and_the_table_says_by_how_much() -> Result<(), Box<dyn Error>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rows = String::new();
    let (mut all_official, mut all_ours) = (0, 0);
    for (name, official) in OFFICIAL {
        let ours = fs::read_to_string(tests.join(format!("tests/comparison/{name}.rs")))?;
        let ours = ours.lines().map(str::trim);
        let ours = ours
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count();
        assert!(
            ours < official,
            "{name}: {ours} lines, not fewer than {official}"
        );
        rows +=
            &format!("| [{name}](../tests/tests/comparison/{name}.rs) | {official} | {ours} |\n");
        (all_official, all_ours) = (all_official + official, all_ours + ours);
    }
    rows += &format!("| all | {all_official} | {all_ours} |\n");

    let document = tests.join("../docs/comparison.md");
    let text = fs::read_to_string(&document)?;
    let (head, rule) = text
        .split_once("|---|---|---|\n")
        .ok_or("docs/comparison.md has no table")?;
    let tail = rule.split_once("\n\n").map_or("", |(_, tail)| tail);
    let right = format!("{head}|---|---|---|\n{rows}\n{tail}");
    if std::env::var_os("STEADFAST_REGENERATE").is_some() {
        fs::write(document, right)?;
    } else {
        assert_eq!(
            text, right,
            "docs/comparison.md is not up to date: run this test with STEADFAST_REGENERATE=1"
        );
    }
    Ok(())
}

#[steadfast::test]
async fn hello_world_says_hello(env: TestEnv) {
    let worker = env.worker("q").workflow::<hello_world::HelloWorld>();
    worker.activity::<hello_world::greet>().start();
    let call = env
        .client()
        .execute::<hello_world::HelloWorld>("Ada".to_owned());
    assert_eq!(call.task_queue("q").await?, "Hello, Ada!");
}

#[steadfast::test]
async fn steps_are_taken_with_heartbeats(env: TestEnv) {
    let worker = env
        .worker("q")
        .workflow::<activity_heartbeating::Heartbeating>();
    worker
        .activity::<activity_heartbeating::take_steps>()
        .start();
    let call = env
        .client()
        .execute::<activity_heartbeating::Heartbeating>(3);
    assert_eq!(call.task_queue("q").await?, "3 steps taken");
}

#[steadfast::test]
async fn a_cancelled_workflow_cleans_up_and_completes(env: TestEnv) {
    use cancellation::{Cancellation, clean_up, work_until_told};
    let worker = env
        .worker("q")
        .workflow::<Cancellation>()
        .activity::<work_until_told>();
    worker.activity::<clean_up>().start();
    let handle = env
        .client()
        .start::<Cancellation>(())
        .task_queue("q")
        .await?;
    handle.cancel().reason("no time").await?;
    assert_eq!(handle.result().await?, "cancelled (no time), all clean");
}

#[steadfast::test]
async fn children_greet_one_after_the_other(env: TestEnv) {
    use child_workflows::{GreetingChild, Parent};
    env.worker("q")
        .workflow::<Parent>()
        .workflow::<GreetingChild>()
        .start();
    let call = env
        .client()
        .execute::<Parent>(vec!["Ada".to_owned(), "Bob".to_owned()]);
    assert_eq!(call.task_queue("q").await?, ["Hello, Ada!", "Hello, Bob!"]);
}

#[steadfast::test]
async fn rounds_are_runs(env: TestEnv) {
    env.worker("q")
        .workflow::<continue_as_new::Rounds>()
        .start();
    let call = env.client().execute::<continue_as_new::Rounds>((1, 3));
    assert_eq!(call.task_queue("q").await?, "done after 3 rounds");
}

#[steadfast::test]
async fn an_activity_is_called_remotely_and_locally(env: TestEnv) {
    let worker = env.worker("q").workflow::<local_activities::Twice>();
    worker.activity::<local_activities::greet>().start();
    let call = env
        .client()
        .execute::<local_activities::Twice>("Ada".to_owned());
    let hello = || "Hello, Ada!".to_owned();
    assert_eq!(call.task_queue("q").await?, (hello(), hello()));
}

#[steadfast::test]
async fn a_counter_takes_messages(env: TestEnv) {
    env.worker("q")
        .workflow::<message_passing::Counter>()
        .start();
    let counter = env
        .client()
        .start::<message_passing::Counter>(10)
        .task_queue("q")
        .await?;
    counter.increment(3).await?;
    assert_eq!(counter.counter().await?, 3);
    let refused = counter.set_counter(-1).await;
    assert!(
        matches!(refused, Err(UpdateCallError::Failed(_))),
        "{refused:?}"
    );
    assert_eq!(counter.set_counter(12).await?, 3);
    assert_eq!(counter.result().await?, 12);
}

#[steadfast::test]
async fn polling_ends_when_it_is_ready_or_too_late(env: TestEnv) {
    let worker = env.worker("q").workflow::<polling::Polling>();
    worker.activity::<polling::is_ready>().start();
    let poll = |looks| {
        env.client()
            .execute::<polling::Polling>(looks)
            .task_queue("q")
    };
    assert_eq!(poll(5).await?, "ready at look 3");
    assert_eq!(poll(2).await?, "not ready after 2 looks");
}

#[steadfast::test]
async fn a_saga_is_booked_or_undone(env: TestEnv) {
    use saga::*;
    let worker = env
        .worker("q")
        .workflow::<Saga>()
        .activity::<book_hotel>()
        .activity::<book_flight>();
    let worker = worker.activity::<book_car>().mock::<cancel_car>(|_| Ok(()));
    worker
        .mock::<cancel_hotel>(|_| Ok(()))
        .mock::<cancel_flight>(|_| Ok(()))
        .start();
    let book = |trip: &str| {
        env.client()
            .execute::<Saga>(trip.to_owned())
            .task_queue("q")
    };
    assert_eq!(book("trip").await?.len(), 3);
    assert!(book("fail").await.is_err());
    assert_eq!(env.activity_calls::<cancel_flight>(), ["flight of fail"]);
    assert_eq!(env.activity_calls::<cancel_hotel>(), ["hotel of fail"]);
    assert!(env.activity_calls::<cancel_car>().is_empty());
}

#[steadfast::test]
async fn search_attributes_are_changed(env: TestEnv) {
    use search_attributes::{CUSTOMER, ORDERS, SearchAttributes};
    let known = AddSearchAttributesRequest {
        namespace: env.client().namespace().to_owned(),
        search_attributes: [
            (CUSTOMER.name().to_owned(), IndexedValueType::Keyword.into()),
            (ORDERS.name().to_owned(), IndexedValueType::Int.into()),
        ]
        .into(),
    };
    env.client().call(known).await?;
    env.worker("q").workflow::<SearchAttributes>().start();
    let call = env
        .client()
        .execute::<SearchAttributes>(())
        .search_attributes([CUSTOMER.set("Ada".to_owned())]);
    assert_eq!(call.task_queue("q").await?, "before: Ada, orders: 42");
}

#[steadfast::test]
async fn timers_race_and_are_cancelled(env: TestEnv) {
    let worker = env.worker("q").workflow::<timer_examples::Timers>();
    worker.activity::<timer_examples::take_long>().start();
    let call = env.client().execute::<timer_examples::Timers>(());
    assert_eq!(
        call.task_queue("q").await?,
        "first: activity, cancelled: true"
    );
}

#[steadfast::test]
async fn a_deadline_is_moved(env: TestEnv) {
    use updatable_timer::UpdatableTimer;
    let (soon, later) = (env.now() + days(1), env.now() + days(30));
    env.worker("q").workflow::<UpdatableTimer>().start();
    let timer = env
        .client()
        .start::<UpdatableTimer>(soon)
        .task_queue("q")
        .await?;
    assert_eq!(timer.deadline().await?, soon);
    timer.move_deadline(later).await?;
    assert_eq!(timer.result().await?, later);
    assert!(env.now() >= later);
}
