//! Local activities that take long, or are stopped: time-outs, cancellation, heartbeats of the workflow task, shutdown.

use crate::local_activity::{count_events, quick};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use steadfast::{
    activity::{ActivityCancellation, CancelReason},
    client::ResultError,
    prelude::*,
};
use steadfast_proto::enums::EventType;
use tests::{Environment, Gate, Outcome, RunningWorker, millis};

// ---- time-outs -----------------------------------------------------------------------------------------------------

/// An activity that ends when it is told to stop, and tells why.
#[derive(Clone, Default)]
struct Stoppable {
    reasons: Arc<std::sync::Mutex<Vec<CancelReason>>>,
    started: Gate,
    stopped: Gate,
}

impl Stoppable {
    fn reasons(&self) -> Vec<CancelReason> {
        self.reasons.lock().expect("nobody panics").clone()
    }
}

#[activities]
impl Stoppable {
    #[activity]
    async fn hold(&self, ctx: ActivityContext) -> Result<String, ActivityError> {
        self.started.open();
        let reason = ctx.cancelled().await;
        self.reasons.lock().expect("nobody panics").push(reason);
        self.stopped.open();
        Err(Cancelled)?
    }

    #[activity]
    async fn brief(&self) -> Result<(), ActivityError> {
        self.started.passed().await;
        Ok(())
    }
}

#[derive(Default)]
struct TimedOut;

#[workflow]
impl TimedOut {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Vec<String>> {
        let hold = ctx.local_activities::<Stoppable>();
        let twice = hold
            .start_to_close_timeout(millis(30))
            .retry_policy(quick().maximum_attempts(2));
        let one = twice.hold().await;
        let two = hold.schedule_to_close_timeout(millis(30)).hold().await;
        let (three, four) = join!(
            hold.schedule_to_close_timeout(millis(60)).hold(),
            hold.start_to_close_timeout(millis(500))
                .schedule_to_start_timeout(millis(20))
                .hold()
        );
        let show = |ended: Result<String, ActivityFailure>| match ended {
            Ok(text) => text,
            Err(failure) => format!("{:?} {:?}", failure.timeout_type(), failure.retry_state()),
        };
        Ok([one, two, three, four].map(show).to_vec())
    }
}

#[tokio::test]
async fn a_local_activity_that_takes_too_long_is_told_and_fails() -> Outcome {
    let environment = Environment::connect().await?;
    let stoppable = Stoppable::default();
    let worker = environment
        .worker()
        .workflow::<TimedOut>()
        .activities(stoppable.clone());
    let _worker = RunningWorker::start(worker.max_concurrent_local_activities(1));
    let timed_out = environment.start::<TimedOut>(()).await?;
    assert_eq!(
        timed_out.result().await?,
        [
            "Some(StartToClose) MaximumAttemptsReached",
            "Some(ScheduleToClose) Timeout",
            "Some(ScheduleToClose) Timeout",
            "Some(ScheduleToStart) Timeout"
        ]
    );
    assert_eq!(stoppable.reasons(), [CancelReason::TimedOut; 4]);
    environment.check_history("local_activity_time_outs", &timed_out).await
}

// ---- cancellation --------------------------------------------------------------------------------------------------

#[derive(Default)]
struct CancelsOne;

#[workflow]
impl CancelsOne {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, kind: String) -> WorkflowResult<String> {
        let cancellation = match kind.as_str() {
            "try" => ActivityCancellation::TryCancel,
            "wait" => ActivityCancellation::WaitCancellationCompleted,
            _ => ActivityCancellation::Abandon,
        };
        let local = ctx.local_activities::<Stoppable>().start_to_close_timeout(secs(60));
        let holding = local.hold().cancellation_type(cancellation).start();
        local.brief().await?;
        holding.cancel();
        let ended = holding.await;
        // What is cancelled before it begins is never run.
        let unsent = local.hold().start();
        unsent.cancel();
        let unsent = unsent.await;
        let is_cancelled =
            |ended: &Result<_, ActivityFailure>| ended.as_ref().is_err_and(ActivityFailure::is_cancelled);
        Ok(format!("{} {}", is_cancelled(&ended), is_cancelled(&unsent)))
    }
}

async fn cancel_one(kind: &str) -> Result<(Environment, Stoppable), tests::Failure> {
    let environment = Environment::connect().await?;
    let stoppable = Stoppable::default();
    let worker = environment
        .worker()
        .workflow::<CancelsOne>()
        .activities(stoppable.clone());
    let _worker = RunningWorker::start(worker);
    let cancelling = environment.start::<CancelsOne>(kind.to_owned()).await?;
    assert_eq!(cancelling.result().await?, "true true");
    if kind != "abandon" {
        stoppable.stopped.passed().await;
    }
    let name = format!("local_activity_cancel_{kind}");
    environment.check_history(&name, &cancelling).await?;
    Ok((environment, stoppable))
}

#[tokio::test]
async fn cancelling_and_going_on_tells_the_body() -> Outcome {
    let (_environment, stoppable) = cancel_one("try").await?;
    assert_eq!(stoppable.reasons(), [CancelReason::Requested]);
    Ok(())
}

#[tokio::test]
async fn cancelling_and_waiting_ends_with_the_body() -> Outcome {
    let (_environment, stoppable) = cancel_one("wait").await?;
    assert_eq!(stoppable.reasons(), [CancelReason::Requested]);
    Ok(())
}

#[tokio::test]
async fn an_abandoned_body_is_not_told() -> Outcome {
    let (_environment, stoppable) = cancel_one("abandon").await?;
    assert_eq!(stoppable.reasons(), []);
    Ok(())
}

#[derive(Default)]
struct Leaves;

#[workflow]
impl Leaves {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        let local = ctx.local_activities::<Stoppable>().start_to_close_timeout(secs(60));
        let _holding = local.hold().start();
        Ok(local.brief().await?)
    }
}

#[tokio::test]
async fn the_end_of_its_workflow_stops_a_local_activity() -> Outcome {
    let environment = Environment::connect().await?;
    let stoppable = Stoppable::default();
    let _worker = RunningWorker::start(environment.worker().workflow::<Leaves>().activities(stoppable.clone()));
    let leaves = environment.start::<Leaves>(()).await?;
    leaves.result().await?;
    stoppable.stopped.passed().await;
    assert_eq!(stoppable.reasons(), [CancelReason::NotFound]);
    environment.check_history("local_activity_left", &leaves).await
}

#[derive(Default)]
struct CancelledWhole;

#[workflow]
impl CancelledWhole {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        let local = ctx.local_activities::<Stoppable>().start_to_close_timeout(secs(60));
        local
            .hold()
            .cancellation_type(ActivityCancellation::WaitCancellationCompleted)
            .await?;
        Ok(())
    }
}

#[tokio::test]
async fn the_cancellation_of_its_workflow_reaches_a_local_activity_with_the_next_heartbeat() -> Outcome {
    let environment = Environment::connect().await?;
    let stoppable = Stoppable::default();
    let _worker = RunningWorker::start(
        environment
            .worker()
            .workflow::<CancelledWhole>()
            .activities(stoppable.clone()),
    );
    let whole = environment.start::<CancelledWhole>(()).task_timeout(secs(1)).await?;
    stoppable.started.passed().await;
    whole.cancel().await?;
    assert!(matches!(whole.result().await, Err(ResultError::Cancelled { .. })));
    assert_eq!(stoppable.reasons(), [CancelReason::Requested]);
    Ok(())
}

// ---- heartbeats of the workflow task -------------------------------------------------------------------------------

/// An activity that the test holds, and that counts how often it began.
#[derive(Clone, Default)]
struct Held {
    began: Arc<AtomicU32>,
    started: Gate,
    release: Gate,
}

#[activities]
impl Held {
    #[activity]
    async fn work(&self, what: String) -> Result<String, ActivityError> {
        self.began.fetch_add(1, Ordering::SeqCst);
        self.started.open();
        self.release.passed().await;
        Ok(what)
    }
}

#[derive(Default)]
struct Long {
    heard: u32,
    at: Vec<std::time::SystemTime>,
}

#[workflow]
impl Long {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(String, u32)> {
        ctx.state_mut(|s| s.at.push(ctx.now()));
        let held = ctx.local_activities::<Held>().start_to_close_timeout(secs(60));
        let beside = ctx.sleep(secs(3600)).start();
        let worked = held.work("done".to_owned()).await?;
        drop(beside);
        ctx.state_mut(|s| s.at.push(ctx.now()));
        Ok((worked, ctx.state(|s| s.heard)))
    }

    #[signal]
    fn hear(&mut self) {
        self.heard += 1;
    }

    #[query]
    fn heard(&self) -> u32 {
        self.heard
    }

    #[query]
    fn times(&self) -> Vec<std::time::SystemTime> {
        self.at.clone()
    }
}

#[tokio::test]
async fn a_long_one_keeps_its_task_alive_and_lets_messages_in() -> Outcome {
    let environment = Environment::connect().await?;
    let held = Held::default();
    let worker = RunningWorker::start(environment.worker().workflow::<Long>().activities(held.clone()));
    let long = environment.start::<Long>(()).task_timeout(secs(2)).await?;
    held.started.passed().await;
    long.hear().await?;
    // A query is answered by a task that is not the one the activity began in.
    assert_eq!(long.heard().await?, 1);
    long.hear().await?;
    assert_eq!(long.heard().await?, 2);
    held.release.open();
    assert_eq!(long.result().await?, ("done".to_owned(), 2));
    assert_eq!(held.began.load(Ordering::SeqCst), 1);
    let history = environment.history(&long).await?;
    assert!(count_events(&history, EventType::WorkflowTaskCompleted) > 1);
    assert_eq!(count_events(&history, EventType::WorkflowTaskTimedOut), 0);
    // The timer was started with the first heartbeat, not with the activity's end.
    let second = history
        .iter()
        .filter(|event| event.event_type() == EventType::WorkflowTaskStarted)
        .nth(1);
    let timer = history
        .iter()
        .find(|event| event.event_type() == EventType::TimerStarted);
    assert!(timer.map(|event| event.event_id) < second.map(|event| event.event_id));
    // Replayed by another worker, code sees the same times.
    let live = long.times().await?;
    worker.stop().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Long>().activities(held));
    assert_eq!(long.times().await?, live);
    Ok(())
}

#[tokio::test]
async fn without_a_cache_a_long_one_runs_once() -> Outcome {
    let environment = Environment::connect().await?;
    let held = Held::default();
    let worker = environment.worker().workflow::<Long>().activities(held.clone());
    let _worker = RunningWorker::start(worker.max_cached_workflows(0));
    let long = environment.start::<Long>(()).task_timeout(secs(2)).await?;
    held.started.passed().await;
    long.hear().await?;
    assert_eq!(long.heard().await?, 1);
    held.release.open();
    assert_eq!(long.result().await?, ("done".to_owned(), 1));
    assert_eq!(held.began.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn one_whose_worker_dies_is_run_again_by_another() -> Outcome {
    let environment = Environment::connect().await?;
    let held = Held::default();
    let worker = || environment.worker().workflow::<Long>().activities(held.clone());
    let first = RunningWorker::start(worker());
    let long = environment.start::<Long>(()).task_timeout(secs(2)).await?;
    held.started.passed().await;
    long.hear().await?;
    assert_eq!(long.heard().await?, 1);
    first.kill().await;
    let _second = RunningWorker::start(worker());
    held.started.passed().await;
    held.release.open();
    assert_eq!(long.result().await?, ("done".to_owned(), 1));
    assert_eq!(held.began.load(Ordering::SeqCst), 2);
    Ok(())
}

// ---- shutdown ------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_worker_that_stops_lets_a_local_activity_finish_in_its_grace_period() -> Outcome {
    let environment = Environment::connect().await?;
    let held = Held::default();
    let worker = environment.worker().workflow::<Long>().activities(held.clone());
    let worker = RunningWorker::start(worker.graceful_shutdown_period(secs(60)));
    let long = environment.start::<Long>(()).await?;
    held.started.passed().await;
    held.release.open();
    worker.stop().await?;
    assert_eq!(long.result().await?, ("done".to_owned(), 0));
    Ok(())
}

#[tokio::test]
async fn a_worker_that_stops_leaves_a_stopped_local_activity_to_another() -> Outcome {
    let environment = Environment::connect().await?;
    let stoppable = Stoppable::default();
    let first = RunningWorker::start(
        environment
            .worker()
            .workflow::<CancelledWhole>()
            .activities(stoppable.clone()),
    );
    let whole = environment.start::<CancelledWhole>(()).task_timeout(secs(2)).await?;
    stoppable.started.passed().await;
    first.stop().await?;
    assert_eq!(stoppable.reasons(), [CancelReason::WorkerShutdown]);
    let _second = RunningWorker::start(
        environment
            .worker()
            .workflow::<CancelledWhole>()
            .activities(stoppable.clone()),
    );
    stoppable.started.passed().await;
    whole.cancel().await?;
    assert!(matches!(whole.result().await, Err(ResultError::Cancelled { .. })));
    let history = environment.history(&whole).await?;
    assert_eq!(history[3].event_type(), EventType::WorkflowTaskCompleted);
    Ok(())
}
