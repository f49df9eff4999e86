//! The workers in this process that use the same client.

use super::{Client, Inner, Reporting, ReportingWorker};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use steadfast_proto::{deployment::WorkerDeploymentOptions, workflowservice::PollWorkflowTaskQueueResponse};

/// A part of a worker that can take a workflow's first task with the answer to its start.
pub(crate) trait LocalWorker: Send + Sync {
    /// A slot, if there is one, and the type is known.
    fn reserve(&self, workflow_type: &str) -> Option<EagerReservation>;

    /// Names the worker that it is a part of.
    fn worker_key(&self) -> &str;
}

/// A slot for a workflow's first task; dropping it gives it back.
pub(crate) struct EagerReservation {
    pub(crate) deployment_options: Option<WorkerDeploymentOptions>,
    pub(crate) hand_over: Box<dyn FnOnce(Box<PollWorkflowTaskQueueResponse>) + Send>,
}

/// The workers in this process that use the same client. They leave by being dropped.
#[derive(Default)]
pub(crate) struct LocalWorkers {
    state: Mutex<State>,
}

/// A part of a worker, and the task queue that it polls.
type Entry = (String, Weak<dyn LocalWorker>);

#[derive(Default)]
struct State {
    eager: Vec<Entry>,
    /// Who is asked next, so that all get their share.
    next: usize,
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

    fn add(&self, entry: Entry) {
        let mut state = self.state();
        state.eager.retain(|(_, worker)| worker.strong_count() > 0);
        state.eager.push(entry);
    }

    /// Takes out the parts of a worker.
    fn take(&self, worker_key: &str) -> Vec<Entry> {
        let is_meant =
            |(_, worker): &mut Entry| worker.upgrade().is_some_and(|worker| worker.worker_key() == worker_key);
        self.state().eager.extract_if(.., is_meant).collect()
    }

    /// A slot for the first task of a workflow, at any of the workers that poll the queue.
    fn reserve(&self, task_queue: &str, workflow_type: &str) -> Option<EagerReservation> {
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

/// Where a worker is known: at its client, or at the one that took its place.
#[derive(Debug, Clone)]
pub(super) struct Home(Arc<Mutex<Place>>);

type Place = (Arc<LocalWorkers>, Arc<Reporting>);

impl Home {
    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// The same client for a worker, which may get another one while it runs.
    pub(crate) fn replaceable(&self) -> Self {
        Self(Arc::new(Inner {
            connection: self.connection().replaceable(),
            home: Some(Home(Arc::new(Mutex::new(self.place())))),
            ..Inner::clone(&self.0)
        }))
    }

    /// Takes the way of another client from now on, and makes the worker known there, and here no more. Must be called on a runtime.
    pub(crate) fn replace(&self, by: &Self, worker_key: &str) {
        let Some(home) = &self.0.home else { return };
        self.connection().replace(by.connection());
        let new = by.place();
        let old = std::mem::replace(&mut *home.lock(), new.clone());
        for entry in old.0.take(worker_key) {
            new.0.add(entry);
        }
        if let Some(worker) = old.1.take(worker_key) {
            by.report_worker(worker);
        }
    }

    fn place(&self) -> Place {
        match &self.0.home {
            Some(home) => home.lock().clone(),
            None => (Arc::clone(&self.0.local_workers), Arc::clone(&self.0.reporting)),
        }
    }

    /// A part of a worker gets first tasks of workflows that this client starts.
    pub(crate) fn add_eager(&self, task_queue: String, worker: Weak<dyn LocalWorker>) {
        match &self.0.home {
            Some(home) => home.lock().0.add((task_queue, worker)),
            None => self.0.local_workers.add((task_queue, worker)),
        }
    }

    /// A slot for the first task of a workflow, at any of the workers of this client that poll the queue.
    pub(crate) fn reserve(&self, task_queue: &str, workflow_type: &str) -> Option<EagerReservation> {
        match &self.0.home {
            Some(home) => home.lock().0.reserve(task_queue, workflow_type),
            None => self.0.local_workers.reserve(task_queue, workflow_type),
        }
    }

    /// Has the server told of a worker from now on. Must be called on a runtime.
    pub(crate) fn report_worker(&self, worker: Weak<dyn ReportingWorker>) {
        let Some(interval) = self.0.worker_heartbeat_interval else {
            return;
        };
        match &self.0.home {
            Some(home) => home.lock().1.add(worker, interval),
            None => self.0.reporting.add(worker, interval),
        }
    }
}
