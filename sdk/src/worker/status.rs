//! What a worker does right now, in numbers.

use super::{scaler::PollerBehavior, shared::Shared, slot::SlotSupplier};
use crate::client::host_name;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use steadfast_proto::{
    duration,
    enums::WorkerStatus,
    timestamp,
    worker::{PluginInfo, WorkerHeartbeat, WorkerHostInfo, WorkerPollerInfo, WorkerSlotsInfo},
};

/// One shard in numbers; its driver writes them, others read.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// How many tasks and polls it may have.
    pub(super) slots: usize,
    /// How many it has.
    pub(super) in_use: AtomicUsize,
    /// How many are promised to tasks that come with other answers.
    pub(super) reserved: AtomicUsize,
    pub(super) tasks: AtomicUsize,
    pub(super) normal_polls: AtomicUsize,
    pub(super) sticky_polls: AtomicUsize,
    pub(super) cached: AtomicUsize,
    pub(super) cache_hits: AtomicU64,
    pub(super) cache_misses: AtomicU64,
}

/// Tasks of one kind, counted.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    pub(super) running: AtomicUsize,
    pub(super) polls: AtomicUsize,
    processed: AtomicU64,
    failed: AtomicU64,
    /// When a poll last brought a task, in milliseconds since 1970; 0 if none did.
    polled: AtomicU64,
    sticky_polled: AtomicU64,
}

impl Tasks {
    pub(super) fn done(&self, has_failed: bool) {
        self.processed.fetch_add(1, Relaxed);
        if has_failed {
            self.failed.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn polled(&self, is_sticky: bool) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let cell = if is_sticky { &self.sticky_polled } else { &self.polled };
        cell.store(u64::try_from(now.as_millis()).unwrap_or_default(), Relaxed);
    }
}

/// What a worker does right now, in numbers.
#[derive(Debug)]
pub(super) struct Status {
    started: SystemTime,
    pub(super) shards: Vec<Arc<Load>>,
    pub(super) workflow_tasks: Tasks,
    pub(super) activities: Tasks,
    pub(super) nexus_tasks: Tasks,
    last: Mutex<Last>,
}

/// What was told the last time.
#[derive(Debug, Default, Clone, Copy)]
struct Last {
    time: Option<SystemTime>,
    workflow_tasks: Counted,
    activities: Counted,
    nexus_tasks: Counted,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counted {
    processed: u64,
    failed: u64,
}

impl Status {
    pub(super) fn new(shards: Vec<Arc<Load>>) -> Self {
        Self {
            started: SystemTime::now(),
            shards,
            workflow_tasks: Tasks::default(),
            activities: Tasks::default(),
            nexus_tasks: Tasks::default(),
            last: Mutex::default(),
        }
    }

    pub(super) fn sum(&self, number: impl Fn(&Load) -> usize) -> usize {
        self.shards.iter().map(|shard| number(shard)).sum()
    }
}

/// What the server and people are told of a worker.
pub(super) fn heartbeat(shared: &Shared, worker_status: WorkerStatus) -> WorkerHeartbeat {
    let status = &shared.status;
    let now = SystemTime::now();
    let mut last = status.last.lock().unwrap_or_else(PoisonError::into_inner);
    let since_last = last.time.and_then(|time| now.duration_since(time).ok());
    let (workflow_tasks, activities, nexus_tasks) = (last.workflow_tasks, last.activities, last.nexus_tasks);
    *last = Last {
        time: Some(now),
        workflow_tasks: counted(&status.workflow_tasks),
        activities: counted(&status.activities),
        nexus_tasks: counted(&status.nexus_tasks),
    };
    drop(last);
    let running = status.sum(|shard| shard.tasks.load(Relaxed));
    let fixed = status.sum(|shard| shard.slots);
    let supplier = shared.tuning.workflow_tasks.as_deref();
    let free = supplier.map_or_else(|| Some(fixed.saturating_sub(running)), SlotSupplier::available);
    let name = supplier.map_or("Fixed", SlotSupplier::name);
    let has_activities = shared.polls_activities;
    let has_nexus_services = shared.registry.has_nexus_services();
    let has_workflows = !status.shards.is_empty();
    let tuning = &shared.tuning;
    WorkerHeartbeat {
        worker_instance_key: shared.instance_key.clone(),
        worker_identity: shared.identity.clone(),
        host_info: Some(host()),
        task_queue: shared.task_queue.clone(),
        deployment_version: shared.deployment.as_ref().map(super::Deployment::version),
        sdk_name: "steadfast".to_owned(),
        sdk_version: env!("CARGO_PKG_VERSION").to_owned(),
        status: worker_status.into(),
        start_time: Some(timestamp(status.started)),
        heartbeat_time: Some(timestamp(now)),
        elapsed_since_last_heartbeat: since_last.map(duration),
        workflow_task_slots_info: has_workflows
            .then(|| slots(&status.workflow_tasks, workflow_tasks, running, free, name)),
        activity_task_slots_info: has_activities.then(|| supplied(&status.activities, activities, &*tuning.activities)),
        nexus_task_slots_info: has_nexus_services
            .then(|| supplied(&status.nexus_tasks, nexus_tasks, &*tuning.nexus_tasks)),
        nexus_poller_info: has_nexus_services.then(|| {
            let polls = status.nexus_tasks.polls.load(Relaxed);
            poller(polls, &status.nexus_tasks.polled, tuning.nexus_pollers)
        }),
        workflow_poller_info: has_workflows.then(|| {
            let polls = status.sum(|shard| shard.normal_polls.load(Relaxed));
            poller(polls, &status.workflow_tasks.polled, tuning.workflow_pollers)
        }),
        workflow_sticky_poller_info: has_workflows.then(|| {
            let polls = status.sum(|shard| shard.sticky_polls.load(Relaxed));
            poller(polls, &status.workflow_tasks.sticky_polled, tuning.workflow_pollers)
        }),
        activity_poller_info: has_activities.then(|| {
            let polls = status.activities.polls.load(Relaxed);
            poller(polls, &status.activities.polled, tuning.activity_pollers)
        }),
        total_sticky_cache_hit: whole(status.shards.iter().map(|shard| shard.cache_hits.load(Relaxed)).sum()),
        total_sticky_cache_miss: whole(status.shards.iter().map(|shard| shard.cache_misses.load(Relaxed)).sum()),
        current_sticky_cache_size: size(status.sum(|shard| shard.cached.load(Relaxed))),
        plugins: plugins(&shared.plugins),
        ..WorkerHeartbeat::default()
    }
}

/// Of tasks whose supplier counts what runs.
fn supplied(tasks: &Tasks, last: Counted, supplier: &dyn SlotSupplier) -> WorkerSlotsInfo {
    let running = tasks.running.load(Relaxed);
    slots(tasks, last, running, supplier.available(), supplier.name())
}

fn counted(tasks: &Tasks) -> Counted {
    Counted {
        processed: tasks.processed.load(Relaxed),
        failed: tasks.failed.load(Relaxed),
    }
}

fn slots(tasks: &Tasks, last: Counted, running: usize, free: Option<usize>, name: &str) -> WorkerSlotsInfo {
    let total = counted(tasks);
    WorkerSlotsInfo {
        current_available_slots: size(free.unwrap_or_default()),
        current_used_slots: size(running),
        slot_supplier_kind: name.to_owned(),
        total_processed_tasks: whole(total.processed),
        total_failed_tasks: whole(total.failed),
        last_interval_processed_tasks: whole(total.processed.saturating_sub(last.processed)),
        last_interval_failure_tasks: whole(total.failed.saturating_sub(last.failed)),
    }
}

fn poller(polls: usize, polled: &AtomicU64, behavior: PollerBehavior) -> WorkerPollerInfo {
    let polled = Some(polled.load(Relaxed)).filter(|polled| *polled > 0);
    WorkerPollerInfo {
        current_pollers: size(polls),
        last_successful_poll_time: polled.map(|polled| {
            timestamp(
                UNIX_EPOCH
                    .checked_add(Duration::from_millis(polled))
                    .unwrap_or(UNIX_EPOCH),
            )
        }),
        is_autoscaling: behavior.is_autoscaling(),
    }
}

fn plugins(names: &[String]) -> Vec<PluginInfo> {
    let plugin = |name: &String| PluginInfo {
        name: name.clone(),
        ..PluginInfo::default()
    };
    names.iter().map(plugin).collect()
}

fn host() -> WorkerHostInfo {
    WorkerHostInfo {
        host_name: host_name().unwrap_or_default(),
        process_id: std::process::id().to_string(),
        ..WorkerHostInfo::default()
    }
}

fn size(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn whole(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
