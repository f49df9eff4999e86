//! What a workflow is, whoever runs it.

use crate::{
    convert::{Args, Converter, Data, DecodeError, EncodeError, RawArgs, RawValue},
    handle::{HandleCore, NoMessages, Target},
};
use std::ops::Deref;
use steadfast_proto::common::Payloads;

/// A workflow's definition: its name, its types, its messages. `#[workflow]` writes it, on an impl block or on a trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a workflow",
    label = "not a workflow",
    note = "add `#[workflow]` to an impl block of `{Self}` that has a `#[run]` function"
)]
pub trait Workflow {
    /// The workflow type's name; empty for a dynamic one, which runs for the names that no other one has.
    const NAME: &'static str;
    /// The parameter; several parameters form a tuple, none is `()`.
    type Input: Send + 'static;
    /// What `run` returns if all goes well.
    type Output: Data;
    /// The messages of its handles, by what they are sent to.
    type Messages<T: Target>: From<HandleCore<Self, T>> + Deref<Target = HandleCore<Self, T>> + Send + Sync;

    /// One payload for each parameter.
    ///
    /// # Errors
    /// A parameter's serialisation fails.
    fn encode(input: &Self::Input, converter: &Converter) -> Result<Payloads, EncodeError>;

    /// The parameters of the payloads.
    ///
    /// # Errors
    /// A payload does not hold the parameter at its place.
    fn decode(payloads: Option<&Payloads>, converter: &Converter) -> Result<Self::Input, DecodeError>;
}

/// A workflow of which only the name is known here, at run time: for handles with the untyped calls alone.
///
/// ```no_run
/// # async fn example(client: steadfast::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::workflow::Untyped;
///
/// let order = client.workflow::<Untyped>("order-1");
/// order.signal_untyped("decide", (true,)).await?;
/// let status: Option<bool> = order.query_untyped("status", ()).await?;
/// # Ok(())
/// # }
/// ```
pub enum Untyped {}

impl Workflow for Untyped {
    const NAME: &'static str = "";
    type Input = RawArgs;
    type Output = RawValue;
    type Messages<T: Target> = NoMessages<Self, T>;

    fn encode(input: &RawArgs, converter: &Converter) -> Result<Payloads, EncodeError> {
        Args::encode(input, converter)
    }

    fn decode(payloads: Option<&Payloads>, converter: &Converter) -> Result<RawArgs, DecodeError> {
        Args::decode(payloads, converter)
    }
}

/// A state that needs nothing to begin with.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the workflow `{Self}` has no state to begin with",
    label = "add `#[derive(Default)]`, or a function with `#[init]` that makes the state of the input"
)]
pub trait InitialState: Default {}

#[diagnostic::do_not_recommend]
impl<S: Default> InitialState for S {}

/// The state of a workflow without `#[init]`.
#[doc(hidden)]
#[must_use]
pub fn default_state<S: InitialState>() -> S {
    S::default()
}
