use super::*;
use crate::testing::{activity, timer};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_timer_fires() {
    let scripts = alone(|host| async move { Ok(Some(json_text(&word(&timer(&host, MINUTE).await)))) });
    assert_eq!(next_commands(&scripts, first_task()), "timer 1");
    let history = after_first_task().timer_started("1").timer_fired("1").open_task();
    assert_eq!(next_commands(&scripts, history), "complete \"fired\"");
}

#[test]
fn a_timer_dropped_in_the_turn_it_was_made_is_never_sent() {
    let scripts = alone(|host| async move {
        drop(timer(&host, MINUTE));
        timer(&host, MINUTE).await;
        Ok(None)
    });
    assert_eq!(next_commands(&scripts, first_task()), "timer 2");
    let history = after_first_task().timer_started("2").timer_fired("2").open_task();
    assert_eq!(next_commands(&scripts, history), "complete");
}

#[test]
fn a_timer_that_lost_a_race_is_cancelled() {
    let scripts = alone(|host| async move {
        let mut work = pin!(activity(&host, "work"));
        let mut limit = pin!(timer(&host, MINUTE));
        let won = poll_fn(|context| {
            if work.as_mut().poll(context).is_ready() {
                return Poll::Ready("work");
            }
            limit.as_mut().poll(context).map(|_| "limit")
        })
        .await;
        Ok(Some(json_text(won)))
    });
    assert_eq!(next_commands(&scripts, first_task()), "activity 1 work, timer 1");
    let raced = after_first_task().activity_scheduled("1", "work").timer_started("1");
    let work_won = raced.clone().activity_completed("1", 1);
    assert_eq!(
        next_commands(&scripts, work_won.clone().open_task()),
        "cancel timer 1, complete \"work\""
    );
    assert_eq!(
        next_commands(&scripts, work_won.task().timer_canceled("1").completed()),
        ""
    );
    assert_eq!(
        next_commands(&scripts, raced.timer_fired("1").open_task()),
        "complete \"limit\""
    );
}

#[test]
fn a_timer_of_no_length_is_rounded_up_to_what_the_server_takes() {
    let scripts = alone(|host| async move {
        timer(&host, Duration::ZERO).await;
        Ok(None)
    });
    let replayed = replay(first_task().history(), "default", &scripts).unwrap();
    let Some(Attributes::StartTimerCommandAttributes(timer)) = &replayed.commands[0].attributes else {
        panic!("{replayed:?}")
    };
    assert_eq!(timer.start_to_fire_timeout.unwrap().nanos, 1_000_000);
}

#[test]
fn time_is_that_of_the_tasks_start() {
    let scripts = alone(|host| async move {
        let seconds = |host: &crate::Host| {
            let since = host.now().duration_since(std::time::SystemTime::UNIX_EPOCH);
            since.unwrap().as_secs()
        };
        let before = seconds(&host);
        timer(&host, MINUTE).await;
        Ok(Some(json_text(&format!("{before} {}", seconds(&host)))))
    });
    // The builder's events happen at the second of their id.
    let history = after_first_task().timer_started("1").timer_fired("1").open_task();
    assert_eq!(next_commands(&scripts, history), "complete \"3 8\"");
}
