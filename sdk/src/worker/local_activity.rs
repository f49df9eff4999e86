//! One attempt at a local activity: run beside its shard, told to nobody else.

use super::{
    activity_task::{run_body, stopped},
    metrics::Attempt,
    registry::failure,
    shared::Shared,
};
use crate::{
    activity::{ActivityContext, CancelReason, Heartbeats},
    error::is_complete_async,
};
use std::{collections::HashMap, sync::Arc, time::SystemTime};
use steadfast_core::{Input, LocalActivityKey, LocalActivityOutcome, LocalActivityStop, LocalActivityTask};
use steadfast_proto::{
    common::Payloads,
    failure::{ApplicationFailureInfo, CanceledFailureInfo, Failure, failure::FailureInfo},
};

/// Those of a shard that run; one entry for each, gone with it.
#[derive(Default)]
pub(super) struct LocalActivities(HashMap<LocalActivityKey, Arc<Heartbeats>>);

/// One attempt.
pub(super) struct LocalActivity {
    shared: Arc<Shared>,
    task: Box<LocalActivityTask>,
    heartbeats: Arc<Heartbeats>,
}

impl LocalActivities {
    /// Must be called on a runtime.
    pub(super) fn begin(&mut self, shared: &Arc<Shared>, task: Box<LocalActivityTask>) -> LocalActivity {
        let heartbeats = Heartbeats::silent();
        self.0.insert(task.key, Arc::clone(&heartbeats));
        LocalActivity {
            shared: Arc::clone(shared),
            task,
            heartbeats,
        }
    }

    /// Tells the body, if it runs.
    pub(super) fn stop(&self, key: LocalActivityKey, why: LocalActivityStop) {
        let reason = match why {
            LocalActivityStop::Requested => CancelReason::Requested,
            LocalActivityStop::TimedOut => CancelReason::TimedOut,
            LocalActivityStop::RunGone => CancelReason::NotFound,
            LocalActivityStop::WorkerShutdown => CancelReason::WorkerShutdown,
        };
        if let Some(heartbeats) = self.0.get(&key) {
            heartbeats.cancellation().cancel(reason);
        }
    }

    /// It is over.
    pub(super) fn end(&mut self, key: LocalActivityKey) {
        self.0.remove(&key);
    }
}

impl LocalActivity {
    /// Runs it to its end.
    pub(super) async fn run(self) -> Input {
        let Self {
            shared,
            task,
            heartbeats,
        } = self;
        let cancellation = Arc::clone(&heartbeats);
        let attempt = shared.metrics.as_ref().map(|metrics| metrics.local_activity(&task));
        let context = ActivityContext::local(&shared.client, &shared.task_queue, &task, SystemTime::now(), heartbeats)
            .seen_by(&shared.activity_interceptors, attempt.as_ref().map(Attempt::recorder))
            .blocking_on(shared.blocking_pool.as_ref());
        let result = run_body(&shared, context, task.attributes.arguments.clone()).await;
        if let Some(attempt) = attempt {
            attempt.ends(result.as_ref());
        }
        let reason = cancellation.cancellation().reason();
        Input::LocalActivity(task.key, outcome(result, reason))
    }
}

fn outcome(result: Result<Payloads, Failure>, reason: Option<CancelReason>) -> LocalActivityOutcome {
    let failed = match result {
        Ok(result) => return LocalActivityOutcome::Completed(Some(result)),
        Err(failed) => failed,
    };
    if is_complete_async(&failed) {
        return LocalActivityOutcome::Failed(Box::new(not_from_elsewhere()));
    }
    let is_cancelled = matches!(failed.failure_info, Some(FailureInfo::CanceledFailureInfo(_)));
    match reason {
        Some(CancelReason::Requested) => LocalActivityOutcome::Cancelled(Box::new(cancelled(failed))),
        Some(CancelReason::WorkerShutdown) if is_cancelled => LocalActivityOutcome::Cancelled(Box::new(failed)),
        reason => LocalActivityOutcome::Failed(Box::new(stopped(failed, reason))),
    }
}

/// Whatever a body says that was to stop, it was cancelled; its details are kept.
fn cancelled(failed: Failure) -> Failure {
    let details = match failed.failure_info {
        Some(FailureInfo::CanceledFailureInfo(info)) => info.details,
        Some(FailureInfo::ApplicationFailureInfo(info)) => info.details,
        _ => None,
    };
    Failure {
        failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo {
            details,
            ..CanceledFailureInfo::default()
        })),
        ..Failure::cancelled("Activity cancelled")
    }
}

fn not_from_elsewhere() -> Failure {
    let message = "a local activity can't be completed from elsewhere: the server doesn't know it. Call it with \
                   `ctx.activity`, or return its result.";
    let type_name = "LocalActivityNotAsync";
    Failure {
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: type_name.to_owned(),
            non_retryable: true,
            ..ApplicationFailureInfo::default()
        })),
        ..failure(type_name, message.to_owned())
    }
}
