//! What an activity is: for the workflow that calls it, and for the worker that runs it.

use super::{ActivityContext, ActivityOptions, CallKind, MockSet, StubCore};
use crate::{
    convert::{Converter, Data, DecodeError, EncodeError},
    worker::Registry,
};
use std::{ops::Deref, sync::Arc};
use steadfast_core::BoxFuture;
use steadfast_proto::{common::Payloads, failure::Failure};

/// An activity's definition: its name and its types. Written by `#[activity]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activity",
    label = "not an activity",
    note = "a function becomes one by `#[activity]`; import it with `use path::to::function;`, which imports its type of the same name too"
)]
pub trait Activity: 'static {
    /// The activity type's name; empty for a dynamic one, which runs for the names that no other one has.
    const NAME: &'static str;
    /// The parameter; several parameters form a tuple, none is `()`.
    type Input: Send + 'static;
    /// What it returns if all goes well.
    type Output: Data;
    /// What it returns otherwise.
    type Error: 'static;
    /// [`CloseTimeoutSet`] where the attribute gives a default close timeout.
    type Timeout: CloseTimeout;

    /// The options that the attribute gives.
    fn defaults() -> ActivityOptions {
        ActivityOptions::default()
    }

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

    /// The failure of an error.
    fn failure(error: Self::Error, converter: &Converter) -> Failure;
}

/// An activity that a worker can run by its type alone. Written by `#[activity]` on a free function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activity that can be registered by its type",
    label = "not a function with `#[activity]`",
    note = "activities in an impl block are registered together, with the value they belong to: `.activities(value)`"
)]
pub trait ActivityImplementation: Activity {
    /// Runs it.
    fn run(ctx: ActivityContext, input: Self::Input) -> BoxFuture<Result<Self::Output, Failure>>;
}

/// Several activities that belong to one type. Written by `#[activities]` on an impl block or on a trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no activities",
    label = "add `#[activities]` to an impl block of `{Self}`, or to the trait"
)]
pub trait ActivitySet {
    /// The calls of a stub, as methods.
    type Methods<K: CallKind>: From<StubCore<Self, K>> + Deref<Target = StubCore<Self, K>> + Send + Sync;
    /// The set that stands in for it in tests.
    type Mock: Default + Into<MockSet>;
}

/// A set of activities that a worker can run. Written by `#[activities]` on an impl block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no activities to run",
    label = "add `#[activities]` to an impl block of `{Self}`"
)]
pub trait ActivitySetImplementation: ActivitySet + Send + Sync + 'static {
    /// Registers each of them.
    fn register(self: Arc<Self>, registry: &mut Registry);
}

/// An interface of activities, as far as `T` implements it. Written by `#[activities]` on a trait.
#[doc(hidden)]
pub trait ImplementedBy<T>: ActivitySet {
    fn register(implementation: Arc<T>, registry: &mut Registry);
}

/// Whether a call has a close timeout, which the server demands: [`CloseTimeoutMissing`] or [`CloseTimeoutSet`].
pub trait CloseTimeout: 'static {
    /// Set if either is.
    type Or<Default: CloseTimeout>: CloseTimeout;
}

/// The call can't be awaited before `start_to_close_timeout` or `schedule_to_close_timeout` is set.
pub enum CloseTimeoutMissing {}

/// The call has a close timeout and can be awaited.
pub enum CloseTimeoutSet {}

impl CloseTimeout for CloseTimeoutMissing {
    type Or<Default: CloseTimeout> = Default;
}

impl CloseTimeout for CloseTimeoutSet {
    type Or<Default: CloseTimeout> = Self;
}
