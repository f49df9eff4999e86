//! Activities on a worker and a server in this process.

#![allow(clippy::needless_pass_by_value)] // as users write it

use super::CancelReason;
use crate::{prelude::*, testing::TestEnv};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Calls an activity that is known by its name, with the options that a test of it needs.
#[derive(Default)]
struct Caller;

#[workflow]
impl Caller {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, activity: String, attempts: u32) -> WorkflowResult<String> {
        let policy = RetryPolicy::default().maximum_attempts(attempts);
        let call = ctx.activity_untyped::<String>(activity, ("input",));
        let call = call
            .start_to_close_timeout(minutes(1))
            .heartbeat_timeout(secs(10))
            .retry_policy(policy);
        Ok(call.await?)
    }
}

/// Starts an activity and cancels it once it has sent word.
#[derive(Default)]
struct Canceller {
    is_running: bool,
}

#[workflow]
impl Canceller {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, activity: String) -> WorkflowResult<String> {
        let workflow_id = ctx.info().workflow_id().to_owned();
        let call = ctx
            .activity_untyped::<String>(activity, (workflow_id,))
            .start_to_close_timeout(minutes(1));
        let call = call
            .heartbeat_timeout(secs(1))
            .cancellation_type(super::ActivityCancellation::WaitCancellationCompleted);
        let mut running = call.start();
        ctx.wait_condition(|s| s.is_running).await?;
        running.cancel();
        let ended = (&mut running).await;
        Ok(match ended {
            Ok(output) => output,
            Err(failure) => format!("cancelled: {}", failure.is_cancelled()),
        })
    }

    #[signal]
    fn running(&mut self) {
        self.is_running = true;
    }
}

async fn call(env: &TestEnv, activity: &str, attempts: u32) -> Result<String, crate::client::ExecuteError> {
    env.client()
        .execute::<Caller>((activity.to_owned(), attempts))
        .task_queue("q")
        .await
}

#[activity]
async fn facts(ctx: ActivityContext, input: String) -> Result<String, ActivityError> {
    let info = ctx.info();
    assert_eq!(
        (info.activity_type.as_str(), info.workflow_type.as_str()),
        ("facts", "Caller")
    );
    assert_eq!(
        (info.task_queue.as_str(), info.namespace.as_str(), info.attempt),
        ("q", "default", 1)
    );
    assert_eq!(info.start_to_close_timeout, Some(minutes(1)));
    assert_eq!(info.heartbeat_timeout, Some(secs(10)));
    assert_eq!(info.retry_policy.as_ref().and_then(RetryPolicy::attempts_max), Some(3));
    assert_eq!(
        info.idempotency_key(),
        format!("{}/{}", info.workflow_run_id, info.activity_id)
    );
    assert!(info.started_time >= info.scheduled_time && info.scheduled_time.is_some());
    assert!(!info.task_token.is_empty());
    let workflow = ctx
        .client()
        .workflow::<Caller>(info.workflow_id.clone())
        .describe()
        .await;
    assert!(workflow.is_ok());
    Ok(input)
}

#[crate::test]
async fn an_activity_knows_who_it_is(env: TestEnv) {
    env.worker("q").workflow::<Caller>().activity::<facts>().start();
    assert_eq!(call(&env, "facts", 3).await?, "input");
}

#[crate::test]
async fn an_unknown_activity_fails_with_the_names_of_the_known_ones(env: TestEnv) {
    env.worker("q").workflow::<Caller>().activity::<facts>().start();
    let error = call(&env, "fact", 1).await.unwrap_err().to_string();
    assert!(
        error.contains("activity `fact` is not registered on this worker of task queue \"q\""),
        "{error}"
    );
    assert!(error.contains("registered: `facts`"), "{error}");
}

#[activity]
async fn number(input: u64) -> Result<String, ActivityError> {
    Ok(input.to_string())
}

#[crate::test]
async fn input_of_the_wrong_type_fails_the_activity(env: TestEnv) {
    env.worker("q").workflow::<Caller>().activity::<number>().start();
    let error = call(&env, "number", 1).await.unwrap_err().to_string();
    assert!(
        error.contains("argument 1 of 1") && error.contains("not a `u64`"),
        "{error}"
    );
}

struct Flaky {
    panics: Arc<AtomicUsize>,
}

#[activities]
impl Flaky {
    #[activity]
    async fn panic_first(&self, input: String) -> Result<String, ActivityError> {
        assert!(self.panics.fetch_sub(1, Ordering::SeqCst) == 0, "not yet");
        Ok(input)
    }

    #[activity]
    fn resume(&self, ctx: ActivityContext, _input: String) -> Result<String, ActivityError> {
        match ctx.heartbeat_details::<u32>()? {
            Some(progress) => Ok(format!("attempt {} goes on at {progress}", ctx.info().attempt)),
            None => {
                ctx.heartbeat(&1_u32)?;
                ctx.heartbeat(&2_u32)?;
                Err(ActivityError::new("interrupted"))
            }
        }
    }
}

#[crate::test]
async fn a_panic_is_a_failure_that_is_retried(env: TestEnv) {
    let flaky = Flaky {
        panics: Arc::new(AtomicUsize::new(1)),
    };
    env.worker("q").workflow::<Caller>().activities(flaky).start();
    assert_eq!(call(&env, "panic_first", 2).await?, "input");
}

#[crate::test]
async fn a_panic_in_the_last_attempt_is_told_to_the_workflow(env: TestEnv) {
    let flaky = Flaky {
        panics: Arc::new(AtomicUsize::new(1)),
    };
    env.worker("q").workflow::<Caller>().activities(flaky).start();
    let error = call(&env, "panic_first", 1).await.unwrap_err().to_string();
    assert!(error.contains("the activity panicked: not yet"), "{error}");
}

#[crate::test]
async fn the_newest_heartbeat_of_a_failed_attempt_is_there_for_the_next_one(env: TestEnv) {
    let flaky = Flaky { panics: Arc::default() };
    env.worker("q")
        .workflow::<Caller>()
        .shared_activities(Arc::new(flaky))
        .start();
    assert_eq!(call(&env, "resume", 2).await?, "attempt 2 goes on at 2");
}

#[activity]
async fn until_cancelled(ctx: ActivityContext, workflow_id: String) -> Result<String, ActivityError> {
    ctx.heartbeat(&"on it")?;
    ctx.client().workflow::<Canceller>(workflow_id).running().await?;
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(50));
    loop {
        tokio::select! {
            reason = ctx.cancelled() => {
                assert_eq!((reason, ctx.cancel_reason()), (CancelReason::Requested, Some(reason)));
                ctx.heartbeat(&"no more")?;
            }
            _ = beat.tick() => ctx.heartbeat(&"still on it")?,
        }
    }
}

#[crate::test]
async fn an_activity_that_heartbeats_is_told_of_its_cancellation(env: TestEnv) {
    env.worker("q")
        .workflow::<Canceller>()
        .activity::<until_cancelled>()
        .start();
    let canceller = env
        .client()
        .start::<Canceller>("until_cancelled".to_owned())
        .task_queue("q")
        .await?;
    assert_eq!(canceller.result().await?, "cancelled: true");
}

#[activity]
async fn by_others(ctx: ActivityContext, _input: String) -> Result<String, ActivityError> {
    let (client, token) = (ctx.client().clone(), ctx.info().task_token.clone());
    tokio::spawn(async move { client.async_activity(token).complete(&"by others".to_owned()).await });
    Err(ActivityError::complete_async())
}

#[crate::test]
async fn an_activity_can_be_completed_by_others(env: TestEnv) {
    env.worker("q").workflow::<Caller>().activity::<by_others>().start();
    assert_eq!(call(&env, "by_others", 1).await?, "by others");
}
