//! Other workflows, signalled and cancelled from within a workflow; what the other one sees is saved too.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowResult};

/// Waits for two words.
#[workflow]
#[derive(Default)]
pub struct ExternalTarget {
    words: Vec<String>,
}

#[workflow_methods]
impl ExternalTarget {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.wait_condition(|state| state.words.len() >= 2).await?;
        Ok(ctx.state(|state| state.words.join(" ")))
    }

    #[signal]
    pub fn word(&mut self, _ctx: &mut SyncWorkflowContext<Self>, word: String) {
        self.words.push(word);
    }
}

#[workflow]
#[derive(Default)]
pub struct ExternalSignal;

#[workflow_methods]
impl ExternalSignal {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, target: String) -> WorkflowResult<String> {
        let other = ctx.external_workflow(target, None);
        let mut text = "found";
        for word in ["two", "words"] {
            if other
                .signal(ExternalTarget::word, word.into(), Default::default())
                .await
                .is_err()
            {
                text = "missing";
            }
        }
        Ok(ctx
            .execute_activity(Activities::greet, text.to_owned(), options())
            .await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct ExternalCancel;

#[workflow_methods]
impl ExternalCancel {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, target: String) -> WorkflowResult<String> {
        let other = ctx.external_workflow(target, None);
        let text = if other.cancel(Some("enough".into())).await.is_ok() {
            "found"
        } else {
            "missing"
        };
        Ok(ctx
            .execute_activity(Activities::greet, text.to_owned(), options())
            .await?)
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<ExternalTarget>()?
        .workflow::<ExternalSignal>()?
        .workflow::<ExternalCancel>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!(
        "external_signal",
        [("external_signal", register), ("external_signal_target", register)],
        |stage| {
            stage.worker(register).await?;
            let target_id = format!("{}-target", stage.id());
            let target = stage
                .client
                .start_workflow(ExternalTarget::run, (), stage.options_as(target_id.clone()))
                .await?;
            let handle = stage.start(ExternalSignal::run, target_id.clone()).await?;
            ensure!(handle.get_result(Default::default()).await? == "Hello, found!");
            ensure!(target.get_result(Default::default()).await? == "two words");
            stage.save(&handle).await?;
            stage.save_run("external_signal_target", &target_id, "").await?;
            stage.stop_worker().await
        }
    ),
    scenario!("external_signal_missing", register, |stage| {
        let ended = stage
            .run(register, ExternalSignal::run, "nobody-of-that-name".into())
            .await?;
        ensure!(ended == Some("Hello, missing!".into()));
        Ok(())
    }),
    scenario!(
        "external_cancel",
        [("external_cancel", register), ("external_cancel_target", register)],
        |stage| {
            stage.worker(register).await?;
            let target_id = format!("{}-target", stage.id());
            let target = stage
                .client
                .start_workflow(ExternalTarget::run, (), stage.options_as(target_id.clone()))
                .await?;
            let handle = stage.start(ExternalCancel::run, target_id.clone()).await?;
            ensure!(handle.get_result(Default::default()).await? == "Hello, found!");
            ensure!(target.get_result(Default::default()).await.is_err());
            stage.save(&handle).await?;
            stage.save_run("external_cancel_target", &target_id, "").await?;
            stage.stop_worker().await
        }
    ),
    scenario!("external_cancel_missing", register, |stage| {
        let ended = stage
            .run(register, ExternalCancel::run, "nobody-of-that-name".into())
            .await?;
        ensure!(ended == Some("Hello, missing!".into()));
        Ok(())
    }),
];
