//! Requests to handlers elsewhere: the engine says what is to be sent, the answer goes back as a worker's would.

use super::{BODY_BYTES_MAX, LINK, OPERATION_STATE, OPERATION_TOKEN, content, failure};
use crate::{
    engine::{Outbound, Request as Asked},
    server::Server,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use std::fmt::Write as _;
use std::time::Duration;
use steadfast_proto::{
    enums::NexusHandlerErrorRetryBehavior as Retry,
    failure::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    nexus::{
        self, CancelOperationRequest, StartOperationRequest, StartOperationResponse, UnsuccessfulOperationError,
        request, response, start_operation_response,
    },
    tonic::codegen::http::{
        HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
        header::{CONTENT_TYPE, HOST, USER_AGENT},
        uri::Scheme,
    },
    workflowservice::{RespondNexusTaskCompletedRequest, RespondNexusTaskFailedRequest},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Requests of one server that are under way at a time; others wait.
pub(crate) const CALLS_MAX: usize = 100;

/// The status with which a handler says that an operation did not succeed.
const OPERATION_FAILED: u16 = 424;

/// Why there is no answer to pass on.
enum Refused {
    /// The handler said so.
    Handler(Box<nexus::HandlerError>),
    /// Something between here and there, or an answer that is none.
    Call(String),
}

/// Sends a request, and answers it in the name of the handler.
#[expect(deprecated, reason = "HTTP says failures in the way that workers said them once")]
pub(crate) async fn perform(server: Server, mut call: Outbound) {
    let task_token = std::mem::take(&mut call.task.task_token);
    let namespace = call.namespace.clone();
    let asked = match send(&server, call).await {
        Ok(response) => Asked::RespondNexusTaskCompleted(Box::new(RespondNexusTaskCompletedRequest {
            namespace,
            task_token,
            response: Some(response),
            ..Default::default()
        })),
        Err(refused) => {
            let (error, failure) = match refused {
                Refused::Handler(error) => (Some(*error), None),
                Refused::Call(message) => (None, Some(call_error(message))),
            };
            Asked::RespondNexusTaskFailed(Box::new(RespondNexusTaskFailedRequest {
                namespace,
                task_token,
                error,
                failure,
                ..Default::default()
            }))
        }
    };
    // The operation may be over meanwhile; then nobody waits for this.
    let _ = server.ask(asked.into()).await;
}

async fn send(server: &Server, call: Outbound) -> Result<nexus::Response, Refused> {
    let Some(request) = call.task.request else {
        return Err(Refused::Call("there is nothing to send".to_owned()));
    };
    let limit = patience(&request);
    let (is_cancel, is_awaited) = match &request.variant {
        Some(request::Variant::StartOperation(start)) => (false, !start.callback.is_empty()),
        _ => (true, false),
    };
    let request = http_request(&call.url, request)?;
    let answer = tokio::time::timeout(limit, exchange(server, request)).await;
    let (status, headers, body) = answer
        .map_err(|_| Refused::Call(format!("no answer within {limit:?}")))?
        .map_err(Refused::Call)?;
    if is_cancel && status.is_success() {
        return Ok(nexus::Response {
            variant: Some(response::Variant::CancelOperation(nexus::CancelOperationResponse {})),
        });
    }
    let variant = match status {
        StatusCode::OK => done(&headers, body)?,
        StatusCode::CREATED => begun(&headers, &body, is_awaited)?,
        _ if !is_cancel && status.as_u16() == OPERATION_FAILED => unsuccessful(&headers, &body)?,
        _ => return Err(refused(status, &headers, &body)),
    };
    Ok(nexus::Response {
        variant: Some(response::Variant::StartOperation(StartOperationResponse {
            variant: Some(variant),
        })),
    })
}

/// How long the engine waits for an answer, as the request says itself.
fn patience(request: &nexus::Request) -> Duration {
    let said = request.header.get("request-timeout");
    let milliseconds = said.and_then(|text| text.strip_suffix("ms")?.parse().ok());
    milliseconds.map_or(Duration::from_secs(10), Duration::from_millis)
}

fn http_request(base: &str, request: nexus::Request) -> Result<Request<Full<Bytes>>, Refused> {
    let mut headers = HeaderMap::new();
    for (key, value) in &request.header {
        set(&mut headers, key, value);
    }
    set(
        &mut headers,
        USER_AGENT.as_str(),
        concat!("steadfast-server/", env!("CARGO_PKG_VERSION")),
    );
    let (path, body) = match request.variant {
        Some(request::Variant::StartOperation(start)) => start_request(&mut headers, start),
        Some(request::Variant::CancelOperation(cancel)) => (cancel_path(&mut headers, &cancel), Bytes::new()),
        None => {
            return Err(Refused::Call(
                "a request of a kind that HTTP has no path for".to_owned(),
            ));
        }
    };
    let uri = uri(base, &path).map_err(Refused::Call)?;
    if let Some(authority) = uri.authority() {
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        set(&mut headers, HOST.as_str(), host);
    }
    let mut built = Request::new(Full::new(body));
    *built.method_mut() = Method::POST;
    *built.uri_mut() = uri;
    *built.headers_mut() = headers;
    Ok(built)
}

/// `base` with a path at the end of its own, whose query is kept.
fn uri(base: &str, path: &str) -> Result<Uri, String> {
    let base = base.split('#').next().unwrap_or_default();
    let (base, query) = base.split_once('?').unwrap_or((base, ""));
    let (path, added) = path.split_once('?').unwrap_or((path, ""));
    let queries: Vec<&str> = [query, added].into_iter().filter(|query| !query.is_empty()).collect();
    let mut whole = format!("{}/{path}", base.trim_end_matches('/'));
    if !queries.is_empty() {
        whole.push('?');
        whole.push_str(&queries.join("&"));
    }
    whole.parse().map_err(|error| format!("the address {whole:?}: {error}"))
}

fn start_request(headers: &mut HeaderMap, start: StartOperationRequest) -> (String, Bytes) {
    for (key, value) in &start.callback_header {
        set(headers, &format!("nexus-callback-{key}"), value);
    }
    for link in &start.links {
        append(headers, LINK, &format!("<{}>; type=\"{}\"", link.url, link.r#type));
    }
    set(headers, "nexus-request-id", &start.request_id);
    set(headers, "temporal-nexus-failure-support", "true");
    let (kind, body) = content::of_payload(start.payload);
    if let Some(kind) = kind {
        set(headers, CONTENT_TYPE.as_str(), &kind);
    }
    let mut path = format!("{}/{}", escaped(&start.service), escaped(&start.operation));
    if !start.callback.is_empty() {
        let _ = write!(path, "?callback={}", escaped(&start.callback));
    }
    (path, body)
}

fn cancel_path(headers: &mut HeaderMap, cancel: &CancelOperationRequest) -> String {
    set(headers, OPERATION_TOKEN, &cancel.operation_token);
    format!("{}/{}/cancel", escaped(&cancel.service), escaped(&cancel.operation))
}

/// A header; what HTTP can't have is left out.
fn set(headers: &mut HeaderMap, key: &str, value: &str) {
    if let (Ok(key), Ok(value)) = (HeaderName::try_from(key), HeaderValue::from_str(value)) {
        headers.insert(key, value);
    }
}

fn append(headers: &mut HeaderMap, key: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(key, value);
    }
}

/// Text as a part of a path or a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            _ => {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}

type Exchanged = Result<(StatusCode, HeaderMap, Bytes), String>;

/// One request on a connection of its own.
#[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "it knows whom to trust"))]
async fn exchange(server: &Server, mut request: Request<Full<Bytes>>) -> Exchanged {
    let uri = request.uri().clone();
    let is_encrypted = uri.scheme() == Some(&Scheme::HTTPS);
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
    let connecting = TcpStream::connect((host.as_str(), port)).await;
    let stream = connecting.map_err(|error| format!("cannot connect to {host}:{port}: {error}"))?;
    // Over a connection to its host a request has the path alone.
    if let Some(path) = uri.path_and_query() {
        *request.uri_mut() = Uri::from(path.clone());
    }
    if !is_encrypted {
        return exchange_over(stream, request).await;
    }
    #[cfg(feature = "tls")]
    return exchange_over(server.trust().encrypt(&host, stream).await?, request).await;
    #[cfg(not(feature = "tls"))]
    Err("this server was built without the feature `tls`".to_owned())
}

async fn exchange_over<S>(stream: S, request: Request<Full<Bytes>>) -> Exchanged
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let text = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(text)?;
    let asking = async {
        let (head, body) = sender.send_request(request).await.map_err(text)?.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| format!("the answer's body: {error}"))?.to_bytes();
        Ok((head.status, head.headers, body))
    };
    // The connection moves what is asked; it may end first, with nothing lost.
    let moving = async {
        let _ = connection.await;
        std::future::pending().await
    };
    tokio::select! {
        answer = asking => answer,
        never = moving => never,
    }
}

fn done(headers: &HeaderMap, body: Bytes) -> Result<start_operation_response::Variant, Refused> {
    let payload = content::to_payload(headers, body).map_err(Refused::Call)?;
    Ok(start_operation_response::Variant::SyncSuccess(
        start_operation_response::Sync {
            payload: Some(payload),
            links: content::links(headers, LINK),
        },
    ))
}

fn begun(headers: &HeaderMap, body: &[u8], is_awaited: bool) -> Result<start_operation_response::Variant, Refused> {
    let info: serde_json::Value = serde_json::from_slice(body).map_err(|error| Refused::Call(error.to_string()))?;
    let of = |key: &str| info.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    if of("state") != "running" {
        return Err(Refused::Call(format!(
            "invalid operation state in response info: {:?}",
            of("state")
        )));
    }
    let token = if of("token").is_empty() { of("id") } else { of("token") };
    if token.is_empty() {
        return Err(Refused::Call("empty operation token in response".to_owned()));
    }
    if !is_awaited {
        return Err(Refused::Handler(Box::new(nexus::HandlerError {
            error_type: "NOT_IMPLEMENTED".to_owned(),
            failure: Some(nexus::Failure {
                message: "the operation goes on after its answer, and this server listens on no port where it could be completed"
                    .to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        })));
    }
    Ok(start_operation_response::Variant::AsyncSuccess(
        start_operation_response::Async {
            operation_token: token.to_owned(),
            links: content::links(headers, LINK),
            ..Default::default()
        },
    ))
}

#[expect(deprecated, reason = "HTTP says failures in the way that workers said them once")]
fn unsuccessful(headers: &HeaderMap, body: &[u8]) -> Result<start_operation_response::Variant, Refused> {
    let state = content::text(headers, OPERATION_STATE);
    let said = said(headers, body);
    if !matches!(state, "failed" | "canceled") {
        let message = said.map(|failure| failure.message).unwrap_or_default();
        return Err(Refused::Call(format!(
            "invalid operation state header: {state:?}: {message}"
        )));
    }
    Ok(start_operation_response::Variant::OperationError(
        UnsuccessfulOperationError {
            operation_state: state.to_owned(),
            failure: said,
        },
    ))
}

fn said(headers: &HeaderMap, body: &[u8]) -> Option<nexus::Failure> {
    content::is_json(headers).then(|| failure::read(body)).flatten()
}

/// An answer that says that there is none.
fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refused {
    let kind = match status.as_u16() {
        400 => "BAD_REQUEST",
        401 => "UNAUTHENTICATED",
        403 => "UNAUTHORIZED",
        404 => "NOT_FOUND",
        408 => "REQUEST_TIMEOUT",
        409 => "CONFLICT",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        501 => "NOT_IMPLEMENTED",
        503 => "UNAVAILABLE",
        520 => "UPSTREAM_TIMEOUT",
        _ => {
            let message = said(headers, body).map(|failure| failure.message).unwrap_or_default();
            return Refused::Call(format!("unexpected response status: \"{status}\": {message}"));
        }
    };
    let retry = match content::text(headers, "nexus-request-retryable") {
        "true" => Retry::Retryable,
        "false" => Retry::NonRetryable,
        _ => Retry::Unspecified,
    };
    Refused::Handler(Box::new(nexus::HandlerError {
        error_type: kind.to_owned(),
        failure: said(headers, body),
        retry_behavior: retry.into(),
    }))
}

fn call_error(message: String) -> Failure {
    Failure {
        message,
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: "CallError".to_owned(),
            ..Default::default()
        })),
        ..Failure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn the_path_goes_behind_that_of_the_address_and_its_query_is_kept() {
        assert_eq!(
            uri("http://h/base/?k=v#there", "s/o?callback=c").unwrap(),
            "http://h/base/s/o?k=v&callback=c"
        );
        assert_eq!(uri("http://h", "s/o").unwrap(), "http://h/s/o");
    }
}
