//! Workers: how they start, how they end, and how they share work.

use super::{
    Deployment, FixedSlots, PollerBehavior, SlotPermit, SlotRequest, SlotSupplier, Tuner, VersioningBehavior, Worker,
    WorkerError,
};
use crate::{activity::CancelReason, client::Client, prelude::*, testing::TestEnv};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use steadfast_proto::{
    enums::WorkerStatus,
    tonic::Request,
    worker::WorkerHeartbeat,
    workflowservice::{DescribeWorkerRequest, ListWorkersRequest},
};
use steadfast_server::{Server, Time};

#[activity(start_to_close_timeout = "30s")]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        Ok(ctx.activity::<greet>(name).await?)
    }
}

#[crate::test]
async fn what_is_registered_twice_is_told_before_anything_is_polled(env: TestEnv) {
    let worker = Worker::new(env.client(), "q")
        .workflow::<Greeting>()
        .workflow::<Greeting>();
    let error = worker.activity::<greet>().activity::<greet>().run().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the worker can't start: workflow `Greeting` is registered twice; activity `greet` is registered twice"
    );
}

#[crate::test]
async fn options_without_sense_are_refused(env: TestEnv) {
    let worker = Worker::new(env.client(), "q").activity::<greet>().activity_pollers(0);
    let error = worker.run().await.unwrap_err();
    assert!(error.to_string().contains("`activity_pollers` is 0"), "{error}");
    let error = Worker::new(env.client(), "")
        .activity::<greet>()
        .run()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("the task queue has no name"), "{error}");
}

#[crate::test]
async fn a_namespace_that_does_not_exist_is_told_at_the_start(env: TestEnv) {
    let client = Client::builder()
        .namespace("nowhere")
        .in_process(env.server().workflow_service());
    let error = Worker::new(&client, "q").activity::<greet>().run().await.unwrap_err();
    assert!(
        matches!(&error, WorkerError::NamespaceNotFound(name) if name == "nowhere"),
        "{error:?}"
    );
}

#[crate::test]
async fn a_worker_runs_until_it_is_told(env: TestEnv) {
    let worker = Worker::new(env.client(), "q")
        .workflow::<Greeting>()
        .activity::<greet>();
    let client = env.client().clone();
    let mut result = None;
    let until = async { result = Some(client.execute::<Greeting>("Ada".into()).task_queue("q").await) };
    worker.run_until(until).await?;
    assert_eq!(result.unwrap().unwrap(), "Hello, Ada!");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_on_many_threads_is_a_task_like_any_other() {
    let server = Server::builder().time(Time::Virtual).start().unwrap();
    let client = Client::in_process(server.workflow_service());
    let worker = tokio::spawn(
        Worker::new(&client, "q")
            .workflow::<Greeting>()
            .activity::<greet>()
            .run(),
    );
    let names: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    let started = names.iter().map(|name| {
        let client = client.clone();
        let name = name.clone();
        tokio::spawn(async move { client.execute::<Greeting>(name).task_queue("q").await })
    });
    for (name, running) in names.iter().zip(started.collect::<Vec<_>>()) {
        assert_eq!(running.await.unwrap().unwrap(), format!("Hello, {name}!"));
    }
    assert!(!worker.is_finished());
    worker.abort();
}

/// Counts how often it was started, and goes on until it is told to stop, but for the second time.
struct Patient {
    started: Arc<AtomicUsize>,
}

#[activities]
impl Patient {
    #[activity(start_to_close_timeout = "1h")]
    async fn wait(&self, ctx: ActivityContext) -> Result<u32, ActivityError> {
        if self.started.fetch_add(1, Ordering::SeqCst) == 0 {
            assert_eq!(ctx.cancelled().await, CancelReason::WorkerShutdown);
            Err(Cancelled)?;
        }
        Ok(ctx.info().attempt)
    }
}

#[derive(Default)]
struct Waiting;

#[workflow]
impl Waiting {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        Ok(ctx.activities::<Patient>().heartbeat_timeout(minutes(1)).wait().await?)
    }
}

#[crate::test]
async fn a_worker_that_ends_hands_its_activities_to_the_next_one(env: TestEnv) {
    let started = Arc::new(AtomicUsize::new(0));
    let worker = |started: &Arc<AtomicUsize>| {
        let patient = Patient {
            started: Arc::clone(started),
        };
        Worker::new(env.client(), "q").workflow::<Waiting>().activities(patient)
    };
    let first = worker(&started)
        .graceful_shutdown_period(Duration::from_millis(1))
        .start();
    let waiting = env.client().start::<Waiting>(()).task_queue("q").await?;
    while started.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    first.shutdown().await?;
    let second = worker(&started).start();
    assert_eq!(waiting.result().await?, 2);
    second.shutdown().await?;
}

#[crate::test]
async fn workflows_go_on_at_the_next_worker(env: TestEnv) {
    #[derive(Default)]
    struct Told(Option<u32>);

    #[workflow]
    impl Told {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
            let first = ctx.wait_take(|s| s.0.take()).await?;
            let second = ctx.wait_take(|s| s.0.take()).await?;
            Ok(first * 10 + second)
        }

        #[update]
        fn tell(&mut self, number: u32) -> u32 {
            self.0 = Some(number);
            number
        }
    }

    let first = env.worker("q").workflow::<Told>().start();
    let told = env.client().start::<Told>(()).task_queue("q").await?;
    assert_eq!(told.tell(4).await?, 4);
    first.shutdown().await?;
    env.worker("q")
        .workflow::<Told>()
        .identity("second")
        .build_id("2")
        .start();
    assert_eq!(told.tell(2).await?, 2);
    assert_eq!(told.result().await?, 42);
}

#[crate::test]
async fn no_more_activities_run_at_the_same_time_than_allowed(env: TestEnv) {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);

    #[activity(start_to_close_timeout = "30s")]
    async fn alone() -> Result<(), ActivityError> {
        assert_eq!(RUNNING.fetch_add(1, Ordering::SeqCst), 0);
        tokio::task::yield_now().await;
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }

    #[derive(Default)]
    struct Many;

    #[workflow]
    impl Many {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<usize> {
            let once = RetryPolicy::never();
            let calls = (0..20).map(|_| ctx.activity::<alone>(()).retry_policy(once.clone()));
            Ok(try_join_all(calls).await?.len())
        }
    }

    env.worker("q")
        .workflow::<Many>()
        .activity::<alone>()
        .max_concurrent_activities(1)
        .start();
    assert_eq!(env.client().execute::<Many>(()).task_queue("q").await?, 20);
}

/// All workers that the server knows of, by what it says of them.
async fn reported(env: &TestEnv, identity: &str) -> Option<WorkerHeartbeat> {
    let service = env.server().workflow_service();
    let list = ListWorkersRequest {
        namespace: "default".to_owned(),
        query: format!("WorkerIdentity = '{identity}'"),
        ..ListWorkersRequest::default()
    };
    let workers = service
        .list_workers(Request::new(list))
        .await
        .unwrap()
        .into_inner()
        .workers;
    let describe = DescribeWorkerRequest {
        namespace: "default".to_owned(),
        worker_instance_key: workers.first()?.worker_instance_key.clone(),
    };
    let worker = service
        .describe_worker(Request::new(describe))
        .await
        .unwrap()
        .into_inner();
    worker.worker_info.unwrap().worker_heartbeat
}

#[crate::test]
async fn the_server_is_told_how_workers_are_and_that_they_leave(env: TestEnv) {
    let worker = |identity: &str| {
        let worker = Worker::new(env.client(), "q")
            .workflow::<Greeting>()
            .activity::<greet>();
        worker
            .identity(identity)
            .deployment(Deployment::new("greetings", "3"))
            .start()
    };
    let (first, second) = (worker("first"), worker("second"));
    let heartbeat = loop {
        match (reported(&env, "first").await, reported(&env, "second").await) {
            (Some(heartbeat), Some(_)) => break heartbeat,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(heartbeat.status(), WorkerStatus::Running);
    assert_eq!(heartbeat.task_queue, "q");
    assert_eq!(heartbeat.deployment_version.unwrap().build_id, "3");
    assert!(!heartbeat.host_info.unwrap().process_id.is_empty());

    let greeting = env
        .client()
        .execute::<Greeting>("Ada".to_owned())
        .task_queue("q")
        .await?;
    assert_eq!(greeting, "Hello, Ada!");
    first.shutdown().await?;
    second.shutdown().await?;
    let heartbeats = [
        reported(&env, "first").await.unwrap(),
        reported(&env, "second").await.unwrap(),
    ];
    let processed = |heartbeat: &WorkerHeartbeat| {
        heartbeat
            .activity_task_slots_info
            .as_ref()
            .unwrap()
            .total_processed_tasks
    };
    assert!(
        heartbeats
            .iter()
            .all(|heartbeat| heartbeat.status() == WorkerStatus::ShuttingDown)
    );
    assert_eq!(heartbeats.iter().map(processed).sum::<i32>(), 1);
}

#[crate::test]
async fn what_contradicts_itself_is_refused(env: TestEnv) {
    let worker = || Worker::new(env.client(), "q").activity::<greet>();
    let refusals = [
        (
            worker().max_concurrent_activities(3).tuner(Tuner::fixed(2, 2)),
            "and a tuner too",
        ),
        (
            worker().max_activities_per_second(0.0),
            "`max_activities_per_second` is 0",
        ),
        (
            worker().max_task_queue_activities_per_second(f64::NAN),
            "must be a number above 0",
        ),
        (
            worker().activity_pollers(PollerBehavior::autoscaling(4, 2, 3)),
            "scales from 4 to 2",
        ),
        (worker().deadlock_timeout(Duration::ZERO), "`deadlock_timeout` is 0"),
        (
            worker().deployment(Deployment::new("", "").versioned(VersioningBehavior::Pinned)),
            "needs both a name",
        ),
        (
            worker().deployment(Deployment::new("a", "1").default_behavior(VersioningBehavior::Pinned)),
            "without versioning",
        ),
    ];
    for (worker, expected) in refusals {
        let error = worker.run().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Counts how often it is asked for a slot without a poll.
struct Asked(FixedSlots, Arc<AtomicUsize>);

impl SlotSupplier for Asked {
    fn reserve<'a>(&'a self, request: &'a SlotRequest) -> Pin<Box<dyn Future<Output = SlotPermit> + Send + 'a>> {
        self.0.reserve(request)
    }

    fn try_reserve(&self, request: &SlotRequest) -> Option<SlotPermit> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.try_reserve(request)
    }

    fn release(&self, permit: SlotPermit) {
        self.0.release(permit);
    }
}

#[crate::test]
async fn activities_are_eager_unless_that_is_not_wanted_or_their_queue_has_a_limit(env: TestEnv) {
    type Configure = fn(Worker) -> Worker;
    let configure: [(Configure, usize); 3] = [
        (|worker| worker, 1),
        (|worker| worker.eager_activities(false), 0),
        (|worker| worker.max_task_queue_activities_per_second(1000.0), 0),
    ];
    for (configure, expected) in configure {
        let asked = Arc::new(AtomicUsize::new(0));
        let tuner = Tuner::fixed(10, 10).activities(Asked(FixedSlots::new(10), Arc::clone(&asked)));
        let worker = env.worker("q").workflow::<Greeting>().activity::<greet>().tuner(tuner);
        let worker = configure(worker).start();
        let greeting = env
            .client()
            .execute::<Greeting>("Ada".to_owned())
            .task_queue("q")
            .await?;
        assert_eq!(
            (greeting.as_str(), asked.load(Ordering::SeqCst)),
            ("Hello, Ada!", expected)
        );
        worker.shutdown().await?;
    }
}

#[crate::test]
async fn nobody_looks_how_long_code_takes_that_is_debugged(env: TestEnv) {
    let worker = || env.worker("q").deadlock_timeout(Duration::from_secs(1));
    assert_eq!(worker().options.watched_for(), Some(Duration::from_secs(1)));
    assert_eq!(worker().debug_mode().options.watched_for(), None);
    assert_eq!(worker().deadlock_timeout(None).options.watched_for(), None);
}

#[derive(Default)]
struct LocalGreeting;

#[workflow]
impl LocalGreeting {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        let greeting = ctx.local_activity::<greet>(name);
        Ok(greeting.start_to_close_timeout(Duration::from_secs(5)).await?)
    }
}

#[crate::test]
async fn a_worker_of_local_activities_polls_for_no_others(env: TestEnv) {
    use crate::client::TaskQueueType;
    let local = || env.worker("q").activity::<greet>().local_activities_only();
    let worker = local().workflow::<LocalGreeting>().start();
    let greeting = env.client().execute::<LocalGreeting>("Ada".to_owned()).task_queue("q");
    assert_eq!(greeting.await?, "Hello, Ada!");
    let pollers = async |kind| {
        let queue = env.client().describe_task_queue("q", kind).await;
        queue.map(|queue| queue.pollers().len())
    };
    assert!(pollers(TaskQueueType::Workflow).await? > 0);
    assert_eq!(pollers(TaskQueueType::Activity).await?, 0);
    worker.shutdown().await?;
    let useless = Worker::new(env.client(), "q")
        .activity::<greet>()
        .local_activities_only();
    let useless = useless.run().await.unwrap_err();
    assert!(useless.to_string().contains("`local_activities_only`"), "{useless}");
}
