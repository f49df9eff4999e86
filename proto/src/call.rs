//! Requests that know their RPC, so that one generic function calls all of them.

use crate::{
    Carrier, operatorservice::operator_service_server::OperatorService,
    workflowservice::workflow_service_server::WorkflowService,
};
use bytes::Bytes;
use prost::{DecodeError, Message};
use std::{pin::Pin, sync::Arc};
use tonic::{Request, Response, Status};

/// The request of an RPC of the workflow service or of the operator service.
///
/// ```
/// use steadfast_proto::{Call, workflowservice::GetSystemInfoRequest};
///
/// assert_eq!(GetSystemInfoRequest::PATH, "/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo");
/// ```
pub trait Call: Message + Carrier + Clone + Default + 'static {
    /// What is answered.
    type Response: Message + Carrier + Default + 'static;

    /// The path of the RPC in gRPC.
    const PATH: &'static str;

    /// Calls a service in this process; `None` if there is none that takes the request.
    fn call<'a>(request: Request<Self>, services: &'a Services) -> Option<CallFuture<'a, Self::Response>>;

    /// The request as it is on the wire. As [`Message::encode_to_vec`], but compiled here once, not in each crate that calls.
    fn to_wire(&self) -> Bytes;

    /// Reads an answer. As [`Message::decode`], but compiled here once, not in each crate that calls.
    ///
    /// # Errors
    /// These bytes are not the answer's.
    fn answer(wire: Bytes) -> Result<Self::Response, DecodeError>;
}

/// The answer of a service in this process.
pub type CallFuture<'a, R> = Pin<Box<dyn Future<Output = Result<Response<R>, Status>> + Send + 'a>>;

/// The services of a server in this process.
#[derive(Clone)]
pub struct Services {
    /// Runs workflows.
    pub workflow: Arc<dyn WorkflowService>,
    /// Administers, if that is to be possible.
    pub operator: Option<Arc<dyn OperatorService>>,
}

impl From<Arc<dyn WorkflowService>> for Services {
    fn from(workflow: Arc<dyn WorkflowService>) -> Self {
        Self {
            workflow,
            operator: None,
        }
    }
}

impl Services {
    fn workflowservice(&self) -> Option<&dyn WorkflowService> {
        Some(&*self.workflow)
    }

    fn operatorservice(&self) -> Option<&dyn OperatorService> {
        self.operator.as_deref()
    }
}

macro_rules! calls {
    ($service:ident $prefix:literal $($request:ident => $response:ident = $rpc:ident $name:literal;)*) => {$(
        impl Call for crate::$service::$request {
            type Response = crate::$service::$response;

            const PATH: &'static str = concat!($prefix, $name);

            fn call<'a>(request: Request<Self>, services: &'a Services) -> Option<CallFuture<'a, Self::Response>> {
                Some(services.$service()?.$rpc(request))
            }

            fn to_wire(&self) -> Bytes {
                self.encode_to_vec().into()
            }

            fn answer(wire: Bytes) -> Result<Self::Response, DecodeError> {
                // From a slice, as everything here is read: so that the code for what messages have in common is there once.
                Message::decode(&*wire)
            }
        }
    )*};
}

#[allow(deprecated, reason = "all calls are listed, those that are going out of use, too")]
mod table {
    use super::*;

    include!("generated/calls.rs");
}
