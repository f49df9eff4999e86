//! Cancelling a workflow: with clean-up, swallowed, while waiting for this or that, everything at once.

use crate::{activities::Activities, registry::Registry, scenario::Scenario};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, TimerOptions, TimerResult, WorkflowCancellationToken, WorkflowContext,
    WorkflowResult, WorkflowTermination,
    workflows::{join, join_all},
};

fn held(cancellation: ActivityCancellationType) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(20))
        .heartbeat_timeout(Duration::from_millis(500))
        .cancellation_type(cancellation)
        .build()
}

/// Holds until cancelled, cleans up with an activity and a timer, and ends as cancelled.
#[workflow]
#[derive(Default)]
pub struct CancelWithCleanUp;

#[workflow_methods]
impl CancelWithCleanUp {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let holding = held(ActivityCancellationType::WaitCancellationCompleted);
        let ended = ctx.execute_activity(Activities::hold, (), holding).await;
        let detached = WorkflowCancellationToken::new();
        let cleaning = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(10))
            .cancellation_token(detached.clone())
            .build();
        ctx.execute_activity(Activities::greet, "clean-up".to_owned(), cleaning)
            .await?;
        let rest = TimerOptions::builder(Duration::from_millis(20))
            .cancellation_token(detached)
            .build();
        ctx.timer(rest).await;
        ended.map_err(|_| WorkflowTermination::cancelled())
    }
}

/// Takes the cancellation of its timer for an answer, and completes.
#[workflow]
#[derive(Default)]
pub struct CancelSwallowed;

#[workflow_methods]
impl CancelSwallowed {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        match ctx.timer(Duration::from_secs(3600)).await {
            TimerResult::Cancelled => Ok("swallowed".into()),
            TimerResult::Fired => Ok("an hour passed".into()),
        }
    }
}

/// Waits for what never comes.
#[workflow]
#[derive(Default)]
pub struct CancelCondition {
    never: bool,
}

#[workflow_methods]
impl CancelCondition {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.wait_condition(|state| state.never).await?;
        Ok(())
    }
}

/// Two timers, two activities and another timer, all pending, all cancelled.
#[workflow]
#[derive(Default)]
pub struct CancelEverything;

#[workflow_methods]
impl CancelEverything {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let early = join_all([60, 61].map(|seconds| ctx.timer(Duration::from_secs(seconds))));
        let holding = join_all(
            [
                ActivityCancellationType::TryCancel,
                ActivityCancellationType::WaitCancellationCompleted,
            ]
            .map(|kind| ctx.execute_activity(Activities::hold, (), held(kind))),
        );
        let late = ctx.timer(Duration::from_secs(62));
        let (early, holding, late) = join!(early, holding, late);
        let cancelled = early.iter().filter(|result| **result == TimerResult::Cancelled).count()
            + holding.iter().filter(|result| result.is_err()).count()
            + usize::from(late == TimerResult::Cancelled);
        Ok(format!("{cancelled} cancelled"))
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<CancelWithCleanUp>()?
        .workflow::<CancelSwallowed>()?;
    registry.workflow::<CancelCondition>()?.workflow::<CancelEverything>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("cancel_with_clean_up", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(CancelWithCleanUp::run, ()).await?;
        stage.until(|events| events.len() >= 5).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        handle.cancel(Default::default()).await?;
        ensure!(handle.get_result(Default::default()).await.is_err());
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("cancel_swallowed", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(CancelSwallowed::run, ()).await?;
        stage.until(|events| events.len() >= 5).await?;
        handle.cancel(Default::default()).await?;
        ensure!(handle.get_result(Default::default()).await? == "swallowed");
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("cancel_condition", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(CancelCondition::run, ()).await?;
        stage.until(|events| events.len() >= 4).await?;
        handle.cancel(Default::default()).await?;
        ensure!(handle.get_result(Default::default()).await.is_err());
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("cancel_before_first_task", register, |stage| {
        let handle = stage.start(CancelCondition::run, ()).await?;
        handle.cancel(Default::default()).await?;
        stage.worker(register).await?;
        ensure!(handle.get_result(Default::default()).await.is_err());
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("cancel_everything", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(CancelEverything::run, ()).await?;
        stage.until(|events| events.len() >= 9).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        handle.cancel(Default::default()).await?;
        ensure!(handle.get_result(Default::default()).await? == "5 cancelled");
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
];
