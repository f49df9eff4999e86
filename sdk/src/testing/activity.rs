//! An activity called as the function that it is.

use crate::{
    activity::{ActivityContext, ActivityInfo, CancelReason, Heartbeats},
    client::Client,
    convert::{Data, DecodeError},
    worker::{Phase, Stop},
};
use serde::Serialize;
use std::{fmt, sync::Arc, time::SystemTime};
use steadfast_proto::{
    common::{Payloads, WorkflowExecution},
    timestamp,
    workflowservice::PollActivityTaskQueueResponse,
};

/// What surrounds an activity that a test calls as the plain function that it is: no server, no worker, no runtime of its
/// own.
///
/// ```
/// use steadfast::{activity::CancelReason, prelude::*, testing::ActivityEnv};
///
/// #[activity]
/// async fn import(ctx: ActivityContext, rows: u32) -> Result<u32, ActivityError> {
///     let done: u32 = ctx.heartbeat_details()?.unwrap_or(0);
///     for row in done..rows {
///         ctx.heartbeat(&row)?;
///     }
///     Ok(rows - done)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let env = ActivityEnv::new().heartbeat_details(&7).info(|info| info.attempt = 2);
/// assert_eq!(import(env.context(), 10).await.unwrap(), 3); // the second attempt goes on after row 7
/// assert_eq!(env.heartbeats::<u32>().unwrap(), [7, 8, 9]);
///
/// env.cancel(CancelReason::Requested);
/// assert!(import(env.context(), 10).await.is_err());
/// # }
/// ```
pub struct ActivityEnv {
    info: ActivityInfo,
    client: Client,
    details: Option<Payloads>,
    heartbeats: Arc<Heartbeats>,
    stop: Stop,
}

impl fmt::Debug for ActivityEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityEnv")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl Default for ActivityEnv {
    fn default() -> Self {
        Self::new()
    }
}

impl ActivityEnv {
    /// The first attempt of the activity `1` of the workflow `workflow`, run `run`, in the namespace `default`.
    #[must_use]
    pub fn new() -> Self {
        let now = Some(timestamp(SystemTime::now()));
        let mut task = PollActivityTaskQueueResponse {
            workflow_namespace: "default".to_owned(),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: "workflow".to_owned(),
                run_id: "run".to_owned(),
            }),
            activity_id: "1".to_owned(),
            scheduled_time: now,
            current_attempt_scheduled_time: now,
            started_time: now,
            attempt: 1,
            ..PollActivityTaskQueueResponse::default()
        };
        let (heartbeats, stop) = (Heartbeats::kept(), Stop::new());
        heartbeats.run_on(stop.clone());
        Self {
            info: ActivityInfo::of_task(&mut task, "test"),
            client: Client::builder().nowhere(),
            details: None,
            heartbeats,
            stop,
        }
    }

    /// Changes what the activity is told of itself.
    #[must_use]
    pub fn info(mut self, change: impl FnOnce(&mut ActivityInfo)) -> Self {
        change(&mut self.info);
        self
    }

    /// What an earlier attempt reported last.
    ///
    /// # Panics
    /// The details cannot be written by serde.
    #[must_use]
    #[track_caller]
    #[allow(clippy::panic, reason = "it is documented: a test can't go on")]
    pub fn heartbeat_details<P: Serialize + 'static>(mut self, details: &P) -> Self {
        self.details = match self.client.converter().encode_result(details) {
            Ok(details) => Some(details),
            Err(error) => panic!("the heartbeat details can't be written: {error}"),
        };
        self
    }

    /// The client that the activity holds, and what encodes its values; without one every call of its client fails.
    #[must_use]
    pub fn client(mut self, client: &Client) -> Self {
        self.client = client.clone();
        self
    }

    /// What the activity is called with. All contexts of one environment belong to the same attempt.
    #[must_use]
    pub fn context(&self) -> ActivityContext {
        let (info, client) = (self.info.clone(), self.client.clone());
        ActivityContext::of(info, client, self.details.clone(), Arc::clone(&self.heartbeats))
    }

    /// The details of the heartbeats so far, each of them; those without details are left out.
    ///
    /// # Errors
    /// Details are no `P`.
    pub fn heartbeats<P: Data>(&self) -> Result<Vec<P>, DecodeError> {
        let converter = self.client.converter();
        let reports = self.heartbeats.reports();
        let details = reports.iter().flatten();
        details.map(|details| converter.decode_result(Some(details))).collect()
    }

    /// Tells the activity that it is to stop, and why. The first reason stays.
    pub fn cancel(&self, reason: CancelReason) {
        self.heartbeats.cancellation().cancel(reason);
    }

    /// Tells the activity that its worker begins to shut down. It may go on; [`cancel`](Self::cancel) with
    /// [`CancelReason::WorkerShutdown`] is what follows after the worker's grace period.
    pub fn shut_down_worker(&self) {
        self.stop.advance(Phase::Draining);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::ActivityError, proto::workflowservice::GetClusterInfoRequest};

    #[test]
    fn a_blocking_activity_needs_no_runtime() {
        fn count(ctx: &ActivityContext) -> Result<u32, ActivityError> {
            for row in 0..2_u32 {
                ctx.heartbeat(&row)?;
            }
            Ok(ctx.info().attempt)
        }
        let env = ActivityEnv::new().info(|info| info.attempt = 4);
        assert_eq!(count(&env.context()).unwrap(), 4);
        assert_eq!(env.heartbeats::<u32>().unwrap(), [0, 1]);
        assert!(env.heartbeats::<String>().is_err(), "they are numbers");
    }

    #[test]
    fn an_activity_has_the_details_of_the_attempt_before() {
        let env = ActivityEnv::new().heartbeat_details(&"row 7".to_owned());
        let details = env.context().heartbeat_details::<String>().unwrap();
        assert_eq!(details.as_deref(), Some("row 7"));
        assert_eq!(
            ActivityEnv::new().context().heartbeat_details::<String>().unwrap(),
            None
        );
    }

    #[tokio::test]
    async fn an_activity_hears_why_it_is_to_stop() {
        let env = ActivityEnv::new();
        let context = env.context();
        let (reason, ()) = tokio::join!(context.cancelled(), async { env.cancel(CancelReason::Paused) });
        assert_eq!(reason, CancelReason::Paused);
        assert!(context.heartbeat(&()).is_err());
    }

    #[tokio::test]
    async fn an_activity_hears_that_its_worker_shuts_down_before_it_is_cancelled() {
        let env = ActivityEnv::new();
        let context = env.context();
        assert!(!context.is_worker_shutdown());
        tokio::join!(context.worker_shutdown(), async { env.shut_down_worker() });
        assert!(context.is_worker_shutdown());
        assert_eq!(context.cancel_reason(), None);
    }

    #[test]
    fn the_idempotency_key_is_there() {
        assert_eq!(ActivityEnv::new().context().info().idempotency_key(), "run/1");
    }

    #[tokio::test]
    async fn a_call_without_a_server_says_what_to_do() {
        let context = ActivityEnv::new().context();
        let error = context
            .client()
            .call(GetClusterInfoRequest::default())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("give its `ActivityEnv` a client"), "{error}");
    }
}
