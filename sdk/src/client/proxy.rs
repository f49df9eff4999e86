//! Reaching a server through an HTTP proxy.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper_util::rt::TokioIo;
use std::{
    fmt, io,
    task::{Context, Poll},
};
use steadfast_core::BoxFuture;
use steadfast_proto::tonic::codegen::{Service, http::Uri};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The longest answer of a proxy, before the connection is the server's.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// What ends the head of an answer in HTTP.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// An HTTP proxy through which the server is reached, by `CONNECT`: `proxy.example.com:3128`.
///
/// What goes through it is encrypted if the connection to the server is; the proxy itself is asked in plain text.
///
/// ```no_run
/// # async fn example() -> Result<(), steadfast::client::ConnectError> {
/// use steadfast::{Client, client::Proxy};
///
/// let proxy = Proxy::new("proxy.example.com:3128").basic_auth("user", "password");
/// let client = Client::builder().address("localhost:7233").proxy(proxy).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "give it to `ClientBuilder::proxy`"]
pub struct Proxy {
    address: String,
    authorization: Option<String>,
}

impl Proxy {
    /// The proxy's host and port.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            authorization: None,
        }
    }

    /// Who asks the proxy, and the password.
    pub fn basic_auth(mut self, user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        let text = STANDARD.encode(format!("{}:{}", user.as_ref(), password.as_ref()));
        self.authorization = Some(text);
        self
    }

    /// What is wrong with the address, if anything is.
    pub(super) fn mistake(&self) -> Option<String> {
        let has_port = self
            .address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok());
        (!has_port).then(|| {
            format!(
                "the proxy \"{}\" is not a host and a port, such as \"proxy.example.com:3128\"",
                self.address
            )
        })
    }

    /// A connection to the host and port, through the proxy.
    async fn connect(self, target: String) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).await.map_err(|error| {
            let message = format!("the proxy \"{}\" cannot be reached: {error}", self.address);
            io::Error::new(error.kind(), message)
        })?;
        stream.set_nodelay(true)?;
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(authorization) = &self.authorization {
            request.push_str("Proxy-Authorization: Basic ");
            request.push_str(authorization);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        let status = status_line(&mut stream).await?;
        let is_open = status.split(' ').nth(1).is_some_and(|code| code.starts_with('2'));
        if is_open {
            return Ok(stream);
        }
        let message = format!("the proxy \"{}\" answered \"{status}\" for {target}", self.address);
        Err(io::Error::new(io::ErrorKind::ConnectionRefused, message))
    }
}

/// The port of an address, the usual one of its scheme if it names none.
pub(super) fn port(uri: &Uri) -> u16 {
    let is_encrypted = uri.scheme_str() == Some("https");
    uri.port_u16().unwrap_or(match is_encrypted {
        true => 443,
        false => 80,
    })
}

/// The first line of the proxy's answer. Nothing after the head is read: that is the server's.
async fn status_line(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(HEAD_END) {
        if head.len() >= ANSWER_BYTES_MAX {
            let message = format!("the proxy's answer is longer than {ANSWER_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        head.push(stream.read_u8().await?);
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

/// The password stays out of logs.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Service<Uri> for Proxy {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = BoxFuture<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let target = format!("{}:{}", server.host().unwrap_or_default(), port(&server));
        let proxy = self.clone();
        Box::pin(async move { proxy.connect(target).await.map(TokioIo::new) })
    }
}
