//! One attempt of an activity: run, then reported.

#![allow(clippy::result_large_err)] // failures travel as they are between generated code and the server

use super::{registry::failure, shared::Shared};
use crate::{
    activity::{ActivityContext, CancelReason, HeartbeatAnswer, Heartbeats},
    client::RpcError,
    error::is_complete_async,
};
use bytes::Bytes;
use futures_util::FutureExt;
use std::{any::Any, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use steadfast_proto::{
    common::Payloads,
    failure::{Failure, failure::FailureInfo},
    std_duration,
    tonic::Code,
    workflowservice::{
        PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatRequest, RespondActivityTaskCanceledRequest,
        RespondActivityTaskCompletedRequest, RespondActivityTaskFailedRequest,
    },
};

/// How long after its start-to-close timeout an activity is told that the server has given it up.
const TIMEOUT_MARGIN: Duration = Duration::from_secs(5);

/// One attempt of an activity.
pub(super) struct ActivityTask {
    shared: Arc<Shared>,
    task: Box<PollActivityTaskQueueResponse>,
    heartbeats: Arc<Heartbeats>,
}

impl ActivityTask {
    /// Must be called on a runtime.
    pub(super) fn new(shared: Arc<Shared>, task: Box<PollActivityTaskQueueResponse>) -> Self {
        let heartbeat_timeout = task.heartbeat_timeout.as_ref().and_then(std_duration);
        let heartbeats = Heartbeats::new(heartbeat_timeout.filter(|timeout| !timeout.is_zero()), {
            let (shared, task_token) = (Arc::clone(&shared), task.task_token.clone());
            Box::new(move |details| Box::pin(heartbeat(Arc::clone(&shared), task_token.clone(), details)))
        });
        Self {
            shared,
            task,
            heartbeats,
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
        };
        let outcome = self.outcome().await;
        let reason = heartbeats.0.cancellation().reason();
        let unsent = heartbeats.0.close();
        report.send(outcome, reason, unsent).await;
    }

    async fn outcome(&mut self) -> Result<Payloads, Failure> {
        let shared = Arc::clone(&self.shared);
        let start_to_close = self.task.start_to_close_timeout.as_ref().and_then(std_duration);
        let input = self.task.input.take();
        let heartbeats = Arc::clone(&self.heartbeats);
        let context = ActivityContext::new(&shared.client, &shared.task_queue, &mut self.task, heartbeats);
        let body = run_body(&shared, context, input.as_ref());
        match start_to_close.filter(|timeout| !timeout.is_zero()) {
            Some(timeout) => self.watch(body, timeout.saturating_add(TIMEOUT_MARGIN)).await,
            None => body.await,
        }
    }

    /// Tells the activity when the server has given it up.
    async fn watch<T>(&self, body: impl Future<Output = T>, limit: Duration) -> T {
        let mut body = std::pin::pin!(body);
        tokio::select! {
            biased;
            output = &mut body => return output,
            () = tokio::time::sleep(limit) => self.heartbeats.cancellation().cancel(CancelReason::TimedOut),
        }
        body.await
    }
}

/// Runs an activity's code; a panic is a failure, as is a type that nobody registered.
pub(super) async fn run_body(
    shared: &Shared,
    context: ActivityContext,
    input: Option<&Payloads>,
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
    // The call itself is user code too, and may panic.
    let body = AssertUnwindSafe(async { activity(context, input).await }).catch_unwind();
    let panicked = |panic: Box<dyn Any + Send>| {
        let message = format!("the activity panicked: {}", text(&*panic));
        Err(failure("Panic", message))
    };
    body.await.unwrap_or_else(panicked)
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
}

impl Report {
    async fn send(self, outcome: Result<Payloads, Failure>, reason: Option<CancelReason>, unsent: Option<Payloads>) {
        let is_given_up = matches!(reason, Some(CancelReason::NotFound | CancelReason::TimedOut));
        if is_given_up {
            return;
        }
        let answer = match outcome {
            Ok(result) => self.completed(result).await,
            Err(failure) if is_complete_async(&failure) => return,
            Err(failure) if reason == Some(CancelReason::Requested) => self.cancelled(&failure, unsent).await,
            Err(failure) => self.failed(stopped(failure, reason), unsent).await,
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
        let request = RespondActivityTaskCompletedRequest {
            task_token: self.task_token.clone(),
            result: Some(result),
            identity: self.shared.identity.clone(),
            namespace: self.shared.namespace(),
            ..RespondActivityTaskCompletedRequest::default()
        };
        match self
            .shared
            .client
            .connection()
            .respond_activity_task_completed(request)
            .await
        {
            // The result is what the server can't take, too large for one: it would never be told otherwise.
            Err(error) if matches!(error.code(), Code::InvalidArgument | Code::ResourceExhausted) => {
                let message = format!("the server refused the activity's result: {error}");
                self.failed(failure("ResultRefused", message), None).await
            }
            answer => answer.map(drop),
        }
    }

    async fn failed(&self, failure: Failure, unsent: Option<Payloads>) -> Result<(), RpcError> {
        let request = RespondActivityTaskFailedRequest {
            task_token: self.task_token.clone(),
            failure: Some(failure),
            identity: self.shared.identity.clone(),
            namespace: self.shared.namespace(),
            last_heartbeat_details: unsent,
            ..RespondActivityTaskFailedRequest::default()
        };
        self.shared
            .client
            .connection()
            .respond_activity_task_failed(request)
            .await
            .map(drop)
    }

    async fn cancelled(&self, failure: &Failure, unsent: Option<Payloads>) -> Result<(), RpcError> {
        // The report has no place for heartbeat details.
        if unsent.is_some() {
            heartbeat(Arc::clone(&self.shared), self.task_token.clone(), unsent).await;
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
        self.shared
            .client
            .connection()
            .respond_activity_task_canceled(request)
            .await
            .map(drop)
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

async fn heartbeat(shared: Arc<Shared>, task_token: Bytes, details: Option<Payloads>) -> HeartbeatAnswer {
    let request = RecordActivityTaskHeartbeatRequest {
        task_token,
        details,
        identity: shared.identity.clone(),
        namespace: shared.namespace(),
        ..RecordActivityTaskHeartbeatRequest::default()
    };
    match shared.client.connection().record_activity_task_heartbeat(request).await {
        Ok(answer) if answer.cancel_requested => HeartbeatAnswer::Stop(CancelReason::Requested),
        Ok(answer) if answer.activity_reset => HeartbeatAnswer::Stop(CancelReason::Reset),
        Ok(answer) if answer.activity_paused => HeartbeatAnswer::Stop(CancelReason::Paused),
        Ok(_) => HeartbeatAnswer::Noted,
        Err(error) if error.code() == Code::NotFound => HeartbeatAnswer::Stop(CancelReason::NotFound),
        Err(error) => {
            tracing::debug!(%error, "a heartbeat did not get through");
            HeartbeatAnswer::Lost
        }
    }
}

/// What a panic says.
fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
}
