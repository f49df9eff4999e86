//! Operations whose handler is a server elsewhere, reached over HTTP.

use crate::{
    endpoint::external,
    handler::{create, payload},
    nexus::{cancel, cause_of, schedule},
    support::*,
};
use steadfast_proto::{
    enums::EventType,
    failure::{Failure, failure::FailureInfo},
    history::{HistoryEvent, history_event::Attributes},
};
use steadfast_server::Listening;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const DONE: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\n\"done\"";
const BEGUN: &str = "HTTP/1.1 201 Created\r\ncontent-length: 35\r\n\r\n{\"token\":\"token\",\"state\":\"running\"}";

/// A server, a port where a test plays the handler, and a workflow that has scheduled an operation: event 5.
struct Elsewhere {
    bench: Bench,
    handler: TcpListener,
    _listening: Option<Listening>,
}

impl Elsewhere {
    async fn new() -> Self {
        let mut elsewhere = Self::unheard().await;
        let address = "127.0.0.1:0".parse().unwrap();
        elsewhere._listening = Some(elsewhere.bench.server.listen(address).await.unwrap());
        elsewhere
    }

    /// One that listens on no port.
    async fn unheard() -> Self {
        Self::at("http", real()).await
    }

    async fn at(scheme: &str, bench: Bench) -> Self {
        let handler = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://{}/base/", handler.local_addr().unwrap());
        create(&bench.server.operator_service(), external(&url)).await.unwrap();
        Self {
            bench,
            handler,
            _listening: None,
        }
    }

    async fn call(&self) {
        self.bench.start("caller").await;
        let task = self.bench.poll().await;
        let operation = schedule(|attributes| {
            attributes.endpoint = "elsewhere".to_owned();
            attributes.service = "my service".to_owned();
            attributes.nexus_header = [("Mine".to_owned(), "value".to_owned())].into();
        });
        self.bench.answer(&task, vec![operation]).await.unwrap();
    }

    /// The next request, which gets that answer.
    async fn serve(&self, answer: &str) -> String {
        let (mut stream, _) = self.handler.accept().await.unwrap();
        let request = message(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        request
    }

    /// The only operation's only answer, and what the workflow has heard with its next task.
    async fn answered(answer: &str) -> HistoryEvent {
        let elsewhere = Self::new().await;
        elsewhere.call().await;
        elsewhere.serve(answer).await;
        elsewhere.heard().await
    }

    async fn heard(&self) -> HistoryEvent {
        let task = self.bench.poll().await;
        self.bench.answer(&task, Vec::new()).await.unwrap();
        let events = task.history.unwrap().events;
        let told = |event: &&HistoryEvent| event.event_type().as_str_name().contains("NEXUS");
        events.iter().rfind(told).unwrap().clone()
    }

    /// A callback as the handler makes it, and its answer.
    async fn call_back(&self, request: &str, headers: &str, body: &str) -> String {
        let (_, query) = request.split_once("?callback=").unwrap();
        let url = query.split(' ').next().unwrap().replace("%3A", ":").replace("%2F", "/");
        let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let token = header(request, "nexus-callback-temporal-callback-token");
        let mut stream = TcpStream::connect(host).await.unwrap();
        let length = body.len();
        let asked = format!(
            "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nnexus-operation-token: token\r\n\
             temporal-callback-token: {token}\r\n{headers}\r\n\r\n{body}"
        );
        stream.write_all(asked.as_bytes()).await.unwrap();
        message(&mut stream).await
    }
}

/// A request or an answer: its head, and as much body as that says.
async fn message(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length");
            if length.is_empty() || body.len() >= length.parse().unwrap() {
                return text;
            }
        }
        let read = stream.read(&mut bytes).await.unwrap();
        assert!(read > 0, "the stream ended after {text:?}");
        text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let lines = message.lines().filter_map(|line| line.split_once(": "));
    lines
        .into_iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map_or("", |(_, value)| value)
}

fn said(status: &str, headers: &str, message: &str) -> String {
    let body = format!("{{\"message\":{message:?}}}");
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

fn handler_error(failure: &Failure) -> (&str, &str) {
    match &failure.failure_info {
        Some(FailureInfo::NexusHandlerFailureInfo(info)) => {
            (&info.r#type, failure.cause.as_ref().map_or("", |cause| &cause.message))
        }
        other => panic!("expected a handler's error, got {other:?}"),
    }
}

#[tokio::test]
async fn an_operation_goes_to_its_address_and_the_answer_is_its_result() {
    let elsewhere = Elsewhere::new().await;
    elsewhere.call().await;
    let request = elsewhere.serve(DONE).await;
    assert!(
        request.starts_with("POST /base/my%20service/operation?callback=http%3A%2F%2F127.0.0.1"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\n\"input\""), "{request}");
    assert_eq!(header(&request, "content-type"), "application/json");
    assert_eq!(header(&request, "mine"), "value");
    assert_eq!(header(&request, "temporal-nexus-failure-support"), "true");
    assert!(
        header(&request, "nexus-link").starts_with("<temporal:///namespaces/default/workflows/caller/"),
        "{request}"
    );
    for there in ["host", "nexus-request-id", "request-timeout", "user-agent"] {
        assert!(!header(&request, there).is_empty(), "{there}: {request}");
    }
    match elsewhere.heard().await.attributes.unwrap() {
        Attributes::NexusOperationCompletedEventAttributes(completed) => {
            assert_eq!(completed.result, Some(payload("done")));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_operation_that_goes_on_is_completed_by_its_callback() {
    let elsewhere = Elsewhere::new().await;
    elsewhere.call().await;
    let request = elsewhere.serve(BEGUN).await;
    assert_eq!(elsewhere.heard().await.event_type(), EventType::NexusOperationStarted);
    let succeeded = "nexus-operation-state: succeeded\r\ncontent-type: application/json";
    let odd = elsewhere.call_back(&request, "nexus-operation-state: odd", "").await;
    assert!(
        odd.starts_with("HTTP/1.1 400") && odd.contains("invalid request operation state"),
        "{odd}"
    );
    let taken = elsewhere.call_back(&request, succeeded, "\"late\"").await;
    assert!(taken.starts_with("HTTP/1.1 200"), "{taken}");
    let again = elsewhere.call_back(&request, succeeded, "\"late\"").await;
    assert!(
        again.starts_with("HTTP/1.1 404") && again.contains("NOT_FOUND"),
        "{again}"
    );
    match elsewhere.heard().await.attributes.unwrap() {
        Attributes::NexusOperationCompletedEventAttributes(completed) => {
            assert_eq!(completed.result, Some(payload("late")));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_callback_may_tell_a_failure() {
    let elsewhere = Elsewhere::new().await;
    elsewhere.call().await;
    let request = elsewhere.serve(BEGUN).await;
    elsewhere.heard().await;
    let failed = "nexus-operation-state: failed\r\ncontent-type: application/json";
    elsewhere.call_back(&request, failed, r#"{"message":"bad"}"#).await;
    assert_eq!(cause_of(&elsewhere.heard().await).message, "bad");
}

#[tokio::test]
async fn an_operation_elsewhere_is_asked_to_stop() {
    let elsewhere = Elsewhere::new().await;
    elsewhere.call().await;
    elsewhere.serve(BEGUN).await;
    let task = elsewhere.bench.poll().await;
    elsewhere.bench.answer(&task, vec![cancel(5)]).await.unwrap();
    let request = elsewhere
        .serve("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        .await;
    assert!(
        request.starts_with("POST /base/my%20service/operation/cancel HTTP"),
        "{request}"
    );
    assert_eq!(header(&request, "nexus-operation-token"), "token");
    assert_eq!(header(&request, "mine"), "value");
    let heard = elsewhere.heard().await.event_type();
    assert_eq!(heard, EventType::NexusOperationCancelRequestCompleted);
}

#[tokio::test]
async fn an_operation_that_did_not_succeed_says_how() {
    let failed = said("424 Failed", "nexus-operation-state: failed\r\n", "oh");
    let event = Elsewhere::answered(&failed).await;
    assert_eq!(event.event_type(), EventType::NexusOperationFailed);
    assert_eq!(cause_of(&event).message, "oh");
    let canceled = said("424 Failed", "nexus-operation-state: canceled\r\n", "stopped");
    let event = Elsewhere::answered(&canceled).await;
    assert_eq!(event.event_type(), EventType::NexusOperationCanceled);
    assert_eq!(cause_of(&event).message, "stopped");
}

#[tokio::test]
async fn a_status_is_a_handlers_error() {
    let wrong = said("400 Bad Request", "", "wrong");
    let never = said("500 Internal", "nexus-request-retryable: false\r\n", "never");
    for (answer, kind, message) in [(wrong, "BAD_REQUEST", "wrong"), (never, "INTERNAL", "never")] {
        let event = Elsewhere::answered(&answer).await;
        assert_eq!(handler_error(&cause_of(&event)), (kind, message));
    }
}

#[tokio::test]
async fn a_request_is_sent_again_while_its_handler_is_not_there() {
    let elsewhere = Elsewhere::new().await;
    elsewhere.call().await;
    elsewhere.serve(&said("503 Unavailable", "", "later")).await;
    elsewhere.serve(&said("418 Teapot", "", "no such status")).await;
    elsewhere.serve(DONE).await;
    assert_eq!(elsewhere.heard().await.event_type(), EventType::NexusOperationCompleted);
}

#[tokio::test]
async fn a_server_without_a_port_takes_no_operations_that_go_on() {
    let elsewhere = Elsewhere::unheard().await;
    elsewhere.call().await;
    let request = elsewhere.serve(BEGUN).await;
    assert!(!request.contains("callback="), "{request}");
    let event = elsewhere.heard().await;
    let cause = cause_of(&event);
    let (kind, message) = handler_error(&cause);
    assert_eq!(kind, "NOT_IMPLEMENTED");
    assert!(message.contains("listens on no port"), "{message}");
}

#[cfg(feature = "tls")]
mod over_tls {
    use super::*;
    use std::sync::Arc;
    use steadfast_proto::{tonic::Request, workflowservice::DescribeWorkflowExecutionRequest};
    use steadfast_server::{Server, StartError};
    use tokio_rustls::{
        TlsAcceptor,
        rustls::{
            ServerConfig,
            crypto::ring,
            pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        },
    };

    /// What speaks TLS for this machine, and its certificate, which it signed itself.
    fn speaker() -> (TlsAcceptor, String) {
        let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.der().clone()], key)
            .unwrap();
        (TlsAcceptor::from(Arc::new(config)), signed.cert.pem())
    }

    #[tokio::test]
    async fn an_operation_goes_to_its_address_over_tls() {
        let (speaker, certificate) = speaker();
        let server = Server::builder().nexus_root_certificate(certificate).start().unwrap();
        let elsewhere = Elsewhere::at("https", of(server)).await;
        elsewhere.call().await;
        let (stream, _) = elsewhere.handler.accept().await.unwrap();
        let mut stream = speaker.accept(stream).await.unwrap();
        let request = message(&mut stream).await;
        assert!(request.starts_with("POST /base/my%20service/operation "), "{request}");
        stream.write_all(DONE.as_bytes()).await.unwrap();
        assert_eq!(elsewhere.heard().await.event_type(), EventType::NexusOperationCompleted);
    }

    #[tokio::test]
    async fn a_handler_that_nobody_vouches_for_is_told_nothing() {
        let elsewhere = Elsewhere::at("https", real()).await;
        elsewhere.call().await;
        let (stream, _) = elsewhere.handler.accept().await.unwrap();
        speaker().0.accept(stream).await.unwrap_err();
        // It is sent again, so the first attempt is over.
        elsewhere.handler.accept().await.unwrap();
        let request = DescribeWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            execution: execution("caller"),
        };
        let described = elsewhere
            .bench
            .service
            .describe_workflow_execution(Request::new(request))
            .await;
        let operation = described.unwrap().into_inner().pending_nexus_operations.remove(0);
        let message = operation.last_attempt_failure.unwrap().message;
        assert!(
            message.contains("cannot encrypt the connection to 127.0.0.1"),
            "{message}"
        );
    }

    #[tokio::test]
    async fn a_certificate_that_is_none_is_refused_at_the_start() {
        let refused = Server::builder().nexus_root_certificate("no certificate").start();
        match refused.unwrap_err() {
            StartError::NexusRootCertificate(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
