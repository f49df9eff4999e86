//! Local activities: one, several, retried at once or by a timer, failing, long, cancelled.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
    stage::Stage,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_client::WorkflowStartOptions;
use temporalio_common::RetryPolicy;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityCancellationType, ActivityExecutionError, CancellableFuture, LocalActivityOptions, SyncWorkflowContext,
    WorkflowContext, WorkflowResult,
    workflows::{join, join_all},
};

fn local() -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .start_to_close_timeout(Duration::from_secs(20))
        .build()
}

#[workflow]
#[derive(Default)]
pub struct LocalSequence;

#[workflow_methods]
impl LocalSequence {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u64) -> WorkflowResult<u64> {
        let mut number = 1;
        for _ in 0..count {
            number = ctx.execute_local_activity(Activities::double, number, local()).await?;
        }
        Ok(number)
    }
}

#[workflow]
#[derive(Default)]
pub struct LocalParallel;

#[workflow_methods]
impl LocalParallel {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<u64> {
        let pauses = [150u64, 10, 80, 10, 40]
            .map(|milliseconds| ctx.execute_local_activity(Activities::pause, milliseconds, local()));
        let mut sum = 0;
        for pause in join_all(pauses).await {
            sum += pause?;
        }
        ctx.execute_activity(Activities::greet, sum.to_string(), options())
            .await?;
        Ok(sum)
    }
}

/// Retried after as many milliseconds as the input says; more than 500 take a timer.
#[workflow]
#[derive(Default)]
pub struct LocalRetry;

#[workflow_methods]
impl LocalRetry {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<u32> {
        let policy = RetryPolicy::builder()
            .initial_interval(Duration::from_millis(milliseconds))
            .backoff_coefficient(1.0)
            .build();
        let retried = LocalActivityOptions::builder()
            .start_to_close_timeout(Duration::from_secs(20))
            .timer_backoff_threshold(Duration::from_millis(500))
            .retry_policy(policy)
            .build();
        Ok(ctx.execute_local_activity(Activities::flaky, 2u32, retried).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct LocalFailure;

#[workflow_methods]
impl LocalFailure {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let refused = ctx
            .execute_local_activity(Activities::refuse, "OutOfStock".to_owned(), local())
            .await;
        let text = if refused.is_err() { "refused" } else { "granted" };
        Ok(ctx
            .execute_activity(Activities::greet, text.to_owned(), options())
            .await?)
    }
}

/// Longer than a workflow task may take: the task is kept alive by heartbeats.
#[workflow]
#[derive(Default)]
pub struct LocalLong {
    bumps: u32,
}

#[workflow_methods]
impl LocalLong {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<String> {
        let pause = ctx
            .execute_local_activity(Activities::pause, milliseconds, local())
            .await?;
        ctx.timer(Duration::from_millis(20)).await;
        Ok(ctx
            .execute_local_activity(Activities::greet, pause.to_string(), local())
            .await?)
    }

    #[signal]
    pub fn bump(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.bumps += 1;
    }
}

/// Local activities, activities and timers side by side; a local one's arguments are recorded.
#[workflow]
#[derive(Default)]
pub struct LocalMixed;

#[workflow_methods]
impl LocalMixed {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<u64> {
        let shown = LocalActivityOptions::builder()
            .start_to_close_timeout(Duration::from_secs(20))
            .include_arguments_in_marker(true)
            .summary("shown".to_owned())
            .build();
        let mut number = 1;
        for _ in 0..3 {
            let (near, far, _) = join!(
                ctx.execute_local_activity(Activities::double, number, shown.clone()),
                ctx.execute_activity(Activities::double, number, options()),
                ctx.timer(Duration::from_millis(10)),
            );
            number = near? + far?;
        }
        Ok(number)
    }
}

/// The type is the input: "try", "wait", "abandon".
#[workflow]
#[derive(Default)]
pub struct LocalCancelled;

#[workflow_methods]
impl LocalCancelled {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, kind: String) -> WorkflowResult<String> {
        let kind = match kind.as_str() {
            "try" => ActivityCancellationType::TryCancel,
            "wait" => ActivityCancellationType::WaitCancellationCompleted,
            _ => ActivityCancellationType::Abandon,
        };
        let cancelled = LocalActivityOptions::builder()
            .start_to_close_timeout(Duration::from_secs(20))
            .cancel_type(kind)
            .build();
        let holding = ctx.execute_local_activity(Activities::hold, (), cancelled);
        ctx.timer(Duration::from_millis(100)).await;
        holding.cancel();
        let text = match holding.await {
            Err(ActivityExecutionError::Cancelled(_)) => "cancelled",
            Err(_) => "failed",
            Ok(_) => "done",
        };
        Ok(ctx
            .execute_activity(Activities::greet, text.to_owned(), options())
            .await?)
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<LocalSequence>()?
        .workflow::<LocalParallel>()?
        .workflow::<LocalRetry>()?;
    registry
        .workflow::<LocalFailure>()?
        .workflow::<LocalLong>()?
        .workflow::<LocalMixed>()?;
    registry.workflow::<LocalCancelled>()?;
    Ok(())
}

/// Workflow tasks of two seconds: a heartbeat comes sooner.
fn hurried(stage: &Stage) -> WorkflowStartOptions {
    let mut options = stage.options();
    options.task_timeout = Some(Duration::from_secs(2));
    options
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("local_activity", register, |stage| {
        ensure!(stage.run(register, LocalSequence::run, 1).await? == Some(2));
        Ok(())
    }),
    scenario!("local_activity_sequence", register, |stage| {
        ensure!(stage.run(register, LocalSequence::run, 5).await? == Some(32));
        Ok(())
    }),
    scenario!("local_activity_parallel", register, |stage| {
        ensure!(stage.run(register, LocalParallel::run, ()).await? == Some(290));
        Ok(())
    }),
    scenario!("local_activity_retry", register, |stage| {
        ensure!(stage.run(register, LocalRetry::run, 50).await? == Some(3));
        Ok(())
    }),
    scenario!("local_activity_retry_by_timer", register, |stage| {
        ensure!(stage.run(register, LocalRetry::run, 1_000).await? == Some(3));
        Ok(())
    }),
    scenario!("local_activity_failure", register, |stage| {
        ensure!(stage.run(register, LocalFailure::run, ()).await? == Some("Hello, refused!".into()));
        Ok(())
    }),
    scenario!("local_activity_heartbeat", register, |stage| {
        let hurried = hurried(&stage);
        let ended = stage.run_with(hurried, register, LocalLong::run, 5_000).await?;
        ensure!(ended == Some("Hello, 5000!".into()));
        Ok(())
    }),
    scenario!("local_activity_heartbeat_and_signals", register, |stage| {
        stage.worker(register).await?;
        let handle = stage
            .client
            .start_workflow(LocalLong::run, 5_000, hurried(&stage))
            .await?;
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            handle.signal(LocalLong::bump, (), Default::default()).await?;
        }
        ensure!(handle.get_result(Default::default()).await? == "Hello, 5000!");
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("local_activity_mixed", register, |stage| {
        ensure!(stage.run(register, LocalMixed::run, ()).await? == Some(64));
        Ok(())
    }),
    scenario!("local_activity_cancelled_try", register, |stage| {
        let hurried = hurried(&stage);
        let ended = stage
            .run_with(hurried, register, LocalCancelled::run, "try".into())
            .await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("local_activity_cancelled_wait", register, |stage| {
        let hurried = hurried(&stage);
        let ended = stage
            .run_with(hurried, register, LocalCancelled::run, "wait".into())
            .await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("local_activity_cancelled_abandon", register, |stage| {
        let hurried = hurried(&stage);
        let ended = stage
            .run_with(hurried, register, LocalCancelled::run, "abandon".into())
            .await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
];
