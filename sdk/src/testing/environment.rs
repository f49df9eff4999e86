//! A server, a client and workers in this process.

use crate::{
    activity::{ActivityContext, HeartbeatAnswer, Heartbeats},
    client::Client,
    worker::{Hooks, Worker},
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use steadfast_core::Notice;
use steadfast_proto::workflowservice::PollActivityTaskQueueResponse;
use steadfast_server::{Server, Time};
use tokio::{sync::Notify, task::AbortHandle};

/// A server, a client and workers in this process, in virtual time. Cheap to clone; the last one to be dropped ends the
/// workers.
#[derive(Clone)]
pub struct TestEnv(Arc<Inner>);

struct Inner {
    server: Server,
    client: Client,
    watch: Arc<Watch>,
}

/// What happened to the workers.
#[derive(Default)]
pub(super) struct Watch {
    workers: Mutex<Vec<AbortHandle>>,
    failed: Mutex<Option<String>>,
    has_failed: Notify,
    task_failure: Mutex<Option<String>>,
    has_task_failure: Notify,
}

impl fmt::Debug for TestEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestEnv")
            .field("client", &self.0.client)
            .finish_non_exhaustive()
    }
}

impl TestEnv {
    /// A fresh server on the tokio runtime that this is called in. [`#[steadfast::test]`](macro@crate::test) does it for you.
    ///
    /// # Panics
    /// If it isn't called on a tokio runtime.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it takes hold of a runtime")]
    #[allow(clippy::panic, reason = "it is documented: a test can't go on")]
    pub fn new() -> Self {
        let server = match Server::builder().time(Time::Virtual).start() {
            Ok(server) => server,
            Err(error) => panic!("{error}"),
        };
        let client = Client::in_process(server.services());
        Self(Arc::new(Inner {
            server,
            client,
            watch: Arc::default(),
        }))
    }

    /// A client of the server.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// A worker for a task queue: register what it runs, then [`start`](Worker::start) it. It ends with the environment.
    pub fn worker(&self, task_queue: impl Into<String>) -> Worker {
        let (started, failed, noticed) = (
            Arc::clone(&self.0.watch),
            Arc::clone(&self.0.watch),
            Arc::clone(&self.0.watch),
        );
        Worker::new(&self.0.client, task_queue).hooks(Hooks {
            started: Box::new(move |worker| lock(&started.workers).push(worker)),
            failed: Box::new(move |error| failed.worker_failed(error.to_string())),
            noticed: Arc::new(move |notice| noticed.noticed(notice)),
        })
    }

    /// A context with which an activity can be called as the plain function that it is. Its heartbeats go nowhere.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// #[activity]
    /// async fn greet(ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
    ///     ctx.heartbeat(&name)?;
    ///     Ok(format!("Hello, {name}!"))
    /// }
    ///
    /// # fn main() {
    /// # steadfast::__private::run_test(|env| async move {
    /// let greeting = greet(env.activity_context(), "Ada".into()).await;
    /// assert_eq!(greeting.unwrap(), "Hello, Ada!");
    /// # })
    /// # }
    /// ```
    #[must_use]
    pub fn activity_context(&self) -> ActivityContext {
        let heartbeats = Heartbeats::new(None, Box::new(|_| Box::pin(std::future::ready(HeartbeatAnswer::Noted))));
        let now = Some(steadfast_proto::timestamp(self.now()));
        let mut task = PollActivityTaskQueueResponse {
            workflow_namespace: self.0.client.namespace().to_owned(),
            activity_id: "1".to_owned(),
            scheduled_time: now,
            current_attempt_scheduled_time: now,
            started_time: now,
            attempt: 1,
            ..PollActivityTaskQueueResponse::default()
        };
        ActivityContext::new(&self.0.client, "test", &mut task, heartbeats)
    }

    /// The time that workflows see.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.server.now()
    }

    /// Moves the time that workflows see, through everything that falls due on the way.
    pub fn skip(&self, duration: Duration) {
        self.0.server.skip(duration);
    }

    /// The server, to hold time, say, or to serve other programs.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.0.server
    }

    /// Waits until a workflow task fails, as by a panic in workflow code, and returns why. The server tries it again.
    pub async fn task_failure(&self) -> String {
        loop {
            let failed = self.0.watch.has_task_failure.notified();
            if let Some(text) = lock(&self.0.watch.task_failure).clone() {
                return text;
            }
            failed.await;
        }
    }

    /// Returns when a worker can't run, and says why.
    pub(super) async fn worker_failure(&self) -> String {
        loop {
            let failed = self.0.watch.has_failed.notified();
            if let Some(text) = lock(&self.0.watch.failed).clone() {
                return text;
            }
            failed.await;
        }
    }

    /// Why nothing goes on, for people.
    pub(super) fn explain_standstill(&self) -> String {
        let reasons: Vec<String> = self
            .0
            .server
            .why_time_stands_still()
            .iter()
            .map(|reason| format!("\n  - {reason}"))
            .collect();
        let task_failure = lock(&self.0.watch.task_failure).clone();
        let task_failure = task_failure.map(|text| format!("\nthe last workflow task that failed: {text}"));
        format!(
            "virtual time does not move because:{}{}",
            reasons.concat(),
            task_failure.unwrap_or_default()
        )
    }
}

impl Watch {
    fn worker_failed(&self, text: String) {
        lock(&self.failed).get_or_insert(text);
        self.has_failed.notify_waiters();
    }

    fn noticed(&self, notice: &Notice) {
        if let Notice::TaskFailed {
            workflow_id,
            workflow_type,
            message,
            ..
        } = notice
        {
            *lock(&self.task_failure) = Some(format!("{workflow_type} \"{workflow_id}\": {message}"));
            self.has_task_failure.notify_waiters();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for worker in lock(&self.watch.workers).drain(..) {
            worker.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
