//! A server, a client and workers in this process.

use super::mock::{Mocked, Mocks};
use crate::{
    activity::Activity,
    client::{Client, RpcError},
    convert::Args,
    worker::{Hooks, Registry, Worker},
    workflow::Workflow,
};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};
use steadfast_core::Notice;
use steadfast_proto::{
    nexus::{EndpointSpec, EndpointTarget, endpoint_target},
    operatorservice::CreateNexusEndpointRequest,
};
use steadfast_server::{Hold, Server, Standstill, Time};
use tokio::{sync::Notify, task::AbortHandle};

/// A server, a client and workers in this process, in virtual time. Cheap to clone; the last one to be dropped ends the
/// workers.
#[derive(Clone)]
pub struct TestEnv(Arc<Inner>);

struct Inner {
    server: Server,
    client: Client,
    watch: Arc<Watch>,
    mocks: Arc<Mocks>,
}

/// What happened to the workers.
#[derive(Default)]
pub(super) struct Watch {
    workers: Mutex<Vec<AbortHandle>>,
    registries: Mutex<Vec<Arc<Registry>>>,
    skips_replay: AtomicBool,
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
        let clock = server.clone();
        Self(Arc::new(Inner {
            server,
            client,
            watch: Arc::default(),
            mocks: Mocks::new(move |task_token| clock.leave_unattended(task_token)),
        }))
    }

    /// A client of the server.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// A worker for a task queue: register what it runs, then [`start`](Worker::start) it. It ends with the environment.
    pub fn worker(&self, task_queue: impl Into<String>) -> Worker {
        let watch = || Arc::clone(&self.0.watch);
        let (started, failed, noticed, registered) = (watch(), watch(), watch(), watch());
        Worker::new(&self.0.client, task_queue).hooks(Hooks {
            started: Arc::new(move |worker| lock(&started.workers).push(worker)),
            failed: Arc::new(move |error| failed.worker_failed(error.to_string())),
            noticed: Arc::new(move |notice| noticed.noticed(notice)),
            registered: Arc::new(move |registry| lock(&registered.registries).push(Arc::clone(registry))),
            mocks: Arc::clone(&self.0.mocks),
        })
    }

    /// What a mocked activity was called with so far, in order: each attempt is a call.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[activity(start_to_close_timeout = "5s")]
    /// # async fn charge(cents: u64) -> Result<(), ActivityError> { Err(ActivityError::new(format!("{cents}"))) }
    /// # #[derive(Default)] struct Order;
    /// # #[workflow] impl Order {
    /// #     #[run] async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> { Ok(ctx.activity::<charge>(500).await?) }
    /// # }
    /// # fn main() { steadfast::__private::run_test(|env| async move {
    /// env.worker("orders").workflow::<Order>().mock::<charge>(|_| Ok(())).start();
    /// env.client().execute::<Order>(()).task_queue("orders").await.unwrap();
    /// assert_eq!(env.activity_calls::<charge>(), [500]);
    /// # }) }
    /// ```
    #[must_use]
    pub fn activity_calls<A: Activity>(&self) -> Vec<A::Input> {
        let converter = self.0.client.converter();
        let mocks = &self.0.mocks;
        mocks.calls(Mocked::Activity, A::NAME, |arguments| A::decode(arguments, converter))
    }

    /// As [`activity_calls`](Self::activity_calls), of an activity that is known by its name alone, as those of a set:
    /// `env.activity_calls_named::<(Order,)>("charge")`.
    #[must_use]
    pub fn activity_calls_named<T: Args>(&self, name: &str) -> Vec<T> {
        let converter = self.0.client.converter();
        let mocks = &self.0.mocks;
        mocks.calls(Mocked::Activity, name, |arguments| T::decode(arguments, converter))
    }

    /// What a mocked workflow was started with so far, in order: each run is a call.
    #[must_use]
    pub fn workflow_calls<W: Workflow + ?Sized>(&self) -> Vec<W::Input> {
        let converter = self.0.client.converter();
        let mocks = &self.0.mocks;
        mocks.calls(Mocked::Workflow, W::NAME, |arguments| W::decode(arguments, converter))
    }

    /// Has Nexus calls to an endpoint of this name answered by the workers of a task queue.
    ///
    /// # Errors
    /// There is an endpoint of this name already, or the name is none for an endpoint.
    pub async fn nexus_endpoint(&self, name: impl Into<String>, task_queue: impl Into<String>) -> Result<(), RpcError> {
        let target = endpoint_target::Worker {
            namespace: self.0.client.namespace().to_owned(),
            task_queue: task_queue.into(),
        };
        let spec = EndpointSpec {
            name: name.into(),
            target: Some(EndpointTarget {
                variant: Some(endpoint_target::Variant::Worker(target)),
            }),
            ..EndpointSpec::default()
        };
        let request = CreateNexusEndpointRequest { spec: Some(spec) };
        self.0.client.call(request).await.map(drop)
    }

    /// Leaves out what [`#[steadfast::test]`](macro@crate::test) does at a test's end: to replay the histories that its
    /// workers have made. For workflows that are not deterministic on purpose.
    pub fn skip_replay(&self) {
        self.0.watch.skips_replay.store(true, Relaxed);
    }

    pub(super) fn skips_replay(&self) -> bool {
        self.0.watch.skips_replay.load(Relaxed)
    }

    pub(super) fn registries(&self) -> Vec<Arc<Registry>> {
        lock(&self.0.watch.registries).clone()
    }

    /// Keeps the time that workflows see from jumping while the guard lives. It still passes as everybody's, and
    /// [`skip`](Self::skip) moves it.
    #[must_use = "time jumps again when the guard is dropped"]
    pub fn hold(&self) -> Hold {
        self.0.server.hold()
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

    /// The server, to serve other programs, say.
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

    /// Whether all that time could wait for is that somebody does something: no worker is at work, and nothing is due.
    pub(super) fn stands_still(&self) -> bool {
        let why = self.0.server.why_time_stands_still();
        !why.is_empty() && why.iter().all(|reason| matches!(reason, Standstill::NothingDue))
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
