//! Failures: of the workflow, of its first run, of a workflow task.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use temporalio_common::RetryPolicy;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ApplicationFailure, WorkflowContext, WorkflowResult};

#[workflow]
#[derive(Default)]
pub struct WorkflowFailure;

#[workflow_methods]
impl WorkflowFailure {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.timer(Duration::from_millis(10)).await;
        let failure = ApplicationFailure::builder(anyhow::anyhow!("out of luck"));
        Err(failure.type_name("OutOfLuck".to_owned()).details(13u32).build().into())
    }
}

/// Fails on its first attempt; the server starts another run.
#[workflow]
#[derive(Default)]
pub struct WorkflowRetried;

#[workflow_methods]
impl WorkflowRetried {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<u32> {
        let attempt = ctx.info().attempt();
        ctx.execute_activity(Activities::greet, attempt.to_string(), options())
            .await?;
        if attempt == 1 {
            return Err(ApplicationFailure::new(anyhow::anyhow!("not yet")).into());
        }
        Ok(attempt)
    }
}

static PANICKED: AtomicBool = AtomicBool::new(false);

/// Panics once, after a timer and a greeting: the task fails, the next one replays.
#[workflow]
#[derive(Default)]
pub struct TaskFailed;

#[workflow_methods]
impl TaskFailed {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.timer(Duration::from_millis(10)).await;
        let greeting = ctx
            .execute_activity(Activities::greet, "panic".to_owned(), options())
            .await?;
        assert!(PANICKED.swap(true, Ordering::SeqCst), "once");
        Ok(ctx.execute_activity(Activities::greet, greeting, options()).await?)
    }
}

static PANICKED_FIRST: AtomicBool = AtomicBool::new(false);

/// Panics once, in its first task.
#[workflow]
#[derive(Default)]
pub struct FirstTaskFailed;

#[workflow_methods]
impl FirstTaskFailed {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        assert!(PANICKED_FIRST.swap(true, Ordering::SeqCst), "once");
        Ok(ctx
            .execute_activity(Activities::greet, "after all".to_owned(), options())
            .await?)
    }
}

static DAWDLED: AtomicBool = AtomicBool::new(false);

/// Blocks its thread once, for longer than a workflow task may take.
#[workflow]
#[derive(Default)]
pub struct TaskTimedOut;

#[workflow_methods]
impl TaskTimedOut {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.timer(Duration::from_millis(10)).await;
        if !DAWDLED.swap(true, Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(2_500));
        }
        Ok(ctx
            .execute_activity(Activities::greet, "at last".to_owned(), options())
            .await?)
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<WorkflowFailure>()?.workflow::<WorkflowRetried>()?;
    registry
        .workflow::<TaskFailed>()?
        .workflow::<FirstTaskFailed>()?
        .workflow::<TaskTimedOut>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("workflow_failure", register, |stage| {
        ensure!(stage.run(register, WorkflowFailure::run, ()).await?.is_none());
        Ok(())
    }),
    scenario!(
        "workflow_retried",
        [("workflow_retried", register), ("workflow_retried_last", register)],
        |stage| {
            stage.worker(register).await?;
            let mut retried = stage.options();
            retried.retry_policy = Some(
                RetryPolicy::builder()
                    .initial_interval(Duration::from_millis(100))
                    .build(),
            );
            let handle = stage.client.start_workflow(WorkflowRetried::run, (), retried).await?;
            ensure!(handle.get_result(Default::default()).await? == 2);
            stage.save(&handle).await?;
            stage.save_run("workflow_retried_last", &stage.id(), "").await?;
            stage.stop_worker().await
        }
    ),
    scenario!("workflow_task_failed", register, |stage| {
        ensure!(stage.run(register, TaskFailed::run, ()).await? == Some("Hello, Hello, panic!!".into()));
        Ok(())
    }),
    scenario!("workflow_first_task_failed", register, |stage| {
        ensure!(stage.run(register, FirstTaskFailed::run, ()).await? == Some("Hello, after all!".into()));
        Ok(())
    }),
    scenario!("workflow_task_timed_out", register, |stage| {
        let mut hurried = stage.options();
        hurried.task_timeout = Some(Duration::from_secs(1));
        let ended = stage.run_with(hurried, register, TaskTimedOut::run, ()).await?;
        ensure!(ended == Some("Hello, at last!".into()));
        Ok(())
    }),
];
