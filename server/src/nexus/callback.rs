//! Callbacks: handlers elsewhere say how an operation ended that they had started.

use super::{BODY_BYTES_MAX, LINK, OPERATION_STATE, OPERATION_TOKEN, content, failure};
use crate::{
    engine::{Code, Completion},
    server::Server,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use steadfast_proto::{
    nexus::UnsuccessfulOperationError,
    tonic::{
        body::Body,
        codegen::{
            Service,
            http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE},
        },
        server::NamedService,
    },
};

/// Where callbacks are taken.
pub(crate) const CALLBACK_PATH: &str = "/nexus/callback";
/// The header with what says which operation; the request to start it names it with a prefix.
const TOKEN: &str = "temporal-callback-token";

/// Takes callbacks at the port where the other services are.
#[derive(Clone)]
pub(crate) struct CallbackFront {
    pub(crate) server: Server,
}

/// What is wrong with a callback: the kind of a handler's error, and its message.
type Refused = (&'static str, String);

impl NamedService for CallbackFront {
    const NAME: &'static str = "nexus";
}

impl Service<Request<Body>> for CallbackFront {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let server = self.server.clone();
        Box::pin(async move {
            let taken = match read(request).await {
                Ok(completion) => server.complete(completion).map_err(|error| match error.code {
                    Code::NotFound => ("NOT_FOUND", error.message.into_owned()),
                    _ => ("BAD_REQUEST", error.message.into_owned()),
                }),
                Err(refused) => Err(refused),
            };
            Ok(taken.map_or_else(|refused| answer(&refused), |()| Response::new(Body::empty())))
        })
    }
}

async fn read(request: Request<Body>) -> Result<Completion, Refused> {
    let bad = |message: String| ("BAD_REQUEST", message);
    if request.uri().path() != CALLBACK_PATH || request.method() != Method::POST {
        let what = format!(
            "expected POST {CALLBACK_PATH}, got {} {}",
            request.method(),
            request.uri().path()
        );
        return Err(("NOT_FOUND", what));
    }
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let body = body
        .map_err(|error| bad(format!("cannot read the body: {error}")))?
        .to_bytes();
    let text = |name: &str| content::text(&head.headers, name);
    let outcome = match text(OPERATION_STATE) {
        "succeeded" => Ok(Some(content::to_payload(&head.headers, body).map_err(bad)?)),
        state @ ("failed" | "canceled") => {
            if !content::is_json(&head.headers) {
                let kind = text(CONTENT_TYPE.as_str());
                return Err(bad(format!("invalid request content type: {kind:?}")));
            }
            let failure = failure::read(&body);
            Err(UnsuccessfulOperationError {
                operation_state: state.to_owned(),
                failure: Some(failure.ok_or_else(|| bad("the body is no failure in JSON".to_owned()))?),
            })
        }
        state => return Err(bad(format!("invalid request operation state: {state:?}"))),
    };
    Ok(Completion {
        token: text(TOKEN).to_owned(),
        operation_token: text(OPERATION_TOKEN).to_owned(),
        links: content::links(&head.headers, LINK),
        outcome,
    })
}

fn answer((kind, message): &Refused) -> Response<Body> {
    let body = Bytes::from(failure::handler_error(kind, message));
    let mut response = Response::new(Body::new(Full::new(body)));
    *response.status_mut() = match *kind {
        "NOT_FOUND" => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
