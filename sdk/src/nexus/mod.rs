//! Nexus: services that workflows of other teams and namespaces call, through endpoints.
//!
//! A *service* is a trait with [`#[nexus_service]`](macro@crate::nexus_service), its methods are *operations*. A workflow calls
//! them through [`ctx.nexus::<dyn Greetings>("endpoint")`](crate::workflow::WorkflowContext::nexus); a worker handles them once it
//! was given a value with [`nexus_service`](crate::Worker::nexus_service). The *endpoint* between them leads to a namespace and a
//! task queue; it is made by whoever runs the server, or by [`Client::create_nexus_endpoint`](crate::Client::create_nexus_endpoint).
//!
//! ```
//! use steadfast::prelude::*;
//!
//! #[nexus_service]
//! trait Greetings {
//!     async fn greet(&self, name: String) -> Result<String, NexusError>;
//! }
//!
//! struct English;
//!
//! #[nexus_service]
//! impl Greetings for English {
//!     async fn greet(&self, name: String) -> Result<String, NexusError> {
//!         Ok(format!("Hello, {name}!"))
//!     }
//! }
//!
//! #[derive(Default)]
//! struct Caller;
//!
//! #[workflow]
//! impl Caller {
//!     #[run]
//!     async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
//!         let greetings = ctx.nexus::<dyn Greetings>("greetings");
//!         Ok(greetings.greet(name).schedule_to_close_timeout(minutes(1)).await?)
//!     }
//! }
//!
//! # fn both(worker: Worker) -> Worker {
//! worker.workflow::<Caller>().nexus_service(English)
//! # }
//! ```
//!
//! An operation answers at once, or it takes a while and answers [`StartedOperation`]: it is a workflow then
//! ([`NexusContext::workflow`]), or anything else that knows its token and calls back
//! ([`NexusContext::callback`]).

mod context;
mod service;
mod started;
mod token;
mod workflow_run;

pub(crate) use context::kind_of;
pub use context::{NexusCallback, NexusContext, NexusInfo};
pub use service::{
    NexusAnswer, NexusImplementedBy, NexusOperations, NexusReply, NexusService, NexusServiceImplementation,
};
pub use started::StartedOperation;
pub use workflow_run::OperationRun;

pub use service::Reply;
pub(crate) use token::WorkflowToken;
