//! Cancelling activities: the three types, before sending, and a body that doesn't give in.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityCancellationType, ActivityExecutionError, ActivityOptions, CancellableFuture, WorkflowContext,
    WorkflowResult,
};

fn held(cancellation: ActivityCancellationType) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(20))
        .heartbeat_timeout(Duration::from_millis(500))
        .cancellation_type(cancellation)
        .build()
}

fn outcome(result: &Result<String, ActivityExecutionError>) -> String {
    match result {
        Ok(text) => text.clone(),
        Err(ActivityExecutionError::Cancelled(_)) => "cancelled".into(),
        Err(_) => "failed".into(),
    }
}

/// The type is the input: "try", "wait", "abandon".
#[workflow]
#[derive(Default)]
pub struct ActivityCancelled;

#[workflow_methods]
impl ActivityCancelled {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, kind: String) -> WorkflowResult<String> {
        let cancellation = match kind.as_str() {
            "try" => ActivityCancellationType::TryCancel,
            "wait" => ActivityCancellationType::WaitCancellationCompleted,
            _ => ActivityCancellationType::Abandon,
        };
        let holding = ctx.execute_activity(Activities::hold, (), held(cancellation));
        ctx.timer(Duration::from_millis(300)).await;
        holding.cancel();
        let ended = outcome(&holding.await);
        ctx.timer(Duration::from_millis(100)).await;
        Ok(ctx.execute_activity(Activities::greet, ended, options()).await?)
    }
}

/// Waits for a body that succeeds in spite of the request.
#[workflow]
#[derive(Default)]
pub struct ActivityCancelIgnored;

#[workflow_methods]
impl ActivityCancelIgnored {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let kind = ActivityCancellationType::WaitCancellationCompleted;
        let holding = ctx.execute_activity(Activities::hold_on, (), held(kind));
        ctx.timer(Duration::from_millis(300)).await;
        holding.cancel();
        Ok(outcome(&holding.await))
    }
}

/// Cancels in the same activation: nothing of it is sent.
#[workflow]
#[derive(Default)]
pub struct ActivityCancelledUnsent;

#[workflow_methods]
impl ActivityCancelledUnsent {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let holding = ctx.execute_activity(Activities::hold, (), held(ActivityCancellationType::TryCancel));
        holding.cancel();
        let ended = outcome(&holding.await);
        Ok(ctx.execute_activity(Activities::greet, ended, options()).await?)
    }
}

/// Cancels after the result is there.
#[workflow]
#[derive(Default)]
pub struct ActivityCancelledLate;

#[workflow_methods]
impl ActivityCancelledLate {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let greeting = ctx.execute_activity(Activities::greet, "early".to_owned(), options());
        ctx.timer(Duration::from_secs(1)).await;
        greeting.cancel();
        Ok(outcome(&greeting.await))
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<ActivityCancelled>()?
        .workflow::<ActivityCancelIgnored>()?;
    registry
        .workflow::<ActivityCancelledUnsent>()?
        .workflow::<ActivityCancelledLate>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("activity_cancelled_try", register, |stage| {
        let ended = stage.run(register, ActivityCancelled::run, "try".into()).await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("activity_cancelled_wait", register, |stage| {
        let ended = stage.run(register, ActivityCancelled::run, "wait".into()).await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("activity_cancelled_abandon", register, |stage| {
        let ended = stage.run(register, ActivityCancelled::run, "abandon".into()).await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("activity_cancel_ignored", register, |stage| {
        let ended = stage.run(register, ActivityCancelIgnored::run, ()).await?;
        ensure!(ended == Some("done all the same".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("activity_cancelled_unsent", register, |stage| {
        let ended = stage.run(register, ActivityCancelledUnsent::run, ()).await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("activity_cancelled_late", register, |stage| {
        let ended = stage.run(register, ActivityCancelledLate::run, ()).await?;
        ensure!(ended == Some("Hello, early!".into()), "{ended:?}");
        Ok(())
    }),
];
