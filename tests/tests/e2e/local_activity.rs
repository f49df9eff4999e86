//! Local activities: run in the worker, within the workflow task; results, retries, limits.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use steadfast::{activity::LocalActivityOptions, prelude::*};
use steadfast_proto::{
    enums::EventType,
    history::{HistoryEvent, history_event::Attributes},
};
use tests::{Environment, Gate, Outcome, RunningWorker, millis};

/// How many events of a kind there are.
pub(crate) fn count_events(history: &[HistoryEvent], kind: EventType) -> usize {
    history.iter().filter(|event| event.event_type() == kind).count()
}

// ---- results -------------------------------------------------------------------------------------------------------

#[activity(start_to_close_timeout = "10s", heartbeat_timeout = "1s")]
async fn double(ctx: ActivityContext, number: u32) -> Result<u32, ActivityError> {
    assert!(ctx.info().is_local);
    ctx.heartbeat(&number)?;
    Ok(number * 2)
}

#[activity(name = "count-words")]
fn count(text: String) -> std::io::Result<usize> {
    Ok(text.split(' ').count())
}

#[activity(start_to_close_timeout = "10s")]
async fn is_local(ctx: ActivityContext) -> Result<bool, ActivityError> {
    Ok(ctx.info().is_local)
}

struct Shelf;

#[activities]
impl Shelf {
    #[activity]
    async fn label(&self, ctx: ActivityContext, number: u32) -> Result<String, ActivityError> {
        let info = ctx.info();
        Ok(format!(
            "{number} {} {} {} {:?}",
            info.activity_id, info.activity_type, info.attempt, info.schedule_to_close_timeout
        ))
    }
}

#[derive(Default)]
struct Results;

#[workflow]
impl Results {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(u32, usize, String, bool, String)> {
        let number = ctx.local_activity::<double>(3).summary("twice").await?;
        let number = ctx.local_activity::<double>(number).await?;
        let words = ctx.local_activity::<count>("one two three".to_owned());
        let words = words
            .schedule_to_close_timeout(secs(10))
            .include_arguments_in_marker(true)
            .await?;
        let shelf = ctx.local_activities::<Shelf>().schedule_to_close_timeout(secs(7));
        let label = shelf.label(7).activity_id("label-7").await?;
        let far = ctx.activity::<is_local>(()).await?;
        let untyped = ctx.local_activity_untyped::<String>("label", (8,));
        let shared = LocalActivityOptions::default().summary("by name");
        let untyped = untyped.start_to_close_timeout(secs(10)).options(&shared).await?;
        Ok((number, words, label, far, untyped))
    }
}

#[tokio::test]
async fn a_workflow_gets_what_its_local_activities_return_within_one_task() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(
        environment
            .worker()
            .workflow::<Results>()
            .activity::<double>()
            .activity::<count>()
            .activity::<is_local>()
            .activities(Shelf),
    );
    let results = environment.start::<Results>(()).await?;
    let (number, words, label, far, untyped) = results.result().await?;
    assert_eq!((number, words, far), (12, 3, false));
    assert_eq!(label, "7 label-7 label 1 Some(7s)");
    assert_eq!(untyped, "8 6 label 1 None");
    environment.check_history("local_activity_results", &results).await
}

#[steadfast::test]
async fn mocks_stand_in_for_local_activities_too(env: TestEnv) -> Outcome {
    env.worker("mocked")
        .workflow::<Results>()
        .mock::<double>(|number| Ok(number + 100))
        .mock::<count>(|_| Ok(1))
        .mock::<is_local>(|()| Ok(true))
        .mock_activities::<Shelf>(|mock| mock.label(|number| Ok(format!("mock {number}"))))
        .start();
    let results = env.client().execute::<Results>(()).task_queue("mocked").await?;
    assert_eq!(results, (203, 1, "mock 7".to_owned(), true, "mock 8".to_owned()));
    Ok(())
}

#[derive(Clone, Default)]
struct Relay {
    baton: Gate,
}

#[activities]
impl Relay {
    #[activity]
    async fn wait(&self) -> Result<String, ActivityError> {
        self.baton.passed().await;
        Ok("waited".to_owned())
    }

    #[activity]
    async fn pass(&self, to: String) -> Result<String, ActivityError> {
        self.baton.open();
        Ok(to)
    }

    #[activity]
    async fn name(&self) -> Result<String, ActivityError> {
        Ok("name".to_owned())
    }
}

#[derive(Default)]
struct Parallel;

#[workflow]
impl Parallel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let relay = ctx.local_activities::<Relay>().start_to_close_timeout(secs(10));
        let waiting = relay.wait().start();
        // Its result is here while the other one still runs.
        let name = relay.name().await?;
        let (waited, passed) = join!(waiting, relay.pass(name));
        Ok(format!("{} {}", waited?, passed?))
    }
}

#[tokio::test]
async fn a_result_is_there_as_soon_as_it_comes() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Parallel>().activities(Relay::default()));
    let parallel = environment.start::<Parallel>(()).await?;
    assert_eq!(parallel.result().await?, "waited name");
    Ok(())
}

// ---- retries -------------------------------------------------------------------------------------------------------

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum WorkError {
    #[error("busy")]
    Busy { attempt: u32 },
    #[error("broken", non_retryable)]
    Broken,
}

#[activity(start_to_close_timeout = "10s")]
async fn succeed_on(ctx: ActivityContext, attempt: u32) -> Result<u32, WorkError> {
    let now = ctx.info().attempt;
    if now < attempt {
        return Err(WorkError::Busy { attempt: now });
    }
    Ok(now)
}

#[activity(start_to_close_timeout = "10s")]
async fn break_down() -> Result<(), WorkError> {
    Err(WorkError::Broken)
}

#[activity(start_to_close_timeout = "10s")]
async fn explode() -> Result<(), WorkError> {
    panic!("boom")
}

pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .initial_interval(millis(10))
        .backoff_coefficient(1.0)
}

#[derive(Default)]
struct Retried;

#[workflow]
impl Retried {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(u32, String)> {
        let attempts = ctx.local_activity::<succeed_on>(3).retry_policy(quick()).await?;
        let given_up = ctx
            .local_activity::<succeed_on>(5)
            .retry_policy(quick().maximum_attempts(2))
            .await;
        let given_up = given_up.expect_err("it takes five");
        let broken = ctx.local_activity::<break_down>(()).await.expect_err("it breaks");
        let exploded = ctx
            .local_activity::<explode>(())
            .retry_policy(RetryPolicy::never())
            .await;
        let exploded = exploded.expect_err("it explodes");
        let said = format!(
            "{:?} {:?}, {:?} {:?}, {}",
            given_up.application::<WorkError>(),
            given_up.retry_state(),
            broken.application::<WorkError>(),
            broken.retry_state(),
            exploded.type_name().unwrap_or_default(),
        );
        Ok((attempts, said))
    }
}

#[tokio::test]
async fn a_local_activity_is_retried_in_its_task() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(
        environment
            .worker()
            .workflow::<Retried>()
            .activity::<succeed_on>()
            .activity::<break_down>()
            .activity::<explode>(),
    );
    let retried = environment.start::<Retried>(()).await?;
    let (attempts, said) = retried.result().await?;
    assert_eq!(attempts, 3);
    assert_eq!(
        said,
        "Some(Busy { attempt: 2 }) MaximumAttemptsReached, Some(Broken) NonRetryableFailure, Panic"
    );
    environment.check_history("local_activity_retries", &retried).await
}

#[derive(Default)]
struct RetriedByTimer;

#[workflow]
impl RetriedByTimer {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        let patient = ctx.local_activity::<succeed_on>(3).retry_policy(quick());
        Ok(patient.local_retry_threshold(millis(5)).await?)
    }
}

#[tokio::test]
async fn a_long_wait_before_a_retry_is_a_timer() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment
        .worker()
        .workflow::<RetriedByTimer>()
        .activity::<succeed_on>();
    let _worker = RunningWorker::start(worker.max_cached_workflows(0));
    let retried = environment.start::<RetriedByTimer>(()).await?;
    assert_eq!(retried.result().await?, 3);
    environment
        .check_history("local_activity_retry_by_timer", &retried)
        .await
}

/// An activity that fails until it is told otherwise.
#[derive(Clone, Default)]
struct Stubborn {
    failed: Gate,
    may_succeed: Arc<AtomicU32>,
}

#[activities]
impl Stubborn {
    #[activity]
    async fn give_in(&self, ctx: ActivityContext) -> Result<u32, ActivityError> {
        if self.may_succeed.load(Ordering::SeqCst) == 0 {
            self.failed.open();
            return Err(ActivityError::new("never"));
        }
        Ok(ctx.info().attempt)
    }
}

#[derive(Default)]
struct Waits;

#[workflow]
impl Waits {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        let patient = RetryPolicy::default().initial_interval(secs(30));
        let local = ctx.local_activities::<Stubborn>().start_to_close_timeout(secs(10));
        Ok(local.give_in().retry_policy(patient).await?)
    }
}

#[tokio::test]
async fn a_worker_that_stops_does_not_wait_for_retries_and_another_begins_anew() -> Outcome {
    let environment = Environment::connect().await?;
    let stubborn = Stubborn::default();
    let worker = || environment.worker().workflow::<Waits>().activities(stubborn.clone());
    let first = RunningWorker::start(worker().graceful_shutdown_period(secs(60)));
    let waits = environment.start::<Waits>(()).await?;
    stubborn.failed.passed().await;
    first.stop().await?;
    stubborn.may_succeed.store(1, Ordering::SeqCst);
    let _second = RunningWorker::start(worker());
    assert_eq!(waits.result().await?, 1);
    Ok(())
}

// ---- limits --------------------------------------------------------------------------------------------------------

/// Activities that count how many of them run at the same time.
#[derive(Clone, Default)]
struct Crowd {
    now: Arc<AtomicU32>,
    most: Arc<AtomicU32>,
}

#[activities]
impl Crowd {
    #[activity]
    async fn enter(&self) -> Result<(), ActivityError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

#[derive(Default)]
struct Visits;

#[workflow]
impl Visits {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, visitors: u32) -> WorkflowResult<()> {
        let crowd = ctx.local_activities::<Crowd>().start_to_close_timeout(secs(10));
        try_join_all((0..visitors).map(|_| crowd.enter())).await?;
        Ok(())
    }
}

#[tokio::test]
async fn no_more_run_at_the_same_time_than_the_worker_allows() -> Outcome {
    let environment = Environment::connect().await?;
    let crowd = Crowd::default();
    let worker = environment.worker().workflow::<Visits>().activities(crowd.clone());
    let _worker = RunningWorker::start(worker.max_concurrent_local_activities(3));
    let visits = environment.start::<Visits>(20).await?;
    visits.result().await?;
    assert_eq!(crowd.most.load(Ordering::SeqCst), 3);
    let history = environment.history(&visits).await?;
    assert_eq!(count_events(&history, EventType::MarkerRecorded), 20);
    assert_eq!(count_events(&history, EventType::WorkflowTaskCompleted), 1);
    Ok(())
}

#[tokio::test]
async fn later_attempts_in_later_tasks_are_metered() -> Outcome {
    let environment = Environment::connect().await?;
    let stubborn = Stubborn::default();
    let _worker = RunningWorker::start(environment.worker().workflow::<Metered>().activities(stubborn.clone()));
    let metered = environment.start::<Metered>(()).task_timeout(secs(2)).await?;
    stubborn.failed.passed().await;
    assert_eq!(metered.asked().await?, 0);
    stubborn.may_succeed.store(1, Ordering::SeqCst);
    assert_eq!(metered.result().await?, 2);
    let history = environment.history(&metered).await?;
    let counts: Vec<u32> = history
        .iter()
        .filter_map(|event| match &event.attributes {
            Some(Attributes::WorkflowTaskCompletedEventAttributes(completed)) => {
                let metering = completed.metering_metadata.as_ref()?;
                Some(metering.nonfirst_local_activity_execution_attempts)
            }
            _ => None,
        })
        .collect();
    assert_eq!((counts.first(), counts.iter().sum()), (Some(&0), 1));
    Ok(())
}

/// Tries again after more than one workflow task.
#[derive(Default)]
struct Metered;

#[workflow]
impl Metered {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        let patient = RetryPolicy::default().initial_interval(millis(2200));
        let local = ctx.local_activities::<Stubborn>().start_to_close_timeout(secs(10));
        Ok(local.give_in().retry_policy(patient).await?)
    }

    #[query]
    fn asked(&self) -> u32 {
        0
    }
}
