//! Telling the server how workers are: one call for all of this process that are of the same namespace.

use super::{Client, Code};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use steadfast_proto::{worker::WorkerHeartbeat, workflowservice::RecordWorkerHeartbeatRequest};
use tokio::{sync::Notify, task::JoinHandle};

/// A worker that tells the server how it is.
pub(crate) trait ReportingWorker: Send + Sync {
    fn report(&self) -> WorkerHeartbeat;

    /// Names it among all.
    fn key(&self) -> &str;

    /// The way to the server.
    fn client(&self) -> &Client;
}

/// The workers of one server's namespace. They leave by being dropped.
#[derive(Default)]
pub(super) struct Reporting {
    state: Mutex<State>,
    has_news: Arc<Notify>,
}

#[derive(Default)]
struct State {
    workers: Vec<Reported>,
    reporter: Option<JoinHandle<()>>,
    /// How many calls failed: the next one is another client's, whose key may be better.
    failed: usize,
}

struct Reported {
    worker: Weak<dyn ReportingWorker>,
    interval: Duration,
}

/// What the server is to be told.
struct News {
    /// One of the workers' own.
    client: Client,
    heartbeats: Vec<WorkerHeartbeat>,
    /// When it is to be told again.
    interval: Duration,
}

/// Those of all clients of this process that are connected over the network, by the server's address and the namespace.
#[cfg(feature = "client")]
static ALL: Mutex<Vec<(String, String, Weak<Reporting>)>> = Mutex::new(Vec::new());

impl fmt::Debug for Reporting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporting").finish_non_exhaustive()
    }
}

impl Reporting {
    /// That of all clients of this process at the address and in the namespace.
    #[cfg(feature = "client")]
    pub(super) fn at(address: &str, namespace: &str) -> Arc<Self> {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, _, reporting)| reporting.strong_count() > 0);
        let known = all
            .iter()
            .find(|(at, of, _)| at == address && of == namespace)
            .and_then(|(_, _, reporting)| reporting.upgrade());
        known.unwrap_or_else(|| {
            let new = Arc::default();
            all.push((address.to_owned(), namespace.to_owned(), Arc::downgrade(&new)));
            new
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the server told of a worker from now on, at least this often. Must be called on a runtime.
    pub(super) fn add(self: &Arc<Self>, worker: Weak<dyn ReportingWorker>, interval: Duration) {
        let mut state = self.state();
        state.workers.push(Reported { worker, interval });
        // The runtime of the one before may be gone, and the task with it.
        if state.reporter.as_ref().is_none_or(JoinHandle::is_finished) {
            let (this, has_news) = (Arc::downgrade(self), Arc::clone(&self.has_news));
            state.reporter = Some(tokio::spawn(report_all(this, has_news)));
        } else {
            self.has_news.notify_one();
        }
    }

    /// Takes a worker out.
    pub(super) fn take(&self, key: &str) -> Option<Weak<dyn ReportingWorker>> {
        let mut state = self.state();
        let is_meant = |reported: &Reported| reported.worker.upgrade().is_some_and(|worker| worker.key() == key);
        let at = state.workers.iter().position(is_meant)?;
        Some(state.workers.swap_remove(at).worker)
    }

    /// What is to be told; nothing if nobody is left.
    fn news(&self) -> Option<News> {
        let mut state = self.state();
        state.workers.retain(|reported| reported.worker.strong_count() > 0);
        let workers: Vec<_> = state
            .workers
            .iter()
            .filter_map(|reported| reported.worker.upgrade())
            .collect();
        let speaker = state.failed.checked_rem(workers.len()).and_then(|at| workers.get(at));
        let interval = state.workers.iter().map(|reported| reported.interval).min();
        let (Some(speaker), Some(interval)) = (speaker, interval) else {
            state.reporter = None;
            return None;
        };
        Some(News {
            client: speaker.client().clone(),
            heartbeats: workers.iter().map(|worker| worker.report()).collect(),
            interval,
        })
    }

    fn failed(&self) {
        let mut state = self.state();
        state.failed = state.failed.wrapping_add(1);
    }
}

async fn report_all(reporting: Weak<Reporting>, has_news: Arc<Notify>) {
    loop {
        let Some(news) = reporting.upgrade().and_then(|reporting| reporting.news()) else {
            return;
        };
        let request = RecordWorkerHeartbeatRequest {
            namespace: news.client.namespace().to_owned(),
            identity: news.client.identity().to_owned(),
            worker_heartbeat: news.heartbeats,
            ..RecordWorkerHeartbeatRequest::default()
        };
        match news.client.connection().record_worker_heartbeat(request).await {
            Ok(_) => {}
            Err(error) if error.code() == Code::Unimplemented => return,
            Err(error) => {
                tracing::debug!(%error, "the server was not told how the workers are");
                if let Some(reporting) = reporting.upgrade() {
                    reporting.failed();
                }
            }
        }
        drop(news.client);
        tokio::select! {
            () = tokio::time::sleep(news.interval) => {}
            () = has_news.notified() => {}
        }
    }
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clients_of_one_namespace_tell_the_server_together() {
        let lazy = |address: &str, namespace: &str| {
            let client = Client::builder().address(address).namespace(namespace);
            client.connect_lazy().unwrap()
        };
        let first = lazy("localhost:1", "reporting");
        let same = lazy("localhost:1", "reporting");
        assert!(Arc::ptr_eq(&first.0.reporting, &same.0.reporting));
        for other in [lazy("localhost:1", "other"), lazy("localhost:2", "reporting")] {
            assert!(!Arc::ptr_eq(&first.0.reporting, &other.0.reporting));
        }
    }
}
