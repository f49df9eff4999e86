//! A worker that does not run yet.

use super::{
    Deployment, PollerBehavior, RawActivity, Registry, Tuner, WorkerError,
    shared::{Noticed, unique_key},
};
use crate::{
    activity::{Activity, ActivityImplementation, ActivitySet, ActivitySetImplementation, BlockingPool, mock_activity},
    client::Client,
    error::WorkflowResult,
    interceptor::{ActivityInterceptor, ActivityInterceptors, WorkflowInterceptor, WorkflowInterceptors},
    nexus::NexusServiceImplementation,
    plugin::Plugin,
    testing::Mocks,
    workflow::{FailurePolicy, Workflow, WorkflowImplementation, WorkflowMock},
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::task::AbortHandle;

const CACHED_WORKFLOWS: usize = 1_000;
const CONCURRENT_LOCAL_ACTIVITIES: usize = 100;
pub(super) const CONCURRENT_WORKFLOW_TASKS: usize = 100;
pub(super) const CONCURRENT_ACTIVITIES: usize = 100;
pub(super) const CONCURRENT_NEXUS_TASKS: usize = 100;
const NEXUS_POLLERS: PollerBehavior = PollerBehavior::simple_maximum(5);
const POLLERS: PollerBehavior = PollerBehavior::simple_maximum(8);
/// How long workflow code may keep its thread.
const DEADLOCK_TIMEOUT: Duration = Duration::from_secs(2);

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
    pub(super) client: Client,
    pub(super) task_queue: String,
    /// Names this worker among all, also those of the same identity.
    pub(super) instance_key: String,
    pub(super) registry: Registry,
    pub(super) options: Options,
    pub(super) hooks: Option<Hooks>,
    pub(super) workflow_interceptors: WorkflowInterceptors,
    pub(super) activity_interceptors: ActivityInterceptors,
    pub(super) blocking_pool: Option<Arc<dyn BlockingPool>>,
    /// The names of its plugins.
    pub(super) plugins: Vec<String>,
    pub(super) on_fatal_error: Option<OnFatalError>,
}

pub(super) type OnFatalError = Box<dyn FnOnce(&WorkerError) + Send>;

/// Is told what a worker runs.
type Registered = Arc<dyn Fn(&Arc<Registry>) + Send + Sync>;

/// Who is told of what happens to a worker.
#[derive(Clone)]
pub(crate) struct Hooks {
    /// It was started as a task of its own.
    pub(crate) started: Arc<dyn Fn(AbortHandle) + Send + Sync>,
    /// The task ended with an error.
    pub(crate) failed: Arc<dyn Fn(&WorkerError) + Send + Sync>,
    /// A shard has something to tell.
    pub(crate) noticed: Noticed,
    /// It begins to run this.
    pub(crate) registered: Registered,
    /// Who notes the calls of its mocks.
    pub(crate) mocks: Arc<Mocks>,
}

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) cached_workflows_max: usize,
    pub(super) workflow_tasks_max: Option<usize>,
    pub(super) activities_max: Option<usize>,
    pub(super) local_activities_max: usize,
    pub(super) nexus_tasks_max: Option<usize>,
    pub(super) nexus_pollers: PollerBehavior,
    pub(super) tuner: Option<Tuner>,
    pub(super) workflow_pollers: PollerBehavior,
    pub(super) activity_pollers: PollerBehavior,
    pub(super) activities_per_second: Option<f64>,
    pub(super) queue_activities_per_second: Option<f64>,
    pub(super) eager_activities: bool,
    pub(super) local_activities_only: bool,
    pub(super) is_debugged: bool,
    pub(super) deadlock_timeout: Option<Duration>,
    pub(super) grace_period: Duration,
    pub(super) identity: Option<String>,
    pub(super) deployment: Option<Deployment>,
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
        let worker = Self {
            client: client.clone(),
            task_queue: task_queue.into(),
            instance_key: unique_key(),
            registry: Registry::default(),
            options: Options {
                cached_workflows_max: CACHED_WORKFLOWS,
                workflow_tasks_max: None,
                activities_max: None,
                tuner: None,
                local_activities_max: CONCURRENT_LOCAL_ACTIVITIES,
                nexus_tasks_max: None,
                nexus_pollers: NEXUS_POLLERS,
                workflow_pollers: POLLERS,
                activity_pollers: POLLERS,
                activities_per_second: None,
                queue_activities_per_second: None,
                eager_activities: true,
                local_activities_only: false,
                is_debugged: false,
                deadlock_timeout: Some(DEADLOCK_TIMEOUT),
                grace_period: Duration::ZERO,
                identity: None,
                deployment: None,
            },
            hooks: None,
            workflow_interceptors: WorkflowInterceptors::default(),
            activity_interceptors: ActivityInterceptors::default(),
            blocking_pool: None,
            plugins: Vec::new(),
            on_fatal_error: None,
        };
        let plugins = client.plugins().iter();
        plugins.fold(worker, |worker, plugin| worker.with(&**plugin))
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

    /// Handles the operations of a Nexus service with this value, whose impl block has `#[nexus_service]`.
    pub fn nexus_service(self, service: impl NexusServiceImplementation) -> Self {
        self.shared_nexus_service(Arc::new(service))
    }

    /// As [`nexus_service`](Self::nexus_service), for a value that others hold too.
    pub fn shared_nexus_service<S: NexusServiceImplementation>(mut self, service: Arc<S>) -> Self {
        self.registry.nexus_service(service);
        self
    }

    /// Runs a closure instead of this activity, which need not be registered itself. In the closure,
    /// [`attempt`](crate::testing::attempt) tells the attempt, and [`never_completes`](crate::testing::never_completes) is
    /// one way to go on.
    pub fn mock<A: Activity>(
        mut self,
        activity: impl Fn(A::Input) -> Result<A::Output, A::Error> + Send + Sync + 'static,
    ) -> Self {
        self.add_mock(A::NAME, mock_activity::<A>(activity));
        self
    }

    /// Runs closures instead of a set's activities:
    /// `.mock_activities::<Payments>(|mock| mock.charge(|order| Ok(..)).refund(|_| Ok(())))`.
    pub fn mock_activities<A: ActivitySet + ?Sized>(mut self, mock: impl FnOnce(A::Mock) -> A::Mock) -> Self {
        for (name, activity) in mock(A::Mock::default()).into() {
            self.add_mock(name, activity);
        }
        self
    }

    /// Completes workflows of this type with what a closure returns, instead of running them; the type need not be
    /// registered itself. Signals to them are taken and go nowhere, they have no queries and no updates.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[workflow] trait Shipping { #[run] async fn run(order: u32) -> WorkflowResult<String>; }
    /// # fn example(env: TestEnv) -> Worker {
    /// env.worker("orders").mock_workflow::<dyn Shipping>(|order| Ok(format!("parcel {order}")))
    /// # }
    /// ```
    pub fn mock_workflow<W: Workflow + ?Sized + 'static>(
        mut self,
        workflow: impl Fn(W::Input) -> WorkflowResult<W::Output> + Send + Sync + 'static,
    ) -> Self {
        let mocks = self.hooks.as_ref().map(|hooks| Arc::clone(&hooks.mocks));
        let mock = WorkflowMock::<W>::new(workflow, self.client.converter().clone(), mocks);
        self.registry.mock_workflow(mock);
        self
    }

    fn add_mock(&mut self, name: &'static str, mock: RawActivity) {
        let mock = match &self.hooks {
            Some(hooks) => hooks.mocks.watch(name, mock),
            None => mock,
        };
        self.registry.mock(name, mock);
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
        self.options.workflow_tasks_max = Some(tasks);
        self
    }

    /// How many activities it runs at the same time (100 if not set).
    pub fn max_concurrent_activities(mut self, activities: usize) -> Self {
        self.options.activities_max = Some(activities);
        self
    }

    /// How many local activities it runs at the same time (100 if not set).
    pub fn max_concurrent_local_activities(mut self, activities: usize) -> Self {
        self.options.local_activities_max = activities;
        self
    }

    /// How many requests to Nexus operations it handles at the same time (100 if not set).
    pub fn max_concurrent_nexus_tasks(mut self, tasks: usize) -> Self {
        self.options.nexus_tasks_max = Some(tasks);
        self
    }

    /// How many polls for requests to Nexus operations are open at the same time (5 if not set): a number, or as the server suggests.
    pub fn nexus_pollers(mut self, pollers: impl Into<PollerBehavior>) -> Self {
        self.options.nexus_pollers = pollers.into();
        self
    }

    /// How many polls for workflow tasks are open at the same time (8 if not set).
    pub fn workflow_pollers(mut self, pollers: impl Into<PollerBehavior>) -> Self {
        self.options.workflow_pollers = pollers.into();
        self
    }

    /// How many polls for activities are open at the same time (8 if not set).
    pub fn activity_pollers(mut self, pollers: impl Into<PollerBehavior>) -> Self {
        self.options.activity_pollers = pollers.into();
        self
    }

    /// Suppliers of slots, instead of the fixed numbers of
    /// [`max_concurrent_workflow_tasks`](Self::max_concurrent_workflow_tasks),
    /// [`max_concurrent_activities`](Self::max_concurrent_activities) and
    /// [`max_concurrent_nexus_tasks`](Self::max_concurrent_nexus_tasks).
    pub fn tuner(mut self, tuner: Tuner) -> Self {
        self.options.tuner = Some(tuner);
        self
    }

    /// Where activities run that block, functions which are not `async` (if not set, on the runtime's own threads for that). An
    /// activity that waits for a thread has begun, as far as the server knows: leave room for as many as
    /// [may run at the same time](Self::max_concurrent_activities), or lower that.
    pub fn blocking_pool(mut self, pool: impl BlockingPool) -> Self {
        self.blocking_pool = Some(Arc::new(pool));
        self
    }

    /// How many activities this worker begins in a second at most (no limit if not set).
    pub fn max_activities_per_second(mut self, activities: f64) -> Self {
        self.options.activities_per_second = Some(activities);
        self
    }

    /// How many activities all workers of the task queue together begin in a second at most. The server sees to it, and the
    /// last worker that said something counts (no limit if not set).
    pub fn max_task_queue_activities_per_second(mut self, activities: f64) -> Self {
        self.options.queue_activities_per_second = Some(activities);
        self
    }

    /// Runs its activities as local ones of its own workflows alone, and polls for none: others run those that workflows call
    /// through the server.
    pub fn local_activities_only(mut self) -> Self {
        self.options.local_activities_only = true;
        self
    }

    /// Lets people stop workflow code in a debugger: nothing says how long it may keep its thread, whatever
    /// [`deadlock_timeout`](Self::deadlock_timeout) says. The server still waits no longer than the workflow's task timeout;
    /// give a long one to the workflow.
    pub fn debug_mode(mut self) -> Self {
        self.options.is_debugged = true;
        self
    }

    /// Whether activities on the worker's own queue may come with the answer to the workflow task that schedules them, as
    /// far as there is room, so that nobody has to poll for them: yes, if this is not called. None do with a limit of the
    /// [task queue](Self::max_task_queue_activities_per_second), which the server could not keep.
    pub fn eager_activities(mut self, are_eager: bool) -> Self {
        self.options.eager_activities = are_eager;
        self
    }

    /// How long workflow code may go without awaiting anything (2 s if not set), looked at four times a second. More fails
    /// the workflow task, as code that blocks its thread holds up all workflows there. `None`: as long as it likes, to
    /// debug, say.
    pub fn deadlock_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.options.deadlock_timeout = timeout.into();
        self
    }

    /// What fails its workflows, and what their workflow tasks alone, unless they say so themselves.
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.registry.failure_policy = policy;
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
        self.options.deployment = Some(Deployment::unnamed(build_id.into()));
        self
    }

    /// Which build of which deployment this is, and whether the server routes tasks by it.
    pub fn deployment(mut self, deployment: Deployment) -> Self {
        self.options.deployment = Some(deployment);
        self
    }

    /// Lets a plugin change these settings, after those that the client has. What is set after this counts more.
    #[allow(clippy::needless_pass_by_value)] // it is given away, as to a client
    pub fn plugin(self, plugin: impl Plugin) -> Self {
        self.with(&plugin)
    }

    fn with(self, plugin: &dyn Plugin) -> Self {
        let mut worker = plugin.worker(self);
        worker.plugins.push(plugin.name());
        worker
    }

    /// Is told why the worker could not start, or ended by itself. The error is returned all the same.
    pub fn on_fatal_error(mut self, tell: impl FnOnce(&WorkerError) + Send + 'static) -> Self {
        self.on_fatal_error = Some(Box::new(tell));
        self
    }

    /// Sees what comes to the workflows, and what they ask for; after those that were registered before.
    pub fn workflow_interceptor(mut self, interceptor: impl WorkflowInterceptor) -> Self {
        self.workflow_interceptors.push(Arc::new(interceptor));
        self
    }

    /// Sees the activities that are run; after those that were registered before.
    pub fn activity_interceptor(mut self, interceptor: impl ActivityInterceptor) -> Self {
        self.activity_interceptors.push(Arc::new(interceptor));
        self
    }

    #[cfg_attr(not(feature = "server"), allow(dead_code))]
    pub(crate) fn hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = Some(hooks);
        self
    }
}
