//! What an activity is called with, and what it says.

use super::{Chain, Next};
use crate::activity::ActivityContext;
use std::sync::Arc;
use steadfast_core::BoxFuture;
use steadfast_proto::{common::Payloads, failure::Failure};

/// One attempt at an activity, local ones included.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExecuteActivity {
    /// Who it is; [`headers`](ActivityContext::headers) are what came beside its arguments.
    pub ctx: ActivityContext,
    /// Its arguments.
    pub arguments: Option<Payloads>,
}

/// What an attempt comes to.
pub type ActivityOutcome = Result<Payloads, Failure>;

/// Sees the activities of a worker. Each method goes on by default.
///
/// ```
/// use steadfast::interceptor::{ActivityInterceptor, ActivityOutcome, ExecuteActivity, Next};
///
/// struct Timed;
///
/// impl ActivityInterceptor for Timed {
///     async fn execute(&self, call: ExecuteActivity, next: Next<ExecuteActivity, ActivityOutcome>) -> ActivityOutcome {
///         let (start, name) = (std::time::Instant::now(), call.ctx.info().activity_type.clone());
///         let outcome = next.run(call).await;
///         println!("{name} took {:?}", start.elapsed());
///         outcome
///     }
/// }
/// # use steadfast::{Client, Worker};
/// # fn example(client: &Client) -> Worker {
/// Worker::new(client, "orders").activity_interceptor(Timed)
/// # }
/// ```
pub trait ActivityInterceptor: Send + Sync + 'static {
    /// An attempt is run.
    fn execute(
        &self,
        call: ExecuteActivity,
        next: Next<ExecuteActivity, ActivityOutcome>,
    ) -> impl Future<Output = ActivityOutcome> + Send {
        let _ = self;
        next.run(call)
    }

    /// An attempt reports that it is alive: the details that are reported instead of these.
    fn heartbeat(&self, ctx: &ActivityContext, details: Option<Payloads>) -> Option<Payloads> {
        let _ = (self, ctx);
        details
    }
}

/// An interceptor of any type.
pub(crate) trait AnyActivityInterceptor: Send + Sync {
    fn execute(
        self: Arc<Self>,
        call: ExecuteActivity,
        next: Next<ExecuteActivity, ActivityOutcome>,
    ) -> BoxFuture<ActivityOutcome>;
    fn heartbeat(&self, ctx: &ActivityContext, details: Option<Payloads>) -> Option<Payloads>;
}

impl<T: ActivityInterceptor> AnyActivityInterceptor for T {
    fn execute(
        self: Arc<Self>,
        call: ExecuteActivity,
        next: Next<ExecuteActivity, ActivityOutcome>,
    ) -> BoxFuture<ActivityOutcome> {
        Box::pin(async move { ActivityInterceptor::execute(&*self, call, next).await })
    }

    fn heartbeat(&self, ctx: &ActivityContext, details: Option<Payloads>) -> Option<Payloads> {
        ActivityInterceptor::heartbeat(self, ctx, details)
    }
}

/// Those of a worker.
pub(crate) type ActivityInterceptors = Chain<dyn AnyActivityInterceptor>;

impl ActivityInterceptors {
    pub(crate) fn heartbeat(&self, ctx: &ActivityContext, details: Option<Payloads>) -> Option<Payloads> {
        self.iter()
            .fold(details, |details, interceptor| interceptor.heartbeat(ctx, details))
    }
}
