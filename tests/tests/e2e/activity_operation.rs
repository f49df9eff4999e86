//! What operators do to activities, and how a running one hears of it.

use steadfast::{
    Priority,
    activity::{ActivityCancellation, CancelReason},
    client::PendingActivity,
    prelude::*,
    worker::Worker,
};
use steadfast_proto::{activity::ActivityOptions, duration};
use tests::{Environment, Failure, Gate, Outcome, RunningWorker, millis};
use tokio::sync::mpsc;

/// Works until it is told to stop, and tells the test why it was.
#[derive(Clone)]
struct Press {
    started: mpsc::UnboundedSender<u32>,
    stopped: mpsc::UnboundedSender<CancelReason>,
}

#[activities]
impl Press {
    #[activity]
    async fn print(&self, ctx: ActivityContext) -> Result<(), ActivityError> {
        let _ = self.started.send(ctx.info().attempt);
        let mut beat = tokio::time::interval(millis(20));
        loop {
            beat.tick().await;
            if let Err(cancelled) = ctx.heartbeat(&()) {
                let _ = self.stopped.send(ctx.cancelled().await);
                return Err(cancelled.into());
            }
        }
    }
}

#[derive(Default)]
struct Edition;

#[workflow]
impl Edition {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let press = ctx.activities::<Press>().start_to_close_timeout(secs(60));
        let quick = RetryPolicy::default()
            .initial_interval(millis(10))
            .backoff_coefficient(1.0);
        let printed = press
            .print()
            .heartbeat_timeout(secs(1))
            .retry_policy(quick)
            .cancellation_type(ActivityCancellation::WaitCancellationCompleted)
            .await;
        Ok(match printed {
            Ok(()) => "printed".to_owned(),
            Err(failure) => failure.to_string(),
        })
    }
}

#[tokio::test]
async fn a_running_activity_hears_why_it_is_to_stop() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.network_client().await?;
    let ((started, mut starts), (stopped, mut stops)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let press = Press { started, stopped };
    let worker = Worker::new(&client, environment.queue())
        .workflow::<Edition>()
        .activities(press);
    let _worker = RunningWorker::start(worker);
    let start = client.start::<Edition>(()).id(environment.name("workflow"));
    let edition = start.task_queue(environment.queue()).await?;
    assert_eq!(starts.recv().await, Some(1));
    let print = edition.activity("1");
    print.reset().await?;
    assert_eq!(stops.recv().await, Some(CancelReason::Reset));
    assert_eq!(starts.recv().await, Some(2));
    print.pause().reason("paper jam").await?;
    assert_eq!(stops.recv().await, Some(CancelReason::Paused));

    let longer = edition.activities_of_type("print").update_options();
    longer
        .start_to_close_timeout(secs(90))
        .heartbeat_timeout(secs(2))
        .schedule_to_close_timeout(minutes(9))
        .schedule_to_start_timeout(minutes(8))
        .priority(Priority::new(4).fairness_key("ada"))
        .await?;
    let paused = edition.describe().await?;
    let pending = paused.pending_activities().next().ok_or("it is pending")?;
    let wanted = ActivityOptions {
        task_queue: None,
        schedule_to_close_timeout: Some(duration(minutes(9))),
        schedule_to_start_timeout: Some(duration(minutes(8))),
        start_to_close_timeout: Some(duration(secs(90))),
        heartbeat_timeout: Some(duration(secs(2))),
        retry_policy: None,
        priority: Some(Priority::new(4).fairness_key("ada").into()),
        start_delay: None,
    };
    let options = ActivityOptions {
        task_queue: None,
        retry_policy: None,
        ..pending
            .raw()
            .activity_options
            .clone()
            .ok_or("a server tells the options")?
    };
    assert_eq!(options, wanted);
    print.unpause().await?;
    assert_eq!(starts.recv().await, Some(3));
    print.reset().await?;
    // A reset attempt is the first at once, and this one was the third: nobody knows its token any more.
    assert_eq!(stops.recv().await, Some(CancelReason::NotFound));
    assert_eq!(starts.recv().await, Some(2));
    edition.cancel().await?;
    assert_eq!(stops.recv().await, Some(CancelReason::Requested));
    assert_eq!(edition.result().await?, "activity `print`: activity cancelled");
    Ok(())
}

/// Tells each attempt, then waits to be let fail; the next attempt is a long time off.
#[derive(Clone)]
struct Draft {
    began: mpsc::UnboundedSender<(u32, Option<u32>)>,
    gate: Gate,
}

#[activities]
impl Draft {
    #[activity]
    async fn write(&self, ctx: ActivityContext) -> Result<(), ActivityError> {
        let attempt = ctx.info().attempt;
        let _ = self.began.send((attempt, ctx.heartbeat_details()?));
        ctx.heartbeat(&attempt)?;
        self.gate.passed().await;
        Err(ActivityError::new("not good enough"))
    }
}

#[derive(Default)]
struct Novel;

#[workflow]
impl Novel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        let seldom = RetryPolicy::default().initial_interval(hours(1));
        let draft = ctx.activities::<Draft>().start_to_close_timeout(secs(60));
        Ok(draft.write().retry_policy(seldom).await?)
    }
}

#[tokio::test]
async fn a_paused_activity_begins_anew_as_operators_say() -> Outcome {
    let environment = Environment::connect().await?;
    let (began, mut begins) = mpsc::unbounded_channel();
    let gate = Gate::default();
    let draft = Draft {
        began,
        gate: gate.clone(),
    };
    let _worker = RunningWorker::start(environment.worker().workflow::<Novel>().activities(draft));
    let novel = environment.start::<Novel>(()).await?;
    let write = novel.activity("1");
    // Waits for the attempt to have failed, and the next to be due in an hour.
    let failed = async |attempt| {
        loop {
            let description = novel.describe().await?;
            let has_failed =
                |pending: PendingActivity<'_>| pending.attempt() == attempt && pending.last_failure().is_some();
            if description.pending_activities().any(has_failed) {
                return Ok::<_, Failure>(description);
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(begins.recv().await, Some((1, None)));
    gate.open();
    let description = failed(2).await?;
    let pending = description.pending_activities().next().ok_or("it is pending")?;
    assert_eq!(pending.heartbeat_details::<u32>()?, Some(1));
    assert_eq!(pending.retry_interval().map(|wait| wait.as_secs()), Some(3600));
    assert!(pending.next_attempt_time() > pending.last_heartbeat_time());

    write.pause().await?;
    write.update_options().start_to_close_timeout(secs(90)).await?;
    write.reset().keep_paused().restore_original_options().await?;
    let description = novel.describe().await?;
    let pending = description.pending_activities().next().ok_or("it is pending")?;
    assert_eq!((pending.is_paused(), pending.attempt()), (true, 1), "it stays paused");
    let options = pending.raw().activity_options.clone().unwrap_or_default();
    assert_eq!(options.start_to_close_timeout, Some(duration(secs(60))));
    write.unpause().reset_heartbeat().jitter(millis(1)).await?;
    assert_eq!(begins.recv().await, Some((1, None)));

    gate.open();
    failed(2).await?;
    write.pause().await?;
    write.unpause().reset_attempts().await?;
    assert_eq!(begins.recv().await, Some((1, Some(1))), "what it said is kept");
    gate.open();
    failed(2).await?;
    write.reset().reset_heartbeat().jitter(millis(1)).await?;
    assert_eq!(begins.recv().await, Some((1, None)));
    novel.terminate("seen enough").await?;
    Ok(())
}
