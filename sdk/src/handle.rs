//! Typed handles to workflows: one set of messages, several ways to reach the workflow.

use crate::{
    convert::{Arguments, Converter, Data, EncodeError},
    workflow::Workflow,
};
use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};
use steadfast_proto::common::Payloads;

/// Where a message goes. One generated set of methods serves all targets.
pub trait Target: Clone + Send + Sync + 'static {
    /// A signal on its way, sent when it is awaited.
    type Signal;

    /// How arguments are written for the target.
    fn converter(&self) -> &Converter;

    /// A signal to the target. That its arguments could not be written is told where it is awaited.
    fn signal(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> Self::Signal;
}

/// Where an update goes: to a workflow that is there, or along with its start.
#[diagnostic::on_unimplemented(
    message = "updates are sent by clients",
    label = "workflows send signals to others; an activity with a client sends updates"
)]
pub trait UpdateTarget: Target {
    /// An update on its way, sent when it is awaited.
    type Update<O: Data>;

    /// An update of the target. That its arguments could not be written is told where it is awaited.
    fn update<O: Data>(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> Self::Update<O>;
}

/// A workflow, reached through a client, or from a workflow as its child or as a stranger.
///
/// It has no methods of its own: the workflow's messages come first, then the general ones of [`HandleCore`], so that
/// nothing that is added there can hide a message.
pub struct Handle<W: Workflow + ?Sized, T: Target>(W::Messages<T>);

impl<W: Workflow + ?Sized, T: Target> Handle<W, T> {
    pub(crate) fn of(target: T) -> Self {
        Self(
            HandleCore {
                target,
                _workflow: PhantomData,
            }
            .into(),
        )
    }
}

impl<W: Workflow + ?Sized, T: Target> Clone for Handle<W, T> {
    fn clone(&self) -> Self {
        Self::of(self.0.target.clone())
    }
}

impl<W: Workflow + ?Sized, T: Target> Deref for Handle<W, T> {
    type Target = W::Messages<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<W: Workflow + ?Sized, T: Target + fmt::Debug> fmt::Debug for Handle<W, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("workflow", &W::NAME)
            .field("target", &self.0.target)
            .finish()
    }
}

/// What every handle can do, whatever its workflow.
pub struct HandleCore<W: ?Sized, T> {
    #[doc(hidden)]
    pub target: T,
    _workflow: PhantomData<fn(&W)>,
}

impl<W: Workflow + ?Sized, T: Target> HandleCore<W, T> {
    /// Sends a signal that is known by its name alone; the arguments are a tuple, `(value,)` for a single one.
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn signal_untyped<A: Arguments>(&self, name: impl Into<Cow<'static, str>>, arguments: A) -> T::Signal {
        self.target
            .signal(name.into(), arguments.to_payloads(self.target.converter()))
    }
}

/// The messages of a workflow whose macro knows none: its core methods alone.
#[doc(hidden)]
pub struct NoMessages<W: ?Sized, T>(HandleCore<W, T>);

impl<W: ?Sized, T> Deref for NoMessages<W, T> {
    type Target = HandleCore<W, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<W: ?Sized, T> From<HandleCore<W, T>> for NoMessages<W, T> {
    fn from(core: HandleCore<W, T>) -> Self {
        Self(core)
    }
}
