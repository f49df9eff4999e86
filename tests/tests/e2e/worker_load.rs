//! How much a worker takes on, and what it does when that is too much.

use std::{
    future::{Future, pending, ready},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Instant,
};
use steadfast::{
    activity::BlockingThreads,
    prelude::*,
    worker::{
        FixedSlots, PollerBehavior, ResourceTargets, SlotKind, SlotPermit, SlotRequest, SlotSupplier, SlotUse, Tuner,
    },
};
use steadfast_proto::{enums::WorkflowTaskFailedCause as Cause, history::history_event::Attributes};
use tests::{Environment, Outcome, RunningWorker, millis};

#[activity(start_to_close_timeout = "10s")]
async fn double(number: u32) -> Result<u32, ActivityError> {
    Ok(number * 2)
}

/// Doubles numbers, all at the same time.
#[derive(Default)]
struct Doubling;

#[workflow]
impl Doubling {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        let doubled = try_join_all((0..count).map(|number| ctx.activity::<double>(number))).await?;
        Ok(doubled.iter().sum())
    }
}

/// Gives no slot to a poll; only tasks that come with other answers get through.
struct NoPolls;

impl SlotSupplier for NoPolls {
    fn reserve<'a>(&'a self, request: &'a SlotRequest) -> Pin<Box<dyn Future<Output = SlotPermit> + Send + 'a>> {
        // Later tasks of a workflow come through the sticky queue.
        if request.is_sticky {
            Box::pin(ready(SlotPermit::new()))
        } else {
            Box::pin(pending())
        }
    }

    fn try_reserve(&self, _request: &SlotRequest) -> Option<SlotPermit> {
        Some(SlotPermit::new())
    }

    fn release(&self, _permit: SlotPermit) {}
}

#[tokio::test]
async fn activities_come_with_the_answer_to_the_task_that_schedules_them() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().workflow::<Doubling>().activity::<double>();
    let _worker = RunningWorker::start(worker.tuner(Tuner::fixed(10, 1).activities(NoPolls)));
    let doubling = environment.start::<Doubling>(3).await?;
    assert_eq!(doubling.result().await?, 6);
    Ok(())
}

#[tokio::test]
async fn a_workflows_first_task_comes_with_the_answer_to_its_start() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().workflow::<Doubling>().activity::<double>();
    let _worker = RunningWorker::start(worker.tuner(Tuner::fixed(1, 10).workflow_tasks(NoPolls)));
    // The worker has to be there before the start.
    let mut eager = environment.start::<Doubling>(3).request_eager_start().await?;
    while eager.describe().await?.history_length() < 3 {
        eager.terminate("too early").await?;
        tokio::task::yield_now().await;
        eager = environment.start::<Doubling>(3).request_eager_start().await?;
    }
    assert_eq!(eager.result().await?, 6);
    Ok(())
}

/// Writes down how its slots are used; the rest is a fixed number's.
struct Ledger {
    slots: FixedSlots,
    held: AtomicUsize,
    held_max: AtomicUsize,
    used: Mutex<Vec<String>>,
}

impl Ledger {
    fn new(slots: usize) -> Arc<Self> {
        Arc::new(Self {
            slots: FixedSlots::new(slots),
            held: AtomicUsize::new(0),
            held_max: AtomicUsize::new(0),
            used: Mutex::default(),
        })
    }
}

struct Shared(Arc<Ledger>);

impl SlotSupplier for Shared {
    fn reserve<'a>(&'a self, request: &'a SlotRequest) -> Pin<Box<dyn Future<Output = SlotPermit> + Send + 'a>> {
        assert_eq!(request.kind, SlotKind::Activity);
        self.0.slots.reserve(request)
    }

    fn try_reserve(&self, request: &SlotRequest) -> Option<SlotPermit> {
        self.0.slots.try_reserve(request)
    }

    fn used(&self, _permit: &mut SlotPermit, slot_use: &SlotUse<'_>) {
        let held = self.0.held.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.held_max.fetch_max(held, Ordering::SeqCst);
        self.0.used.lock().unwrap().push(slot_use.type_name.to_owned());
    }

    fn release(&self, permit: SlotPermit) {
        let _ = self
            .0
            .held
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |held| held.checked_sub(1));
        self.0.slots.release(permit);
    }
}

#[tokio::test]
async fn slots_of_ones_own_making_bound_what_runs() -> Outcome {
    let environment = Environment::connect().await?;
    let ledger = Ledger::new(2);
    let tuner = Tuner::fixed(10, 1).activities(Shared(Arc::clone(&ledger)));
    let worker = environment
        .worker()
        .workflow::<Doubling>()
        .activity::<double>()
        .tuner(tuner);
    let worker = RunningWorker::start(worker);
    assert_eq!(environment.start::<Doubling>(10).await?.result().await?, 90);
    worker.stop().await?;
    assert!(ledger.held_max.load(Ordering::SeqCst) <= 2);
    assert_eq!(*ledger.used.lock().unwrap(), ["double"; 10]);
    assert_eq!(ledger.slots.available(), Some(2), "all slots are back");
    Ok(())
}

#[tokio::test]
async fn slots_by_what_the_machine_has_and_polls_as_the_server_suggests() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment
        .worker()
        .workflow::<Doubling>()
        .activity::<double>()
        .tuner(Tuner::resource_based(ResourceTargets::new(0.99, 1.0)?)?)
        .workflow_pollers(PollerBehavior::autoscaling(1, 20, 2))
        .activity_pollers(PollerBehavior::autoscaling(1, 20, 2));
    let _worker = RunningWorker::start(worker);
    assert_eq!(environment.start::<Doubling>(20).await?.result().await?, 380);
    Ok(())
}

#[tokio::test]
async fn a_worker_begins_no_more_activities_in_a_second_than_it_may() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().workflow::<Doubling>().activity::<double>();
    let worker = worker.max_activities_per_second(20.0).activity_pollers(1);
    let _worker = RunningWorker::start(worker);
    let start = Instant::now();
    assert_eq!(environment.start::<Doubling>(11).await?.result().await?, 110);
    assert!(start.elapsed() >= millis(450), "{:?}", start.elapsed());
    Ok(())
}

/// What holds a thread, and lets it go.
struct Block {
    entered: Mutex<mpsc::Sender<()>>,
    release: Mutex<mpsc::Receiver<()>>,
}

static BLOCK: OnceLock<Block> = OnceLock::new();

/// Blocks its thread, if there is nothing to hold it back.
#[derive(Default)]
struct Blocking;

#[workflow]
impl Blocking {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let block = BLOCK.get().unwrap();
        let _ = block.entered.lock().unwrap().send(());
        // The second time there is nobody any more who could send.
        let _ = block.release.lock().unwrap().recv();
        Ok("free".to_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_blocks_its_thread_fails_its_task_and_others_go_on() -> Outcome {
    let environment = Environment::connect().await?;
    let ((entered, has_entered), (release, released)) = (mpsc::channel(), mpsc::channel());
    let block = Block {
        entered: Mutex::new(entered),
        release: Mutex::new(released),
    };
    assert!(BLOCK.set(block).is_ok());
    let worker = environment
        .worker()
        .workflow::<Blocking>()
        .workflow::<Doubling>()
        .activity::<double>()
        .workflow_pollers(2)
        .deadlock_timeout(millis(500));
    let _worker = RunningWorker::start(worker);
    // While the code blocks a thread, the next attempt isn't worked on, but times out.
    let blocked = environment.start::<Blocking>(()).task_timeout(secs(2)).await?;
    tokio::task::spawn_blocking(move || has_entered.recv()).await??;

    // The other shard works, and the server is told, while the code still blocks its thread.
    let id = environment.name("doubling");
    let doubling = environment
        .client()
        .start::<Doubling>(3)
        .id(id)
        .task_queue(environment.queue());
    assert_eq!(doubling.await?.result().await?, 6);
    let failure = loop {
        let failed = environment
            .history(&blocked)
            .await?
            .into_iter()
            .find_map(|event| match event.attributes {
                Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => Some(failed),
                _ => None,
            });
        if let Some(failed) = failed {
            break failed;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(failure.cause(), Cause::WorkflowWorkerUnhandledFailure);
    let message = failure.into_inner().failure.unwrap_or_default().message;
    assert!(
        message.contains("`Blocking`") && message.contains(blocked.run_id().unwrap_or("?")),
        "{message}"
    );

    drop(release);
    assert_eq!(blocked.result().await?, "free");
    Ok(())
}

/// Completes with so many bytes.
#[derive(Default)]
struct Talkative;

#[workflow]
impl Talkative {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, bytes: usize) -> WorkflowResult<String> {
        Ok("x".repeat(bytes))
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_fails_the_task_not_the_workflow() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Talkative>());
    let talkative = environment.start::<Talkative>(3 * 1024 * 1024).await?;
    let cause = loop {
        let causes = environment
            .history(&talkative)
            .await?
            .into_iter()
            .find_map(|event| match event.attributes {
                Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => Some(failed.cause()),
                _ => None,
            });
        if let Some(cause) = causes {
            break cause;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(cause, Cause::PayloadsTooLarge);
    talkative.terminate("seen enough").await?;
    Ok(())
}

#[activity(start_to_close_timeout = "10s")]
async fn talk(bytes: usize) -> Result<String, ActivityError> {
    Ok("x".repeat(bytes))
}

#[derive(Default)]
struct Listening;

#[workflow]
impl Listening {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, bytes: usize) -> WorkflowResult<String> {
        let talk = ctx.activity::<talk>(bytes).retry_policy(RetryPolicy::never()).await;
        Ok(match talk {
            Ok(text) => format!("{} bytes", text.len()),
            Err(failure) => failure.to_string(),
        })
    }
}

#[tokio::test]
async fn an_activitys_result_that_is_too_large_fails_the_activity() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Listening>().activity::<talk>());
    let text = environment.start::<Listening>(3 * 1024 * 1024).await?.result().await?;
    assert!(text.contains("more than the allowed 2097152"), "{text}");
    Ok(())
}

/// Works until its worker stops.
#[activity(start_to_close_timeout = "30s")]
async fn until_shutdown(ctx: ActivityContext) -> Result<String, ActivityError> {
    ctx.worker_shutdown().await;
    Ok(format!(
        "stopping: {}, cancelled: {}",
        ctx.is_worker_shutdown(),
        ctx.is_cancelled()
    ))
}

#[derive(Default)]
struct Shift;

#[workflow]
impl Shift {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        Ok(ctx.activity::<until_shutdown>(()).await?)
    }
}

#[tokio::test]
async fn an_activity_hears_that_its_worker_stops_before_it_is_cancelled() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = || environment.worker().workflow::<Shift>().activity::<until_shutdown>();
    let first = RunningWorker::start(worker().graceful_shutdown_period(secs(20)));
    let shift = environment.start::<Shift>(()).await?;
    loop {
        let description = shift.describe().await?;
        if description
            .pending_activities()
            .any(|activity| activity.attempt() > 0 && activity.last_started_time().is_some())
        {
            break;
        }
        tokio::task::yield_now().await;
    }
    first.stop().await?;
    let _second = RunningWorker::start(worker());
    assert_eq!(shift.result().await?, "stopping: true, cancelled: false");
    Ok(())
}

// ---- threads that block --------------------------------------------------------------------------------------------

#[activity(start_to_close_timeout = "10s")]
fn thread_name(_number: u32) -> Result<String, ActivityError> {
    Ok(std::thread::current().name().unwrap_or_default().to_owned())
}

#[derive(Default)]
struct ThreadNames;

#[workflow]
impl ThreadNames {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Vec<String>> {
        let mut names = vec![
            ctx.activity::<thread_name>(1).await?,
            ctx.local_activity::<thread_name>(2).await?,
        ];
        let both = (3..5).map(|number| ctx.activity::<thread_name>(number));
        names.extend(try_join_all(both).await?);
        Ok(names)
    }
}

#[tokio::test]
async fn blocking_activities_run_on_the_threads_that_the_worker_was_given() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().workflow::<ThreadNames>().activity::<thread_name>();
    let _worker = RunningWorker::start(worker.blocking_pool(BlockingThreads::new(1)?));
    let names = environment.start::<ThreadNames>(()).await?.result().await?;
    assert_eq!(names, ["blocking-0"; 4]);
    Ok(())
}
