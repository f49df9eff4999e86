//! The services over a port.

use crate::{
    nexus::{CALLBACK_PATH, CallbackFront},
    server::Server,
};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use steadfast_proto::{
    health::{
        HealthCheckRequest, HealthCheckResponse,
        health_check_response::ServingStatus,
        health_server::{Health, HealthServer},
    },
    operatorservice::operator_service_server::OperatorServiceServer,
    testservice::test_service_server::TestServiceServer,
    tonic::{self, Request, Response, Status, codec::CompressionEncoding},
    workflowservice::workflow_service_server::WorkflowServiceServer,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;

/// A workflow task completion is the largest message there is.
const MESSAGE_BYTES_MAX: usize = 40 * 1024 * 1024;
/// The services that the health service knows; the empty name is the server as a whole.
const SERVICES: [&str; 4] = [
    "",
    "temporal.api.workflowservice.v1.WorkflowService",
    "temporal.api.operatorservice.v1.OperatorService",
    "temporal.api.testservice.v1.TestService",
];

/// A server that listens on a port. Dropping this closes the port and ends the calls on it.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Listening {
    /// Where the server listens: with port 0 asked for, this has the port that was free.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port, and ends the calls on it: those that wait are cut off.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        // Long polls would keep their connections for a minute.
        if tokio::time::timeout(Duration::from_millis(200), &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.task.abort();
    }
}

/// Why a server does not listen.
#[derive(Debug)]
pub struct ListenError {
    address: SocketAddr,
    source: std::io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.source)
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Server {
    /// Serves clients of any language on a port; port 0 is any that is free.
    ///
    /// # Errors
    /// If the address can't be listened on.
    pub async fn listen(&self, address: SocketAddr) -> Result<Listening, ListenError> {
        let failed = |source| ListenError { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = watch::channel(false);
        macro_rules! fronted {
            ($front:ident, $service:expr) => {
                $front::new($service)
                    .accept_compressed(CompressionEncoding::Gzip)
                    .send_compressed(CompressionEncoding::Gzip)
                    .max_decoding_message_size(MESSAGE_BYTES_MAX)
                    .max_encoding_message_size(MESSAGE_BYTES_MAX)
            };
        }
        self.accept_callbacks(Some(format!("http://{}{CALLBACK_PATH}", reachable(bound))));
        let router = tonic::transport::Server::builder()
            // Callbacks come as those who make them like it.
            .accept_http1(true)
            .tcp_nodelay(true)
            .http2_keepalive_interval(Some(Duration::from_secs(60)))
            .add_service(fronted!(WorkflowServiceServer, self.clone()))
            .add_service(fronted!(OperatorServiceServer, self.clone()))
            .add_service(fronted!(TestServiceServer, self.clone()))
            .add_service(fronted!(
                HealthServer,
                HealthFront {
                    stopped: stopped.clone()
                }
            ))
            .add_service(CallbackFront { server: self.clone() });
        #[cfg(feature = "reflection")]
        let router = crate::reflection::add(router);
        let incoming = NoDelay(TcpListenerStream::new(listener));
        let serving = router.serve_with_incoming_shutdown(incoming, until(stopped));
        Ok(Listening {
            address: bound,
            stop,
            task: tokio::spawn(serving),
        })
    }
}

/// The address under which this machine reaches what listens.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let mut reachable = bound;
    if bound.ip().is_unspecified() {
        reachable.set_ip(match bound {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    reachable
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Connections that send at once: small answers must not wait for more to come.
struct NoDelay(TcpListenerStream);

impl Stream for NoDelay {
    type Item = std::io::Result<tokio::net::TcpStream>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.0).poll_next(context);
        if let Poll::Ready(Some(Ok(stream))) = &next {
            // A socket without that option still works.
            let _ = stream.set_nodelay(true);
        }
        next
    }
}

/// The health of the services: they serve as long as they are there.
struct HealthFront {
    stopped: watch::Receiver<bool>,
}

fn health_of(service: &str) -> Option<HealthCheckResponse> {
    SERVICES.contains(&service).then(|| HealthCheckResponse {
        status: ServingStatus::Serving.into(),
    })
}

#[tonic::async_trait]
impl Health for HealthFront {
    type WatchStream = Watch;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        health_of(&service)
            .map(Response::new)
            .ok_or_else(|| Status::not_found(format!("unknown service {service:?}")))
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Watch>, Status> {
        let unknown = HealthCheckResponse {
            status: ServingStatus::ServiceUnknown.into(),
        };
        let first = health_of(&request.into_inner().service).unwrap_or(unknown);
        let stopped = Box::pin(until(self.stopped.clone()));
        Ok(Response::new(Watch {
            first: Some(first),
            stopped: Some(stopped),
        }))
    }
}

/// One report, and another one when the server stops.
struct Watch {
    first: Option<HealthCheckResponse>,
    stopped: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Stream for Watch {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let Some(stopped) = self.stopped.as_mut() else {
            return Poll::Ready(None);
        };
        if stopped.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.stopped = None;
        Poll::Ready(Some(Ok(HealthCheckResponse {
            status: ServingStatus::NotServing.into(),
        })))
    }
}
