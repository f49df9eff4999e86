//! Somebody who looks on while code of users runs.

use super::TaskInfo;
use std::sync::Arc;

/// Looks on from outside, as from another thread, while code of users runs: a call that never returns can't be ended, but
/// its task can be failed. The core has no clock and no thread of its own.
pub trait Watch: Send {
    /// Code begins to run for a task.
    fn begins(&self, task: &Arc<TaskInfo>);

    /// It has returned. If it took so long that the task was answered meanwhile, by whoever watches, this says so; the run
    /// is then dropped.
    fn ends(&self) -> Option<String>;
}

/// Perhaps watched.
#[derive(Default)]
pub(super) struct Watched(Option<Box<dyn Watch>>);

impl Watched {
    pub(super) fn by(watch: Box<dyn Watch>) -> Self {
        Self(Some(watch))
    }

    /// Calls code of users; an error says why its task is given up.
    pub(super) fn call<T>(&self, task: &Arc<TaskInfo>, code: impl FnOnce() -> T) -> Result<T, String> {
        let Some(watch) = &self.0 else { return Ok(code()) };
        watch.begins(task);
        let output = code();
        match watch.ends() {
            None => Ok(output),
            Some(reason) => Err(reason),
        }
    }
}
