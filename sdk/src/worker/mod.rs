//! The worker: polls a task queue, and runs workflow code and activities.

mod activity_driver;
mod activity_task;
mod backoff;
mod deployment;
mod eager;
mod error;
mod local_activity;
pub(crate) mod metrics;
mod nexus_driver;
mod nexus_metrics;
mod nexus_task;
mod options;
mod payload;
mod poller;
mod rate;
mod registry;
mod resource;
mod run;
mod running;
mod scaler;
mod scheduled;
mod shared;
mod slot;
mod stack;
mod status;
mod stop;
#[cfg(all(test, feature = "server"))]
mod tests;
mod tuner;
mod watchdog;
mod workflow_driver;

pub use deployment::{Deployment, VersioningBehavior};
pub use error::{UnfitClient, WorkerError};
#[cfg(feature = "server")]
pub(crate) use options::Hooks;
pub use options::Worker;
pub(crate) use registry::ANY;
#[cfg(feature = "server")]
pub(crate) use registry::RegisteredPrograms;
pub use registry::{RawActivity, Registry, raw_activity};
pub use resource::{ResourceError, ResourceSlots, ResourceTargets, ResourceUse, Resources, SystemResources};
pub use running::RunningWorker;
pub use scaler::PollerBehavior;
pub(crate) use scheduled::scheduled;
pub use slot::{FixedSlots, SlotKind, SlotPermit, SlotRequest, SlotSupplier, SlotUse};
pub(crate) use stop::{Phase, Stop};
pub use tuner::Tuner;
