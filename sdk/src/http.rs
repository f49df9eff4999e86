//! As much HTTP as it takes to be asked by a browser or a collector: one request a connection, bodies of a known length.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use steadfast_core::BoxFuture;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, ToSocketAddrs},
    sync::Semaphore,
    task::AbortHandle,
};

/// How many may ask at the same time.
const CONNECTIONS_MAX: usize = 16;
/// How long one may take.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// How long a request's head may be.
const HEAD_MAX: usize = 8 * 1024;

/// Who answers.
pub(crate) trait Answers: Send + Sync + 'static {
    /// How long the body of a request may be.
    const BODY_MAX: usize;

    fn answer(self: Arc<Self>, request: Request) -> BoxFuture<Response>;
}

/// A request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without what follows a question mark.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    fn parse(head: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let path = target.split('?').next()?;
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        });
        Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.collect(),
            body: Vec::new(),
        })
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(status: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
            body: text.into().into_bytes(),
        }
    }
}

/// Answers at this address until the task is aborted.
pub(crate) async fn serve<A: Answers>(
    address: impl ToSocketAddrs,
    answers: Arc<A>,
) -> io::Result<(SocketAddr, AbortHandle)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((address, tokio::spawn(accept(listener, answers)).abort_handle()))
}

async fn accept<A: Answers>(listener: TcpListener, answers: Arc<A>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let answers = Arc::clone(&answers);
                tokio::spawn(async move {
                    // Whoever is too slow, or gone, asks again.
                    let _ = tokio::time::timeout(CONNECTION_TIME, answer(stream, answers)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "somebody who asked by HTTP could not be let in");
                // No file handles, say: they come back.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer<A: Answers>(mut stream: TcpStream, answers: Arc<A>) -> io::Result<()> {
    let response = match read(&mut stream, A::BODY_MAX).await? {
        Ok(request) => answers.answer(request).await,
        Err(refusal) => refusal,
    };
    let mut head = format!("HTTP/1.1 {}\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        response.body.len()
    ));
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&response.body).await?;
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream, body_max: usize) -> io::Result<Result<Request, Response>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > HEAD_MAX {
            return Ok(Err(Response::text("431 Request Header Fields Too Large", "")));
        }
        more(stream, &mut bytes).await?;
    };
    let Some(mut request) = Request::parse(bytes.get(..head).unwrap_or_default()) else {
        return Ok(Err(Response::text("400 Bad Request", "this is no request of HTTP 1\n")));
    };
    if request.header("transfer-encoding").is_some() {
        return Ok(Err(Response::text("411 Length Required", "say how long the body is\n")));
    }
    let length = request.header("content-length").map_or(Ok(0), str::parse::<usize>);
    let Some(length) = length.ok().filter(|length| *length <= body_max) else {
        let text = format!("a body has {body_max} bytes at most\n");
        return Ok(Err(Response::text("413 Content Too Large", text)));
    };
    let mut body = bytes.split_off(head.saturating_add(4));
    if body.len() < length && request.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    while body.len() < length {
        more(stream, &mut body).await?;
    }
    body.truncate(length);
    request.body = body;
    Ok(Ok(request))
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(bytes).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
