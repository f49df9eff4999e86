//! The two ways to a server, over which a call is made as often as it takes.

use super::call::AnyCall;
use std::task::{Context, Poll};
use steadfast_proto::{Services, tonic::Status};

/// A call that is made until it is answered.
pub(super) trait Attempts: Send {
    /// Calls the server.
    fn begin(&mut self);

    /// Waits for the answer, and keeps it.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>>;

    /// Whether the request is still there, to be sent again.
    fn may_repeat(&self) -> bool;
}

/// A call of services in this process.
pub(super) struct DirectCall<'a, 'c> {
    pub(super) services: &'c Services,
    pub(super) call: &'a mut dyn AnyCall<'c>,
}

impl Attempts for DirectCall<'_, '_> {
    fn begin(&mut self) {
        self.call.begin(self.services);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.call.poll(cx)
    }

    fn may_repeat(&self) -> bool {
        self.call.may_repeat()
    }
}

#[cfg(feature = "client")]
pub(super) use over_grpc::GrpcCall;

#[cfg(feature = "client")]
mod over_grpc {
    use super::{
        super::{Connection, Transport, grpc},
        Attempts,
    };
    use std::{
        task::{Context, Poll},
        time::Duration,
    };
    use steadfast_proto::{bytes::Bytes, tonic::Status};

    /// A call over the network: its request is encoded once.
    pub(crate) struct GrpcCall<'c> {
        connection: &'c Connection,
        transport: &'c grpc::Transport,
        path: &'static str,
        request: Bytes,
        deadline: Duration,
        answer: Option<grpc::Try>,
        response: Bytes,
    }

    impl<'c> GrpcCall<'c> {
        pub(crate) fn new(
            connection: &'c Connection,
            transport: &'c grpc::Transport,
            path: &'static str,
            request: Bytes,
            deadline: Duration,
        ) -> Self {
            Self {
                connection,
                transport,
                path,
                request,
                deadline,
                answer: None,
                response: Bytes::new(),
            }
        }

        /// The answer, once there is one.
        pub(crate) fn into_response(self) -> Bytes {
            self.response
        }
    }

    impl Attempts for GrpcCall<'_> {
        fn begin(&mut self) {
            let options = self.connection.options.as_ref();
            let headers = options.map_or(&[][..], |options| options.headers());
            // What is tried again goes the way that is there by now.
            let replaced = self.connection.replaced();
            let transport = match replaced.as_deref() {
                Some(Transport::Grpc(transport)) => transport,
                _ => self.transport,
            };
            self.answer = Some(transport.call(self.path, self.request.clone(), self.deadline, headers));
        }

        fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
            let Some(answer) = &mut self.answer else {
                return Poll::Ready(Err(Status::internal(
                    "waited for the answer to a call that was not made",
                )));
            };
            let Poll::Ready(answer) = answer.as_mut().poll(cx) else {
                return Poll::Pending;
            };
            self.answer = None;
            Poll::Ready(answer.map(|response| self.response = response))
        }

        fn may_repeat(&self) -> bool {
            true
        }
    }
}
