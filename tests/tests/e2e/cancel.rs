//! Cancelling workflows.

use steadfast::{
    client::{RequestError, ResultError, WorkflowStatus},
    prelude::*,
};
use tests::{Environment, Gate, Outcome, RunningWorker};

#[activity(start_to_close_timeout = "10s")]
async fn clean_up(what: String) -> Result<String, ActivityError> {
    Ok(format!("{what} is cleaned up"))
}

#[derive(Clone, Default)]
struct Work {
    started: Gate,
}

#[activities]
impl Work {
    #[activity(start_to_close_timeout = "10s", heartbeat_timeout = "3s")]
    async fn work(&self, ctx: ActivityContext) -> Result<(), ActivityError> {
        self.started.open();
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            beat.tick().await;
            ctx.heartbeat(&())?;
        }
    }
}

#[derive(Default)]
struct Patient {
    started: bool,
}

#[workflow]
impl Patient {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, case: String) -> WorkflowResult<String> {
        ctx.state_mut(|s| s.started = true);
        match case.as_str() {
            "gives in" => {
                ctx.sleep(hours(1)).await?;
                Ok("slept".to_owned())
            }
            "cleans up" => {
                let Err(cancelled) = ctx.sleep(hours(1)).await else {
                    return Ok("slept".to_owned());
                };
                ctx.activity::<clean_up>("the table".to_owned()).await?;
                Err(cancelled.into())
            }
            "waits" => {
                ctx.wait_condition(|s| !s.started).await?;
                Ok("never".to_owned())
            }
            "works" => {
                ctx.activities::<Work>().work().await?;
                Ok("worked".to_owned())
            }
            _ => match ctx.sleep(hours(1)).await {
                Ok(()) => Ok("slept".to_owned()),
                Err(_) => Ok(ctx.activity::<clean_up>("everything".to_owned()).await?),
            },
        }
    }

    #[query]
    fn is_started(&self) -> bool {
        self.started
    }
}

async fn cancelled(case: &str, history: &str) -> Outcome {
    let environment = Environment::connect().await?;
    let work = Work::default();
    let worker = environment
        .worker()
        .workflow::<Patient>()
        .activity::<clean_up>()
        .activities(work.clone());
    let _worker = RunningWorker::start(worker);
    let patient = environment.start::<Patient>(case.to_owned()).await?;
    if case == "works" {
        work.started.passed().await;
    }
    assert!(patient.is_started().await?);
    patient.cancel().reason("enough").await?;
    let result = patient.result().await;
    assert!(matches!(result, Err(ResultError::Cancelled(_))), "{result:?}");
    assert_eq!(patient.describe().await?.status(), WorkflowStatus::Canceled);
    environment.check_history(history, &patient).await
}

#[tokio::test]
async fn a_cancelled_workflow_ends_as_cancelled() -> Outcome {
    cancelled("gives in", "cancel").await
}

#[tokio::test]
async fn a_cancelled_workflow_cleans_up_first() -> Outcome {
    cancelled("cleans up", "cancel_clean_up").await
}

#[tokio::test]
async fn a_wait_on_the_state_ends_with_the_cancellation() -> Outcome {
    cancelled("waits", "cancel_wait").await
}

#[tokio::test]
async fn a_running_activity_is_cancelled_with_its_workflow() -> Outcome {
    cancelled("works", "cancel_activity").await
}

#[tokio::test]
async fn a_workflow_may_complete_although_it_was_cancelled() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Patient>().activity::<clean_up>());
    let patient = environment.start::<Patient>("goes on".to_owned()).await?;
    assert!(patient.is_started().await?);
    patient.cancel().await?;
    assert_eq!(patient.result().await?, "everything is cleaned up");
    environment.check_history("cancel_swallowed", &patient).await
}

#[tokio::test]
async fn a_workflow_is_cancelled_before_its_first_task() -> Outcome {
    let environment = Environment::connect().await?;
    let patient = environment.start::<Patient>("gives in".to_owned()).await?;
    patient.cancel().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Patient>());
    let result = patient.result().await;
    assert!(matches!(result, Err(ResultError::Cancelled(_))), "{result:?}");
    environment.check_history("cancel_before_start", &patient).await
}

#[tokio::test]
async fn only_what_runs_can_be_cancelled() -> Outcome {
    let environment = Environment::connect().await?;
    let nobody = environment
        .client()
        .workflow::<Patient>(environment.name("nobody"))
        .cancel()
        .await;
    assert!(matches!(nobody, Err(RequestError::NotFound(_))), "{nobody:?}");
    Ok(())
}
