//! Runs that left the cache and came back: a worker restarted, a cache too small, no cache at all.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowResult, workflows::join};

/// As many steps as the input says, each waits for a signal, then for an activity and a timer.
#[workflow]
#[derive(Default)]
pub struct EvictedSteps {
    allowed: u32,
}

#[workflow_methods]
impl EvictedSteps {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, steps: u32) -> WorkflowResult<u32> {
        for step in 1..=steps {
            ctx.wait_condition(|state| state.allowed >= step).await?;
            let (greeting, _) = join!(
                ctx.execute_activity(Activities::greet, step.to_string(), options()),
                ctx.timer(Duration::from_millis(30)),
            );
            greeting?;
        }
        Ok(steps)
    }

    #[signal]
    pub fn allow(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.allowed += 1;
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<EvictedSteps>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("eviction_by_restart", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(EvictedSteps::run, 4).await?;
        for step in 1..=4 {
            handle.signal(EvictedSteps::allow, (), Default::default()).await?;
            if step < 4 {
                stage.until(|events| events.len() >= 4 + step * 8).await?;
                stage.stop_worker().await?;
                stage.worker(register).await?;
            }
        }
        ensure!(handle.get_result(Default::default()).await? == 4);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("eviction_by_small_cache", register, |stage| {
        stage
            .worker_with(register, |options| options.max_cached_workflows = 1)
            .await?;
        let handle = stage.start(EvictedSteps::run, 3).await?;
        let other_id = format!("{}-other", stage.id());
        let other = stage
            .client
            .start_workflow(EvictedSteps::run, 3, stage.options_as(other_id))
            .await?;
        for _ in 0..3 {
            handle.signal(EvictedSteps::allow, (), Default::default()).await?;
            other.signal(EvictedSteps::allow, (), Default::default()).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ensure!(handle.get_result(Default::default()).await? == 3);
        ensure!(other.get_result(Default::default()).await? == 3);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("eviction_without_cache", register, |stage| {
        stage
            .worker_with(register, |options| options.max_cached_workflows = 0)
            .await?;
        let handle = stage.start(EvictedSteps::run, 3).await?;
        for _ in 0..3 {
            handle.signal(EvictedSteps::allow, (), Default::default()).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ensure!(handle.get_result(Default::default()).await? == 3);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
];
