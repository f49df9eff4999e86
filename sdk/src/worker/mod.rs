//! The worker: polls a task queue, and runs workflow code and activities.

mod activity_driver;
mod activity_task;
mod backoff;
mod error;
mod local_activity;
mod options;
mod poller;
mod registry;
mod running;
mod shared;
mod stop;
#[cfg(all(test, feature = "server"))]
mod tests;
mod workflow_driver;

pub use error::WorkerError;
#[cfg(feature = "server")]
pub(crate) use options::Hooks;
pub use options::Worker;
pub use registry::{RawActivity, Registry, raw_activity};
pub use running::RunningWorker;
