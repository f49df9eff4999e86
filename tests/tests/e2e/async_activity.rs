//! Activities that somebody else completes.

use steadfast::{activity::ActivityCancellation, client::AsyncActivityError, prelude::*};
use tests::{Environment, Outcome, RunningWorker, millis};
use tokio::sync::mpsc;

/// Leaves its work to whoever gets its token.
#[derive(Clone)]
struct Desk {
    given: mpsc::UnboundedSender<Vec<u8>>,
}

#[activities]
impl Desk {
    #[activity(start_to_close_timeout = "1m")]
    async fn hand_on(&self, ctx: ActivityContext) -> Result<String, ActivityError> {
        let _ = self.given.send(ctx.info().task_token.to_vec());
        Err(ActivityError::complete_async())
    }
}

#[derive(Default)]
struct Office;

#[workflow]
impl Office {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let call = ctx.activities::<Desk>().hand_on();
        let quick = RetryPolicy::default().initial_interval(millis(1)).maximum_attempts(2);
        let call = call.cancellation_type(ActivityCancellation::WaitCancellationCompleted);
        match call.retry_policy(quick).await {
            Ok(answer) => Ok(answer),
            Err(failure) if failure.is_cancelled() => Ok("it stopped".to_owned()),
            Err(failure) => Ok(failure.to_string()),
        }
    }
}

#[tokio::test]
async fn who_has_the_token_fails_an_attempt_and_completes_the_next() -> Outcome {
    let environment = Environment::connect().await?;
    let (given, mut tokens) = mpsc::unbounded_channel();
    let _worker = RunningWorker::start(environment.worker().workflow::<Office>().activities(Desk { given }));
    let office = environment.start::<Office>(()).await?;
    let client = environment.client();
    let first = client.async_activity(tokens.recv().await.ok_or("nobody began")?);
    first.heartbeat(&"half of it").await?;
    let description = office.describe().await?;
    let pending = description.pending_activities().next().ok_or("it is pending")?;
    assert_eq!(pending.heartbeat_details::<String>()?.as_deref(), Some("half of it"));
    assert!(pending.last_heartbeat_time() >= pending.last_started_time());
    first.fail(ActivityError::new("not this time")).await?;
    let second = client.async_activity(tokens.recv().await.ok_or("there was one attempt")?);
    assert!(matches!(
        first.complete(&"late").await,
        Err(AsyncActivityError::NotFound(_))
    ));
    second.complete(&"all of it").await?;
    assert_eq!(office.result().await?, "all of it");
    Ok(())
}

#[tokio::test]
async fn who_hears_of_the_cancellation_says_that_the_work_stopped() -> Outcome {
    let environment = Environment::connect().await?;
    let (given, mut tokens) = mpsc::unbounded_channel();
    let _worker = RunningWorker::start(environment.worker().workflow::<Office>().activities(Desk { given }));
    let office = environment.start::<Office>(()).await?;
    let _began = tokens.recv().await;
    let by_id = environment.client().async_activity_by_id(office.id(), "1");
    by_id.heartbeat(&"at work").await?;
    let too_early = by_id.report_cancelled().await;
    assert!(too_early.is_err(), "nobody asked for it");
    office.cancel().await?;
    while !matches!(
        by_id.heartbeat(&"still at work").await,
        Err(AsyncActivityError::Cancelled)
    ) {
        tokio::task::yield_now().await;
    }
    by_id.report_cancelled().await?;
    assert_eq!(office.result().await?, "it stopped");
    Ok(())
}
