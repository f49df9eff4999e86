//! A run that was reset to an earlier task: the new run begins with the old one's events.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowResult};

/// Greets with a random number, waits for two words, greets with another random number.
#[workflow]
#[derive(Default)]
pub struct ResetRun {
    words: Vec<String>,
}

#[workflow_methods]
impl ResetRun {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.execute_activity(Activities::greet, ctx.random::<u64>().to_string(), options())
            .await?;
        ctx.wait_condition(|state| state.words.len() >= 2).await?;
        ctx.execute_activity(Activities::greet, ctx.random::<u64>().to_string(), options())
            .await?;
        Ok(ctx.state(|state| state.words.join(" ")))
    }

    #[signal]
    pub fn word(&mut self, _ctx: &mut SyncWorkflowContext<Self>, word: String) {
        self.words.push(word);
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<ResetRun>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[scenario!("reset_run", register, |stage| {
    stage.worker(register).await?;
    let handle = stage.start(ResetRun::run, ()).await?;
    stage.until(|events| events.len() >= 10).await?;
    for word in ["two", "words"] {
        handle.signal(ResetRun::word, word.into(), Default::default()).await?;
    }
    ensure!(handle.get_result(Default::default()).await? == "two words");
    let id = stage.id();
    let reset = [
        "workflow",
        "reset",
        "--workflow-id",
        id.as_str(),
        "--event-id",
        "10",
        "--reason",
        "recording",
    ];
    ensure!(stage.cli(&reset).await?.success(), "not reset");
    let again = stage.untyped(&id, "");
    again.get_result(Default::default()).await?;
    stage.save_run("reset_run", &id, "").await?;
    stage.stop_worker().await
})];
