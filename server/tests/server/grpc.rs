//! The services over a port.

use crate::support::{Bench, QUEUE, bench, queue, start};
use std::time::Duration;
use steadfast_proto::{
    health::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient},
    tonic::{Code, Request, codec::CompressionEncoding},
    workflowservice::{workflow_service_client::WorkflowServiceClient, *},
};
use steadfast_server::{Listening, Time};
use tonic::transport::Channel;

async fn listening() -> (Bench, Listening, Channel) {
    let bench = bench(Time::Real);
    let listening = bench.server.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let channel = Channel::from_shared(format!("http://{}", listening.address()))
        .unwrap()
        .connect()
        .await
        .unwrap();
    (bench, listening, channel)
}

#[tokio::test]
async fn a_start_over_the_wire_is_the_same_as_a_direct_one() {
    let (bench, _listening, channel) = listening().await;
    let mut client = WorkflowServiceClient::new(channel)
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let run_id = client
        .start_workflow_execution(start("w"))
        .await
        .unwrap()
        .into_inner()
        .run_id;
    let described = bench.describe("w").await.workflow_execution_info.unwrap();
    assert_eq!(described.execution.unwrap().run_id, run_id);
}

#[tokio::test]
async fn an_error_brings_its_detail_along() {
    let (_bench, _listening, channel) = listening().await;
    let mut client = WorkflowServiceClient::new(channel);
    client.start_workflow_execution(start("w")).await.unwrap();
    let taken = client.start_workflow_execution(start("w")).await.unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists);
    assert!(!taken.details().is_empty());
}

#[tokio::test]
async fn a_poll_ends_before_its_caller_gives_up() {
    let (_bench, _listening, channel) = listening().await;
    let mut client = WorkflowServiceClient::new(channel);
    let mut request = Request::new(PollWorkflowTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(QUEUE),
        ..Default::default()
    });
    request.set_timeout(Duration::from_millis(1500));
    // Too late an answer would be the client's own error.
    let answer = client.poll_workflow_task_queue(request).await.unwrap().into_inner();
    assert!(answer.task_token.is_empty());
}

#[tokio::test]
async fn its_health_is_told() {
    let (_bench, _listening, channel) = listening().await;
    let mut client = HealthClient::new(channel);
    for service in ["", "temporal.api.workflowservice.v1.WorkflowService"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let health = client.check(request.clone()).await.unwrap().into_inner();
        assert_eq!(health.status(), ServingStatus::Serving);
        let mut watch = client.watch(request).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    }
    let unknown = client
        .check(HealthCheckRequest {
            service: "unknown".to_owned(),
        })
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[cfg(feature = "reflection")]
#[tokio::test]
async fn tools_are_told_what_it_serves() {
    use steadfast_proto::{prost::Message, prost_types::FileDescriptorProto};
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let (_bench, _listening, channel) = listening().await;
    let mut client = ServerReflectionClient::new(channel);
    let mut ask = async |request| {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(request),
        };
        let request = tokio_stream::once(request);
        let mut answers = client.server_reflection_info(request).await.unwrap().into_inner();
        answers.message().await.unwrap().unwrap().message_response.unwrap()
    };
    let MessageResponse::ListServicesResponse(listed) = ask(MessageRequest::ListServices(String::new())).await else {
        panic!("expected the services");
    };
    let names: Vec<&str> = listed.service.iter().map(|service| service.name.as_str()).collect();
    assert!(
        names.contains(&"temporal.api.workflowservice.v1.WorkflowService"),
        "{names:?}"
    );
    let symbol = "temporal.api.workflowservice.v1.WorkflowService".to_owned();
    let MessageResponse::FileDescriptorResponse(found) = ask(MessageRequest::FileContainingSymbol(symbol)).await else {
        panic!("expected the file of the service");
    };
    let file = FileDescriptorProto::decode(found.file_descriptor_proto[0].clone().as_slice()).unwrap();
    assert_eq!(file.service[0].method.len(), 123);
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_says_so() {
    let (bench, listening, _channel) = listening().await;
    let error = bench.server.listen(listening.address()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot listen on {}", listening.address()))
    );
}

#[tokio::test]
async fn clients_that_say_nothing_and_take_nothing_hold_nobody_up() {
    use tokio::io::AsyncWriteExt as _;
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let (bench, listening, channel) = listening().await;
    let mut stalled = Vec::new();
    for number in 0..200 {
        let mut stream = tokio::net::TcpStream::connect(listening.address()).await.unwrap();
        // Nothing, a part of a greeting, all of it; none reads what comes back.
        stream
            .write_all(&PREFACE[..number % (PREFACE.len() + 1)])
            .await
            .unwrap();
        stalled.push(stream);
    }
    let mut client = WorkflowServiceClient::new(channel);
    client.start_workflow_execution(start("workflow")).await.unwrap();
    assert_eq!(bench.poll().await.workflow_execution.unwrap().workflow_id, "workflow");
    drop(stalled);
}

#[tokio::test]
async fn a_stopped_port_is_free_again_even_with_open_polls() {
    let (bench, listening, channel) = listening().await;
    let address = listening.address();
    let mut client = WorkflowServiceClient::new(channel);
    let request = PollWorkflowTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(QUEUE),
        ..Default::default()
    };
    let poll = tokio::spawn(async move { client.poll_workflow_task_queue(request).await });
    tokio::task::yield_now().await;
    listening.stop().await;
    poll.abort();
    bench.server.listen(address).await.unwrap();
}
