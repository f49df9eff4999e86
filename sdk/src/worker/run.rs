//! Running a worker.

use super::{
    RunningWorker, Worker, WorkerError,
    activity_driver::{self, ActivitySettings},
    eager::EagerActivities,
    metrics::WorkerMetrics,
    nexus_driver,
    options::{CONCURRENT_ACTIVITIES, CONCURRENT_NEXUS_TASKS, CONCURRENT_WORKFLOW_TASKS, Options},
    rate::RateLimit,
    shared::{Server, Shared, Tuning},
    slot::{FixedSlots, SlotKind, Slots},
    status::{Load, Status},
    stop::{Phase, Stop},
    watchdog::Blocked,
    workflow_driver::{self, ShardSettings},
};
use crate::interceptor::Attached;
use std::{
    future::{Future, pending},
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::JoinSet,
};

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
        self.client = self.client.replaceable();
        let (client, instance_key) = (self.client.clone(), self.instance_key.clone());
        let stop = Stop::new();
        let hooks = self.hooks.clone();
        let failed = hooks.as_ref().map(|hooks| Arc::clone(&hooks.failed));
        let run = self.run_with(stop.clone(), pending());
        let task = tokio::spawn(async move {
            let result = run.await;
            if let (Err(error), Some(failed)) = (&result, failed) {
                failed(error);
            }
            result
        });
        if let Some(hooks) = hooks {
            (hooks.started)(task.abort_handle());
        }
        RunningWorker::new(stop, task, client, instance_key)
    }

    async fn run_with<F: Future<Output = ()> + Send>(mut self, stop: Stop, until: F) -> Result<(), WorkerError> {
        let on_fatal_error = self.on_fatal_error.take();
        let result = self.run_to_its_end(&stop, until).await;
        let result = stop.failure().map_or(result, Err);
        if let (Err(error), Some(tell)) = (&result, on_fatal_error) {
            tell(error);
        }
        result
    }

    async fn run_to_its_end<F: Future<Output = ()> + Send>(self, stop: &Stop, until: F) -> Result<(), WorkerError> {
        let grace_period = self.options.grace_period;
        let mut drivers = self.spawn_drivers(stop).await?;
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
        let (shared, options) = self.into_shared(server, stop);
        if let Some(metrics) = &shared.metrics {
            metrics.started(&shared);
        }
        let mut drivers = JoinSet::new();
        let eager = spawn_activities(
            &mut drivers,
            &shared,
            options.activities_per_second,
            options.eager_activities,
        );
        if shared.registry.has_nexus_services() {
            drivers.spawn(nexus_driver::drive(Arc::clone(&shared)));
        }
        spawn_shards(&mut drivers, &shared, &options, eager.as_ref());
        if shared.server.hears_heartbeats {
            let reporting: Weak<Shared> = Arc::downgrade(&shared);
            shared.client.report_worker(reporting);
        }
        Ok(drivers)
    }

    /// What all of its drivers share, and the options, which some of them read.
    fn into_shared(mut self, server: Server, stop: &Stop) -> (Arc<Shared>, Options) {
        let mut options = self.options;
        let metrics = self.client.connection().recorder();
        let metrics = metrics.map(|recorder| WorkerMetrics::new(recorder, &self.task_queue));
        self.registry.attach(Attached::new(
            self.workflow_interceptors,
            self.client.converter().clone(),
            metrics.as_ref().map(|metrics| metrics.recorder().clone()),
        ));
        let registry = Arc::new(self.registry);
        if let Some(hooks) = &self.hooks {
            (hooks.registered)(&registry);
        }
        let shards = if registry.has_workflows() { shards() } else { 0 };
        let loads = (0..shards).map(|_| Arc::new(options.load(shards)));
        let shared = Shared {
            status: Status::new(loads.collect()),
            tuning: options.tuning(),
            identity: options
                .identity
                .take()
                .unwrap_or_else(|| self.client.identity().to_owned()),
            client: self.client,
            task_queue: self.task_queue,
            instance_key: self.instance_key,
            deployment: options.deployment.take(),
            polls_activities: registry.has_activities() && !options.local_activities_only,
            registry,
            server,
            stop: stop.clone(),
            blocked: Blocked::default(),
            noticed: self.hooks.as_ref().map(|hooks| Arc::clone(&hooks.noticed)),
            activity_interceptors: self.activity_interceptors,
            blocking_pool: self.blocking_pool,
            metrics,
            plugins: self.plugins,
            scheduled: Default::default(),
        };
        (Arc::new(shared), options)
    }

    fn check(&mut self) -> Result<(), WorkerError> {
        let mistakes = self.registry.take_mistakes();
        if !mistakes.is_empty() {
            return Err(WorkerError::Registration(mistakes));
        }
        let registry = &self.registry;
        if !registry.has_workflows() && !registry.has_activities() && !registry.has_nexus_services() {
            return Err(WorkerError::NothingRegistered);
        }
        if self.task_queue.is_empty() {
            return Err(WorkerError::Option("the task queue has no name".to_owned()));
        }
        let options = &self.options;
        if options.local_activities_only && !registry.has_workflows() {
            return Err(WorkerError::Option(
                "`local_activities_only` is set, and no workflow is registered that could call one".to_owned(),
            ));
        }
        let mistake = options.mistake().or_else(|| options.deployment.as_ref()?.mistake());
        if let Some(mistake) = mistake {
            return Err(WorkerError::Option(mistake));
        }
        options.workflow_pollers.check("workflow_pollers")?;
        options.activity_pollers.check("activity_pollers")?;
        options.nexus_pollers.check("nexus_pollers")
    }
}

impl Options {
    fn tuning(&self) -> Tuning {
        let tuner = self.tuner.as_ref();
        Tuning {
            workflow_tasks: tuner.map(|tuner| Arc::clone(&tuner.workflow_tasks)),
            activities: match tuner {
                Some(tuner) => Arc::clone(&tuner.activities),
                None => Arc::new(FixedSlots::new(self.activities_max.unwrap_or(CONCURRENT_ACTIVITIES))),
            },
            workflow_pollers: self.workflow_pollers,
            activity_pollers: self.activity_pollers,
            nexus_tasks: match tuner {
                Some(tuner) => Arc::clone(&tuner.nexus_tasks),
                None => Arc::new(FixedSlots::new(self.nexus_tasks_max.unwrap_or(CONCURRENT_NEXUS_TASKS))),
            },
            nexus_pollers: self.nexus_pollers,
            queue_activities_per_second: self.queue_activities_per_second,
        }
    }

    /// How long workflow code may keep its thread, if anybody looks.
    pub(super) fn watched_for(&self) -> Option<Duration> {
        self.deadlock_timeout.filter(|_| !self.is_debugged)
    }

    /// How many runs one of so many shards keeps in memory.
    fn cached(&self, shards: usize) -> usize {
        self.cached_workflows_max.div_ceil(shards.max(1))
    }

    /// What one of so many shards takes on.
    fn load(&self, shards: usize) -> Load {
        let cached = self.cached(shards);
        let slots = match &self.tuner {
            // The supplier counts.
            Some(_) => usize::MAX,
            None => {
                let all = self.workflow_tasks_max.unwrap_or(CONCURRENT_WORKFLOW_TASKS);
                all.div_ceil(shards.max(1))
            }
        };
        Load {
            // No more tasks than runs fit in.
            slots: if cached > 0 { slots.min(cached).max(2) } else { slots },
            ..Load::default()
        }
    }

    /// What makes no sense, if anything does.
    fn mistake(&self) -> Option<String> {
        let counts = [
            ("max_concurrent_workflow_tasks", self.workflow_tasks_max),
            ("max_concurrent_activities", self.activities_max),
            ("max_concurrent_nexus_tasks", self.nexus_tasks_max),
        ];
        if self.local_activities_max == 0 {
            return Some("`max_concurrent_local_activities` is 0, it must be at least 1".to_owned());
        }
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == Some(0)) {
            return Some(format!("`{name}` is 0, it must be at least 1"));
        }
        let number = counts
            .iter()
            .find(|(_, count)| count.is_some())
            .filter(|_| self.tuner.is_some());
        if let Some((name, _)) = number {
            return Some(format!(
                "`{name}` is set and a tuner too; only one of them can say how much the worker takes on"
            ));
        }
        let rates = [
            ("max_activities_per_second", self.activities_per_second),
            ("max_task_queue_activities_per_second", self.queue_activities_per_second),
        ];
        let is_rate = |rate: f64| rate.is_finite() && rate > 0.0;
        let wrong = rates
            .iter()
            .find_map(|(name, rate)| rate.filter(|rate| !is_rate(*rate)).map(|rate| (name, rate)));
        if let Some((name, rate)) = wrong {
            return Some(format!("`{name}` is {rate}, it must be a number above 0"));
        }
        self.deadlock_timeout.filter(Duration::is_zero).map(|_| {
            "`deadlock_timeout` is 0, it must be longer; `None` lets workflow code take as long as it likes".to_owned()
        })
    }
}

/// Workflows, if there are any.
fn spawn_shards(
    drivers: &mut JoinSet<()>,
    shared: &Arc<Shared>,
    options: &Options,
    eager_activities: Option<&EagerActivities>,
) {
    let shards = shared.status.shards.len();
    for (shard, load) in shared.status.shards.iter().enumerate() {
        let supplier = shared.tuning.workflow_tasks.as_ref();
        let slots = |supplier| Slots::new(supplier, SlotKind::WorkflowTask, shared.task_queue.clone());
        let settings = ShardSettings {
            cached: options.cached(shards),
            local_activities: options.local_activities_max.div_ceil(shards),
            polls: options.workflow_pollers.share(shards),
            load: Arc::clone(load),
            slots: supplier.cloned().map(slots),
            eager_activities: eager_activities.cloned(),
            deadlock_timeout: options.watched_for(),
        };
        drivers.spawn(workflow_driver::drive(Arc::clone(shared), shard, settings));
    }
}

/// Activities, if there are any; shards may then bring them with their answers.
fn spawn_activities(
    drivers: &mut JoinSet<()>,
    shared: &Arc<Shared>,
    per_second: Option<f64>,
    are_eager: bool,
) -> Option<EagerActivities> {
    if !shared.polls_activities {
        return None;
    }
    let supplier = Arc::clone(&shared.tuning.activities);
    let slots = Slots::new(supplier, SlotKind::Activity, shared.task_queue.clone());
    let rate = per_second.map(|per_second| Arc::new(RateLimit::new(per_second)));
    let is_limited_by_queue = shared.tuning.queue_activities_per_second.is_some();
    let (eager, arriving) = (are_eager && !is_limited_by_queue && shared.registry.has_workflows())
        .then(|| EagerActivities::new(slots.clone(), rate.clone(), shared.stop.clone()))
        .unzip();
    let settings = ActivitySettings {
        slots,
        polls: shared.tuning.activity_pollers,
        rate,
        eager: arriving,
    };
    drivers.spawn(activity_driver::drive(Arc::clone(shared), settings));
    eager
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
