//! Activities: the work itself, outside of the workflow's determinism, retried by the server.
//!
//! An activity is a function with [`#[activity]`](macro@crate::activity), asynchronous or blocking, free or a method in an
//! impl block with [`#[activities]`](macro@crate::activities). A workflow calls it by
//! [`ctx.activity::<function>(input)`](crate::workflow::WorkflowContext::activity) or through a [`Stub`]. What takes moments
//! may run as a [local](crate::workflow::WorkflowContext::local_activity) one, within the workflow's task.

mod blocking;
mod call;
mod context;
mod definition;
mod heartbeat;
mod info;
mod local_activity;
pub(crate) mod mock;
mod options;
mod retry;
mod stub;
#[cfg(all(test, feature = "server"))]
mod tests;

pub use blocking::{BlockingJob, BlockingPool, BlockingThreads, blocking};
pub use call::{ActivityCall, ActivityFuture};
pub use context::{ActivityContext, CancelReason};
pub use definition::{
    Activity, ActivityImplementation, ActivitySet, ActivitySetImplementation, CloseTimeout, CloseTimeoutMissing,
    CloseTimeoutSet, ImplementedBy,
};
pub use info::ActivityInfo;
pub use local_activity::{Local, LocalActivityCall, LocalActivityOptions};
pub use mock::{MockSet, mock_activity};
pub(crate) use options::Scheduling;
pub use options::{ActivityCancellation, ActivityOptions};
pub use retry::RetryPolicy;
pub use stub::{CallKind, Calls, NoMethods, Remote, Stub, StubCore};

pub(crate) use context::Cancellation;
pub(crate) use heartbeat::{Answer as HeartbeatAnswer, Heartbeats};
pub(crate) use mock::{answer, is_endless};
