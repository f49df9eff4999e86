//! A Nexus endpoint and its handler, with no logic of their own.

use crate::support::*;
use std::sync::Arc;
use steadfast_proto::{
    common::{self, Payload},
    nexus::{self, endpoint_target, request, response, start_operation_response},
    operatorservice::{operator_service_server::OperatorService, *},
    tonic::{Request, Status},
    workflowservice::*,
};

pub(crate) const HANDLERS: &str = "handlers";

pub(crate) fn spec(name: &str, namespace: &str, task_queue: &str) -> nexus::EndpointSpec {
    let worker = endpoint_target::Worker {
        namespace: namespace.to_owned(),
        task_queue: task_queue.to_owned(),
    };
    nexus::EndpointSpec {
        name: name.to_owned(),
        description: None,
        target: Some(nexus::EndpointTarget {
            variant: Some(endpoint_target::Variant::Worker(worker)),
        }),
    }
}

pub(crate) async fn create(
    operator: &Arc<dyn OperatorService>,
    spec: nexus::EndpointSpec,
) -> Result<nexus::Endpoint, Status> {
    let request = Request::new(CreateNexusEndpointRequest { spec: Some(spec) });
    let response = operator.create_nexus_endpoint(request).await?.into_inner();
    Ok(response.endpoint.unwrap())
}

pub(crate) fn payload(text: &str) -> Payload {
    Payload::encoded("json/plain", format!("{text:?}"))
}

pub(crate) fn answer(variant: start_operation_response::Variant) -> nexus::Response {
    nexus::Response {
        variant: Some(response::Variant::StartOperation(nexus::StartOperationResponse {
            variant: Some(variant),
        })),
    }
}

pub(crate) fn done(result: &str) -> nexus::Response {
    answer(start_operation_response::Variant::SyncSuccess(
        start_operation_response::Sync {
            payload: Some(payload(result)),
            ..Default::default()
        },
    ))
}

pub(crate) fn begun(token: &str) -> nexus::Response {
    answer(start_operation_response::Variant::AsyncSuccess(
        start_operation_response::Async {
            operation_token: token.to_owned(),
            ..Default::default()
        },
    ))
}

impl Bench {
    pub(crate) async fn poll_nexus(&self) -> PollNexusTaskQueueResponse {
        let request = PollNexusTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: queue(HANDLERS),
            identity: "handler".to_owned(),
            ..Default::default()
        };
        self.service
            .poll_nexus_task_queue(Request::new(request))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn respond(
        &self,
        task: &PollNexusTaskQueueResponse,
        response: nexus::Response,
    ) -> Result<(), Status> {
        let request = RespondNexusTaskCompletedRequest {
            namespace: "default".to_owned(),
            task_token: task.task_token.clone(),
            response: Some(response),
            ..Default::default()
        };
        self.service
            .respond_nexus_task_completed(Request::new(request))
            .await
            .map(|_| ())
    }

    pub(crate) async fn fail_request(&self, task: &PollNexusTaskQueueResponse, kind: &str) {
        let request = RespondNexusTaskFailedRequest {
            namespace: "default".to_owned(),
            task_token: task.task_token.clone(),
            error: Some(nexus::HandlerError {
                error_type: kind.to_owned(),
                failure: Some(nexus::Failure {
                    message: "oh".to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.service
            .respond_nexus_task_failed(Request::new(request))
            .await
            .unwrap();
    }
}

pub(crate) fn start_of(task: &PollNexusTaskQueueResponse) -> nexus::StartOperationRequest {
    match task.request.clone().unwrap().variant {
        Some(request::Variant::StartOperation(start)) => start,
        other => panic!("expected a request to start, got {other:?}"),
    }
}

pub(crate) fn callback_of(task: &PollNexusTaskQueueResponse) -> common::Callback {
    let start = start_of(task);
    common::Callback {
        variant: Some(common::callback::Variant::Nexus(common::callback::Nexus {
            url: start.callback,
            header: start.callback_header,
        })),
        links: Vec::new(),
    }
}
