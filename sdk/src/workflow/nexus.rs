//! Operations of Nexus services: what other teams and namespaces offer behind an endpoint.

use super::{WorkflowContext, metadata_text, operation::Operation};
use crate::{
    convert::{Converter, Data, DecodeError, EncodeError},
    error::{NexusFailure, SOURCE},
    nexus::NexusService,
};
use serde::Serialize;
use std::{
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    ops::Deref,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use steadfast_core::{Command, Host, NexusCancellation, Resolution};
use steadfast_proto::{
    command::ScheduleNexusOperationCommandAttributes,
    common::{Payload, Payloads},
    duration,
    failure::{Failure, NexusOperationFailureInfo, failure::FailureInfo},
    sdk::UserMetadata,
};

impl<S> WorkflowContext<S> {
    /// Calls an operation of a Nexus service, all known by name alone. The output's type is up to the caller.
    ///
    /// The call is a value: nothing happens until it is awaited, which is the operation's result, or
    /// [started](NexusCall::start), which gives its handle.
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// # async fn example<S>(ctx: WorkflowContext<S>) -> WorkflowResult<String> {
    /// let greeting: String = ctx
    ///     .nexus_untyped("greetings", "GreetingService", "greet", "Ada")
    ///     .schedule_to_close_timeout(minutes(1))
    ///     .await?;
    /// # Ok(greeting)
    /// # }
    /// ```
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn nexus_untyped<O: Data, I: Serialize + 'static>(
        &self,
        endpoint: impl Into<String>,
        service: impl Into<String>,
        operation: impl Into<String>,
        input: I,
    ) -> NexusCall<O> {
        let input = self.converter().encode(&input);
        let attributes = operation_of(endpoint.into(), service.into(), operation.into());
        NexusCall::new(self.host(), self.converter(), attributes, input)
    }

    /// The operations of a service, behind an endpoint: each is a method that returns a call.
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// # #[nexus_service] trait Greetings { async fn greet(&self, name: String) -> Result<String, NexusError>; }
    /// # async fn example<S>(ctx: WorkflowContext<S>) -> WorkflowResult<String> {
    /// let greetings = ctx.nexus::<dyn Greetings>("greetings");
    /// let greeting = greetings.greet("Ada".into()).schedule_to_close_timeout(minutes(1)).await?;
    /// # Ok(greeting)
    /// # }
    /// ```
    pub fn nexus<N: NexusService + ?Sized>(&self, endpoint: impl Into<String>) -> NexusStub<N> {
        NexusStub(
            NexusStubCore {
                host: self.host().clone(),
                converter: self.converter().clone(),
                endpoint: endpoint.into(),
                _service: PhantomData,
            }
            .into(),
        )
    }
}

/// The operations of the service `N` behind an endpoint, as methods: each returns a [`NexusCall`].
///
/// It has no methods of its own: the operations come first, then what [`NexusStubCore`] has, so that nothing that is added there
/// can hide an operation.
pub struct NexusStub<N: NexusService + ?Sized>(N::Operations);

impl<N: NexusService + ?Sized> Deref for NexusStub<N> {
    type Target = N::Operations;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<N: NexusService + ?Sized> fmt::Debug for NexusStub<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NexusStub")
            .field("service", &N::NAME)
            .field("endpoint", &self.0.endpoint)
            .finish()
    }
}

/// What every Nexus stub can do, whatever its service.
pub struct NexusStubCore<N: ?Sized> {
    host: Host,
    converter: Converter,
    endpoint: String,
    _service: PhantomData<fn(&N)>,
}

impl<N: NexusService + ?Sized> NexusStubCore<N> {
    /// The endpoint's name.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A call of an operation; generated code knows its types.
    #[doc(hidden)]
    pub fn call<O: Data, I: Data>(&self, operation: &'static str, input: &I) -> NexusCall<O> {
        let attributes = operation_of(self.endpoint.clone(), N::NAME.to_owned(), operation.to_owned());
        NexusCall::new(&self.host, &self.converter, attributes, self.converter.encode(input))
    }
}

fn operation_of(endpoint: String, service: String, operation: String) -> Box<ScheduleNexusOperationCommandAttributes> {
    Box::new(ScheduleNexusOperationCommandAttributes {
        endpoint,
        service,
        operation,
        ..ScheduleNexusOperationCommandAttributes::default()
    })
}

/// A Nexus operation, of which nothing happens until the call is awaited or [started](Self::start).
#[must_use = "a Nexus operation does nothing until the call is awaited or `.start()`ed"]
pub struct NexusCall<O> {
    host: Host,
    converter: Converter,
    attributes: Box<ScheduleNexusOperationCommandAttributes>,
    cancellation: NexusCancellation,
    summary: Option<String>,
    error: Option<EncodeError>,
    output: PhantomData<fn() -> O>,
}

impl<O> NexusCall<O> {
    fn new(
        host: &Host,
        converter: &Converter,
        mut attributes: Box<ScheduleNexusOperationCommandAttributes>,
        input: Result<Payload, EncodeError>,
    ) -> Self {
        let (input, error) = match input {
            Ok(input) => (Some(input), None),
            Err(error) => (None, Some(error)),
        };
        attributes.input = input;
        Self {
            host: host.clone(),
            converter: converter.clone(),
            attributes,
            cancellation: NexusCancellation::default(),
            summary: None,
            error,
            output: PhantomData,
        }
    }

    /// How long the operation may take in all.
    pub fn schedule_to_close_timeout(mut self, timeout: Duration) -> Self {
        self.attributes.schedule_to_close_timeout = Some(duration(timeout));
        self
    }

    /// How long until it is done, or has said that it takes a while.
    pub fn schedule_to_start_timeout(mut self, timeout: Duration) -> Self {
        self.attributes.schedule_to_start_timeout = Some(duration(timeout));
        self
    }

    /// How long it may take once it has said that it takes a while.
    pub fn start_to_close_timeout(mut self, timeout: Duration) -> Self {
        self.attributes.start_to_close_timeout = Some(duration(timeout));
        self
    }

    /// What cancelling it means for the caller, which waits for its end unless this says otherwise.
    pub fn cancellation_type(mut self, cancellation: NexusCancellation) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// A header that the operation's handler sees. Names are in lower case.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into().to_ascii_lowercase();
        self.attributes.nexus_header.insert(name, value.into());
        self
    }

    /// One line that tools show beside it.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// Calls it now. Awaited, that is its handle, once it is done or has said that it takes a while.
    #[track_caller]
    pub fn start(self) -> NexusStart<O> {
        NexusStart(Some(self.issue(Location::caller())))
    }

    fn issue(self, location: &'static Location<'static>) -> NexusOperation<O> {
        let state = match self.error {
            Some(error) => State::Ended(Some(Err(unsent(&self.attributes, &error)))),
            None => State::Running(Operation::issue(
                &self.host,
                Command::NexusOperation {
                    attributes: self.attributes,
                    cancellation: self.cancellation,
                    user_metadata: self.summary.map(|summary| UserMetadata {
                        summary: Some(metadata_text(&summary)),
                        ..UserMetadata::default()
                    }),
                },
                location,
            )),
        };
        NexusOperation {
            converter: self.converter,
            state,
            token: None,
            output: PhantomData,
        }
    }
}

impl<O: Data> IntoFuture for NexusCall<O> {
    type Output = Result<O, NexusFailure>;
    type IntoFuture = NexusOperation<O>;

    #[track_caller]
    fn into_future(self) -> NexusOperation<O> {
        self.issue(Location::caller())
    }
}

/// A Nexus operation that was called, and its handle once it is done or has said that it takes a while.
#[must_use = "the operation is called, but its handle is lost unless this is awaited"]
pub struct NexusStart<O>(Option<NexusOperation<O>>);

impl<O> NexusStart<O> {
    /// Cancels the operation, also before it started.
    pub fn cancel(&self) {
        if let Some(operation) = &self.0 {
            operation.cancel();
        }
    }
}

impl<O> Future for NexusStart<O> {
    type Output = Result<NexusOperation<O>, NexusFailure>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(operation) = &mut self.0 else {
            return Poll::Pending;
        };
        match operation.advance(task) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Progress::Started) => {}
            Poll::Ready(Progress::Ended(Err(failure))) => return Poll::Ready(Err(failure)),
            Poll::Ready(Progress::Ended(ended)) => operation.state = State::Ended(Some(ended)),
        }
        self.0
            .take()
            .map_or(Poll::Pending, |operation| Poll::Ready(Ok(operation)))
    }
}

/// A Nexus operation that was called: awaited, it is the result. Dropping it does not cancel the operation.
#[must_use = "what becomes of the operation is lost unless this is awaited"]
pub struct NexusOperation<O> {
    converter: Converter,
    state: State,
    token: Option<String>,
    output: PhantomData<fn() -> O>,
}

enum State {
    Running(Operation),
    /// Known, and not told yet.
    Ended(Option<Result<Option<Payloads>, NexusFailure>>),
}

enum Progress {
    Started,
    Ended(Result<Option<Payloads>, NexusFailure>),
}

impl<O> NexusOperation<O> {
    /// What the operation's handler knows it by, if it takes a while.
    #[must_use]
    pub fn operation_token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Cancels the operation. What awaiting it returns then depends on its [`NexusCancellation`].
    pub fn cancel(&self) {
        if let State::Running(operation) = &self.state {
            operation.cancel();
        }
    }

    fn advance(&mut self, task: &mut Context<'_>) -> Poll<Progress> {
        let operation = match &mut self.state {
            State::Running(operation) => operation,
            State::Ended(ended) => {
                return ended
                    .take()
                    .map_or(Poll::Pending, |ended| Poll::Ready(Progress::Ended(ended)));
            }
        };
        operation.poll(task).map(|resolution| match resolution {
            Resolution::OperationStarted { token } => {
                self.token = Some(token);
                Progress::Started
            }
            Resolution::Completed(result) => Progress::Ended(Ok(result)),
            Resolution::Failed(failure) => Progress::Ended(Err(NexusFailure::from_failure(*failure))),
            // All but the first are of other operations.
            Resolution::Cancelled | Resolution::Fired | Resolution::Started { .. } | Resolution::Undelivered(_) => {
                let failure = Failure::cancelled("the Nexus operation was cancelled");
                Progress::Ended(Err(NexusFailure::from_failure(failure)))
            }
        })
    }
}

impl<O: Data> Future for NexusOperation<O> {
    type Output = Result<O, NexusFailure>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            return match this.advance(task) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Progress::Started) => continue,
                Poll::Ready(Progress::Ended(result)) => Poll::Ready(result.and_then(|result| {
                    let output = this.converter.decode_result(result.as_ref());
                    output.map_err(|error| undecodable(&error))
                })),
            };
        }
    }
}

impl<O> fmt::Debug for NexusOperation<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NexusOperation")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

fn undecodable(error: &DecodeError) -> NexusFailure {
    NexusFailure::from_failure(Failure {
        source: SOURCE.to_owned(),
        ..Failure::application(
            "DecodeError",
            format!("the Nexus operation's result can't be decoded: {error}"),
        )
    })
}

/// As the failure of the operation itself would be, had the server heard of it.
fn unsent(attributes: &ScheduleNexusOperationCommandAttributes, error: &EncodeError) -> NexusFailure {
    let info = NexusOperationFailureInfo {
        endpoint: attributes.endpoint.clone(),
        service: attributes.service.clone(),
        operation: attributes.operation.clone(),
        ..NexusOperationFailureInfo::default()
    };
    NexusFailure::from_failure(Failure {
        message: "the Nexus operation could not be called".to_owned(),
        source: SOURCE.to_owned(),
        cause: Some(Box::new(Failure {
            source: SOURCE.to_owned(),
            ..Failure::application("EncodeError", error.to_string())
        })),
        failure_info: Some(FailureInfo::NexusOperationExecutionFailureInfo(info)),
        ..Failure::default()
    })
}
