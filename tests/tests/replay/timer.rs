//! Timers: fired, cancelled, raced.

use crate::{
    activities::{greet, pause},
    recorded::replays,
};
use steadfast::prelude::*;
use tests::{Outcome, millis};

fn text(result: Result<(), Cancelled>) -> String {
    if result.is_ok() {
        "Fired".into()
    } else {
        "Cancelled".into()
    }
}

#[derive(Default)]
struct TimerFired;

#[workflow]
impl TimerFired {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        let mut fired = 0;
        for milliseconds in [100, 50, 1] {
            ctx.sleep(millis(milliseconds)).await?;
            fired += 1;
        }
        Ok(fired)
    }
}

#[test]
fn timers_one_after_another() -> Outcome {
    replays::<TimerFired>("timer_fired")
}

#[derive(Default)]
struct TimerParallel;

#[workflow]
impl TimerParallel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<usize> {
        Ok(
            join_all([300, 100, 100, 200, 1].map(|milliseconds| ctx.sleep(millis(milliseconds))))
                .await
                .len(),
        )
    }
}

#[test]
fn timers_side_by_side() -> Outcome {
    replays::<TimerParallel>("timer_parallel")
}

#[derive(Default)]
struct TimerCancelled;

#[workflow]
impl TimerCancelled {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let hour = ctx.sleep(hours(1)).summary("an hour").start();
        ctx.sleep(millis(50)).await?;
        hour.cancel();
        Ok(ctx.activity::<greet>(text(hour.await)).await?)
    }
}

#[test]
fn a_cancelled_timer() -> Outcome {
    replays::<TimerCancelled>("timer_cancelled")
}

#[derive(Default)]
struct TimerCancelledUnsent;

#[workflow]
impl TimerCancelledUnsent {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let hour = ctx.sleep(hours(1)).start();
        hour.cancel();
        let ended = text(hour.await);
        ctx.sleep(millis(10)).await?;
        Ok(ended)
    }
}

#[test]
fn a_timer_cancelled_before_it_is_sent_leaves_no_event_but_counts() -> Outcome {
    replays::<TimerCancelledUnsent>("timer_cancelled_unsent")
}

#[derive(Default)]
struct TimerRace;

#[workflow]
impl TimerRace {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<String> {
        let mut timer = ctx.sleep(secs(2)).start();
        let mut pausing = ctx.activity::<pause>(milliseconds).start();
        let winner = select! {
            _ = &mut timer => "timer",
            _ = &mut pausing => "activity",
        };
        timer.cancel();
        pausing.cancel();
        Ok(ctx.activity::<greet>(winner.to_owned()).await?)
    }
}

#[test]
fn a_timer_that_loses_a_race() -> Outcome {
    replays::<TimerRace>("timer_race_lost")
}

#[test]
fn a_timer_that_wins_a_race() -> Outcome {
    replays::<TimerRace>("timer_race_won")
}

#[derive(Default)]
struct TimerLeftBehind;

#[workflow]
impl TimerLeftBehind {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let mut short = ctx.sleep(millis(100)).start();
        let mut long = ctx.sleep(millis(1_500)).start();
        let winner = select! {
            _ = &mut short => "short",
            _ = &mut long => "long",
        };
        ctx.sleep(secs(2)).await?;
        Ok(ctx.activity::<greet>(winner.to_owned()).await?)
    }
}

#[test]
fn a_timer_that_fires_when_nobody_waits_for_it() -> Outcome {
    replays::<TimerLeftBehind>("timer_left_behind")
}
