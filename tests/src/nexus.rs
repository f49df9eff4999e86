//! A Nexus endpoint for tests, and who answers behind it.

use super::{Environment, Failure};
use steadfast::client::{Client, NexusTarget};
use steadfast_proto::{
    nexus::{
        CancelOperationResponse, Request as NexusRequest, Response as NexusResponse, StartOperationResponse, request,
        response, start_operation_response,
    },
    taskqueue::TaskQueue,
    workflowservice::{PollNexusTaskQueueRequest, RespondNexusTaskCompletedRequest},
};
use tokio::task::JoinHandle;

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
    /// An endpoint whose operations are started as the function says: it gets the operation's name and its input.
    ///
    /// # Errors
    /// The server cannot be reached, or has no Nexus.
    pub async fn nexus_endpoint(
        &self,
        start: impl Fn(&str, &[u8]) -> start_operation_response::Variant + Send + Sync + 'static,
    ) -> Result<NexusEndpoint, Failure> {
        let (client, queue) = (self.client.clone(), self.name("nexus"));
        let target = NexusTarget::task_queue(client.namespace(), &queue);
        client.create_nexus_endpoint(&queue, target).await?;
        let name = queue.clone();
        let answers = tokio::spawn(async move {
            if let Err(error) = answer_all(&client, &queue, &start).await {
                eprintln!("nobody answers behind the endpoint {queue} any more: {error}");
            }
        });
        Ok(NexusEndpoint { name, answers })
    }
}

async fn answer_all(
    client: &Client,
    queue: &str,
    start: &(impl Fn(&str, &[u8]) -> start_operation_response::Variant + Sync),
) -> Result<(), Failure> {
    let namespace = client.namespace().to_owned();
    loop {
        let poll = PollNexusTaskQueueRequest {
            namespace: namespace.clone(),
            identity: "nexus".to_owned(),
            task_queue: Some(TaskQueue {
                name: queue.to_owned(),
                ..TaskQueue::default()
            }),
            ..PollNexusTaskQueueRequest::default()
        };
        let task = client.call(poll).await?;
        let Some(asked) = task.request else { continue };
        let answer = RespondNexusTaskCompletedRequest {
            namespace: namespace.clone(),
            identity: "nexus".to_owned(),
            task_token: task.task_token,
            response: Some(answer(asked, start)),
            ..RespondNexusTaskCompletedRequest::default()
        };
        client.call(answer).await?;
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
