//! Workflows that are tried again.

use steadfast::{
    activity::RetryPolicy,
    client::{ResultError, WorkflowStatus},
    prelude::*,
};
use tests::{Environment, Outcome, RunningWorker, millis};

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum AttemptError {
    #[error("not yet")]
    NotYet { attempt: u32 },
    #[error("never", non_retryable)]
    Never,
}

#[derive(Default)]
struct Attempts;

#[workflow]
impl Attempts {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, good_attempt: u32) -> WorkflowResult<u32> {
        let attempt = ctx.info().attempt();
        if good_attempt == 0 {
            return Err(AttemptError::Never.into());
        }
        if attempt < good_attempt {
            return Err(AttemptError::NotYet { attempt }.into());
        }
        Ok(attempt)
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy::default()
        .initial_interval(millis(100))
        .backoff_coefficient(1.0)
}

#[tokio::test]
async fn a_failed_workflow_is_tried_again_as_its_policy_says() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Attempts>());
    let attempts = environment.start::<Attempts>(2).retry_policy(policy()).await?;
    assert_eq!(attempts.result().await?, 2);
    environment.check_history("workflow_retry_first", &attempts).await?;
    let last = environment.client().workflow::<Attempts>(attempts.id());
    environment.check_history("workflow_retry_last", &last).await
}

#[tokio::test]
async fn a_workflow_without_a_policy_fails_at_once_with_its_typed_error() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Attempts>());
    let attempts = environment.start::<Attempts>(2).await?;
    match attempts.result().await {
        Err(ResultError::Failed(failure)) => {
            assert_eq!(failure.application(), Some(AttemptError::NotYet { attempt: 1 }));
            assert_eq!(failure.message(), "not yet");
        }
        other => panic!("expected a failed workflow, got {other:?}"),
    }
    assert_eq!(attempts.describe().await?.status(), WorkflowStatus::Failed);
    environment.check_history("workflow_fails", &attempts).await
}

#[tokio::test]
async fn a_non_retryable_error_ends_the_workflow() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Attempts>());
    let attempts = environment.start::<Attempts>(0).retry_policy(policy()).await?;
    match attempts.result().await {
        Err(ResultError::Failed(failure)) => assert_eq!(failure.application(), Some(AttemptError::Never)),
        other => panic!("expected a failed workflow, got {other:?}"),
    }
    environment.check_history("workflow_non_retryable", &attempts).await
}

#[tokio::test]
async fn no_more_runs_than_the_policy_allows() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Attempts>());
    let attempts = environment
        .start::<Attempts>(9)
        .retry_policy(policy().maximum_attempts(2))
        .await?;
    match attempts.result().await {
        Err(ResultError::Failed(failure)) => {
            assert_eq!(failure.application(), Some(AttemptError::NotYet { attempt: 2 }));
        }
        other => panic!("expected a failed workflow, got {other:?}"),
    }
    Ok(())
}
