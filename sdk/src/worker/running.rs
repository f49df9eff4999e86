//! A worker that runs.

use super::{
    WorkerError,
    stop::{Phase, Stop},
};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::task::JoinHandle;

/// A worker that runs as a task of its own. Awaiting it waits for its end; dropping it lets it run on.
#[derive(Debug)]
pub struct RunningWorker {
    stop: Stop,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl RunningWorker {
    pub(super) fn new(stop: Stop, task: JoinHandle<Result<(), WorkerError>>) -> Self {
        Self { stop, task }
    }

    /// Ends the worker in order: it takes no new tasks, finishes those it has, and cancels activities after the
    /// [grace period](super::Worker::graceful_shutdown_period).
    ///
    /// # Errors
    /// The worker could not start, or stopped by itself.
    pub async fn shutdown(self) -> Result<(), WorkerError> {
        self.stop.advance(Phase::Draining);
        self.await
    }

    /// Whether it is not at its end.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.is_finished()
    }

    /// Whether it is at its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl Future for RunningWorker {
    type Output = Result<(), WorkerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(context).map(|ended| match ended {
            Ok(result) => result,
            Err(error) if error.is_cancelled() => Ok(()),
            Err(error) => Err(WorkerError::Panicked(error.to_string())),
        })
    }
}
