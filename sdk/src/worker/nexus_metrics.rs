//! What a worker measures of Nexus operations.

use super::{
    metrics::{NEXUS_WORKER, WorkerMetrics},
    nexus_task::Outcome,
    shared::Shared,
};
use crate::metrics::names::*;
use std::{
    sync::atomic::Ordering::Relaxed,
    time::{Instant, SystemTime},
};
use steadfast_proto::{
    failure::{Failure, failure::FailureInfo},
    nexus::{Request, StartOperationResponse, response, start_operation_response as start},
    system_time,
};

/// One request to an operation, as it is measured.
pub(super) struct MeasuredRequest<'a> {
    metrics: &'a WorkerMetrics,
    began: Instant,
    /// When it was first asked for.
    scheduled: Option<SystemTime>,
}

impl WorkerMetrics {
    /// What is there at this moment.
    pub(super) fn nexus_load(&self, shared: &Shared) {
        let tasks = &shared.status.nexus_tasks;
        let (used, free) = (tasks.running.load(Relaxed), shared.tuning.nexus_tasks.available());
        self.slots(&self.gauges.nexus_slots, NEXUS_WORKER, used, free);
        let labels = [("poller_type", "nexus_task")];
        self.gauge(
            &self.gauges.nexus_polls,
            NUM_POLLERS,
            tasks.polls.load(Relaxed),
            &labels,
        );
    }

    pub(super) fn nexus_poll_empty(&self) {
        self.recorder().count(NEXUS_POLL_NO_TASK, &[]);
    }

    /// A request came.
    pub(super) fn nexus_request(&self, request: &Request) -> MeasuredRequest<'_> {
        let scheduled = request.scheduled_time.as_ref().and_then(system_time);
        if let Some(waited) = scheduled.and_then(|time| SystemTime::now().duration_since(time).ok()) {
            self.recorder()
                .latency(NEXUS_TASK_SCHEDULE_TO_START_LATENCY, waited, &[]);
        }
        MeasuredRequest {
            metrics: self,
            began: Instant::now(),
            scheduled,
        }
    }
}

impl MeasuredRequest<'_> {
    /// Its handler is done; there is no outcome if the server waited no longer.
    pub(super) fn handled(&self, outcome: Option<&Outcome>) {
        let recorder = self.metrics.recorder();
        recorder.latency(NEXUS_TASK_EXECUTION_LATENCY, self.began.elapsed(), &[]);
        if let Some(reason) = reason(outcome) {
            recorder.count(NEXUS_TASK_EXECUTION_FAILED, &[("failure_reason", &reason)]);
        }
    }

    /// The server has the answer.
    pub(super) fn answered(&self) {
        let took = self
            .scheduled
            .and_then(|time| SystemTime::now().duration_since(time).ok());
        if let Some(took) = took {
            self.metrics.recorder().latency(NEXUS_TASK_ENDTOEND_LATENCY, took, &[]);
        }
    }
}

/// Why it failed, if it did, in the words of the other SDKs.
fn reason(outcome: Option<&Outcome>) -> Option<String> {
    match outcome {
        None => Some("timeout".to_owned()),
        Some(Ok(response::Variant::StartOperation(StartOperationResponse {
            variant: Some(start::Variant::Failure(failure)),
        }))) => Some(operation_reason(failure).to_owned()),
        Some(Ok(_)) => None,
        Some(Err(failure)) => Some(match &failure.failure_info {
            Some(FailureInfo::NexusHandlerFailureInfo(info)) => format!("handler_error_{}", info.r#type),
            _ => "handler_error_INTERNAL".to_owned(),
        }),
    }
}

fn operation_reason(failure: &Failure) -> &'static str {
    match failure.failure_info {
        Some(FailureInfo::CanceledFailureInfo(_)) => "operation_canceled",
        _ => "operation_failed",
    }
}
