//! Random numbers and identifiers: the activities' inputs show them.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

#[workflow]
#[derive(Default)]
pub struct RandomValues;

#[workflow_methods]
impl RandomValues {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let first: u64 = ctx.random();
        ctx.execute_activity(Activities::greet, first.to_string(), options())
            .await?;
        let identifier = ctx.uuid4();
        ctx.execute_activity(Activities::greet, identifier, options()).await?;
        let jitter = Duration::from_millis(ctx.random::<u64>() % 50);
        ctx.timer(jitter).await;
        Ok(ctx
            .execute_activity(Activities::greet, ctx.random::<u32>().to_string(), options())
            .await?)
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<RandomValues>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[scenario!("random_values", register, |stage| {
    ensure!(stage.run(register, RandomValues::run, ()).await?.is_some());
    Ok(())
})];
