//! Failures: of the workflow, of its first run, of a workflow task.

use crate::{activities::greet, recorded::replays};
use steadfast::{error::WorkflowError, prelude::*};
use tests::{Outcome, millis};

#[derive(Default)]
struct WorkflowFailure;

#[workflow]
impl WorkflowFailure {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.sleep(millis(10)).await?;
        Err(WorkflowError::new("out of luck").type_name("OutOfLuck"))
    }
}

#[test]
fn a_workflow_fails() -> Outcome {
    replays::<WorkflowFailure>("workflow_failure")
}

#[derive(Default)]
struct WorkflowRetried;

#[workflow]
impl WorkflowRetried {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        let attempt = ctx.info().attempt();
        ctx.activity::<greet>(attempt.to_string()).await?;
        if attempt == 1 {
            return Err(WorkflowError::new("not yet").type_name(""));
        }
        Ok(attempt)
    }
}

#[test]
fn a_failed_workflow_is_retried() -> Outcome {
    replays::<WorkflowRetried>("workflow_retried")?;
    replays::<WorkflowRetried>("workflow_retried_last")
}

#[derive(Default)]
struct TaskFailed;

#[workflow]
impl TaskFailed {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.sleep(millis(10)).await?;
        let greeting = ctx.activity::<greet>("panic".to_owned()).await?;
        Ok(ctx.activity::<greet>(greeting).await?)
    }
}

#[test]
fn a_task_that_failed_left_nothing_behind() -> Outcome {
    replays::<TaskFailed>("workflow_task_failed")
}

#[derive(Default)]
struct FirstTaskFailed;

#[workflow]
impl FirstTaskFailed {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        Ok(ctx.activity::<greet>("after all".to_owned()).await?)
    }
}

#[test]
fn a_first_task_that_failed_left_nothing_behind() -> Outcome {
    replays::<FirstTaskFailed>("workflow_first_task_failed")
}

#[derive(Default)]
struct TaskTimedOut;

#[workflow]
impl TaskTimedOut {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.sleep(millis(10)).await?;
        Ok(ctx.activity::<greet>("at last".to_owned()).await?)
    }
}

#[test]
fn a_task_that_timed_out_left_nothing_behind() -> Outcome {
    replays::<TaskTimedOut>("workflow_task_timed_out")
}
