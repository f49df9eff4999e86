//! Continue-as-new, with state carried over.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowResult};

/// What one run hands to the next.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Progress {
    pub done: u32,
    pub total: u32,
    pub log: Vec<String>,
}

#[workflow]
#[derive(Default)]
pub struct ContinueAsNew;

#[workflow_methods]
impl ContinueAsNew {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, mut progress: Progress) -> WorkflowResult<Vec<String>> {
        let greeting = ctx
            .execute_activity(Activities::greet, progress.done.to_string(), options())
            .await?;
        progress.log.push(greeting);
        progress.done += 1;
        ctx.timer(Duration::from_millis(10)).await;
        if progress.done < progress.total {
            let continued = ContinueAsNewOptions::builder()
                .run_timeout(Duration::from_secs(60))
                .build();
            ctx.continue_as_new(progress, continued)?;
            unreachable!("continuing as new ends the run");
        }
        Ok(progress.log)
    }
}

/// Continues as new when it is signalled, while an activity runs.
#[workflow]
#[derive(Default)]
pub struct ContinueWhenTold {
    told: bool,
}

#[workflow_methods]
impl ContinueWhenTold {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, round: u32) -> WorkflowResult<u32> {
        if round == 0 {
            let _unobserved = ctx.execute_activity(Activities::pause, 5_000u64, options());
            ctx.wait_condition(|state| state.told).await?;
            ctx.continue_as_new(round + 1, ContinueAsNewOptions::default())?;
        }
        Ok(round)
    }

    #[signal]
    pub fn tell(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.told = true;
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<ContinueAsNew>()?.workflow::<ContinueWhenTold>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!(
        "continue_as_new",
        [
            ("continue_as_new_first", register),
            ("continue_as_new_second", register),
            ("continue_as_new_last", register)
        ],
        |stage| {
            stage.worker(register).await?;
            let handle = stage
                .start(
                    ContinueAsNew::run,
                    Progress {
                        total: 3,
                        ..Default::default()
                    },
                )
                .await?;
            ensure!(handle.get_result(Default::default()).await? == ["Hello, 0!", "Hello, 1!", "Hello, 2!"]);
            let mut run = handle.run_id().unwrap_or_default().to_owned();
            for file in [
                "continue_as_new_first",
                "continue_as_new_second",
                "continue_as_new_last",
            ] {
                stage.save_run(file, &stage.id(), &run).await?;
                if let Some(next) = next_run(&stage, &run).await? {
                    run = next;
                }
            }
            stage.stop_worker().await
        }
    ),
    scenario!(
        "continue_as_new_when_told",
        [
            ("continue_as_new_when_told", register),
            ("continue_as_new_when_told_last", register)
        ],
        |stage| {
            stage.worker(register).await?;
            let handle = stage.start(ContinueWhenTold::run, 0).await?;
            stage.until(|events| events.len() >= 5).await?;
            handle.signal(ContinueWhenTold::tell, (), Default::default()).await?;
            ensure!(handle.get_result(Default::default()).await? == 1);
            stage.save(&handle).await?;
            stage
                .save_run("continue_as_new_when_told_last", &stage.id(), "")
                .await?;
            stage.stop_worker().await
        }
    ),
];

async fn next_run(stage: &crate::stage::Stage, run: &str) -> Result<Option<String>> {
    let events = stage.events(&stage.id(), run).await?;
    Ok(events.into_iter().last().and_then(|event| match event.attributes {
        Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(ended)) => Some(ended.new_execution_run_id),
        _ => None,
    }))
}
