//! What a worker measures, if its client has a meter.

use super::shared::Shared;
use crate::{
    error::is_complete_async,
    metrics::{Label, Recorder, names::*},
};
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};
use steadfast_core::LocalActivityTask;
use steadfast_proto::{
    common::Payloads,
    enums::{ApplicationErrorCategory, WorkflowTaskFailedCause},
    failure::{Failure, failure::FailureInfo},
    prost_types::Timestamp,
    system_time,
    workflowservice::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse},
};

const WORKFLOW_WORKER: (&str, &str) = ("worker_type", "WorkflowWorker");
const ACTIVITY_WORKER: (&str, &str) = ("worker_type", "ActivityWorker");
pub(super) const NEXUS_WORKER: (&str, &str) = ("worker_type", "NexusWorker");

/// What a worker measures.
pub(super) struct WorkerMetrics {
    recorder: Recorder,
    /// The workflow tasks at hand, by their tokens: their type, and when they came.
    tasks: Mutex<HashMap<Bytes, (String, Instant)>>,
    pub(super) gauges: Gauges,
}

/// What was said last; what has not changed is not said again.
pub(super) struct Gauges {
    workflow_slots: [AtomicUsize; 2],
    activity_slots: [AtomicUsize; 2],
    workflow_polls: [AtomicUsize; 2],
    activity_polls: AtomicUsize,
    pub(super) nexus_slots: [AtomicUsize; 2],
    pub(super) nexus_polls: AtomicUsize,
    cached: AtomicUsize,
}

impl Default for Gauges {
    fn default() -> Self {
        let nothing_yet = || AtomicUsize::new(usize::MAX);
        let neither = || [nothing_yet(), nothing_yet()];
        Self {
            workflow_slots: neither(),
            activity_slots: neither(),
            workflow_polls: neither(),
            activity_polls: nothing_yet(),
            nexus_slots: neither(),
            nexus_polls: nothing_yet(),
            cached: nothing_yet(),
        }
    }
}

impl WorkerMetrics {
    pub(super) fn new(recorder: &Recorder, task_queue: &str) -> Self {
        Self {
            recorder: recorder.with_labels([Label::new("task_queue", task_queue)]),
            tasks: Mutex::default(),
            gauges: Gauges::default(),
        }
    }

    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(super) fn started(&self, shared: &Shared) {
        if shared.registry.has_workflows() {
            self.recorder.count(WORKER_START, &[WORKFLOW_WORKER]);
        }
        if shared.polls_activities {
            self.recorder.count(WORKER_START, &[ACTIVITY_WORKER]);
        }
        if shared.registry.has_nexus_services() {
            self.recorder.count(WORKER_START, &[NEXUS_WORKER]);
        }
    }

    /// A poll's answer, or one that came with another.
    pub(super) fn workflow_task(&self, task: &PollWorkflowTaskQueueResponse) {
        let kind = task.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
        self.recorder.count(WORKFLOW_POLL_SUCCEED, &[]);
        if let Some(waited) = between(task.scheduled_time.as_ref(), task.started_time.as_ref()) {
            let labels = [("workflow_type", kind)];
            self.recorder
                .latency(WORKFLOW_TASK_SCHEDULE_TO_START_LATENCY, waited, &labels);
        }
        self.hold(task.task_token.clone(), kind.to_owned());
    }

    /// A task that came with another's answer has been polled by nobody.
    pub(super) fn hold(&self, token: Bytes, kind: String) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.insert(token, (kind, Instant::now()));
    }

    pub(super) fn workflow_poll_empty(&self) {
        self.recorder.count(WORKFLOW_POLL_EMPTY, &[]);
    }

    /// The task is about to be answered, or failed.
    pub(super) fn workflow_task_done(&self, token: &Bytes, failed: Option<WorkflowTaskFailedCause>) {
        let held = {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.remove(token)
        };
        let Some((kind, came)) = held else { return };
        let kind = ("workflow_type", kind.as_str());
        match failed {
            None => self
                .recorder
                .latency(WORKFLOW_TASK_EXECUTION_LATENCY, came.elapsed(), &[kind]),
            Some(cause) => {
                let reason = ("failure_reason", reason(cause));
                self.recorder.count(WORKFLOW_TASK_EXECUTION_FAILED, &[kind, reason]);
            }
        }
    }

    /// The task needs no answer after all.
    pub(super) fn forget(&self, token: &Bytes) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.remove(token);
    }

    pub(super) fn cache(&self, hits: u64, misses: u64) {
        for (name, more) in [(STICKY_CACHE_HIT, hits), (STICKY_CACHE_MISS, misses)] {
            for _ in 0..more {
                self.recorder.count(name, &[]);
            }
        }
    }

    pub(super) fn evicted(&self) {
        self.recorder.count(STICKY_CACHE_EVICTION, &[]);
    }

    /// What the shards have at this moment, all together.
    pub(super) fn workflow_load(&self, shared: &Shared) {
        let status = &shared.status;
        let used = status.sum(|shard| shard.tasks.load(Relaxed));
        let free = match shared.tuning.workflow_tasks.as_deref() {
            Some(supplier) => supplier.available(),
            None => Some(status.sum(|shard| shard.slots).saturating_sub(used)),
        };
        self.slots(&self.gauges.workflow_slots, WORKFLOW_WORKER, used, free);
        let [normal, sticky] = &self.gauges.workflow_polls;
        let polls = status.sum(|shard| shard.normal_polls.load(Relaxed));
        self.gauge(normal, NUM_POLLERS, polls, &[("poller_type", "workflow_task")]);
        let polls = status.sum(|shard| shard.sticky_polls.load(Relaxed));
        self.gauge(sticky, NUM_POLLERS, polls, &[("poller_type", "sticky_workflow_task")]);
        let cached = status.sum(|shard| shard.cached.load(Relaxed));
        self.gauge(&self.gauges.cached, STICKY_CACHE_SIZE, cached, &[]);
    }

    pub(super) fn activity_load(&self, shared: &Shared) {
        let activities = &shared.status.activities;
        let (used, free) = (activities.running.load(Relaxed), shared.tuning.activities.available());
        self.slots(&self.gauges.activity_slots, ACTIVITY_WORKER, used, free);
        let polls = activities.polls.load(Relaxed);
        let labels = [("poller_type", "activity_task")];
        self.gauge(&self.gauges.activity_polls, NUM_POLLERS, polls, &labels);
    }

    pub(super) fn slots(
        &self,
        last: &[AtomicUsize; 2],
        worker: (&'static str, &str),
        used: usize,
        free: Option<usize>,
    ) {
        let [last_used, last_free] = last;
        self.gauge(last_used, TASK_SLOTS_USED, used, &[worker]);
        if let Some(free) = free {
            self.gauge(last_free, TASK_SLOTS_AVAILABLE, free, &[worker]);
        }
    }

    pub(super) fn gauge(&self, last: &AtomicUsize, name: &'static str, value: usize, labels: &[(&'static str, &str)]) {
        if last.swap(value, Relaxed) != value {
            self.recorder.gauge(name, value, labels);
        }
    }

    pub(super) fn activity_poll_empty(&self) {
        self.recorder.count(ACTIVITY_POLL_NO_TASK, &[]);
    }

    /// An attempt begins.
    pub(super) fn activity(&self, task: &PollActivityTaskQueueResponse) -> Attempt {
        let attempt = Attempt {
            recorder: self.recorder.with_labels([
                type_label("activity_type", task.activity_type.as_ref().map(|kind| &kind.name)),
                type_label("workflow_type", task.workflow_type.as_ref().map(|kind| &kind.name)),
            ]),
            began: Instant::now(),
            scheduled: task.scheduled_time.as_ref().and_then(system_time),
            names: &REMOTE,
        };
        attempt.recorder.count(ACTIVITY_TASK_RECEIVED, &[]);
        let scheduled = task
            .current_attempt_scheduled_time
            .as_ref()
            .or(task.scheduled_time.as_ref());
        if let Some(waited) = between(scheduled, task.started_time.as_ref()) {
            attempt
                .recorder
                .latency(ACTIVITY_SCHEDULE_TO_START_LATENCY, waited, &[]);
        }
        attempt
    }

    pub(super) fn local_activity(&self, task: &LocalActivityTask) -> Attempt {
        let attempt = Attempt {
            recorder: self.recorder.with_labels([
                type_label("activity_type", Some(&task.attributes.activity_type)),
                type_label("workflow_type", Some(&task.workflow.workflow_type)),
            ]),
            began: Instant::now(),
            scheduled: Some(task.original_schedule_time),
            names: &LOCAL,
        };
        attempt.recorder.count(LOCAL_ACTIVITY_TOTAL, &[]);
        attempt
    }
}

/// An attempt at an activity, as it is measured.
pub(super) struct Attempt {
    recorder: Recorder,
    began: Instant,
    /// When the first attempt was asked for.
    scheduled: Option<SystemTime>,
    names: &'static AttemptNames,
}

struct AttemptNames {
    latency: &'static str,
    succeeded: &'static str,
    failed: &'static str,
    cancelled: Option<&'static str>,
}

static REMOTE: AttemptNames = AttemptNames {
    latency: ACTIVITY_EXECUTION_LATENCY,
    succeeded: ACTIVITY_SUCCEED_ENDTOEND_LATENCY,
    failed: ACTIVITY_EXECUTION_FAILED,
    cancelled: None,
};

static LOCAL: AttemptNames = AttemptNames {
    latency: LOCAL_ACTIVITY_EXECUTION_LATENCY,
    succeeded: LOCAL_ACTIVITY_SUCCEED_ENDTOEND_LATENCY,
    failed: LOCAL_ACTIVITY_EXECUTION_FAILED,
    cancelled: Some(LOCAL_ACTIVITY_EXECUTION_CANCELLED),
};

impl Attempt {
    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(super) fn ends(&self, outcome: Result<&Payloads, &Failure>) {
        let names = self.names;
        self.recorder.latency(names.latency, self.began.elapsed(), &[]);
        match outcome {
            Ok(_) => {
                if let Some(took) = self
                    .scheduled
                    .and_then(|time| SystemTime::now().duration_since(time).ok())
                {
                    self.recorder.latency(names.succeeded, took, &[]);
                }
            }
            // Somebody else will say.
            Err(failure) if is_complete_async(failure) => {}
            Err(failure) if matches!(failure.failure_info, Some(FailureInfo::CanceledFailureInfo(_))) => {
                if let Some(name) = names.cancelled {
                    self.recorder.count(name, &[]);
                }
            }
            Err(failure) if is_benign(failure) => {}
            Err(_) => self
                .recorder
                .count(names.failed, &[("failure_reason", "ActivityError")]),
        }
    }
}

/// Whether it is a failure that its author says is none to worry about.
pub(crate) fn is_benign(failure: &Failure) -> bool {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info.category() == ApplicationErrorCategory::Benign,
        _ => false,
    }
}

fn type_label(name: &'static str, value: Option<&String>) -> Label {
    Label::new(name, value.map_or("", String::as_str))
}

fn between(from: Option<&Timestamp>, to: Option<&Timestamp>) -> Option<Duration> {
    system_time(to?)?.duration_since(system_time(from?)?).ok()
}

fn reason(cause: WorkflowTaskFailedCause) -> &'static str {
    match cause {
        WorkflowTaskFailedCause::NonDeterministicError => "NonDeterminismError",
        WorkflowTaskFailedCause::GrpcMessageTooLarge => "GrpcMessageTooLarge",
        WorkflowTaskFailedCause::PayloadsTooLarge => "PayloadsTooLarge",
        WorkflowTaskFailedCause::RequestTooLarge => "RequestTooLarge",
        _ => "WorkflowError",
    }
}
