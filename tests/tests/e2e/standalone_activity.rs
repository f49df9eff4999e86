//! Activities that no workflow calls.

use steadfast::{
    client::{
        ActivityIdConflictPolicy, ActivityResultError, ActivityStatus, ExecuteActivityError, RequestError,
        StartActivityError,
    },
    error::{RetryState, TimeoutType},
    prelude::*,
};
use steadfast_proto::enums::PendingActivityState;
use tests::{
    Environment, Gate, Outcome, RunningWorker,
    codec::{SEALED, Sealed},
    millis,
};

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
#[error("nobody lives there", non_retryable)]
struct NoSuchAddress;

#[activity(start_to_close_timeout = "30s")]
async fn send(to: String) -> Result<usize, NoSuchAddress> {
    if to.is_empty() {
        Err(NoSuchAddress)
    } else {
        Ok(to.len())
    }
}

#[activity]
async fn never(ctx: ActivityContext) -> Result<(), ActivityError> {
    let mut beat = tokio::time::interval(millis(20));
    loop {
        beat.tick().await;
        ctx.heartbeat(&ctx.info().attempt)?;
    }
}

/// Fails until it is let through.
#[derive(Clone)]
struct Stubborn(Gate);

#[activities]
impl Stubborn {
    #[activity]
    async fn insist(&self, ctx: ActivityContext) -> Result<u32, ActivityError> {
        if ctx.info().attempt < 3 {
            return Err(ActivityError::new("not yet"));
        }
        self.0.passed().await;
        Ok(ctx.info().attempt)
    }
}

#[tokio::test]
async fn an_activity_is_executed_without_a_workflow() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().activity::<send>());
    let client = environment.client();
    let sent = client
        .execute_activity::<send>("ada".to_owned())
        .task_queue(environment.queue())
        .await?;
    assert_eq!(sent, 3);
    let failed = client
        .execute_activity::<send>(String::new())
        .task_queue(environment.queue())
        .await;
    match failed {
        Err(ExecuteActivityError::Result(ActivityResultError::Failed(failure))) => {
            assert_eq!(failure.application(), Some(NoSuchAddress));
            assert_eq!(failure.retry_state(), RetryState::NonRetryableFailure);
        }
        other => panic!("expected the typed error, got {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn an_activity_is_described_found_and_counted() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().activity::<send>());
    let client = environment.client();
    let id = environment.name("mail");
    let mail = client
        .start_activity::<send>("ada".to_owned())
        .id(&id)
        .task_queue(environment.queue())
        .summary("a letter to Ada")
        .await?;
    assert_eq!(mail.id(), id);
    assert_eq!(mail.result().await?, 3);
    let description = mail.describe().await?;
    assert_eq!(description.id(), id);
    assert_eq!(Some(description.run_id()), mail.run_id());
    assert_eq!(description.status(), ActivityStatus::Completed);
    assert_eq!(
        (description.activity_type(), description.task_queue()),
        ("send", &*environment.queue())
    );
    assert_eq!(description.start_to_close_timeout(), Some(secs(30)));
    assert_eq!(description.summary()?.as_deref(), Some("a letter to Ada"));
    assert!(description.schedule_time() <= description.close_time());
    let query = format!("ActivityId = '{id}'");
    // Lists learn of it a little later.
    while client.count_activities(&query).await? == 0 {
        tokio::task::yield_now().await;
    }
    let found = client.list_activities(&query).all().await?;
    let found: Vec<_> = found
        .iter()
        .map(|activity| (activity.id(), activity.activity_type()))
        .collect();
    assert_eq!(found, [(&*id, "send")]);
    let groups = client
        .count_activity_groups(format!("{query} GROUP BY ExecutionStatus"))
        .await?;
    let groups: Vec<_> = groups
        .iter()
        .map(|group| (group.count(), group.value::<String>()))
        .collect();
    assert_eq!(groups, [(1, Ok("Completed".to_owned()))]);
    assert_eq!(client.activity::<usize>(&id).result().await?, 3);
    Ok(())
}

#[tokio::test]
async fn an_id_is_used_once_at_a_time() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let start = || {
        let start = client.start_activity_untyped::<_, ()>("nobody_runs_it", ());
        let start = start.id(environment.name("activity")).task_queue(environment.queue());
        start.schedule_to_close_timeout(secs(60))
    };
    let first = start().await?;
    match start().await {
        Err(StartActivityError::AlreadyStarted(there)) => {
            assert_eq!(
                (there.activity_id(), Some(there.run_id())),
                (first.id(), first.run_id())
            );
        }
        other => panic!("expected the one that runs, got {other:?}"),
    }
    let same = start()
        .id_conflict_policy(ActivityIdConflictPolicy::UseExisting)
        .await?;
    assert_eq!(same.run_id(), first.run_id());
    first.terminate("no use").await?;
    match same.result().await {
        Err(ActivityResultError::Terminated(failure)) => assert!(failure.message().contains("no use"), "{failure}"),
        other => panic!("expected a termination, got {other:?}"),
    }
    let nobody = client.activity::<()>(environment.name("nobody"));
    assert!(matches!(nobody.describe().await, Err(RequestError::NotFound(_))));
    assert!(matches!(nobody.result().await, Err(ActivityResultError::NotFound(_))));
    Ok(())
}

#[tokio::test]
async fn an_activity_that_runs_is_cancelled() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().activity::<never>());
    let start = environment
        .client()
        .start_activity::<never>(())
        .task_queue(environment.queue());
    let forever = start
        .start_to_close_timeout(secs(60))
        .heartbeat_timeout(millis(500))
        .await?;
    while forever.describe().await?.heartbeat_details::<u32>()?.is_none() {
        tokio::task::yield_now().await;
    }
    forever.cancel().reason("enough").await?;
    assert!(matches!(forever.result().await, Err(ActivityResultError::Cancelled(_))));
    let description = forever.describe().await?;
    assert_eq!(
        (description.status(), description.cancel_reason()),
        (ActivityStatus::Canceled, "enough")
    );
    Ok(())
}

#[tokio::test]
async fn an_activity_that_nobody_runs_times_out() -> Outcome {
    let environment = Environment::connect().await?;
    let start = environment
        .client()
        .execute_activity::<send>("ada".to_owned())
        .task_queue(environment.queue());
    match start.schedule_to_start_timeout(millis(100)).await {
        Err(ExecuteActivityError::Result(ActivityResultError::TimedOut(failure))) => {
            assert_eq!(failure.timeout_type(), Some(TimeoutType::ScheduleToStart));
        }
        other => panic!("expected a time-out, got {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn operators_pause_change_and_reset_an_activity() -> Outcome {
    let environment = Environment::connect().await?;
    let gate = Gate::default();
    let start = environment.client().start_activity_untyped::<_, u32>("insist", ());
    let start = start.task_queue(environment.queue()).start_to_close_timeout(secs(60));
    let insisting = start.await?;
    insisting.pause().reason("the printer is out of paper").await?;
    while insisting.describe().await?.state() != PendingActivityState::Paused {
        tokio::task::yield_now().await;
    }
    insisting.update_options().start_to_close_timeout(secs(50)).await?;
    assert_eq!(insisting.describe().await?.start_to_close_timeout(), Some(secs(50)));
    insisting.update_options().restore_original().await?;
    assert_eq!(insisting.describe().await?.start_to_close_timeout(), Some(secs(60)));
    let quick = RetryPolicy::default()
        .initial_interval(millis(10))
        .backoff_coefficient(1.0);
    insisting.update_options().retry_policy(quick).await?;
    let _worker = RunningWorker::start(environment.worker().activities(Stubborn(gate.clone())));
    insisting.unpause().await?;
    while insisting.describe().await?.attempt() < 3 {
        tokio::task::yield_now().await;
    }
    insisting.reset().await?;
    gate.open();
    gate.open();
    assert_eq!(insisting.result().await?, 3);
    insisting.delete().await?;
    Ok(())
}

#[tokio::test]
async fn what_an_activity_takes_and_gives_is_sealed_by_a_codec() -> Outcome {
    let environment = Environment::connect().await?;
    let plain = environment.client().clone();
    let sealed = Client::builder().codec(Sealed("key 1")).encode_failures(true);
    let environment = environment.with_client(sealed).await?;
    let _worker = RunningWorker::start(environment.worker().activity::<send>());
    let start = async |id: &str, to: &str| {
        let start = environment.client().start_activity::<send>(to.to_owned());
        let start = start.id(id).task_queue(environment.queue());
        start.summary("a letter").await
    };
    let id = environment.name("mail");
    let mail = start(&id, "ada").await?;
    assert_eq!(mail.result().await?, 3);
    assert_eq!(mail.describe().await?.summary()?.as_deref(), Some("a letter"));
    let error = plain.activity::<usize>(&id).result().await.unwrap_err();
    assert!(error.to_string().contains(SEALED), "{error}");
    assert!(plain.activity::<usize>(&id).describe().await?.summary().is_err());

    let id = environment.name("letter");
    let failed = start(&id, "").await?.result().await;
    match failed {
        Err(ActivityResultError::Failed(failure)) => assert_eq!(failure.application(), Some(NoSuchAddress)),
        other => panic!("expected the typed error, got {other:?}"),
    }
    let error = plain.activity::<usize>(&id).result().await.unwrap_err();
    assert!(!error.to_string().contains("nobody lives there"), "{error}");
    Ok(())
}
