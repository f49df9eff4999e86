//! Requests that know their RPC, so that one generic function calls all of them.

use crate::{
    Carrier, operatorservice::operator_service_server::OperatorService,
    workflowservice::workflow_service_server::WorkflowService,
};
use prost::Message;
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
        }
    )*};
}

#[allow(deprecated, reason = "all calls are listed, those that are going out of use, too")]
mod table {
    use super::*;

    include!("generated/calls.rs");
}
