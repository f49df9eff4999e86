//! What is of a call's type.

use super::RpcError;
use std::{
    future::{Future, ready},
    pin::Pin,
    task::{Context, Poll},
};
use steadfast_proto::{
    Call, CallFuture, Carrier, Services,
    tonic::{Request, Status},
};
#[cfg(feature = "client")]
use steadfast_proto::{bytes::Bytes, prost::DecodeError};

/// A call of any type. What makes it, a single piece of code for all, knows no more.
pub(super) trait AnyCall<'c>: Send {
    /// Its path in gRPC.
    fn path(&self) -> &'static str;

    /// What is sent, for codecs.
    fn request(&mut self) -> &mut (dyn Carrier + Send);

    /// What was answered, for codecs.
    fn response(&mut self) -> &mut (dyn Carrier + Send);

    /// The request, encoded.
    #[cfg(feature = "client")]
    fn take_wire(&mut self) -> Bytes;

    /// Decodes an answer, and keeps it.
    #[cfg(feature = "client")]
    fn read(&mut self, answer: Bytes) -> Result<(), DecodeError>;

    /// Calls services in this process.
    fn begin(&mut self, services: &'c Services);

    /// Waits for their answer, and keeps it.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>>;

    /// Whether the request is still there, to be sent again.
    fn may_repeat(&self) -> bool;
}

/// A call under way, in a box: else all of its code would be compiled anew with each of a user's generic functions that make it.
pub(crate) enum Calling<'c, T> {
    /// Of services in this process, made once, with nothing around it.
    Plain(CallFuture<'c, T>),
    Made(Pin<Box<dyn Future<Output = Result<T, RpcError>> + Send + 'c>>),
}

impl<'c, T: Send + 'c> Calling<'c, T> {
    pub(super) fn plain<R: Call<Response = T>>(request: R, services: &'c Services) -> Self {
        match R::call(Request::new(request), services) {
            Some(answer) => Self::Plain(answer),
            None => Self::Made(Box::pin(ready(Err(no_service(R::PATH).into())))),
        }
    }
}

impl<T> Future for Calling<'_, T> {
    type Output = Result<T, RpcError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Plain(answer) => match answer.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) => Poll::Ready(Ok(response.into_inner())),
                Poll::Ready(Err(status)) => Poll::Ready(Err(status.into())),
                Poll::Pending => Poll::Pending,
            },
            Self::Made(answer) => answer.as_mut().poll(cx),
        }
    }
}

/// A call of one type.
pub(super) struct TypedCall<'c, R: Call> {
    request: Option<Box<R>>,
    repeats: bool,
    answer: Option<CallFuture<'c, R::Response>>,
    response: R::Response,
}

impl<R: Call> TypedCall<'_, R> {
    /// In this process a request is kept that is to be repeated. Nothing gets lost in between, so most is sent once.
    pub(super) fn new(request: Box<R>, repeats: bool) -> Self {
        Self {
            request: Some(request),
            repeats,
            answer: None,
            response: R::Response::default(),
        }
    }

    /// The answer, once there is one.
    pub(super) fn into_response(self) -> R::Response {
        self.response
    }
}

impl<'c, R: Call> AnyCall<'c> for TypedCall<'c, R> {
    fn path(&self) -> &'static str {
        R::PATH
    }

    fn request(&mut self) -> &mut (dyn Carrier + Send) {
        &mut **self.request.get_or_insert_default()
    }

    fn response(&mut self) -> &mut (dyn Carrier + Send) {
        &mut self.response
    }

    #[cfg(feature = "client")]
    fn take_wire(&mut self) -> Bytes {
        self.request.take().map_or_else(Bytes::new, |request| request.to_wire())
    }

    #[cfg(feature = "client")]
    fn read(&mut self, answer: Bytes) -> Result<(), DecodeError> {
        self.response = R::answer(answer)?;
        Ok(())
    }

    fn begin(&mut self, services: &'c Services) {
        let next = if self.repeats { self.request.clone() } else { None };
        let request = std::mem::replace(&mut self.request, next);
        self.answer = request.and_then(|request| R::call(Request::new(*request), services));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let Some(answer) = &mut self.answer else {
            return Poll::Ready(Err(no_service(R::PATH)));
        };
        let Poll::Ready(answer) = answer.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        self.answer = None;
        Poll::Ready(answer.map(|response| self.response = response.into_inner()))
    }

    fn may_repeat(&self) -> bool {
        self.request.is_some()
    }
}

fn no_service(path: &str) -> Status {
    Status::unimplemented(format!(
        "this client was made of a workflow service alone, which has no {path}: give `Client::in_process` all services"
    ))
}
