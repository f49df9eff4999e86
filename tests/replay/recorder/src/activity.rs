//! Activities: one after another, retried, failing, timed out.

use crate::{
    activities::{Activities, options, quick_retries},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_common::{RetryPolicy, error::IncomingError};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ActivityExecutionError, ActivityOptions, WorkflowContext, WorkflowResult, workflows::join_all};

#[workflow]
#[derive(Default)]
pub struct ActivitySequence;

#[workflow_methods]
impl ActivitySequence {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u64) -> WorkflowResult<String> {
        let mut number = 1;
        for _ in 0..count {
            number = ctx.execute_activity(Activities::double, number, options()).await?;
        }
        Ok(ctx
            .execute_activity(Activities::greet, number.to_string(), options())
            .await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct ActivityParallel;

#[workflow_methods]
impl ActivityParallel {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u64) -> WorkflowResult<u64> {
        let calls = (0..count).map(|number| ctx.execute_activity(Activities::double, number, options()));
        let mut sum = 0;
        for result in join_all(calls).await {
            sum += result?;
        }
        Ok(sum)
    }
}

#[workflow]
#[derive(Default)]
pub struct ActivityRetry;

#[workflow_methods]
impl ActivityRetry {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, failures: u32) -> WorkflowResult<u32> {
        Ok(ctx
            .execute_activity(Activities::flaky, failures, quick_retries())
            .await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct ActivityFailureHandled;

#[workflow_methods]
impl ActivityFailureHandled {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let refused = ctx
            .execute_activity(Activities::refuse, "OutOfStock".to_owned(), options())
            .await;
        let kind = match &refused {
            Err(ActivityExecutionError::Failed(failure)) => match failure.cause() {
                Some(IncomingError::Application(application)) => application.type_name().unwrap_or("none").to_owned(),
                _ => "no application failure".into(),
            },
            _ => "no failure".into(),
        };
        Ok(ctx.execute_activity(Activities::greet, kind, options()).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct ActivityFailureFatal;

#[workflow_methods]
impl ActivityFailureFatal {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        Ok(ctx
            .execute_activity(Activities::refuse, "OutOfStock".to_owned(), options())
            .await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct ActivityTimeout;

#[workflow_methods]
impl ActivityTimeout {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let policy = RetryPolicy::builder().maximum_attempts(1).build();
        let short = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(1))
            .retry_policy(policy)
            .build();
        match ctx.execute_activity(Activities::pause, 4000u64, short).await {
            Err(error) if error.as_timeout().is_some() => Ok("timed out".into()),
            Err(error) => Err(error.into()),
            Ok(_) => Ok("finished".into()),
        }
    }
}

#[workflow]
#[derive(Default)]
pub struct ActivityChosenId;

#[workflow_methods]
impl ActivityChosenId {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let chosen = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(10))
            .activity_id("greeting")
            .summary("the one with a name")
            .do_not_eagerly_execute(true)
            .build();
        let first = ctx
            .execute_activity(Activities::greet, "chosen".to_owned(), chosen)
            .await?;
        Ok(ctx.execute_activity(Activities::greet, first, options()).await?)
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<ActivitySequence>()?
        .workflow::<ActivityParallel>()?
        .workflow::<ActivityRetry>()?;
    registry
        .workflow::<ActivityFailureHandled>()?
        .workflow::<ActivityFailureFatal>()?;
    registry.workflow::<ActivityTimeout>()?.workflow::<ActivityChosenId>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("activity_sequence", register, |stage| {
        ensure!(stage.run(register, ActivitySequence::run, 3).await? == Some("Hello, 8!".into()));
        Ok(())
    }),
    scenario!("activity_parallel", register, |stage| {
        ensure!(stage.run(register, ActivityParallel::run, 6).await? == Some(30));
        Ok(())
    }),
    scenario!("activity_retry", register, |stage| {
        ensure!(stage.run(register, ActivityRetry::run, 2).await? == Some(3));
        Ok(())
    }),
    scenario!("activity_retries_exhausted", register, |stage| {
        ensure!(stage.run(register, ActivityRetry::run, 100).await?.is_none());
        Ok(())
    }),
    scenario!("activity_failure_handled", register, |stage| {
        ensure!(stage.run(register, ActivityFailureHandled::run, ()).await? == Some("Hello, OutOfStock!".into()));
        Ok(())
    }),
    scenario!("activity_failure_fatal", register, |stage| {
        ensure!(stage.run(register, ActivityFailureFatal::run, ()).await?.is_none());
        Ok(())
    }),
    scenario!("activity_timeout", register, |stage| {
        ensure!(stage.run(register, ActivityTimeout::run, ()).await? == Some("timed out".into()));
        Ok(())
    }),
    scenario!("activity_chosen_id", register, |stage| {
        ensure!(stage.run(register, ActivityChosenId::run, ()).await? == Some("Hello, Hello, chosen!!".into()));
        Ok(())
    }),
];
