//! Activities: one after another, retried, failing, timed out.

use crate::{
    activities::{double, flaky, greet, pause, refuse},
    recorded::replays,
};
use steadfast::prelude::*;
use tests::{Outcome, millis};

#[derive(Default)]
struct ActivitySequence;

#[workflow]
impl ActivitySequence {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u64) -> WorkflowResult<String> {
        let mut number = 1;
        for _ in 0..count {
            number = ctx.activity::<double>(number).await?;
        }
        Ok(ctx.activity::<greet>(number.to_string()).await?)
    }
}

#[test]
fn a_sequence_of_activities() -> Outcome {
    replays::<ActivitySequence>("activity_sequence")
}

#[derive(Default)]
struct ActivityParallel;

#[workflow]
impl ActivityParallel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u64) -> WorkflowResult<u64> {
        let mut sum = 0;
        for result in join_all((0..count).map(|number| ctx.activity::<double>(number))).await {
            sum += result?;
        }
        Ok(sum)
    }
}

#[test]
fn activities_side_by_side() -> Outcome {
    replays::<ActivityParallel>("activity_parallel")
}

#[derive(Default)]
struct ActivityRetry;

#[workflow]
impl ActivityRetry {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, failures: u32) -> WorkflowResult<u32> {
        let quick = RetryPolicy::default().initial_interval(millis(20)).maximum_attempts(5);
        Ok(ctx.activity::<flaky>(failures).retry_policy(quick).await?)
    }
}

#[test]
fn a_retried_activity() -> Outcome {
    replays::<ActivityRetry>("activity_retry")
}

#[test]
fn an_activity_that_fails_after_all_its_attempts() -> Outcome {
    replays::<ActivityRetry>("activity_retries_exhausted")
}

#[derive(Default)]
struct ActivityFailureHandled;

#[workflow]
impl ActivityFailureHandled {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let kind = match ctx.activity::<refuse>("OutOfStock".to_owned()).await {
            Err(failure) => failure.type_name().unwrap_or("none").to_owned(),
            Ok(_) => "no failure".into(),
        };
        Ok(ctx.activity::<greet>(kind).await?)
    }
}

#[test]
fn the_type_of_an_activitys_failure_decides() -> Outcome {
    replays::<ActivityFailureHandled>("activity_failure_handled")
}

#[derive(Default)]
struct ActivityFailureFatal;

#[workflow]
impl ActivityFailureFatal {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        Ok(ctx.activity::<refuse>("OutOfStock".to_owned()).await?)
    }
}

#[test]
fn an_activitys_failure_fails_its_workflow() -> Outcome {
    replays::<ActivityFailureFatal>("activity_failure_fatal")
}

#[derive(Default)]
struct ActivityTimeout;

#[workflow]
impl ActivityTimeout {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let short = ctx
            .activity::<pause>(4_000)
            .start_to_close_timeout(secs(1))
            .retry_policy(RetryPolicy::never());
        match short.await {
            Err(failure) if failure.is_timeout() => Ok("timed out".into()),
            Err(failure) => Err(failure.into()),
            Ok(_) => Ok("finished".into()),
        }
    }
}

#[test]
fn an_activity_that_takes_too_long() -> Outcome {
    replays::<ActivityTimeout>("activity_timeout")
}

#[derive(Default)]
struct ActivityChosenId;

#[workflow]
impl ActivityChosenId {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let chosen = ctx
            .activity::<greet>("chosen".to_owned())
            .activity_id("greeting")
            .summary("the one with a name");
        let first = chosen.await?;
        Ok(ctx.activity::<greet>(first).await?)
    }
}

#[test]
fn an_activity_whose_id_was_chosen_counts_all_the_same() -> Outcome {
    replays::<ActivityChosenId>("activity_chosen_id")
}
