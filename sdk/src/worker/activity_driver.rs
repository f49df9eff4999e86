//! Polls for activities and runs each as a task of its own.

use super::{
    activity_task::ActivityTask,
    backoff::Backoff,
    eager::EagerActivity,
    rate::RateLimit,
    scaler::{Polled, PollerBehavior, Scaler},
    shared::Shared,
    slot::{HeldSlot, Slots},
    stop::Phase,
};
use crate::{
    activity::{CancelReason, Heartbeats},
    client::RpcError,
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use steadfast_proto::{
    enums::TaskQueueType,
    taskqueue::TaskQueueMetadata,
    workflowservice::{PollActivityTaskQueueRequest, PollActivityTaskQueueResponse},
};
use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
};

/// How long open polls may take to end after the server was told of the shutdown.
const POLLS_END: Duration = Duration::from_secs(5);

/// What activities are given.
pub(super) struct ActivitySettings {
    pub(super) slots: Slots,
    pub(super) polls: PollerBehavior,
    /// The limit of this worker.
    pub(super) rate: Option<Arc<RateLimit>>,
    /// Activities that come with the answers to workflow tasks.
    pub(super) eager: Option<mpsc::UnboundedReceiver<EagerActivity>>,
}

/// Runs activities until the worker stops and those at hand are over.
pub(super) async fn drive(shared: Arc<Shared>, settings: ActivitySettings) {
    let mut driver = Driver::new(&shared, settings);
    let mut listener = shared.stop.listen();
    let mut draining = std::pin::pin!(listener.reached(Phase::Draining));
    driver.poll_tasks();
    loop {
        tokio::select! {
            biased;
            () = &mut draining => break,
            Some(ended) = driver.running.join_next_with_id() => driver.forget(ended),
            Some(answer) = driver.polls.next() => driver.handle_poll(answer),
            Some(activity) = arrival(&mut driver.eager) => driver.run(activity, false),
        }
        driver.poll_tasks();
        // In one process every call may be ready at once; others on this thread are to have their turn.
        tokio::task::consume_budget().await;
    }
    tokio::join!(driver.drain(), shared.announce_shutdown(None, TaskQueueType::Activity));
}

/// The next activity that comes with another answer; `None` for ever, once nobody can bring one any more.
async fn arrival(eager: &mut Option<mpsc::UnboundedReceiver<EagerActivity>>) -> Option<EagerActivity> {
    let arrived = match eager {
        Some(arriving) => arriving.recv().await,
        None => return None,
    };
    if arrived.is_none() {
        *eager = None;
    }
    arrived
}

struct Driver<'a, P> {
    shared: &'a Arc<Shared>,
    slots: Slots,
    rate: Option<Arc<RateLimit>>,
    scaler: Scaler,
    backoff: Backoff,
    polls: FuturesUnordered<P>,
    poll: fn(Arc<Shared>, PollSettings) -> P,
    eager: Option<mpsc::UnboundedReceiver<EagerActivity>>,
    running: JoinSet<()>,
    /// What cancels those that run; one entry for each, gone with it.
    heartbeats: HashMap<Id, Arc<Heartbeats>>,
}

/// What one poll is given.
struct PollSettings {
    delay: Option<Duration>,
    slots: Slots,
    rate: Option<Arc<RateLimit>>,
}

/// What a poll brought; without a slot it was given up before it was sent.
type Answer = (Result<Box<PollActivityTaskQueueResponse>, RpcError>, Option<HeldSlot>);

impl<'a> Driver<'a, ()> {
    fn new(shared: &'a Arc<Shared>, settings: ActivitySettings) -> Driver<'a, impl Future<Output = Answer> + use<>> {
        Driver {
            shared,
            slots: settings.slots,
            rate: settings.rate,
            scaler: Scaler::new(settings.polls, shared.server.suggests_pollers),
            backoff: Backoff::default(),
            polls: FuturesUnordered::new(),
            poll,
            eager: settings.eager,
            running: JoinSet::new(),
            heartbeats: HashMap::new(),
        }
    }
}

impl<P: Future<Output = Answer>> Driver<'_, P> {
    fn poll_tasks(&mut self) {
        while self.polls.len() < self.scaler.target() {
            self.poll(None);
        }
        let status = &self.shared.status.activities;
        status.polls.store(self.polls.len(), Relaxed);
        status.running.store(self.running.len(), Relaxed);
        if let Some(metrics) = &self.shared.metrics {
            metrics.activity_load(self.shared);
        }
    }

    fn poll(&mut self, delay: Option<Duration>) {
        let settings = PollSettings {
            delay,
            slots: self.slots.clone(),
            rate: self.rate.clone(),
        };
        self.polls.push((self.poll)(Arc::clone(self.shared), settings));
    }

    fn handle_poll(&mut self, (answer, slot): Answer) {
        let now = Instant::now();
        match answer {
            Ok(task) => {
                self.backoff.succeeded();
                let decision = task.poller_scaling_decision;
                // An empty answer is the end of a long poll.
                if task.task_token.is_empty() {
                    self.scaler.observe(Polled::Nothing(decision), now);
                    if let Some(metrics) = &self.shared.metrics {
                        metrics.activity_poll_empty();
                    }
                } else {
                    self.scaler.observe(Polled::Task(decision), now);
                    self.shared.status.activities.polled(false);
                    self.run(EagerActivity { task, slot }, false);
                }
            }
            Err(error) => {
                drop(slot);
                self.shared.heed(&error);
                self.scaler.observe(Polled::Failed(error.code()), now);
                let delay = self.backoff.failed(&error, &self.shared.task_queue);
                if self.polls.len() < self.scaler.target() {
                    self.poll(Some(delay));
                }
            }
        }
    }

    fn run(&mut self, EagerActivity { task, mut slot }: EagerActivity, is_cancelling: bool) {
        if let Some(slot) = &mut slot {
            let kind = task.activity_type.as_ref().map_or("", |kind| kind.name.as_str());
            let execution = task.workflow_execution.as_ref();
            slot.use_for(kind, execution.map_or("", |execution| execution.workflow_id.as_str()));
        }
        let task = ActivityTask::new(Arc::clone(self.shared), task);
        let heartbeats = task.heartbeats();
        if is_cancelling {
            heartbeats.cancellation().cancel(CancelReason::WorkerShutdown);
        }
        // In a box of its own: the runtime moves what it is given a dozen times, and an activity is large.
        let running = self.running.spawn(Box::pin(async move {
            task.run().await;
            drop(slot);
        }));
        self.heartbeats.insert(running.id(), heartbeats);
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.heartbeats.remove(&id);
    }

    /// Waits for what runs; after the grace period it is told to stop. Open polls may still bring something to run, if
    /// the server ends the polls, and so may workflow tasks that are not answered yet.
    async fn drain(mut self) {
        let mut are_polls_awaited = self.shared.server.completes_polls_on_shutdown;
        let mut polls_end = std::pin::pin!(tokio::time::sleep(POLLS_END));
        let mut listener = self.shared.stop.listen();
        let mut cancelling = std::pin::pin!(listener.reached(Phase::Cancelling));
        let mut is_cancelling = false;
        while !self.running.is_empty() || self.eager.is_some() || (are_polls_awaited && !self.polls.is_empty()) {
            tokio::select! {
                Some(ended) = self.running.join_next_with_id() => self.forget(ended),
                Some((answer, slot)) = self.polls.next(), if are_polls_awaited => {
                    if let Ok(task) = answer && !task.task_token.is_empty() {
                        self.run(EagerActivity { task, slot }, is_cancelling);
                    }
                }
                arrived = arrival(&mut self.eager), if self.eager.is_some() => {
                    if let Some(activity) = arrived {
                        self.run(activity, is_cancelling);
                    }
                }
                () = &mut polls_end, if are_polls_awaited => are_polls_awaited = false,
                () = &mut cancelling, if !is_cancelling => {
                    is_cancelling = true;
                    for heartbeats in self.heartbeats.values() {
                        heartbeats.cancellation().cancel(CancelReason::WorkerShutdown);
                    }
                }
            }
        }
    }
}

async fn poll(shared: Arc<Shared>, settings: PollSettings) -> Answer {
    let mut listener = shared.stop.listen();
    let ready = async {
        if let Some(delay) = settings.delay {
            tokio::time::sleep(delay).await;
        }
        let slot = settings.slots.reserve(false).await;
        if let Some(rate) = &settings.rate {
            rate.wait().await;
        }
        slot
    };
    let slot = tokio::select! {
        biased;
        () = listener.reached(Phase::Draining) => return (Ok(Box::default()), None),
        slot = ready => slot,
    };
    let answer = shared
        .client
        .connection()
        .poll_activity_task_queue(request(&shared))
        .await;
    (answer.map(Box::new), Some(slot))
}

fn request(shared: &Shared) -> PollActivityTaskQueueRequest {
    let limit = shared.tuning.queue_activities_per_second;
    PollActivityTaskQueueRequest {
        namespace: shared.namespace(),
        task_queue: Some(shared.normal_queue()),
        identity: shared.identity.clone(),
        worker_instance_key: shared.instance_key.clone(),
        deployment_options: shared.deployment_options(),
        task_queue_metadata: limit.map(|limit| TaskQueueMetadata {
            max_tasks_per_second: Some(limit),
        }),
        ..PollActivityTaskQueueRequest::default()
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;
    use crate::{
        prelude::*,
        worker::{
            Registry,
            shared::{Server, Tuning},
            slot::{FixedSlots, SlotKind, SlotSupplier},
            status::Status,
            stop::Stop,
            watchdog::Blocked,
        },
    };
    use steadfast_proto::common::ActivityType;

    #[activity]
    async fn nothing() -> Result<(), ActivityError> {
        Ok(())
    }

    fn shared(env: &TestEnv) -> Arc<Shared> {
        let mut registry = Registry::default();
        registry.activity::<nothing>(<nothing as crate::activity::ActivityImplementation>::run);
        Arc::new(Shared {
            client: env.client().clone(),
            task_queue: "q".to_owned(),
            identity: "worker".to_owned(),
            instance_key: "key".to_owned(),
            deployment: None,
            registry: Arc::new(registry),
            server: Server::default(),
            tuning: Tuning {
                workflow_tasks: None,
                activities: Arc::new(FixedSlots::new(100)),
                workflow_pollers: 1.into(),
                activity_pollers: 1.into(),
                nexus_tasks: Arc::new(FixedSlots::new(1)),
                nexus_pollers: 1.into(),
                queue_activities_per_second: None,
            },
            status: Status::new(Vec::new()),
            stop: Stop::new(),
            blocked: Blocked::default(),
            noticed: None,
            activity_interceptors: Default::default(),
            blocking_pool: None,
            polls_activities: true,
            metrics: None,
            plugins: Vec::new(),
            scheduled: Default::default(),
        })
    }

    #[crate::test]
    async fn after_a_hundred_thousand_activities_nothing_of_them_is_left(env: TestEnv) {
        const AT_ONCE: usize = 100;
        let shared = shared(&env);
        let supplier: Arc<dyn SlotSupplier> = Arc::clone(&shared.tuning.activities);
        let slots = Slots::new(Arc::clone(&supplier), SlotKind::Activity, "q".to_owned());
        let settings = ActivitySettings {
            slots: slots.clone(),
            polls: 1.into(),
            rate: None,
            eager: None,
        };
        let mut driver = Driver::new(&shared, settings);
        for _ in 0..100_000 / AT_ONCE {
            for _ in 0..AT_ONCE {
                let task = PollActivityTaskQueueResponse {
                    activity_type: Some(ActivityType {
                        name: "nothing".to_owned(),
                    }),
                    ..PollActivityTaskQueueResponse::default()
                };
                let slot = slots.try_reserve();
                assert!(slot.is_some());
                driver.run(
                    EagerActivity {
                        task: Box::new(task),
                        slot,
                    },
                    false,
                );
            }
            assert_eq!((driver.running.len(), driver.heartbeats.len()), (AT_ONCE, AT_ONCE));
            while let Some(ended) = driver.running.join_next_with_id().await {
                driver.forget(ended);
            }
        }
        assert_eq!((driver.running.len(), driver.heartbeats.len()), (0, 0));
        assert!(driver.heartbeats.capacity() < 4 * AT_ONCE);
        assert_eq!(supplier.available(), Some(AT_ONCE));
        assert_eq!(Arc::strong_count(&shared), 1);
    }
}
