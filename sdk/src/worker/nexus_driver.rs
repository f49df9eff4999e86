//! Polls for requests to Nexus operations and handles each as a task of its own.

use super::{
    backoff::Backoff,
    nexus_task::NexusTask,
    scaler::{Polled, Scaler},
    shared::Shared,
    slot::{HeldSlot, SlotKind, Slots},
    stop::Phase,
};
use crate::client::RpcError;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use steadfast_proto::{
    enums::TaskQueueType,
    taskqueue::PollerScalingDecision,
    tonic::Code,
    workflowservice::{PollNexusTaskQueueRequest, PollNexusTaskQueueResponse},
};
use tokio::task::JoinSet;

/// How long open polls may take to end after the server was told of the shutdown.
const POLLS_END: Duration = Duration::from_secs(5);

/// What a poll brought.
enum Arrived {
    /// A request, and the slot that it holds.
    Request(Box<PollNexusTaskQueueResponse>, HeldSlot),
    /// The end of a long poll.
    Nothing(Option<PollerScalingDecision>),
    Failed(RpcError),
    /// The worker stops.
    Stopped,
}

/// Handles requests until the worker stops and those at hand are answered.
pub(super) async fn drive(shared: Arc<Shared>) {
    let slots = Slots::new(
        Arc::clone(&shared.tuning.nexus_tasks),
        SlotKind::NexusTask,
        shared.task_queue.clone(),
    );
    let mut running = JoinSet::new();
    let mut polls = FuturesUnordered::new();
    let mut scaler = Scaler::new(shared.tuning.nexus_pollers, shared.server.suggests_pollers);
    let (mut backoff, mut delay) = (Backoff::default(), None);
    let mut listener = shared.stop.listen();
    let mut draining = std::pin::pin!(listener.reached(Phase::Draining));
    let status = &shared.status.nexus_tasks;
    loop {
        while polls.len() < scaler.target() {
            polls.push(poll(&shared, &slots, delay.take()));
        }
        status.polls.store(polls.len(), Relaxed);
        status.running.store(running.len(), Relaxed);
        if let Some(metrics) = &shared.metrics {
            metrics.nexus_load(&shared);
        }
        tokio::select! {
            biased;
            () = &mut draining => break,
            Some(_) = running.join_next() => {}
            Some(arrived) = polls.next() => {
                scaler.observe(arrived.polled(), Instant::now());
                match arrived {
                    Arrived::Request(task, slot) => {
                        backoff.succeeded();
                        spawn(&mut running, &shared, task, slot);
                    }
                    Arrived::Nothing(_) => {
                        backoff.succeeded();
                        if let Some(metrics) = &shared.metrics {
                            metrics.nexus_poll_empty();
                        }
                    }
                    Arrived::Failed(error) => {
                        shared.heed(&error);
                        delay = Some(backoff.failed(&error, &shared.task_queue));
                    }
                    // The other arm comes first with the next turn.
                    Arrived::Stopped => {}
                }
            }
        }
        tokio::task::consume_budget().await;
    }
    let drained = async {
        if shared.server.completes_polls_on_shutdown {
            let last = async {
                while let Some(arrived) = polls.next().await {
                    if let Arrived::Request(task, slot) = arrived {
                        spawn(&mut running, &shared, task, slot);
                    }
                }
            };
            let _ = tokio::time::timeout(POLLS_END, last).await;
        }
        while running.join_next().await.is_some() {}
    };
    tokio::join!(drained, shared.announce_shutdown(None, TaskQueueType::Nexus));
}

fn spawn(running: &mut JoinSet<()>, shared: &Arc<Shared>, task: Box<PollNexusTaskQueueResponse>, mut slot: HeldSlot) {
    let task = NexusTask::new(Arc::clone(shared), task);
    slot.use_for(task.service(), "");
    running.spawn(async move {
        task.run().await;
        drop(slot);
    });
}

impl Arrived {
    fn polled(&self) -> Polled {
        match self {
            Self::Request(task, _) => Polled::Task(task.poller_scaling_decision),
            Self::Nothing(decision) => Polled::Nothing(*decision),
            Self::Failed(error) => Polled::Failed(error.code()),
            Self::Stopped => Polled::Failed(Code::Cancelled),
        }
    }
}

/// One poll, once there is a slot for what it brings.
async fn poll(shared: &Arc<Shared>, slots: &Slots, delay: Option<Duration>) -> Arrived {
    let mut listener = shared.stop.listen();
    let ready = async {
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        slots.reserve(false).await
    };
    let slot = tokio::select! {
        biased;
        () = listener.reached(Phase::Draining) => return Arrived::Stopped,
        slot = ready => slot,
    };
    let request = PollNexusTaskQueueRequest {
        namespace: shared.namespace(),
        task_queue: Some(shared.normal_queue()),
        identity: shared.identity.clone(),
        worker_instance_key: shared.instance_key.clone(),
        deployment_options: shared.deployment_options(),
        ..PollNexusTaskQueueRequest::default()
    };
    match shared.client.connection().poll_nexus_task_queue(request).await {
        Ok(task) if !task.task_token.is_empty() => {
            shared.status.nexus_tasks.polled(false);
            Arrived::Request(Box::new(task), slot)
        }
        Ok(nothing) => Arrived::Nothing(nothing.poller_scaling_decision),
        Err(error) => Arrived::Failed(error),
    }
}
