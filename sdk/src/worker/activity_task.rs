//! One attempt of an activity: run, then reported.

#![allow(clippy::result_large_err)] // failures travel as they are between generated code and the server

use super::{
    metrics::Attempt,
    registry::{RawActivity, failure},
    shared::Shared,
};
use crate::{
    activity::{ActivityContext, ActivityInfo, CancelReason, HeartbeatAnswer, Heartbeats},
    client::RpcError,
    convert::About,
    error::is_complete_async,
    interceptor::{AnyActivityInterceptor, ExecuteActivity, Next},
};
use bytes::Bytes;
use futures_util::FutureExt;
use std::{
    any::Any,
    future::{Future, pending},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};
use steadfast_proto::{
    common::Payloads,
    enums::ActivityTaskFailedCause,
    failure::{Failure, failure::FailureInfo},
    prost::Message,
    prost_types, std_duration,
    tonic::Code,
    workflowservice::{
        PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse,
        RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest, RespondActivityTaskFailedRequest,
    },
};

use tracing::{Instrument, Span};

/// How long after its start-to-close or heartbeat timeout an activity is told that the server has given it up.
const TIMEOUT_MARGIN: Duration = Duration::from_secs(5);

/// One attempt of an activity.
pub(super) struct ActivityTask {
    shared: Arc<Shared>,
    task: Box<PollActivityTaskQueueResponse>,
    heartbeats: Arc<Heartbeats>,
    about: Arc<About>,
}

impl ActivityTask {
    /// Must be called on a runtime.
    pub(super) fn new(shared: Arc<Shared>, task: Box<PollActivityTaskQueueResponse>) -> Self {
        let heartbeat_timeout = task.heartbeat_timeout.as_ref().and_then(std_duration);
        let about = shared.about_activity(&task);
        let heartbeats = Heartbeats::new(heartbeat_timeout.filter(|timeout| !timeout.is_zero()), {
            let (shared, task_token, about) = (Arc::clone(&shared), task.task_token.clone(), Arc::clone(&about));
            Box::new(move |details| {
                let (shared, about) = (Arc::clone(&shared), Arc::clone(&about));
                Box::pin(heartbeat(shared, task_token.clone(), about, details))
            })
        });
        heartbeats.run_on(shared.stop.clone());
        Self {
            shared,
            task,
            heartbeats,
            about,
        }
    }

    pub(super) fn heartbeats(&self) -> Arc<Heartbeats> {
        Arc::clone(&self.heartbeats)
    }

    /// Runs it to its end and reports what came of it.
    pub(super) async fn run(mut self) {
        // An aborted task must not leave a sender of heartbeats behind.
        let heartbeats = CloseOnDrop(Arc::clone(&self.heartbeats));
        let report = Report {
            shared: Arc::clone(&self.shared),
            task_token: self.task.task_token.clone(),
            about: Arc::clone(&self.about),
        };
        let read = self.shared.read_activity(&self.about, &mut self.task).await;
        let attempt = self.shared.metrics.as_ref().map(|metrics| metrics.activity(&self.task));
        let outcome = match read {
            Ok(()) => self.outcome(attempt.as_ref()).await.map_err(Box::new),
            Err(failure) => Err(failure),
        };
        if let Some(attempt) = attempt {
            attempt.ends(outcome.as_ref().map_err(|failure| &**failure));
        }
        let reason = heartbeats.0.cancellation().reason();
        let unsent = heartbeats.0.close();
        report.send(outcome, reason, unsent).await;
    }

    async fn outcome(&mut self, measured: Option<&Attempt>) -> Result<Payloads, Failure> {
        let shared = Arc::clone(&self.shared);
        let timeout = |timeout: &Option<prost_types::Duration>| {
            let timeout = timeout.as_ref().and_then(std_duration);
            timeout.filter(|timeout| !timeout.is_zero())
        };
        let limits = Limits {
            start_to_close: timeout(&self.task.start_to_close_timeout),
            heartbeat: timeout(&self.task.heartbeat_timeout),
        };
        let input = self.task.input.take();
        let heartbeats = Arc::clone(&self.heartbeats);
        let context = ActivityContext::new(&shared.client, &shared.task_queue, &mut self.task, heartbeats)
            .seen_by(&shared.activity_interceptors, measured.map(Attempt::recorder))
            .blocking_on(shared.blocking_pool.as_ref());
        limits.watch(&self.heartbeats, run_body(&shared, context, input)).await
    }
}

/// How long the server waits for the activity.
struct Limits {
    start_to_close: Option<Duration>,
    heartbeat: Option<Duration>,
}

impl Limits {
    /// Tells the activity when the server has given it up.
    async fn watch<T>(&self, heartbeats: &Heartbeats, body: impl Future<Output = T>) -> T {
        let mut body = std::pin::pin!(body);
        let after = |timeout: Duration| timeout.saturating_add(TIMEOUT_MARGIN);
        let is_over = async {
            match self.start_to_close {
                Some(timeout) => tokio::time::sleep(after(timeout)).await,
                None => pending().await,
            }
        };
        let is_silent = async {
            match self.heartbeat {
                Some(timeout) => heartbeats.silent_for(after(timeout)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            output = &mut body => return output,
            () = is_over => {}
            () = is_silent => {}
        }
        heartbeats.cancellation().cancel(CancelReason::TimedOut);
        body.await
    }
}

/// Runs an activity's code; a panic is a failure, as is a type that nobody registered.
pub(super) async fn run_body(
    shared: &Shared,
    context: ActivityContext,
    input: Option<Payloads>,
) -> Result<Payloads, Failure> {
    let (name, registry) = (&context.info().activity_type, &shared.registry);
    let Some(activity) = registry.find_activity(name) else {
        let known = registry.activity_names().join("`, `");
        let message = format!(
            "activity `{name}` is not registered on this worker of task queue \"{}\"; registered: `{known}`",
            shared.task_queue
        );
        tracing::warn!(activity_type = name, "{message}");
        return Err(failure("NotFoundError", message));
    };
    let span = span(context.info());
    // The call itself is user code too, and may panic.
    let body = AssertUnwindSafe(run_intercepted(shared, activity, context, input)).catch_unwind();
    let panicked = |panic: Box<dyn Any + Send>| {
        let message = format!("the activity panicked: {}", text(&*panic));
        Err(failure("Panic", message))
    };
    body.instrument(span).await.unwrap_or_else(panicked)
}

/// What the activity logs says which one it is.
fn span(info: &ActivityInfo) -> Span {
    tracing::info_span!(
        "activity",
        namespace = info.namespace,
        task_queue = info.task_queue,
        activity_type = info.activity_type,
        activity_id = info.activity_id,
        attempt = info.attempt,
        workflow_type = info.workflow_type,
        workflow_id = info.workflow_id,
        run_id = info.workflow_run_id,
    )
}

/// Interceptors are what the worker's owner adds to the code.
async fn run_intercepted(
    shared: &Shared,
    activity: &RawActivity,
    ctx: ActivityContext,
    arguments: Option<Payloads>,
) -> Result<Payloads, Failure> {
    let interceptors = &shared.activity_interceptors;
    if interceptors.is_empty() {
        return activity(ctx, arguments.as_ref()).await;
    }
    let activity = Arc::clone(activity);
    let end = Next::end(move |call: ExecuteActivity| activity(call.ctx, call.arguments.as_ref()));
    let next = interceptors.next(<dyn AnyActivityInterceptor>::execute, end);
    next.run(ExecuteActivity { ctx, arguments }).await
}

struct CloseOnDrop(Arc<Heartbeats>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What is said to the server in the end.
struct Report {
    shared: Arc<Shared>,
    task_token: Bytes,
    about: Arc<About>,
}

impl Report {
    async fn send(
        self,
        outcome: Result<Payloads, Box<Failure>>,
        reason: Option<CancelReason>,
        unsent: Option<Payloads>,
    ) {
        let is_given_up = matches!(reason, Some(CancelReason::NotFound | CancelReason::TimedOut));
        if is_given_up {
            return;
        }
        self.shared.status.activities.done(outcome.is_err());
        let answer = match outcome {
            Ok(result) => self.completed(result).await,
            Err(failure) if is_complete_async(&failure) => return,
            // Boxed, as all that is rare here: what an activity takes in memory has room for the largest.
            Err(failure) if reason == Some(CancelReason::Requested) => Box::pin(self.cancelled(&failure, unsent)).await,
            Err(failure) => {
                let cause = ActivityTaskFailedCause::Unspecified;
                Box::pin(self.failed(stopped(*failure, reason), cause, unsent)).await
            }
        };
        if let Err(error) = answer {
            if error.code() == Code::NotFound {
                tracing::debug!(%error, "the server does not wait for the activity any more");
            } else {
                tracing::warn!(%error, "what came of an activity could not be reported");
            }
        }
    }

    async fn completed(&self, result: Payloads) -> Result<(), RpcError> {
        let (bytes, limit) = (result.encoded_len(), self.shared.server.payload_limits.payload_max);
        if bytes > limit {
            let message = format!(
                "[TMPRL1103] the activity's result has {bytes} bytes, more than the allowed {limit}; keep large data elsewhere, and pass on \
                 where it is"
            );
            return Box::pin(self.too_large(message)).await;
        }
        let request = RespondActivityTaskCompletedRequest {
            task_token: self.task_token.clone(),
            result: Some(result),
            identity: self.shared.identity.clone(),
            namespace: self.shared.namespace(),
            ..RespondActivityTaskCompletedRequest::default()
        };
        match self.shared.report(&self.about, request).await {
            Err(error) if error.codec_error().is_some() => {
                let message = format!("the activity's result cannot be written: {error}");
                let cause = ActivityTaskFailedCause::Unspecified;
                Box::pin(self.failed(failure("PayloadCodec", message), cause, None)).await
            }
            // The result is what the server can't take, too large for one: it would never be told otherwise.
            Err(error) if matches!(error.code(), Code::InvalidArgument | Code::ResourceExhausted) => {
                let message = format!("the server refused the activity's result: {error}");
                Box::pin(self.too_large(message)).await
            }
            answer => answer.map(drop),
        }
    }

    async fn too_large(&self, message: String) -> Result<(), RpcError> {
        let cause = ActivityTaskFailedCause::PayloadsTooLarge;
        self.failed(failure("ResultRefused", message), cause, None).await
    }

    async fn failed(
        &self,
        failure: Failure,
        cause: ActivityTaskFailedCause,
        unsent: Option<Payloads>,
    ) -> Result<(), RpcError> {
        let request = RespondActivityTaskFailedRequest {
            task_token: self.task_token.clone(),
            failure: Some(failure),
            identity: self.shared.identity.clone(),
            namespace: self.shared.namespace(),
            last_heartbeat_details: unsent,
            cause: cause.into(),
            deployment_options: self.shared.deployment_options(),
            ..RespondActivityTaskFailedRequest::default()
        };
        self.shared.report_failure(&self.about, request).await
    }

    async fn cancelled(&self, failure: &Failure, unsent: Option<Payloads>) -> Result<(), RpcError> {
        // The report has no place for heartbeat details.
        if unsent.is_some() {
            let (shared, about) = (Arc::clone(&self.shared), Arc::clone(&self.about));
            heartbeat(shared, self.task_token.clone(), about, unsent).await;
        }
        let details = match &failure.failure_info {
            Some(FailureInfo::CanceledFailureInfo(info)) => info.details.clone(),
            Some(FailureInfo::ApplicationFailureInfo(info)) => info.details.clone(),
            _ => None,
        };
        let request = RespondActivityTaskCanceledRequest {
            task_token: self.task_token.clone(),
            details,
            identity: self.shared.identity.clone(),
            namespace: self.shared.namespace(),
            ..RespondActivityTaskCanceledRequest::default()
        };
        self.shared.report(&self.about, request).await.map(drop)
    }
}

/// The failure of an activity that stopped because it was told to, though nobody asked for its cancellation: the server
/// takes a cancellation only if it asked for one.
pub(super) fn stopped(failed: Failure, reason: Option<CancelReason>) -> Failure {
    if !matches!(failed.failure_info, Some(FailureInfo::CanceledFailureInfo(_))) {
        return failed;
    }
    let (type_name, message) = match reason {
        Some(CancelReason::WorkerShutdown) => ("WorkerShutdown", "the worker shut down before the activity was over"),
        Some(CancelReason::Paused) => ("ActivityPause", "the activity was paused"),
        Some(CancelReason::Reset) => ("ActivityReset", "the activity was reset"),
        _ => ("Cancelled", failed.message.as_str()),
    };
    failure(type_name, message.to_owned())
}

async fn heartbeat(
    shared: Arc<Shared>,
    task_token: Bytes,
    about: Arc<About>,
    details: Option<Payloads>,
) -> HeartbeatAnswer {
    let request = RecordActivityTaskHeartbeatRequest {
        task_token,
        details,
        identity: shared.identity.clone(),
        namespace: shared.namespace(),
        ..RecordActivityTaskHeartbeatRequest::default()
    };
    match shared.report(&about, request).await {
        Ok(answer) => stop_reason(&answer).map_or(HeartbeatAnswer::Noted, HeartbeatAnswer::Stop),
        Err(error) if error.code() == Code::NotFound => HeartbeatAnswer::Stop(CancelReason::NotFound),
        Err(error) => {
            tracing::debug!(%error, "a heartbeat did not get through");
            HeartbeatAnswer::Lost
        }
    }
}

/// Of several reasons the one that is for good comes first.
fn stop_reason(answer: &RecordActivityTaskHeartbeatResponse) -> Option<CancelReason> {
    if answer.cancel_requested {
        Some(CancelReason::Requested)
    } else if answer.activity_reset {
        Some(CancelReason::Reset)
    } else {
        answer.activity_paused.then_some(CancelReason::Paused)
    }
}

/// What a panic says.
pub(super) fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancellation_counts_more_than_a_reset_and_that_more_than_a_pause() {
        let reason = |cancel_requested, activity_reset, activity_paused| {
            stop_reason(&RecordActivityTaskHeartbeatResponse {
                cancel_requested,
                activity_reset,
                activity_paused,
            })
        };
        assert_eq!(reason(true, true, true), Some(CancelReason::Requested));
        assert_eq!(reason(false, true, true), Some(CancelReason::Reset));
        assert_eq!(reason(false, false, true), Some(CancelReason::Paused));
        assert_eq!(reason(false, false, false), None);
    }

    #[test]
    fn an_activity_that_its_worker_stopped_has_failed_and_is_tried_again_elsewhere() {
        let told = |reason| {
            let failure = stopped(Failure::cancelled("cancelled"), Some(reason));
            match failure.failure_info {
                Some(FailureInfo::ApplicationFailureInfo(info)) => (info.r#type, info.non_retryable),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(told(CancelReason::WorkerShutdown), ("WorkerShutdown".to_owned(), false));
        assert_eq!(told(CancelReason::Paused), ("ActivityPause".to_owned(), false));
    }

    #[tokio::test(start_paused = true)]
    async fn an_activity_that_is_over_its_time_or_silent_for_too_long_is_told() {
        let timeout = Some(Duration::from_secs(10));
        for (start_to_close, heartbeat) in [(timeout, None), (None, timeout)] {
            let limits = Limits {
                start_to_close,
                heartbeat,
            };
            let (heartbeats, start) = (Heartbeats::silent(), tokio::time::Instant::now());
            let told = limits.watch(&heartbeats, heartbeats.cancellation().wait()).await;
            assert_eq!(told, CancelReason::TimedOut);
            assert_eq!(start.elapsed(), Duration::from_secs(15));
        }
    }
}
