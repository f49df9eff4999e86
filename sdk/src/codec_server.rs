//! Codecs for people: what the web UI and the `temporal` program ask, to show payloads that the server can't read.

use crate::{
    convert::{Coding, PayloadCodec, PayloadContext},
    http::{Answers, Request, Response, serve},
};
use std::{error::Error, fmt, io, net::SocketAddr, sync::Arc};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::Payloads,
    json::{from_json, to_json},
};
use tokio::{net::ToSocketAddrs, task::AbortHandle};

/// How long a request may be: more than a history's worth of payloads.
const BODY_MAX: usize = 64 * 1024 * 1024;

type Authorize = Box<dyn Fn(Option<&str>) -> bool + Send + Sync>;

/// A codec server: `POST /encode` and `POST /decode`, with payloads as JSON, as the web UI (*Remote codec endpoint*) and the
/// `temporal` program (`--codec-endpoint`) ask them. What precedes the last word of the path is of no concern.
///
/// The codecs are those of the clients and workers, in the same order. Whoever asks knows the namespace and not the workflow,
/// so a codec that chooses its key by the workflow must find it by what it has written into the payload.
///
/// ```
/// # use steadfast::convert::{CodecFailure, CodecItem, PayloadCodec};
/// # struct Seal;
/// # impl PayloadCodec for Seal {
/// #     async fn encode(&self, _: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> { Ok(()) }
/// #     async fn decode(&self, _: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::codec_server::CodecServer;
///
/// let server = CodecServer::new()
///     .codec(Seal)
///     .origin("http://localhost:8233") // the web UI, which a browser asks for
///     .authorize(|token| token == Some("Bearer of good news"));
/// let endpoint = server.serve("127.0.0.1:0").await?;
/// println!("temporal workflow show --codec-endpoint http://{} ..", endpoint.address());
/// # Ok(())
/// # }
/// ```
///
/// It speaks HTTP without TLS: put it behind what does, or on the machine of who asks.
#[derive(Default)]
#[must_use = "nobody is answered before `.serve(..)`"]
pub struct CodecServer {
    coding: Coding,
    origins: Vec<String>,
    authorize: Option<Authorize>,
}

impl fmt::Debug for CodecServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodecServer")
            .field("coding", &self.coding)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

impl CodecServer {
    /// One without codecs, which returns what it is sent.
    pub fn new() -> Self {
        Self::default()
    }

    /// One codec more; as with clients, the first one is next to the values.
    pub fn codec(mut self, codec: impl PayloadCodec) -> Self {
        self.coding.add(codec);
        self
    }

    /// A web page that may ask, such as `http://localhost:8233`, or `*` for any. Browsers let no other one see the answers.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Who may ask, by the `authorization` header: everybody, if this is not called.
    pub fn authorize(mut self, may_ask: impl Fn(Option<&str>) -> bool + Send + Sync + 'static) -> Self {
        self.authorize = Some(Box::new(may_ask));
        self
    }

    /// Answers at this address until the endpoint is dropped.
    ///
    /// # Errors
    /// The address is taken, or is none.
    pub async fn serve(self, address: impl ToSocketAddrs) -> Result<CodecEndpoint, CodecServerError> {
        let (address, serving) = serve(address, Arc::new(self)).await.map_err(CodecServerError)?;
        Ok(CodecEndpoint { address, serving })
    }

    async fn respond(&self, request: &Request) -> Response {
        let is_decoding = match request.path.rsplit('/').next() {
            Some("decode") => true,
            Some("encode") => false,
            _ => return Response::text("404 Not Found", "codecs are at /encode and /decode\n"),
        };
        match request.method.as_str() {
            "OPTIONS" => return Response::text("204 No Content", ""),
            "POST" => {}
            _ => return Response::text("405 Method Not Allowed", "payloads are sent by POST\n"),
        }
        if let Some(may_ask) = &self.authorize
            && !may_ask(request.header("authorization"))
        {
            return Response::text("401 Unauthorized", "the authorization header is missing, or another\n");
        }
        match self.change(is_decoding, request).await {
            Ok(json) => Response {
                status: "200 OK",
                headers: vec![("content-type", "application/json".to_owned())],
                body: json.into_bytes(),
            },
            Err(error) => Response::text("400 Bad Request", format!("{error}\n")),
        }
    }

    async fn change(&self, is_decoding: bool, request: &Request) -> Result<String, Box<dyn Error + Send + Sync>> {
        let mut payloads: Payloads = from_json(&request.body)?;
        let context = PayloadContext::workflow(request.header("x-namespace").unwrap_or_default(), "");
        self.coding
            .change_payloads(is_decoding, &mut payloads.payloads, &context)
            .await?;
        Ok(to_json(&payloads)?)
    }

    /// What a browser must be told before it shows a page the answer.
    fn allow(&self, request: &Request, response: &mut Response) {
        let asks = request.header("origin");
        let allowed = self
            .origins
            .iter()
            .find(|origin| *origin == "*" || Some(origin.as_str()) == asks);
        if let Some(origin) = allowed {
            response.headers.extend([
                ("access-control-allow-origin", origin.clone()),
                ("access-control-allow-methods", "POST, OPTIONS".to_owned()),
                (
                    "access-control-allow-headers",
                    "authorization, content-type, x-namespace".to_owned(),
                ),
                ("vary", "origin".to_owned()),
            ]);
        }
    }
}

impl Answers for CodecServer {
    const BODY_MAX: usize = BODY_MAX;

    fn answer(self: Arc<Self>, request: Request) -> BoxFuture<Response> {
        Box::pin(async move {
            let mut response = self.respond(&request).await;
            self.allow(&request, &mut response);
            response
        })
    }
}

/// Where a codec server answers, until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it closes it"]
pub struct CodecEndpoint {
    address: SocketAddr,
    serving: AbortHandle,
}

impl CodecEndpoint {
    /// Its address, with the port that was chosen if port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for CodecEndpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Why there is no codec server.
#[derive(Debug)]
pub struct CodecServerError(io::Error);

impl fmt::Display for CodecServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there can be no codec server at this address: {}; name another, or port 0 for any that is free",
            self.0
        )
    }
}

impl Error for CodecServerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
