use super::*;
use crate::{
    history::{Cursor, Step},
    testing::activity,
};

fn long_history(activities: usize) -> HistoryBuilder {
    let mut history = HistoryBuilder::new("script");
    for id in 1..=activities {
        let id = id.to_string();
        history = history
            .task()
            .activity_scheduled(&id, "a")
            .activity_completed(&id, 1)
            .signaled("note");
    }
    history.open_task()
}

fn visits_per_event(activities: usize, page: usize) -> f64 {
    let events = long_history(activities).history().events;
    let count = events.len();
    let mut cursor = Cursor::new(0, count as i64);
    let mut pages = events.chunks(page);
    loop {
        match cursor.step() {
            Step::Turn(_) => {}
            Step::NeedPage => cursor.push(pages.next().unwrap().to_vec()).unwrap(),
            Step::End => break,
        }
    }
    cursor.visited() as f64 / count as f64
}

#[test]
fn each_event_is_looked_at_a_bounded_number_of_times_however_long_the_history() {
    for page in [7, 250, 1_000_000] {
        let short = visits_per_event(100, page);
        let long = visits_per_event(5_000, page);
        assert!(long < 3.0, "{long} visits per event in pages of {page}");
        assert!(
            (long - short).abs() < 0.1,
            "{short} then {long} visits in pages of {page}"
        );
    }
}

#[test]
fn a_turn_of_many_events_is_not_searched_again_with_every_page() {
    let mut history = HistoryBuilder::new("script").task();
    for _ in 0..10_000 {
        history = history.signaled("note");
    }
    let events = history.open_task().history().events;
    let count = events.len();
    let mut cursor = Cursor::new(0, count as i64);
    for page in events.chunks(100) {
        cursor.push(page.to_vec()).unwrap();
        while let Step::Turn(_) = cursor.step() {}
    }
    assert!(
        cursor.visited() < 2 * count as u64,
        "{} visits of {count} events",
        cursor.visited()
    );
}

#[test]
fn a_long_history_replays() {
    let scripts = alone(|host| async move {
        loop {
            activity(&host, "a").await;
        }
    });
    let history = long_history(2_000);
    let events = history.last_event_id() as u64;
    let encoded = crate::replay_bytes(&history.clone().bytes(), "default", &scripts).unwrap();
    assert_eq!((encoded.events, encoded.turns), (events, 2_001));
    let replayed = replay(history.history(), "default", &scripts).unwrap();
    assert_eq!((replayed.events, replayed.turns), (events, 2_001));
    assert_eq!(replayed.run().open_operations(), 1);
}
