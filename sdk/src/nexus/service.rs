//! Services: what they offer, and how a worker calls who offers it.

use super::{NexusContext, StartedOperation};
use crate::{
    convert::{Converter, Data, EncodeError},
    error::{NexusError, NexusErrorKind},
    workflow::NexusStubCore,
};
use std::{collections::BTreeMap, fmt, future::ready, ops::Deref, sync::Arc};
use steadfast_core::BoxFuture;
use steadfast_proto::common::Payload;

/// A service's definition: its name and its operations. `#[nexus_service]` writes it, on a trait or an impl block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Nexus service",
    label = "not a Nexus service",
    note = "add `#[nexus_service]` to the trait and write `dyn Trait`, or to an impl block with `#[operation]` methods"
)]
pub trait NexusService {
    /// The service's name.
    const NAME: &'static str;
    /// Its operations, as workflows call them.
    type Operations: From<NexusStubCore<Self>> + Deref<Target = NexusStubCore<Self>>;
}

/// A service whose operations a worker can handle. Written by `#[nexus_service]` on an impl block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` handles no Nexus service",
    label = "cannot be given to a worker",
    note = "add `#[nexus_service]` to `impl Service for {Self}`, or to an impl block of `{Self}` with `#[operation]` methods"
)]
pub trait NexusServiceImplementation: Send + Sync + Sized + 'static {
    /// The service's name.
    const NAME: &'static str;

    /// Tells the worker how each operation is handled.
    fn register(self: Arc<Self>, operations: &mut NexusOperations);
}

/// A service's interface, as far as `X` handles it. Written by `#[nexus_service]` on a trait.
#[doc(hidden)]
pub trait NexusImplementedBy<X> {
    /// Tells the worker how each operation is handled.
    fn register(implementation: Arc<X>, operations: &mut NexusOperations);
}

/// What an operation's method returns if all goes well: the result, or that it takes a while.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel as a payload",
    label = "must implement `Serialize + DeserializeOwned + Send + 'static`, or be a `StartedOperation`",
    note = "inputs and results of operations are sent over the network: add `#[derive(Serialize, Deserialize)]`"
)]
pub trait NexusReply {
    /// What callers get in the end.
    type Output: Data;

    #[doc(hidden)]
    fn into_reply(self, converter: &Converter) -> Result<Reply, EncodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: Data> NexusReply for T {
    type Output = T;

    fn into_reply(self, converter: &Converter) -> Result<Reply, EncodeError> {
        Ok(Reply::Done(converter.encode(&self)?))
    }
}

impl<T: Data> NexusReply for StartedOperation<T> {
    type Output = T;

    fn into_reply(self, _: &Converter) -> Result<Reply, EncodeError> {
        Ok(Reply::Started(self.into_token()))
    }
}

/// An answer to the request to start an operation.
#[doc(hidden)]
#[derive(Debug)]
pub enum Reply {
    Done(Payload),
    Started(String),
}

/// What the method of an operation with the result `O` may return.
#[diagnostic::on_unimplemented(
    message = "an operation whose result is `{O}` cannot answer with `{Self}`",
    label = "return `Result<{O}, NexusError>`, or `Result<StartedOperation<{O}>, NexusError>`"
)]
pub trait NexusAnswer<O> {
    #[doc(hidden)]
    fn into_answer(self, converter: &Converter) -> Result<Reply, NexusError>;
}

impl<R: NexusReply, E: Into<NexusError>> NexusAnswer<R::Output> for Result<R, E> {
    fn into_answer(self, converter: &Converter) -> Result<Reply, NexusError> {
        let reply = self.map_err(Into::into)?.into_reply(converter);
        reply.map_err(|error| NexusError::from(error).non_retryable())
    }
}

type Start = Box<dyn Fn(NexusContext, Option<&Payload>) -> BoxFuture<Result<Reply, NexusError>> + Send + Sync>;
type Cancel = Box<dyn Fn(NexusContext, String) -> BoxFuture<Result<(), NexusError>> + Send + Sync>;

/// How the operations of a service are handled, by name.
#[derive(Default)]
pub struct NexusOperations {
    starts: BTreeMap<&'static str, Start>,
    cancels: BTreeMap<&'static str, Cancel>,
    mistakes: Vec<String>,
}

impl NexusOperations {
    /// Generated code calls it for each operation.
    #[doc(hidden)]
    pub fn operation<I: Data>(
        &mut self,
        name: &'static str,
        start: impl Fn(NexusContext, I) -> BoxFuture<Result<Reply, NexusError>> + Send + Sync + 'static,
    ) {
        let start: Start = Box::new(move |context, input| match context.converter().decode(input) {
            Ok(input) => start(context, input),
            Err(error) => {
                let message = format!("the input is not what the operation `{name}` takes: {error}");
                Box::pin(ready(Err(NexusError::of_kind(NexusErrorKind::BadRequest, message))))
            }
        });
        if self.starts.insert(name, start).is_some() {
            self.mistakes.push(format!("has two operations named `{name}`"));
        }
    }

    /// Generated code calls it for each operation that has a method to cancel it.
    #[doc(hidden)]
    pub fn cancel<E: Into<NexusError> + 'static>(
        &mut self,
        name: &'static str,
        cancel: impl Fn(NexusContext, String) -> BoxFuture<Result<(), E>> + Send + Sync + 'static,
    ) {
        let cancel: Cancel = Box::new(move |context, token| {
            let running = cancel(context, token);
            Box::pin(async move { running.await.map_err(Into::into) })
        });
        self.cancels.insert(name, cancel);
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Start> {
        self.starts.get(name)
    }

    pub(crate) fn find_cancel(&self, name: &str) -> Option<&Cancel> {
        self.cancels.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.starts.keys().copied()
    }

    pub(crate) fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

impl fmt::Debug for NexusOperations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.starts.keys()).finish()
    }
}
