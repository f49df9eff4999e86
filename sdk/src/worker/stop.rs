//! Telling the parts of a worker to stop.

use std::sync::Arc;
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
pub(crate) struct Stop(Arc<watch::Sender<Phase>>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Running)))
    }

    /// Goes on to a later phase; never back.
    pub(crate) fn advance(&self, to: Phase) {
        self.0.send_if_modified(|phase| {
            let is_later = *phase < to;
            if is_later {
                *phase = to;
            }
            is_later
        });
    }

    /// Whether the worker has come to this phase.
    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        *self.0.borrow() >= phase
    }

    pub(crate) fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
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
