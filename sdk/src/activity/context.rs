//! What an activity holds.

use super::{ActivityInfo, BlockingPool, Heartbeats};
use crate::{
    client::Client,
    convert::{Converter, Data, DecodeError},
    error::Cancelled,
    interceptor::{ActivityInterceptors, Headers},
    metrics::{Recorder, UserMetrics},
    worker::Phase,
};
use serde::Serialize;
use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::SystemTime,
};
use steadfast_core::LocalActivityTask;
use steadfast_proto::{common::Payloads, workflowservice::PollActivityTaskQueueResponse};
use tokio::sync::Notify;

/// What an activity holds: who it is, and the way to report progress and to learn that it is to stop.
///
/// Cheap to clone; usable from asynchronous and from blocking code.
#[derive(Clone)]
pub struct ActivityContext(Arc<Inner>);

struct Inner {
    info: ActivityInfo,
    converter: Converter,
    client: Client,
    /// What the last attempt reported.
    details: Option<Payloads>,
    heartbeats: Arc<Heartbeats>,
    headers: Headers,
    interceptors: ActivityInterceptors,
    recorder: Option<Recorder>,
    blocking_pool: Option<Arc<dyn BlockingPool>>,
}

impl fmt::Debug for ActivityContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityContext")
            .field("info", &self.0.info)
            .finish_non_exhaustive()
    }
}

impl ActivityContext {
    /// Ids, times and settings of this attempt.
    #[must_use]
    pub fn info(&self) -> &ActivityInfo {
        &self.0.info
    }

    /// Reports that the activity is alive, and how far it has come. The details are there for the next attempt.
    ///
    /// Call it as often as you like: the first report is sent at once, later ones bundled. Of a local activity nothing is
    /// sent: its workflow's task is what keeps it alive.
    ///
    /// # Errors
    /// The activity is to stop; [`cancel_reason`](Self::cancel_reason) says why. With `?` it ends as cancelled.
    pub fn heartbeat<P: Serialize + 'static>(&self, details: &P) -> Result<(), Cancelled> {
        let heartbeats = &self.0.heartbeats;
        match self.0.converter.encode_result(details) {
            Ok(details) => heartbeats.report(self.0.interceptors.heartbeat(self, Some(details))),
            Err(error) => {
                tracing::warn!(activity_type = self.0.info.activity_type, %error, "heartbeat details are left out");
                heartbeats.report(self.0.interceptors.heartbeat(self, None));
            }
        }
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// The details of the last heartbeat of an earlier attempt.
    ///
    /// # Errors
    /// The details are no `P`.
    pub fn heartbeat_details<P: Data>(&self) -> Result<Option<P>, DecodeError> {
        let details = self.0.details.as_ref().filter(|details| !details.payloads.is_empty());
        details
            .map(|details| self.0.converter.decode_result(Some(details)))
            .transpose()
    }

    /// Waits until the activity is to stop. Only an activity that heartbeats, or a local one, learns of cancellation by
    /// its workflow.
    pub async fn cancelled(&self) -> CancelReason {
        self.0.heartbeats.cancellation().wait().await
    }

    /// Whether the activity is to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel_reason().is_some()
    }

    /// Why the activity is to stop, if it is.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.0.heartbeats.cancellation().reason()
    }

    /// Waits until the worker begins to shut down. The activity may go on for the
    /// [grace period](crate::Worker::graceful_shutdown_period), then it is [cancelled](Self::cancelled).
    pub async fn worker_shutdown(&self) {
        match self.0.heartbeats.stop() {
            Some(stop) => stop.listen().reached(Phase::Draining).await,
            None => std::future::pending().await,
        }
    }

    /// Whether the worker has begun to shut down.
    #[must_use]
    pub fn is_worker_shutdown(&self) -> bool {
        self.0
            .heartbeats
            .stop()
            .is_some_and(|stop| stop.has_reached(Phase::Draining))
    }

    /// What came beside the arguments.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.0.headers
    }

    /// What the activity itself measures.
    pub fn metrics(&self) -> UserMetrics {
        UserMetrics::new(self.0.recorder.clone(), None)
    }

    /// What encodes and decodes values here.
    #[must_use]
    pub fn converter(&self) -> &Converter {
        &self.0.converter
    }

    /// The client of the worker that runs the activity.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// Where it runs if it blocks.
    #[doc(hidden)]
    #[must_use]
    pub fn blocking_pool(&self) -> Option<Arc<dyn BlockingPool>> {
        self.0.blocking_pool.clone()
    }

    /// One that no worker made.
    pub(crate) fn of(
        info: ActivityInfo,
        client: Client,
        details: Option<Payloads>,
        heartbeats: Arc<Heartbeats>,
    ) -> Self {
        Self(Arc::new(Inner {
            info,
            converter: client.converter().clone(),
            client,
            details,
            heartbeats,
            headers: Headers::default(),
            interceptors: ActivityInterceptors::default(),
            recorder: None,
            blocking_pool: None,
        }))
    }

    /// The same, as seen by those who watch.
    pub(crate) fn seen_by(mut self, interceptors: &ActivityInterceptors, recorder: Option<&Recorder>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.interceptors = interceptors.clone();
            inner.recorder = recorder.cloned();
        }
        self
    }

    /// The same, with threads of its own to block.
    pub(crate) fn blocking_on(mut self, pool: Option<&Arc<dyn BlockingPool>>) -> Self {
        if let (Some(inner), Some(pool)) = (Arc::get_mut(&mut self.0), pool) {
            inner.blocking_pool = Some(Arc::clone(pool));
        }
        self
    }

    pub(crate) fn local(
        client: &Client,
        task_queue: &str,
        task: &LocalActivityTask,
        started: SystemTime,
        heartbeats: Arc<Heartbeats>,
    ) -> Self {
        Self(Arc::new(Inner {
            info: ActivityInfo::of_local(task, task_queue, started),
            converter: client.converter().clone(),
            client: client.clone(),
            details: None,
            heartbeats,
            headers: Headers::of(task.attributes.header.clone()),
            interceptors: ActivityInterceptors::default(),
            recorder: None,
            blocking_pool: None,
        }))
    }

    pub(crate) fn new(
        client: &Client,
        task_queue: &str,
        task: &mut PollActivityTaskQueueResponse,
        heartbeats: Arc<Heartbeats>,
    ) -> Self {
        Self(Arc::new(Inner {
            info: ActivityInfo::of_task(task, task_queue),
            converter: client.converter().clone(),
            client: client.clone(),
            details: task.heartbeat_details.take(),
            heartbeats,
            headers: Headers::of(task.header.take()),
            interceptors: ActivityInterceptors::default(),
            recorder: None,
            blocking_pool: None,
        }))
    }
}

/// Why an activity is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// It was asked for, by the workflow or by somebody else.
    Requested,
    /// The server does not know the activity any more: it timed out, or its workflow was closed. Of a local activity: its
    /// workflow was closed, or has left this worker.
    NotFound,
    /// Its time is over, and the server has given it up.
    TimedOut,
    /// It was paused; it will be tried again when that is over.
    Paused,
    /// It was reset; it will be tried again from the first attempt.
    Reset,
    /// The worker shuts down; the server will try it again elsewhere.
    WorkerShutdown,
}

/// Whether, and why, an activity is to stop. The first reason stays.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    reason: OnceLock<CancelReason>,
    changed: Notify,
}

impl Cancellation {
    pub(crate) fn cancel(&self, reason: CancelReason) {
        if self.reason.set(reason).is_ok() {
            self.changed.notify_waiters();
        }
    }

    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.reason.get().copied()
    }

    pub(crate) async fn wait(&self) -> CancelReason {
        loop {
            // Made before the look at the reason, so that no notification falls between.
            let changed = self.changed.notified();
            if let Some(reason) = self.reason() {
                return reason;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_told_the_first_reason() {
        let cancellation = Arc::new(Cancellation::default());
        let waiting = tokio::spawn({
            let cancellation = Arc::clone(&cancellation);
            async move { cancellation.wait().await }
        });
        tokio::task::yield_now().await;
        cancellation.cancel(CancelReason::Paused);
        cancellation.cancel(CancelReason::NotFound);
        assert_eq!(waiting.await.unwrap(), CancelReason::Paused);
        assert_eq!(cancellation.wait().await, CancelReason::Paused);
    }
}
