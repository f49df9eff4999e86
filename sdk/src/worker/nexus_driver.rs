//! Polls for requests to Nexus operations and handles each as a task of its own.

use super::{
    backoff::Backoff,
    nexus_task::NexusTask,
    shared::Shared,
    slot::{HeldSlot, SlotKind, Slots},
    stop::Phase,
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{
    future::pending,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use steadfast_proto::{
    enums::TaskQueueType,
    workflowservice::{PollNexusTaskQueueRequest, PollNexusTaskQueueResponse},
};
use tokio::task::JoinSet;

/// How long open polls may take to end after the server was told of the shutdown.
const POLLS_END: Duration = Duration::from_secs(5);

/// What a poll brought, at last: a request, and the slot that it holds. Nothing if the worker stops.
type Arrived = Option<(Box<PollNexusTaskQueueResponse>, HeldSlot)>;

/// Handles requests until the worker stops and those at hand are answered.
pub(super) async fn drive(shared: Arc<Shared>) {
    let slots = Slots::new(
        Arc::clone(&shared.tuning.nexus_tasks),
        SlotKind::NexusTask,
        shared.task_queue.clone(),
    );
    let mut running = JoinSet::new();
    let mut polls: FuturesUnordered<_> = (0..shared.tuning.nexus_pollers)
        .map(|_| poll(&shared, &slots))
        .collect();
    let mut listener = shared.stop.listen();
    let mut draining = std::pin::pin!(listener.reached(Phase::Draining));
    let status = &shared.status.nexus_tasks;
    loop {
        status.polls.store(polls.len(), Relaxed);
        status.running.store(running.len(), Relaxed);
        if let Some(metrics) = &shared.metrics {
            metrics.nexus_load(&shared);
        }
        tokio::select! {
            biased;
            () = &mut draining => break,
            Some(_) = running.join_next() => {}
            arrived = next(&mut polls) => {
                if let Some((task, slot)) = arrived {
                    spawn(&mut running, &shared, task, slot);
                    polls.push(poll(&shared, &slots));
                }
            }
        }
        tokio::task::consume_budget().await;
    }
    let drained = async {
        if shared.server.completes_polls_on_shutdown {
            let last = async {
                while let Some(arrived) = polls.next().await {
                    if let Some((task, slot)) = arrived {
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

/// The first of the polls that is over; none may ever be.
async fn next(polls: &mut FuturesUnordered<impl Future<Output = Arrived>>) -> Arrived {
    match polls.next().await {
        Some(arrived) => arrived,
        None => pending().await,
    }
}

/// Polls until there is a request, or the worker stops.
async fn poll(shared: &Arc<Shared>, slots: &Slots) -> Arrived {
    let mut listener = shared.stop.listen();
    let mut backoff = Backoff::default();
    while !shared.stop.has_reached(Phase::Draining) {
        let slot = tokio::select! {
            biased;
            () = listener.reached(Phase::Draining) => return None,
            slot = slots.reserve(false) => slot,
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
                return Some((Box::new(task), slot));
            }
            // The end of a long poll.
            Ok(_) => {
                backoff.succeeded();
                if let Some(metrics) = &shared.metrics {
                    metrics.nexus_poll_empty();
                }
            }
            Err(error) => {
                drop(slot);
                shared.heed(&error);
                let delay = backoff.failed(&error, &shared.task_queue);
                tokio::select! {
                    () = listener.reached(Phase::Draining) => return None,
                    () = tokio::time::sleep(delay) => {}
                }
            }
        }
    }
    None
}
