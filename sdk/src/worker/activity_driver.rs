//! Polls for activities and runs each as a task of its own.

use super::{
    activity_task::ActivityTask,
    backoff::Backoff,
    shared::Shared,
    stop::{Phase, Stop},
};
use crate::{
    activity::{CancelReason, Heartbeats},
    client::RpcError,
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};
use steadfast_proto::{
    enums::TaskQueueType,
    workflowservice::{PollActivityTaskQueueRequest, PollActivityTaskQueueResponse},
};
use tokio::task::{Id, JoinError, JoinSet};

/// How long open polls may take to end after the server was told of the shutdown.
const POLLS_END: Duration = Duration::from_secs(5);

/// How much the worker takes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) activities: usize,
    pub(super) polls: usize,
}

/// Runs activities until the worker stops and those at hand are over.
pub(super) async fn drive(shared: Arc<Shared>, limits: Limits, stop: Stop) {
    let mut driver = Driver::new(&shared, limits);
    let mut listener = stop.listen();
    let mut draining = std::pin::pin!(listener.reached(Phase::Draining));
    driver.poll_tasks();
    loop {
        tokio::select! {
            biased;
            () = &mut draining => break,
            Some(ended) = driver.running.join_next_with_id() => driver.forget(ended),
            Some(answer) = driver.polls.next() => driver.handle_poll(answer),
        }
        driver.poll_tasks();
        // In one process every call may be ready at once; others on this thread are to have their turn.
        tokio::task::consume_budget().await;
    }
    tokio::join!(
        driver.drain(&stop),
        shared.announce_shutdown(None, TaskQueueType::Activity)
    );
}

struct Driver<'a, P> {
    shared: &'a Arc<Shared>,
    limits: Limits,
    backoff: Backoff,
    polls: FuturesUnordered<P>,
    poll: fn(Arc<Shared>, Option<Duration>) -> P,
    running: JoinSet<()>,
    /// What cancels those that run; one entry for each, gone with it.
    heartbeats: HashMap<Id, Arc<Heartbeats>>,
}

impl<'a> Driver<'a, ()> {
    fn new(shared: &'a Arc<Shared>, limits: Limits) -> Driver<'a, impl Future<Output = Answer> + use<>> {
        Driver {
            shared,
            limits,
            backoff: Backoff::default(),
            polls: FuturesUnordered::new(),
            poll,
            running: JoinSet::new(),
            heartbeats: HashMap::new(),
        }
    }
}

type Answer = Result<Box<PollActivityTaskQueueResponse>, RpcError>;

impl<P: Future<Output = Answer>> Driver<'_, P> {
    /// Each poll holds a slot, as does each activity that runs.
    fn has_slot(&self) -> bool {
        let taken = self.running.len().saturating_add(self.polls.len());
        self.polls.len() < self.limits.polls && taken < self.limits.activities
    }

    fn poll_tasks(&mut self) {
        while self.has_slot() {
            self.polls.push((self.poll)(Arc::clone(self.shared), None));
        }
    }

    fn handle_poll(&mut self, answer: Answer) {
        match answer {
            Ok(task) => {
                self.backoff.succeeded();
                // An empty answer is the end of a long poll.
                if !task.task_token.is_empty() {
                    self.run(task, false);
                }
            }
            Err(error) => {
                let delay = self.backoff.failed(&error, &self.shared.task_queue);
                self.polls.push((self.poll)(Arc::clone(self.shared), Some(delay)));
            }
        }
    }

    fn run(&mut self, task: Box<PollActivityTaskQueueResponse>, is_cancelling: bool) {
        let task = ActivityTask::new(Arc::clone(self.shared), task);
        let heartbeats = task.heartbeats();
        if is_cancelling {
            heartbeats.cancellation().cancel(CancelReason::WorkerShutdown);
        }
        let id = self.running.spawn(task.run()).id();
        self.heartbeats.insert(id, heartbeats);
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.heartbeats.remove(&id);
    }

    /// Waits for what runs; after the grace period it is told to stop. Open polls may still bring something to run, if
    /// the server ends the polls.
    async fn drain(mut self, stop: &Stop) {
        let mut are_polls_awaited = self.shared.server.completes_polls_on_shutdown;
        let mut polls_end = std::pin::pin!(tokio::time::sleep(POLLS_END));
        let mut listener = stop.listen();
        let mut cancelling = std::pin::pin!(listener.reached(Phase::Cancelling));
        let mut is_cancelling = false;
        while !self.running.is_empty() || (are_polls_awaited && !self.polls.is_empty()) {
            tokio::select! {
                Some(ended) = self.running.join_next_with_id() => self.forget(ended),
                Some(answer) = self.polls.next(), if are_polls_awaited => {
                    if let Ok(task) = answer && !task.task_token.is_empty() {
                        self.run(task, is_cancelling);
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

async fn poll(shared: Arc<Shared>, delay: Option<Duration>) -> Answer {
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    let request = PollActivityTaskQueueRequest {
        namespace: shared.namespace(),
        task_queue: Some(shared.normal_queue()),
        identity: shared.identity.clone(),
        worker_instance_key: shared.instance_key.clone(),
        deployment_options: shared.deployment_options(),
        ..PollActivityTaskQueueRequest::default()
    };
    shared
        .client
        .connection()
        .poll_activity_task_queue(request)
        .await
        .map(Box::new)
}
