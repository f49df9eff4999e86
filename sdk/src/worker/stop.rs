//! Telling the parts of a worker to stop.

use super::WorkerError;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// How far a worker is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It works.
    Running,
    /// It takes no new tasks, and finishes those it has.
    Draining,
    /// The grace period is over: activities are told to stop.
    Cancelling,
}

/// Tells the parts of a worker to stop.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    phase: Arc<watch::Sender<Phase>>,
    /// Why the worker stops by itself.
    failure: Arc<OnceLock<WorkerError>>,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self {
            phase: Arc::new(watch::Sender::new(Phase::Running)),
            failure: Arc::default(),
        }
    }

    /// The worker can't go on: it takes no new tasks, and ends with this error, or with an earlier one.
    pub(super) fn fail(&self, error: WorkerError) {
        let _ = self.failure.set(error);
        self.advance(Phase::Draining);
    }

    /// Why the worker stops by itself, if it does.
    pub(super) fn failure(&self) -> Option<WorkerError> {
        self.failure.get().cloned()
    }

    /// Goes on to a later phase; never back.
    pub(crate) fn advance(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let is_later = *phase < to;
            if is_later {
                *phase = to;
            }
            is_later
        });
    }

    /// Whether the worker has come to this phase.
    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        *self.phase.borrow() >= phase
    }

    pub(crate) fn listen(&self) -> Listener {
        Listener(self.phase.subscribe())
    }
}

/// Hears when it is time to stop.
#[derive(Debug)]
pub(crate) struct Listener(watch::Receiver<Phase>);

impl Listener {
    /// Returns when the worker has come to this phase, or is gone.
    pub(crate) async fn reached(&mut self, phase: Phase) {
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
