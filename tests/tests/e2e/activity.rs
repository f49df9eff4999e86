//! Activities: results, retries, time-outs, heartbeats, cancellation.

use steadfast::{
    activity::{ActivityCancellation, RetryPolicy},
    error::{ActivityFailure, RetryState, TimeoutType},
    prelude::*,
};
use tests::{Environment, Gate, Outcome, RunningWorker, millis};

/// How a call ended, as a workflow's result.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Ended {
    Ok(String),
    Typed(WorkError),
    Failed(String),
    Cancelled,
    TimedOut {
        timeout: String,
        last_heartbeat: Option<u32>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ApplicationError)]
enum WorkError {
    #[error("busy")]
    Busy { attempt: u32 },
    #[error("broken", non_retryable)]
    Broken,
    #[error("later", next_retry_delay = "20ms")]
    Later,
}

fn ended(result: Result<String, ActivityFailure>) -> Ended {
    match result {
        Ok(value) => Ended::Ok(value),
        Err(failure) if failure.is_cancelled() => Ended::Cancelled,
        Err(failure) => match (failure.timeout_type(), failure.application()) {
            (Some(timeout), _) => Ended::TimedOut {
                timeout: format!("{timeout:?}"),
                last_heartbeat: failure.last_heartbeat_details().ok().flatten(),
            },
            (None, Some(error)) => Ended::Typed(error),
            (None, None) => Ended::Failed(failure.message().to_owned()),
        },
    }
}

// ---- results -------------------------------------------------------------------------------------------------------

#[activity]
async fn join(first: String, second: u32) -> Result<String, ActivityError> {
    Ok(format!("{first}{second}"))
}

#[activity(name = "count-words", start_to_close_timeout = "10s")]
fn count(text: String) -> std::io::Result<usize> {
    Ok(text.split(' ').count())
}

#[activity(start_to_close_timeout = "10s")]
async fn nothing() -> Result<(), ActivityError> {
    Ok(())
}

struct Shelf {
    prefix: String,
}

#[activities]
impl Shelf {
    #[activity]
    async fn label(&self, ctx: ActivityContext, number: u32) -> Result<String, ActivityError> {
        Ok(format!("{}-{number}-{}", self.prefix, ctx.info().attempt))
    }
}

#[derive(Default)]
struct Results;

#[workflow]
impl Results {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(String, usize, String)> {
        let joined = ctx
            .activity::<join>(("a".to_owned(), 1))
            .start_to_close_timeout(secs(10))
            .await?;
        let words = ctx.activity::<count>("one two three".to_owned()).await?;
        ctx.activity::<nothing>(()).await?;
        let shelf = ctx.activities::<Shelf>().start_to_close_timeout(secs(10));
        let label = shelf.label(7).summary("a label").await?;
        Ok((joined, words, label))
    }
}

#[tokio::test]
async fn a_workflow_gets_what_its_activities_return() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(
        environment
            .worker()
            .workflow::<Results>()
            .activity::<join>()
            .activity::<count>()
            .activity::<nothing>()
            .activities(Shelf {
                prefix: "shelf".to_owned(),
            }),
    );
    let results = environment.start::<Results>(()).await?;
    assert_eq!(results.result().await?, ("a1".to_owned(), 3, "shelf-7-1".to_owned()));
    environment.check_history("activity_results", &results).await
}

#[derive(Default)]
struct Parallel;

#[workflow]
impl Parallel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u32) -> WorkflowResult<Vec<String>> {
        let shelf = ctx.activities::<Shelf>().start_to_close_timeout(secs(10));
        Ok(try_join_all((0..count).map(|number| shelf.label(number))).await?)
    }
}

#[tokio::test]
async fn activities_run_side_by_side_and_give_their_results_in_order() -> Outcome {
    let environment = Environment::connect().await?;
    let shelf = Shelf { prefix: "p".to_owned() };
    let _worker = RunningWorker::start(environment.worker().workflow::<Parallel>().activities(shelf));
    let labels = environment.start::<Parallel>(20).await?.result().await?;
    assert_eq!(
        labels,
        (0..20).map(|number| format!("p-{number}-1")).collect::<Vec<_>>()
    );
    Ok(())
}

// ---- retries -------------------------------------------------------------------------------------------------------

#[activity]
async fn flaky(ctx: ActivityContext, good_attempt: u32) -> Result<String, WorkError> {
    let attempt = ctx.info().attempt;
    if attempt < good_attempt {
        Err(WorkError::Busy { attempt })
    } else {
        Ok(format!("attempt {attempt}"))
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn broken() -> Result<String, WorkError> {
    Err(WorkError::Broken)
}

#[activity(start_to_close_timeout = "10s")]
async fn later(ctx: ActivityContext) -> Result<String, WorkError> {
    if ctx.info().attempt == 1 {
        Err(WorkError::Later)
    } else {
        Ok("late".to_owned())
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn plain_error() -> Result<String, ActivityError> {
    let number: u32 = "seven".parse()?;
    Ok(number.to_string())
}

/// Calls the flaky activity with a policy of the test's choice.
#[derive(Default)]
struct Retries;

#[workflow]
impl Retries {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, case: String) -> WorkflowResult<Ended> {
        let quick = RetryPolicy::default()
            .initial_interval(millis(10))
            .backoff_coefficient(1.0);
        let call = |good_attempt| ctx.activity::<flaky>(good_attempt).start_to_close_timeout(secs(10));
        let result = match case.as_str() {
            "in the end it succeeds" => call(3).retry_policy(quick).await,
            "too few attempts" => call(3).retry_policy(quick.maximum_attempts(2)).await,
            "never" => call(3).retry_policy(RetryPolicy::never()).await,
            "type is fatal" => {
                call(3)
                    .retry_policy(quick.non_retryable_error_types(["WorkError"]))
                    .await
            }
            "no time for another" => {
                let slow = RetryPolicy::default().initial_interval(secs(60));
                call(3).schedule_to_close_timeout(secs(30)).retry_policy(slow).await
            }
            "broken" => ctx.activity::<broken>(()).await,
            "later" => ctx.activity::<later>(()).await,
            _ => ctx.activity::<plain_error>(()).retry_policy(RetryPolicy::never()).await,
        };
        Ok(ended(result))
    }
}

async fn retries(case: &str, expected: Ended, history: &str) -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment
        .worker()
        .workflow::<Retries>()
        .activity::<flaky>()
        .activity::<broken>();
    let _worker = RunningWorker::start(worker.activity::<later>().activity::<plain_error>());
    let workflow = environment.start::<Retries>(case.to_owned()).await?;
    assert_eq!(workflow.result().await?, expected);
    environment.check_history(history, &workflow).await
}

#[tokio::test]
async fn a_failing_activity_is_tried_again_until_it_succeeds() -> Outcome {
    retries(
        "in the end it succeeds",
        Ended::Ok("attempt 3".to_owned()),
        "activity_retry_succeeds",
    )
    .await
}

#[tokio::test]
async fn no_more_attempts_than_the_policy_allows() -> Outcome {
    retries(
        "too few attempts",
        Ended::Typed(WorkError::Busy { attempt: 2 }),
        "activity_retry_attempts",
    )
    .await
}

#[tokio::test]
async fn an_activity_that_is_never_retried_fails_at_once() -> Outcome {
    retries(
        "never",
        Ended::Typed(WorkError::Busy { attempt: 1 }),
        "activity_retry_never",
    )
    .await
}

#[tokio::test]
async fn an_error_of_a_fatal_type_is_not_retried() -> Outcome {
    retries(
        "type is fatal",
        Ended::Typed(WorkError::Busy { attempt: 1 }),
        "activity_retry_type",
    )
    .await
}

#[tokio::test]
async fn a_retry_that_would_come_too_late_is_not_waited_for() -> Outcome {
    retries(
        "no time for another",
        Ended::Typed(WorkError::Busy { attempt: 1 }),
        "activity_retry_no_time",
    )
    .await
}

#[tokio::test]
async fn a_non_retryable_error_is_not_retried_and_keeps_its_variant() -> Outcome {
    retries("broken", Ended::Typed(WorkError::Broken), "activity_non_retryable").await
}

#[tokio::test]
async fn an_error_says_when_to_try_again() -> Outcome {
    retries("later", Ended::Ok("late".to_owned()), "activity_next_retry_delay").await
}

#[tokio::test]
async fn any_std_error_fails_an_activity_with_its_message() -> Outcome {
    retries(
        "plain",
        Ended::Failed("invalid digit found in string".to_owned()),
        "activity_std_error",
    )
    .await
}

#[derive(Default)]
struct RetryStateOf;

#[workflow]
impl RetryStateOf {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<bool> {
        let policy = RetryPolicy::default().initial_interval(millis(1)).maximum_attempts(2);
        let call = ctx
            .activity::<flaky>(9)
            .start_to_close_timeout(secs(10))
            .retry_policy(policy);
        let Err(failure) = call.await else { return Ok(false) };
        Ok(failure.retry_state() == RetryState::MaximumAttemptsReached
            && failure.activity_type() == "flaky"
            && failure.activity_id() == "1")
    }
}

#[tokio::test]
async fn a_failure_names_its_activity_and_why_it_is_not_retried() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<RetryStateOf>().activity::<flaky>());
    assert!(environment.start::<RetryStateOf>(()).await?.result().await?);
    Ok(())
}

// ---- time-outs and heartbeats --------------------------------------------------------------------------------------

/// Activities that the test holds.
#[derive(Clone, Default)]
struct Held {
    started: Gate,
    release: Gate,
}

#[activities]
impl Held {
    /// Until it is released.
    #[activity]
    async fn hold(&self) -> Result<String, ActivityError> {
        self.started.open();
        self.release.passed().await;
        Ok("released".to_owned())
    }

    /// Reports how far it came, and then nothing more.
    #[activity]
    async fn stall(&self, ctx: ActivityContext) -> Result<String, ActivityError> {
        ctx.heartbeat(&41_u32)?;
        self.release.passed().await;
        Ok("released".to_owned())
    }

    /// Goes on where the attempt before stopped.
    #[activity]
    async fn resume(&self, ctx: ActivityContext) -> Result<String, ActivityError> {
        let done = ctx.heartbeat_details::<u32>()?;
        ctx.heartbeat(&(done.unwrap_or(0) + 10))?;
        match done {
            None | Some(10) => Err(ActivityError::new("half-way")),
            Some(done) => Ok(format!("resumed at {done}")),
        }
    }

    /// Works until it is told to stop.
    #[activity]
    async fn until_cancelled(&self, ctx: ActivityContext) -> Result<String, ActivityError> {
        self.started.open();
        let mut beat = tokio::time::interval(millis(20));
        let stopped = loop {
            beat.tick().await;
            if let Err(stopped) = ctx.heartbeat(&()) {
                break stopped;
            }
        };
        self.release.passed().await;
        Err(stopped.into())
    }
}

#[derive(Default)]
struct Timeouts;

#[workflow]
impl Timeouts {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, case: String) -> WorkflowResult<Ended> {
        let held = ctx.activities::<Held>();
        let once = RetryPolicy::never();
        let quick = RetryPolicy::default().initial_interval(millis(10));
        Ok(ended(match case.as_str() {
            "start to close" => held.hold().start_to_close_timeout(millis(200)).retry_policy(once).await,
            "schedule to close" => held.hold().schedule_to_close_timeout(millis(200)).await,
            "schedule to start" => {
                let elsewhere = format!("nobody-{}", ctx.info().task_queue());
                held.hold()
                    .start_to_close_timeout(secs(10))
                    .schedule_to_start_timeout(millis(200))
                    .task_queue(elsewhere)
                    .await
            }
            "heartbeat" => {
                held.stall()
                    .start_to_close_timeout(secs(10))
                    .heartbeat_timeout(millis(500))
                    .retry_policy(once)
                    .await
            }
            _ => held.resume().start_to_close_timeout(secs(10)).retry_policy(quick).await,
        }))
    }
}

async fn timeouts(case: &str, expected: Ended, history: &str) -> Outcome {
    let environment = Environment::connect().await?;
    let held = Held::default();
    let _worker = RunningWorker::start(environment.worker().workflow::<Timeouts>().activities(held.clone()));
    let workflow = environment.start::<Timeouts>(case.to_owned()).await?;
    assert_eq!(workflow.result().await?, expected);
    environment.check_history(history, &workflow).await
}

fn timed_out(timeout: TimeoutType, last_heartbeat: Option<u32>) -> Ended {
    Ended::TimedOut {
        timeout: format!("{timeout:?}"),
        last_heartbeat,
    }
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_times_out() -> Outcome {
    timeouts(
        "start to close",
        timed_out(TimeoutType::StartToClose, None),
        "activity_start_to_close",
    )
    .await
}

#[tokio::test]
async fn all_attempts_together_time_out() -> Outcome {
    timeouts(
        "schedule to close",
        timed_out(TimeoutType::ScheduleToClose, None),
        "activity_schedule_to_close",
    )
    .await
}

#[tokio::test]
async fn an_activity_that_nobody_takes_times_out() -> Outcome {
    timeouts(
        "schedule to start",
        timed_out(TimeoutType::ScheduleToStart, None),
        "activity_schedule_to_start",
    )
    .await
}

#[tokio::test]
async fn an_activity_that_stops_to_heartbeat_times_out_and_its_last_details_are_told() -> Outcome {
    timeouts(
        "heartbeat",
        timed_out(TimeoutType::Heartbeat, Some(41)),
        "activity_heartbeat_timeout",
    )
    .await
}

#[tokio::test]
async fn heartbeat_details_come_back_to_the_next_attempt() -> Outcome {
    timeouts(
        "resume",
        Ended::Ok("resumed at 20".to_owned()),
        "activity_heartbeat_details",
    )
    .await
}

// ---- cancellation --------------------------------------------------------------------------------------------------

/// Cancels its activity when it is told to.
#[derive(Default)]
struct Cancels {
    stop: bool,
}

#[workflow]
impl Cancels {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, kind: String) -> WorkflowResult<Ended> {
        let cancellation = match kind.as_str() {
            "try" => ActivityCancellation::TryCancel,
            "wait" => ActivityCancellation::WaitCancellationCompleted,
            _ => ActivityCancellation::Abandon,
        };
        let held = ctx.activities::<Held>().start_to_close_timeout(secs(20));
        let activity = held
            .until_cancelled()
            .heartbeat_timeout(secs(3))
            .cancellation_type(cancellation)
            .start();
        ctx.wait_condition(|s| s.stop).await?;
        activity.cancel();
        Ok(ended(activity.await))
    }

    #[signal]
    fn stop(&mut self) {
        self.stop = true;
    }
}

/// Cancels the activity once it runs; `held` says whether the activity is stopped before or after the workflow ended.
async fn cancels(kind: &str, activity_ends_first: bool, history: &str) -> Outcome {
    let environment = Environment::connect().await?;
    let held = Held::default();
    let _worker = RunningWorker::start(environment.worker().workflow::<Cancels>().activities(held.clone()));
    let workflow = environment.start::<Cancels>(kind.to_owned()).await?;
    held.started.passed().await;
    if activity_ends_first {
        held.release.open();
    }
    workflow.stop().await?;
    assert_eq!(workflow.result().await?, Ended::Cancelled);
    held.release.open();
    environment.check_history(history, &workflow).await
}

#[tokio::test]
async fn a_cancelled_activity_is_not_waited_for() -> Outcome {
    cancels("try", false, "activity_cancel_try").await
}

#[tokio::test]
async fn a_cancelled_activity_is_waited_for_if_so_wished() -> Outcome {
    cancels("wait", true, "activity_cancel_wait").await
}

#[tokio::test]
async fn an_abandoned_activity_is_not_told() -> Outcome {
    cancels("abandon", false, "activity_cancel_abandon").await
}

/// Cancels before the activity was ever sent.
#[derive(Default)]
struct CancelsAtOnce;

#[workflow]
impl CancelsAtOnce {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Ended> {
        let activity = ctx.activity::<nothing>(()).start();
        activity.cancel();
        Ok(ended(activity.await.map(|()| String::new())))
    }
}

#[tokio::test]
async fn an_activity_cancelled_in_the_same_task_is_never_scheduled() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<CancelsAtOnce>().activity::<nothing>());
    let workflow = environment.start::<CancelsAtOnce>(()).await?;
    assert_eq!(workflow.result().await?, Ended::Cancelled);
    environment.check_history("activity_cancel_at_once", &workflow).await
}
