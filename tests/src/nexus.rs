//! A Nexus endpoint for tests, and who answers behind it.

use super::{Environment, Failure};
use std::time::Duration;
use steadfast_proto::{
    nexus::{
        CancelOperationResponse, EndpointSpec, EndpointTarget, Request as NexusRequest, Response as NexusResponse,
        StartOperationResponse, endpoint_target, request, response, start_operation_response,
    },
    operatorservice::{CreateNexusEndpointRequest, operator_service_client::OperatorServiceClient},
    taskqueue::TaskQueue,
    tonic::{
        Code, Request,
        transport::{Channel, Endpoint},
    },
    workflowservice::{
        PollNexusTaskQueueRequest, RespondNexusTaskCompletedRequest, workflow_service_client::WorkflowServiceClient,
    },
};
use tokio::task::JoinHandle;

/// A long poll's time; no test takes as long.
const POLL_TIMEOUT: Duration = Duration::from_secs(150);

/// An endpoint of the test's own, answered by a function; dropping it ends that.
pub struct NexusEndpoint {
    name: String,
    answers: JoinHandle<()>,
}

impl NexusEndpoint {
    /// The endpoint's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for NexusEndpoint {
    fn drop(&mut self) {
        self.answers.abort();
    }
}

impl Environment {
    /// An endpoint whose operations are started as the function says: it gets the operation's name and its input. `None` if
    /// the server has no Nexus.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn nexus_endpoint(
        &self,
        start: impl Fn(&str, &[u8]) -> start_operation_response::Variant + Send + Sync + 'static,
    ) -> Result<Option<NexusEndpoint>, Failure> {
        let Some(address) = &self.address else {
            return Ok(None); // The embedded server has none yet.
        };
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
        let (namespace, queue) = (self.client.namespace().to_owned(), self.name("nexus"));
        let spec = EndpointSpec {
            name: queue.clone(),
            target: Some(EndpointTarget {
                variant: Some(endpoint_target::Variant::Worker(endpoint_target::Worker {
                    namespace: namespace.clone(),
                    task_queue: queue.clone(),
                })),
            }),
            ..EndpointSpec::default()
        };
        let created = OperatorServiceClient::new(channel.clone())
            .create_nexus_endpoint(Request::new(CreateNexusEndpointRequest { spec: Some(spec) }))
            .await;
        match created {
            Ok(_) => {}
            Err(status) if status.code() == Code::Unimplemented => return Ok(None),
            Err(status) => return Err(status.into()),
        }
        let name = queue.clone();
        let service = WorkflowServiceClient::new(channel);
        let answers = tokio::spawn(async move {
            if let Err(error) = answer_all(service, &namespace, &queue, &start).await {
                eprintln!("nobody answers behind the endpoint {queue} any more: {error}");
            }
        });
        Ok(Some(NexusEndpoint { name, answers }))
    }
}

async fn answer_all(
    mut service: WorkflowServiceClient<Channel>,
    namespace: &str,
    queue: &str,
    start: &(impl Fn(&str, &[u8]) -> start_operation_response::Variant + Sync),
) -> Result<(), Failure> {
    loop {
        let poll = PollNexusTaskQueueRequest {
            namespace: namespace.to_owned(),
            identity: "nexus".to_owned(),
            task_queue: Some(TaskQueue {
                name: queue.to_owned(),
                ..TaskQueue::default()
            }),
            ..PollNexusTaskQueueRequest::default()
        };
        // The server wants to know until when to wait.
        let mut poll = Request::new(poll);
        poll.set_timeout(POLL_TIMEOUT);
        let task = service.poll_nexus_task_queue(poll).await?.into_inner();
        let Some(asked) = task.request else { continue };
        let answer = RespondNexusTaskCompletedRequest {
            namespace: namespace.to_owned(),
            identity: "nexus".to_owned(),
            task_token: task.task_token,
            response: Some(answer(asked, start)),
            ..RespondNexusTaskCompletedRequest::default()
        };
        service.respond_nexus_task_completed(answer).await?;
    }
}

fn answer(asked: NexusRequest, start: &impl Fn(&str, &[u8]) -> start_operation_response::Variant) -> NexusResponse {
    let variant = match asked.variant {
        Some(request::Variant::StartOperation(operation)) => {
            let input = operation.payload.unwrap_or_default();
            response::Variant::StartOperation(StartOperationResponse {
                variant: Some(start(&operation.operation, &input.data)),
            })
        }
        Some(request::Variant::CancelOperation(_)) | None => {
            response::Variant::CancelOperation(CancelOperationResponse {})
        }
    };
    NexusResponse { variant: Some(variant) }
}
