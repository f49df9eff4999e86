//! Timers: fired, cancelled, raced.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    CancellableFuture, TimerOptions, TimerResult, WorkflowContext, WorkflowResult,
    workflows::{join_all, select},
};

#[workflow]
#[derive(Default)]
pub struct TimerFired;

#[workflow_methods]
impl TimerFired {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<u32> {
        let mut fired = 0;
        for milliseconds in [100, 50, 1] {
            if ctx.timer(Duration::from_millis(milliseconds)).await == TimerResult::Fired {
                fired += 1;
            }
        }
        Ok(fired)
    }
}

#[workflow]
#[derive(Default)]
pub struct TimerParallel;

#[workflow_methods]
impl TimerParallel {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<usize> {
        let timers = [300, 100, 100, 200, 1].map(|milliseconds| ctx.timer(Duration::from_millis(milliseconds)));
        Ok(join_all(timers).await.len())
    }
}

#[workflow]
#[derive(Default)]
pub struct TimerCancelled;

#[workflow_methods]
impl TimerCancelled {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let hour = ctx.timer(
            TimerOptions::builder(Duration::from_secs(3600))
                .summary("an hour".to_owned())
                .build(),
        );
        ctx.timer(Duration::from_millis(50)).await;
        hour.cancel();
        let ended = format!("{:?}", hour.await);
        Ok(ctx.execute_activity(Activities::greet, ended, options()).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct TimerCancelledUnsent;

#[workflow_methods]
impl TimerCancelledUnsent {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let hour = ctx.timer(Duration::from_secs(3600));
        hour.cancel();
        let ended = format!("{:?}", hour.await);
        ctx.timer(Duration::from_millis(10)).await;
        Ok(ended)
    }
}

/// The activity takes as many milliseconds as the input says, the timer two seconds; the loser is cancelled.
#[workflow]
#[derive(Default)]
pub struct TimerRace;

#[workflow_methods]
impl TimerRace {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<String> {
        let mut timer = ctx.timer(Duration::from_secs(2));
        let mut pause = ctx.execute_activity(Activities::pause, milliseconds, options());
        let winner = select! {
            _ = timer => "timer",
            _ = pause => "activity",
        };
        timer.cancel();
        pause.cancel();
        Ok(ctx
            .execute_activity(Activities::greet, winner.to_owned(), options())
            .await?)
    }
}

/// Nobody cancels the loser of this race: it stays behind.
#[workflow]
#[derive(Default)]
pub struct TimerLeftBehind;

#[workflow_methods]
impl TimerLeftBehind {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let mut short = ctx.timer(Duration::from_millis(100));
        let mut long = ctx.timer(Duration::from_millis(1500));
        let winner = select! {
            _ = short => "short",
            _ = long => "long",
        };
        ctx.timer(Duration::from_secs(2)).await;
        Ok(ctx
            .execute_activity(Activities::greet, winner.to_owned(), options())
            .await?)
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<TimerFired>()?
        .workflow::<TimerParallel>()?
        .workflow::<TimerCancelled>()?;
    registry
        .workflow::<TimerCancelledUnsent>()?
        .workflow::<TimerRace>()?
        .workflow::<TimerLeftBehind>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("timer_fired", register, |stage| {
        ensure!(stage.run(register, TimerFired::run, ()).await? == Some(3));
        Ok(())
    }),
    scenario!("timer_parallel", register, |stage| {
        ensure!(stage.run(register, TimerParallel::run, ()).await? == Some(5));
        Ok(())
    }),
    scenario!("timer_cancelled", register, |stage| {
        ensure!(stage.run(register, TimerCancelled::run, ()).await? == Some("Hello, Cancelled!".into()));
        Ok(())
    }),
    scenario!("timer_cancelled_unsent", register, |stage| {
        ensure!(stage.run(register, TimerCancelledUnsent::run, ()).await? == Some("Cancelled".into()));
        Ok(())
    }),
    scenario!("timer_race_lost", register, |stage| {
        ensure!(stage.run(register, TimerRace::run, 100).await? == Some("Hello, activity!".into()));
        Ok(())
    }),
    scenario!("timer_race_won", register, |stage| {
        ensure!(stage.run(register, TimerRace::run, 4000).await? == Some("Hello, timer!".into()));
        Ok(())
    }),
    scenario!("timer_left_behind", register, |stage| {
        ensure!(stage.run(register, TimerLeftBehind::run, ()).await? == Some("Hello, short!".into()));
        Ok(())
    }),
];
