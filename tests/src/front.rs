//! A server whose callers a test looks at before they are let in.

use crate::Failure;
use std::{net::SocketAddr, sync::Arc};
use steadfast_proto::{
    tonic::{
        Request, Status,
        codec::CompressionEncoding,
        metadata::MetadataMap,
        service::interceptor::InterceptedService,
        transport::{Server as Transport, server::TcpIncoming},
    },
    workflowservice::workflow_service_server::WorkflowServiceServer,
};
use steadfast_server::Server;
use tokio::{net::TcpListener, task::JoinHandle};

/// The embedded server on a port; a closure sees the headers of each call, and may refuse it.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Front {
    /// Serves on a port of its own.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(
        check: impl Fn(&MetadataMap) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let check = Arc::new(check);
        let service = WorkflowServiceServer::new(Server::builder().start()?)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip);
        let service = InterceptedService::new(service, move |request: Request<()>| {
            check(request.metadata()).map(|()| request)
        });
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let serving = Transport::builder().add_service(service).serve_with_incoming(incoming);
        let serving = tokio::spawn(async move {
            if let Err(error) = serving.await {
                eprintln!("the front does not serve: {error:?}");
            }
        });
        Ok(Self { address, serving })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
