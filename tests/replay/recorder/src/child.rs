//! Child workflows: completed, failed, cancelled, abandoned, signalled, refused.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ApplicationFailure, ChildWorkflowCancellationType, ChildWorkflowOptions, ParentClosePolicy, SyncWorkflowContext,
    WorkflowContext, WorkflowResult, workflows::join_all,
};

/// Greets, fails, waits for a word, or waits for ever, as the input says.
#[workflow]
#[derive(Default)]
pub struct Child {
    word: Option<String>,
}

#[workflow_methods]
impl Child {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, what: String) -> WorkflowResult<String> {
        match what.as_str() {
            "fail" => {
                let failure = ApplicationFailure::builder(anyhow::anyhow!("the child gave up"));
                Err(failure.type_name("GaveUp".to_owned()).build().into())
            }
            "word" => {
                ctx.wait_condition(|state| state.word.is_some()).await?;
                Ok(ctx.state(|state| state.word.clone().unwrap_or_default()))
            }
            "wait" => {
                ctx.wait_condition(|_| false).await?;
                Ok("never".into())
            }
            name => Ok(ctx
                .execute_activity(Activities::greet, name.to_owned(), options())
                .await?),
        }
    }

    #[signal]
    pub fn word(&mut self, _ctx: &mut SyncWorkflowContext<Self>, word: String) {
        self.word = Some(word);
    }
}

fn child_options(ctx: &WorkflowContext<impl Sized>, number: u32) -> ChildWorkflowOptions {
    ChildWorkflowOptions::workflow_id(format!("{}-child-{number}", ctx.workflow_id()))
}

#[workflow]
#[derive(Default)]
pub struct ChildCompleted;

#[workflow_methods]
impl ChildCompleted {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, what: String) -> WorkflowResult<String> {
        let child = ctx
            .start_child_workflow(Child::run, what, child_options(ctx, 1))
            .await?;
        let text = match child.result().await {
            Ok(text) => text,
            Err(_) => "failed".into(),
        };
        Ok(ctx.execute_activity(Activities::greet, text, options()).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct ChildrenParallel;

#[workflow_methods]
impl ChildrenParallel {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u32) -> WorkflowResult<usize> {
        let starts = (1..=count)
            .map(|number| ctx.start_child_workflow(Child::run, number.to_string(), child_options(ctx, number)));
        let mut results = Vec::new();
        for child in join_all(starts).await {
            results.push(child?.result());
        }
        let mut done = 0;
        for result in join_all(results).await {
            result?;
            done += 1;
        }
        Ok(done)
    }
}

/// The type is the input: "try", "wait", "requested", "abandon".
#[workflow]
#[derive(Default)]
pub struct ChildCancelled;

#[workflow_methods]
impl ChildCancelled {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, kind: String) -> WorkflowResult<String> {
        let mut cancelled = child_options(ctx, 1);
        cancelled.cancel_type = match kind.as_str() {
            "try" => ChildWorkflowCancellationType::TryCancel,
            "wait" => ChildWorkflowCancellationType::WaitCancellationCompleted,
            "requested" => ChildWorkflowCancellationType::WaitCancellationRequested,
            _ => ChildWorkflowCancellationType::Abandon,
        };
        let child = ctx
            .start_child_workflow(Child::run, "wait".to_owned(), cancelled)
            .await?;
        ctx.timer(Duration::from_millis(300)).await;
        child.cancel("enough".into());
        let text = if child.result().await.is_err() {
            "cancelled"
        } else {
            "done"
        };
        ctx.timer(Duration::from_millis(100)).await;
        Ok(ctx
            .execute_activity(Activities::greet, text.to_owned(), options())
            .await?)
    }
}

/// Ends while its child goes on.
#[workflow]
#[derive(Default)]
pub struct ChildAbandoned;

#[workflow_methods]
impl ChildAbandoned {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let mut abandoned = child_options(ctx, 1);
        abandoned.parent_close_policy = ParentClosePolicy::Abandon;
        let child = ctx
            .start_child_workflow(Child::run, "word".to_owned(), abandoned)
            .await?;
        Ok(child.run_id)
    }
}

#[workflow]
#[derive(Default)]
pub struct ChildSignalled;

#[workflow_methods]
impl ChildSignalled {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let child = ctx
            .start_child_workflow(Child::run, "word".to_owned(), child_options(ctx, 1))
            .await?;
        child.signal(Child::word, "hush".into(), Default::default()).await?;
        Ok(child.result().await?)
    }
}

/// Starts the same child twice: the second start is refused.
#[workflow]
#[derive(Default)]
pub struct ChildRefused;

#[workflow_methods]
impl ChildRefused {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let child = ctx
            .start_child_workflow(Child::run, "word".to_owned(), child_options(ctx, 1))
            .await?;
        let second = ctx
            .start_child_workflow(Child::run, "word".to_owned(), child_options(ctx, 1))
            .await;
        let word = if second.is_err() { "refused" } else { "started" };
        child.signal(Child::word, word.into(), Default::default()).await?;
        Ok(child.result().await?)
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<Child>()?
        .workflow::<ChildCompleted>()?
        .workflow::<ChildrenParallel>()?;
    registry.workflow::<ChildCancelled>()?.workflow::<ChildAbandoned>()?;
    registry.workflow::<ChildSignalled>()?.workflow::<ChildRefused>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("child_completed", register, |stage| {
        ensure!(
            stage.run(register, ChildCompleted::run, "child".into()).await? == Some("Hello, Hello, child!!".into())
        );
        Ok(())
    }),
    scenario!("child_failed", register, |stage| {
        ensure!(stage.run(register, ChildCompleted::run, "fail".into()).await? == Some("Hello, failed!".into()));
        Ok(())
    }),
    scenario!("child_parallel", register, |stage| {
        ensure!(stage.run(register, ChildrenParallel::run, 4).await? == Some(4));
        Ok(())
    }),
    scenario!("child_cancelled_try", register, |stage| {
        let ended = stage.run(register, ChildCancelled::run, "try".into()).await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!(
        "child_cancelled_wait",
        [
            ("child_cancelled_wait", register),
            ("child_cancelled_wait_child", register)
        ],
        |stage| {
            stage.worker(register).await?;
            let handle = stage.start(ChildCancelled::run, "wait".into()).await?;
            ensure!(handle.get_result(Default::default()).await? == "Hello, cancelled!");
            stage.save(&handle).await?;
            stage
                .save_run("child_cancelled_wait_child", &format!("{}-child-1", stage.id()), "")
                .await?;
            stage.stop_worker().await
        }
    ),
    scenario!("child_cancelled_requested", register, |stage| {
        let ended = stage.run(register, ChildCancelled::run, "requested".into()).await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("child_cancelled_abandon", register, |stage| {
        let ended = stage.run(register, ChildCancelled::run, "abandon".into()).await?;
        ensure!(ended == Some("Hello, cancelled!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!(
        "child_abandoned",
        [("child_abandoned", register), ("child_abandoned_child", register)],
        |stage| {
            stage.worker(register).await?;
            let handle = stage.start(ChildAbandoned::run, ()).await?;
            let run = handle.get_result(Default::default()).await?;
            stage.save(&handle).await?;
            let child_id = format!("{}-child-1", stage.id());
            let child = stage
                .client
                .get_workflow_handle::<crate::child::child::Run>(child_id.clone());
            child.signal(Child::word, "alone".into(), Default::default()).await?;
            ensure!(child.get_result(Default::default()).await? == "alone");
            stage.save_run("child_abandoned_child", &child_id, &run).await?;
            stage.stop_worker().await
        }
    ),
    scenario!("child_signalled", register, |stage| {
        ensure!(stage.run(register, ChildSignalled::run, ()).await? == Some("hush".into()));
        Ok(())
    }),
    scenario!("child_refused", register, |stage| {
        ensure!(stage.run(register, ChildRefused::run, ()).await? == Some("refused".into()));
        Ok(())
    }),
];
