//! What the worker needs of a workflow.

use super::{FailurePolicy, HandlerContext, Handlers, Workflow, WorkflowContext};
use crate::{
    convert::{Converter, DecodeError},
    error::WorkflowResult,
    worker::VersioningBehavior,
};
use steadfast_core::BoxFuture;
use steadfast_proto::common::Payloads;

/// A workflow that a worker can run. Written by `#[workflow]` on an impl block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the implementation of a workflow",
    label = "cannot be run by a worker",
    note = "add `#[workflow]` to an impl block of `{Self}` that has a `#[run]` function; the interface (`dyn Trait`) of a workflow has no code to run"
)]
pub trait WorkflowImplementation: Workflow + Send + Sized + 'static {
    /// Whether runs stay with the deployment version they began on or move on; `None` leaves it to the worker.
    const VERSIONING: Option<VersioningBehavior> = None;

    /// What fails the workflow, and what its task alone, where it is not for the worker to say.
    const FAILURE_POLICY: FailurePolicy = FailurePolicy::new();

    /// The state at the start.
    ///
    /// # Errors
    /// The input can't be decoded.
    fn init(ctx: HandlerContext, input: Option<&Payloads>, converter: &Converter) -> Result<Self, DecodeError>;

    /// The main routine.
    fn run(ctx: WorkflowContext<Self>, input: Self::Input) -> BoxFuture<WorkflowResult<Self::Output>>;

    /// Names the handlers of messages; called once for each registration.
    fn handlers(handlers: &mut Handlers<Self>);
}

/// A workflow's interface, as far as its implementation `W` is run through it. Written by `#[workflow]` on a trait.
#[doc(hidden)]
pub trait WorkflowInterface<W: Send + 'static>: Workflow {
    fn run(ctx: WorkflowContext<W>, input: Self::Input) -> BoxFuture<WorkflowResult<Self::Output>>;
    fn handlers(handlers: &mut Handlers<W>);
}
