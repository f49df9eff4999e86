//! A worker that does not run yet.

use super::{
    Registry, RunningWorker, WorkerError, activity_driver,
    shared::{Noticed, Server, Shared, unique_key},
    stop::{Phase, Stop},
    workflow_driver,
};
use crate::{
    activity::{Activity, ActivityImplementation, ActivitySet, ActivitySetImplementation, mock_activity},
    client::Client,
    workflow::WorkflowImplementation,
};
use std::{
    fmt,
    future::{Future, pending},
    sync::Arc,
    time::Duration,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::{AbortHandle, JoinSet},
};

const CACHED_WORKFLOWS: usize = 1_000;
const CONCURRENT_WORKFLOW_TASKS: usize = 100;
const CONCURRENT_ACTIVITIES: usize = 100;
const CONCURRENT_LOCAL_ACTIVITIES: usize = 100;
const POLLERS: usize = 8;

/// Polls a task queue and runs what is registered here.
///
/// ```no_run
/// # use steadfast::{Client, Worker};
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// # let until_told = async {};
/// let worker = Worker::new(&client, "orders"); // .workflow::<Order>().activity::<send_email>()
/// worker.run_until(until_told).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a worker does nothing until it is run: `.run().await`, `.run_until(future).await` or `.start()`"]
pub struct Worker {
    client: Client,
    task_queue: String,
    registry: Registry,
    options: Options,
    hooks: Option<Hooks>,
    noticed: Option<Noticed>,
}

/// Who is told of what happens to a worker.
pub(crate) struct Hooks {
    /// It was started as a task of its own.
    pub(crate) started: Box<dyn FnOnce(AbortHandle) + Send>,
    /// The task ended with an error.
    pub(crate) failed: Box<dyn FnOnce(&WorkerError) + Send>,
    /// A shard has something to tell.
    pub(crate) noticed: Noticed,
}

#[derive(Debug, Clone)]
struct Options {
    cached_workflows_max: usize,
    workflow_tasks_max: usize,
    activities_max: usize,
    local_activities_max: usize,
    workflow_pollers: usize,
    activity_pollers: usize,
    grace_period: Duration,
    identity: Option<String>,
    build_id: Option<String>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("task_queue", &self.task_queue)
            .field("registry", &self.registry)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What it runs.
impl Worker {
    /// A worker for a task queue, with nothing to run yet.
    pub fn new(client: &Client, task_queue: impl Into<String>) -> Self {
        Self {
            client: client.clone(),
            task_queue: task_queue.into(),
            registry: Registry::default(),
            options: Options {
                cached_workflows_max: CACHED_WORKFLOWS,
                workflow_tasks_max: CONCURRENT_WORKFLOW_TASKS,
                activities_max: CONCURRENT_ACTIVITIES,
                local_activities_max: CONCURRENT_LOCAL_ACTIVITIES,
                workflow_pollers: POLLERS,
                activity_pollers: POLLERS,
                grace_period: Duration::ZERO,
                identity: None,
                build_id: None,
            },
            hooks: None,
            noticed: None,
        }
    }

    /// Runs workflows of this type.
    pub fn workflow<W: WorkflowImplementation>(mut self) -> Self {
        self.registry.workflow::<W>(self.client.converter().clone());
        self
    }

    /// Runs this activity, a function with `#[activity]`.
    pub fn activity<A: ActivityImplementation>(mut self) -> Self {
        self.registry.activity::<A>(A::run);
        self
    }

    /// Runs the activities of this value, whose impl block has `#[activities]`.
    pub fn activities(mut self, set: impl ActivitySetImplementation) -> Self {
        Arc::new(set).register(&mut self.registry);
        self
    }

    /// As [`activities`](Self::activities), for a value that others hold too.
    pub fn shared_activities<A: ActivitySetImplementation>(mut self, set: Arc<A>) -> Self {
        set.register(&mut self.registry);
        self
    }

    /// Runs a closure instead of this activity, which need not be registered itself.
    pub fn mock<A: Activity>(
        mut self,
        activity: impl Fn(A::Input) -> Result<A::Output, A::Error> + Send + Sync + 'static,
    ) -> Self {
        self.registry.mock(A::NAME, mock_activity::<A>(activity));
        self
    }

    /// Runs closures instead of a set's activities:
    /// `.mock_activities::<Payments>(|mock| mock.charge(|order| Ok(..)).refund(|_| Ok(())))`.
    pub fn mock_activities<A: ActivitySet + ?Sized>(mut self, mock: impl FnOnce(A::Mock) -> A::Mock) -> Self {
        for (name, activity) in mock(A::Mock::default()).into() {
            self.registry.mock(name, activity);
        }
        self
    }
}

/// How it runs.
impl Worker {
    /// How many workflows stay in memory between their tasks (1,000 if not set). With zero each task replays its
    /// workflow from the start.
    pub fn max_cached_workflows(mut self, workflows: usize) -> Self {
        self.options.cached_workflows_max = workflows;
        self
    }

    /// How many workflow tasks it holds at the same time (100 if not set).
    pub fn max_concurrent_workflow_tasks(mut self, tasks: usize) -> Self {
        self.options.workflow_tasks_max = tasks;
        self
    }

    /// How many activities it runs at the same time (100 if not set).
    pub fn max_concurrent_activities(mut self, activities: usize) -> Self {
        self.options.activities_max = activities;
        self
    }

    /// How many local activities it runs at the same time (100 if not set).
    pub fn max_concurrent_local_activities(mut self, activities: usize) -> Self {
        self.options.local_activities_max = activities;
        self
    }

    /// How many polls for workflow tasks are open at the same time (8 if not set).
    pub fn workflow_pollers(mut self, pollers: usize) -> Self {
        self.options.workflow_pollers = pollers;
        self
    }

    /// How many polls for activities are open at the same time (8 if not set).
    pub fn activity_pollers(mut self, pollers: usize) -> Self {
        self.options.activity_pollers = pollers;
        self
    }

    /// How long activities may go on after the worker was told to stop, before they are cancelled (not at all if not
    /// set).
    pub fn graceful_shutdown_period(mut self, period: Duration) -> Self {
        self.options.grace_period = period;
        self
    }

    /// What the worker is called in histories and tools; the client's identity if not set.
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.options.identity = Some(identity.into());
        self
    }

    /// Which build of the program this is, as shown by tools.
    pub fn build_id(mut self, build_id: impl Into<String>) -> Self {
        self.options.build_id = Some(build_id.into());
        self
    }

    #[cfg_attr(not(feature = "server"), allow(dead_code))]
    pub(crate) fn hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = Some(hooks);
        self
    }
}

/// Running it.
impl Worker {
    /// Runs for ever, or until it can't start. Dropping the future ends the worker at once; for an orderly end there are
    /// [`run_until`](Self::run_until) and [`RunningWorker::shutdown`].
    ///
    /// # Errors
    /// Something is registered twice, the server can't be reached, or the namespace does not exist.
    pub fn run(self) -> impl Future<Output = Result<(), WorkerError>> + Send + 'static {
        self.run_until(pending())
    }

    /// Runs until the future is ready, then finishes what it has begun.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_until<F>(self, until: F) -> impl Future<Output = Result<(), WorkerError>> + Send + use<F>
    where
        F: Future<Output = ()> + Send,
    {
        self.run_with(Stop::new(), until)
    }

    /// Runs as a task of its own. Dropping the handle lets it run on.
    ///
    /// # Panics
    /// If it isn't called on a tokio runtime.
    pub fn start(mut self) -> RunningWorker {
        let stop = Stop::new();
        let hooks = self.hooks.take();
        self.noticed = hooks.as_ref().map(|hooks| Arc::clone(&hooks.noticed));
        let run = self.run_with(stop.clone(), pending());
        let Some(Hooks { started, failed, .. }) = hooks else {
            return RunningWorker::new(stop, tokio::spawn(run));
        };
        let task = tokio::spawn(async move {
            let result = run.await;
            if let Err(error) = &result {
                failed(error);
            }
            result
        });
        started(task.abort_handle());
        RunningWorker::new(stop, task)
    }

    async fn run_with<F: Future<Output = ()> + Send>(self, stop: Stop, until: F) -> Result<(), WorkerError> {
        let grace_period = self.options.grace_period;
        let mut drivers = self.spawn_drivers(&stop).await?;
        let mut draining = stop.listen();
        let mut until = std::pin::pin!(until);
        let mut is_stopping = false;
        let mut grace_is_over = std::pin::pin!(async {
            draining.reached(Phase::Draining).await;
            tokio::time::sleep(grace_period).await;
        });
        loop {
            tokio::select! {
                ended = drivers.join_next() => match ended {
                    None => return Ok(()),
                    Some(Ok(())) => {}
                    Some(Err(error)) => return Err(WorkerError::Panicked(error.to_string())),
                },
                () = &mut until, if !is_stopping => {
                    is_stopping = true;
                    stop.advance(Phase::Draining);
                }
                () = &mut grace_is_over => {
                    stop.advance(Phase::Cancelling);
                    while let Some(ended) = drivers.join_next().await {
                        ended.map_err(|error| WorkerError::Panicked(error.to_string()))?;
                    }
                    return Ok(());
                }
            }
        }
    }

    async fn spawn_drivers(mut self, stop: &Stop) -> Result<JoinSet<()>, WorkerError> {
        self.check()?;
        let server = Server::ask(&self.client).await?;
        let identity = self
            .options
            .identity
            .unwrap_or_else(|| self.client.identity().to_owned());
        let shared = Arc::new(Shared {
            client: self.client,
            task_queue: self.task_queue,
            identity,
            instance_key: unique_key(),
            build_id: self.options.build_id,
            registry: Arc::new(self.registry),
            server,
            noticed: self.noticed,
        });
        let mut drivers = JoinSet::new();
        if shared.registry.has_workflows() {
            let shards = shards();
            let share = |total: usize| total.div_ceil(shards);
            for shard in 0..shards {
                let limits = workflow_driver::Limits {
                    cached: share(self.options.cached_workflows_max),
                    tasks: share(self.options.workflow_tasks_max),
                    local_activities: share(self.options.local_activities_max),
                    polls: share(self.options.workflow_pollers),
                };
                drivers.spawn(workflow_driver::drive(Arc::clone(&shared), shard, limits, stop.clone()));
            }
        }
        if shared.registry.has_activities() {
            let limits = activity_driver::Limits {
                activities: self.options.activities_max,
                polls: self.options.activity_pollers,
            };
            drivers.spawn(activity_driver::drive(Arc::clone(&shared), limits, stop.clone()));
        }
        Ok(drivers)
    }

    fn check(&mut self) -> Result<(), WorkerError> {
        let mistakes = self.registry.take_mistakes();
        if !mistakes.is_empty() {
            return Err(WorkerError::Registration(mistakes));
        }
        if !self.registry.has_workflows() && !self.registry.has_activities() {
            return Err(WorkerError::NothingRegistered);
        }
        if self.task_queue.is_empty() {
            return Err(WorkerError::Option("the task queue has no name".to_owned()));
        }
        let counts = [
            ("max_concurrent_workflow_tasks", self.options.workflow_tasks_max),
            ("max_concurrent_activities", self.options.activities_max),
            ("max_concurrent_local_activities", self.options.local_activities_max),
            ("workflow_pollers", self.options.workflow_pollers),
            ("activity_pollers", self.options.activity_pollers),
        ];
        match counts.iter().find(|(_, count)| *count == 0) {
            Some((name, _)) => Err(WorkerError::Option(format!("`{name}` is 0, it must be at least 1"))),
            None => Ok(()),
        }
    }
}

/// One on a runtime of one thread; otherwise one for each thread that can run at the same time as others.
fn shards() -> usize {
    let runtime = Handle::current();
    match runtime.runtime_flavor() {
        RuntimeFlavor::CurrentThread => 1,
        _ => {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            cores.min(runtime.metrics().num_workers()).max(1)
        }
    }
}
