//! Terminating workflows.

use steadfast::{
    client::{RequestError, ResultError, WorkflowStatus},
    prelude::*,
};
use tests::{Environment, Outcome, RunningWorker};

#[derive(Default)]
struct Sleeper;

#[workflow]
impl Sleeper {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.sleep(hours(1)).await?;
        Ok(())
    }

    #[query]
    fn is_asleep(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_terminated_workflow_ends_at_once_with_the_reason() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Sleeper>());
    let sleeper = environment.start::<Sleeper>(()).await?;
    assert!(sleeper.is_asleep().await?, "the first task is done");
    sleeper.terminate("enough").await?;
    match sleeper.result().await {
        Err(ResultError::Terminated(failure)) => assert!(failure.message().contains("enough"), "{failure}"),
        other => panic!("expected a terminated workflow, got {other:?}"),
    }
    assert_eq!(sleeper.describe().await?.status(), WorkflowStatus::Terminated);
    environment.check_history("terminate", &sleeper).await
}

#[tokio::test]
async fn a_workflow_is_terminated_without_a_worker() -> Outcome {
    let environment = Environment::connect().await?;
    let sleeper = environment.start::<Sleeper>(()).await?;
    sleeper.terminate("never started").await?;
    assert!(matches!(sleeper.result().await, Err(ResultError::Terminated(_))));
    environment.check_history("terminate_before_start", &sleeper).await
}

#[tokio::test]
async fn only_what_runs_can_be_terminated() -> Outcome {
    let environment = Environment::connect().await?;
    let sleeper = environment.start::<Sleeper>(()).await?;
    sleeper.terminate("once").await?;
    let twice = sleeper.terminate("twice").await;
    assert!(matches!(twice, Err(RequestError::NotFound(_))), "{twice:?}");
    Ok(())
}
