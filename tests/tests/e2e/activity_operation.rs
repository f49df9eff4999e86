//! What operators do to activities, and how a running one hears of it.

use steadfast::{
    Priority,
    activity::{ActivityCancellation, CancelReason},
    prelude::*,
    worker::Worker,
};
use steadfast_proto::{activity::ActivityOptions, duration};
use tests::{Environment, Outcome, RunningWorker, millis};
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
    assert_eq!(starts.recv().await, Some(2));
    if environment.is_embedded() {
        // A real server lets go of the attempt first, and the worker may hear that nobody knows it.
        print.reset().await?;
        assert_eq!(stops.recv().await, Some(CancelReason::Reset));
        assert_eq!(starts.recv().await, Some(1));
    }
    edition.cancel().await?;
    assert_eq!(stops.recv().await, Some(CancelReason::Requested));
    assert_eq!(edition.result().await?, "activity `print`: activity cancelled");
    Ok(())
}
