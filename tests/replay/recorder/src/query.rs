//! Queries leave no trace; these histories show that the tasks around them don't mind.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};

#[workflow]
#[derive(Default)]
pub struct QueryBetween {
    steps: u32,
    go: u32,
}

#[workflow_methods]
impl QueryBetween {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, steps: u32) -> WorkflowResult<u32> {
        for step in 1..=steps {
            ctx.wait_condition(|state| state.go >= step).await?;
            ctx.execute_activity(Activities::greet, step.to_string(), options())
                .await?;
            ctx.state_mut(|state| state.steps = step);
        }
        Ok(steps)
    }

    #[signal]
    pub fn go(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.go += 1;
    }

    #[query]
    pub fn steps(&self, _ctx: &WorkflowContextView) -> u32 {
        self.steps
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<QueryBetween>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("query_between", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(QueryBetween::run, 3).await?;
        for step in 1..=3 {
            handle.query(QueryBetween::steps, (), Default::default()).await?;
            handle.signal(QueryBetween::go, (), Default::default()).await?;
            // Some of these come while the activity runs, and travel with the next task.
            for _ in 0..5 {
                ensure!(handle.query(QueryBetween::steps, (), Default::default()).await? <= step);
            }
        }
        ensure!(handle.get_result(Default::default()).await? == 3);
        ensure!(handle.query(QueryBetween::steps, (), Default::default()).await? == 3);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("query_after_eviction", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(QueryBetween::run, 2).await?;
        handle.signal(QueryBetween::go, (), Default::default()).await?;
        stage.until(|events| events.len() >= 11).await?;
        stage.stop_worker().await?;
        stage.worker(register).await?;
        ensure!(handle.query(QueryBetween::steps, (), Default::default()).await? == 1);
        handle.signal(QueryBetween::go, (), Default::default()).await?;
        ensure!(handle.get_result(Default::default()).await? == 2);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
];
