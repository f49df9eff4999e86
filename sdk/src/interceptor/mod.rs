//! Code around every call: of a client, of workflows, of activities.
//!
//! | trait | sees | registered by |
//! |---|---|---|
//! | [`ClientInterceptor`] | what goes from a client to the server | [`Client::interceptor`](crate::Client::interceptor), [`ClientBuilder::interceptor`](crate::client::ClientBuilder::interceptor) |
//! | [`WorkflowInterceptor`] | what comes to workflows, and what they ask for | [`Worker::workflow_interceptor`](crate::Worker::workflow_interceptor), [`Replayer::workflow_interceptor`](crate::replay::Replayer::workflow_interceptor) |
//! | [`ActivityInterceptor`] | activities that are run | [`Worker::activity_interceptor`](crate::Worker::activity_interceptor) |
//!
//! All methods go on by default. An asynchronous one is written as `async fn`: it is given the call, which it may change, and
//! [`Next`], which it [runs](Next::run) or not. What is registered first sees a call first, and its answer last.
//!
//! [`Headers`] travel beside the arguments. Those of a start are [`WorkflowInfo::headers`](crate::workflow::WorkflowInfo::headers)
//! there, those of a message are found by its handler
//! ([`message_headers`](crate::workflow::WorkflowContext::message_headers)), those of an activity by
//! [`ActivityContext::headers`](crate::activity::ActivityContext::headers). A value that is to go from a client through workflows
//! to activities takes three short methods:
//!
//! ```
//! use steadfast::{interceptor::*, prelude::*};
//!
//! struct Tenant;
//!
//! impl ClientInterceptor for Tenant {
//!     fn headers(&self, headers: &mut Headers) {
//!         headers.set("tenant", &"acme").expect("text is JSON");
//!     }
//! }
//!
//! impl WorkflowInterceptor for Tenant {
//!     fn headers(&self, ctx: &InterceptorContext, headers: &mut Headers) {
//!         headers.copy_from(&ctx.info().headers(), "tenant");
//!     }
//! }
//!
//! #[activity(start_to_close_timeout = "5s")]
//! async fn charge(ctx: ActivityContext) -> Result<String, ActivityError> {
//!     Ok(ctx.headers().get("tenant")?.unwrap_or_default())
//! }
//!
//! #[derive(Default)]
//! struct Order;
//!
//! #[workflow]
//! impl Order {
//!     #[run]
//!     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
//!         Ok(ctx.activity::<charge>(()).await?)
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::embedded()?.interceptor(Tenant);
//! let worker = Worker::new(&client, "orders")
//!     .workflow_interceptor(Tenant)
//!     .workflow::<Order>()
//!     .activity::<charge>()
//!     .start();
//! assert_eq!(client.execute::<Order>(()).task_queue("orders").await?, "acme");
//! # worker.shutdown().await?;
//! # Ok(())
//! # }
//! ```

mod activity;
mod client;
mod headers;
mod next;
mod outgoing;
mod workflow;

pub use activity::{ActivityInterceptor, ActivityOutcome, ExecuteActivity};
pub use client::{ClientInterceptor, UpdateWithStart};
pub use headers::Headers;
pub use next::{Next, NextNow};
pub use outgoing::Outgoing;
pub use steadfast_core::LocalActivityAttributes;
pub use workflow::{
    Answer, ExecuteWorkflow, HandleQuery, HandleSignal, HandleUpdate, InterceptorContext, WorkflowInterceptor,
};

pub(crate) use activity::{ActivityInterceptors, AnyActivityInterceptor};
pub(crate) use client::AnyClientInterceptor;
pub(crate) use next::Chain;
pub(crate) use workflow::{
    AnyWorkflowInterceptor, Attached, WorkflowInterceptors, intercepted, intercepted_continuation,
};
