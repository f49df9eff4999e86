//! The workers in this process that use the same client.

use super::{Client, Code, Inner};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use steadfast_proto::{
    deployment::WorkerDeploymentOptions,
    worker::WorkerHeartbeat,
    workflowservice::{PollWorkflowTaskQueueResponse, RecordWorkerHeartbeatRequest},
};
use tokio::{sync::Notify, task::JoinHandle};

/// A part of a worker that can take a workflow's first task with the answer to its start.
pub(crate) trait LocalWorker: Send + Sync {
    /// A slot, if there is one, and the type is known.
    fn reserve(&self, workflow_type: &str) -> Option<EagerReservation>;
}

/// A slot for a workflow's first task; dropping it gives it back.
pub(crate) struct EagerReservation {
    pub(crate) deployment_options: Option<WorkerDeploymentOptions>,
    pub(crate) hand_over: Box<dyn FnOnce(Box<PollWorkflowTaskQueueResponse>) + Send>,
}

/// A worker that tells the server how it is.
pub(crate) trait ReportingWorker: Send + Sync {
    fn report(&self) -> WorkerHeartbeat;
}

/// The workers in this process that use the same client. They leave by being dropped.
#[derive(Default)]
pub(crate) struct LocalWorkers {
    state: Mutex<State>,
    has_news: Arc<Notify>,
}

#[derive(Default)]
struct State {
    /// By task queue.
    eager: Vec<(String, Weak<dyn LocalWorker>)>,
    /// Who is asked next, so that all get their share.
    next: usize,
    reporting: Vec<Weak<dyn ReportingWorker>>,
    reporter: Option<JoinHandle<()>>,
}

impl fmt::Debug for LocalWorkers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalWorkers").finish_non_exhaustive()
    }
}

impl LocalWorkers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add_eager(&self, task_queue: String, worker: Weak<dyn LocalWorker>) {
        let mut state = self.state();
        state.eager.retain(|(_, worker)| worker.strong_count() > 0);
        state.eager.push((task_queue, worker));
    }

    /// A slot for the first task of a workflow, at any of the workers that poll the queue.
    pub(super) fn reserve(&self, task_queue: &str, workflow_type: &str) -> Option<EagerReservation> {
        let mut state = self.state();
        state.next = state.next.wrapping_add(1);
        let first = state.next.checked_rem(state.eager.len())?;
        let (before, after) = state.eager.split_at_checked(first)?;
        after
            .iter()
            .chain(before)
            .filter(|(queue, _)| queue == task_queue)
            .find_map(|(_, worker)| worker.upgrade()?.reserve(workflow_type))
    }
}

impl Client {
    pub(crate) fn local_workers(&self) -> &LocalWorkers {
        &self.0.local_workers
    }

    /// Has the server told of a worker from now on, in one call with all others of this client. Must be called on a
    /// runtime.
    pub(crate) fn report_worker(&self, worker: Weak<dyn ReportingWorker>) {
        let Some(interval) = self.0.worker_heartbeat_interval else {
            return;
        };
        let workers = self.local_workers();
        let mut state = workers.state();
        state.reporting.push(worker);
        // The runtime of the one before may be gone, and the task with it.
        if state.reporter.as_ref().is_none_or(JoinHandle::is_finished) {
            let (client, has_news) = (Arc::downgrade(&self.0), Arc::clone(&workers.has_news));
            state.reporter = Some(tokio::spawn(report_all(client, has_news, interval)));
        } else {
            workers.has_news.notify_one();
        }
    }
}

async fn report_all(client: Weak<Inner>, has_news: Arc<Notify>, interval: Duration) {
    loop {
        {
            let Some(client) = client.upgrade() else { return };
            let worker_heartbeat = {
                let mut state = client.local_workers.state();
                state.reporting.retain(|worker| worker.strong_count() > 0);
                if state.reporting.is_empty() {
                    state.reporter = None;
                    return;
                }
                let workers: Vec<_> = state.reporting.iter().filter_map(Weak::upgrade).collect();
                workers.iter().map(|worker| worker.report()).collect()
            };
            let request = RecordWorkerHeartbeatRequest {
                namespace: client.namespace.clone(),
                identity: client.identity.clone(),
                worker_heartbeat,
                ..RecordWorkerHeartbeatRequest::default()
            };
            match client.connection.record_worker_heartbeat(request).await {
                Ok(_) => {}
                Err(error) if error.code() == Code::Unimplemented => return,
                Err(error) => tracing::debug!(%error, "the server was not told how the workers are"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = has_news.notified() => {}
        }
    }
}
