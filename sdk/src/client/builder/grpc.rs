//! Connecting over gRPC.

use super::{Client, ClientBuilder, ConnectError, Connection};
use crate::client::Code;
use std::error::Error;
use steadfast_proto::{
    tonic::{
        metadata::{AsciiMetadataKey, AsciiMetadataValue},
        transport::{Channel, Endpoint},
    },
    workflowservice::GetSystemInfoRequest,
};

impl ClientBuilder {
    /// Connects, and asks the server who it is.
    ///
    /// # Errors
    /// The address is malformed, nobody answers there, or it is not a server that this client can talk to.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        // The endpoint's own limit ends before the encryption is agreed on.
        let endpoint = self.endpoint()?;
        let connecting = tokio::time::timeout(self.connect_timeout, endpoint.connect());
        let unreachable = |error: &dyn Error| ConnectError::unreachable(self.address_or_default(), error);
        let channel = match connecting.await {
            Ok(channel) => channel.map_err(|error| unreachable(&error))?,
            Err(elapsed) => return Err(unreachable(&elapsed)),
        };
        let client = self.over(channel)?;
        match client
            .connection()
            .get_system_info(GetSystemInfoRequest::default())
            .await
        {
            Ok(_) => Ok(client),
            // Servers older than this call are fine.
            Err(error) if error.code() == Code::Unimplemented => Ok(client),
            Err(error) => Err(ConnectError::Refused(error)),
        }
    }

    /// A client that connects with its first call, and says there if nobody answers. Must be called on a runtime.
    ///
    /// # Errors
    /// A setting is malformed.
    pub fn connect_lazy(self) -> Result<Client, ConnectError> {
        let channel = self.endpoint()?.connect_lazy();
        self.over(channel)
    }

    fn address_or_default(&self) -> String {
        self.address.clone().unwrap_or_else(|| "localhost:7233".to_owned())
    }

    fn endpoint(&self) -> Result<Endpoint, ConnectError> {
        let address = self.address_or_default();
        #[cfg(feature = "tls")]
        let endpoint = endpoint(&address, self.api_key.is_some() || self.tls.is_some(), self.tls.clone())?;
        #[cfg(not(feature = "tls"))]
        let endpoint = endpoint(&address, self.api_key.is_some(), NoTls)?;
        let endpoint = endpoint.connect_timeout(self.connect_timeout);
        Ok(match self.keep_alive {
            Some(keep_alive) => endpoint
                .http2_keep_alive_interval(keep_alive.interval)
                .keep_alive_timeout(keep_alive.timeout)
                .keep_alive_while_idle(true),
            None => endpoint,
        })
    }

    fn over(self, channel: Channel) -> Result<Client, ConnectError> {
        let namespace = self.namespace.as_deref().unwrap_or("default");
        let connection = Connection::grpc(
            channel,
            vec![
                header("client-name", "steadfast-rust")?,
                header("client-version", env!("CARGO_PKG_VERSION"))?,
                header("temporal-namespace", namespace)?,
            ],
        );
        let authorization = self.api_key.iter().map(|key| ("authorization", bearer(key)));
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.clone()));
        for (name, value) in authorization.chain(headers) {
            let (name, value) = header(name, &value)?;
            connection.set_header(name, Some(value));
        }
        Ok(self.client(connection))
    }
}

impl Client {
    /// Sends another API key with all calls from now on, of all clones of this client. Whether the connection is encrypted
    /// was decided when it was made. A client in the server's process sends none.
    ///
    /// # Errors
    /// The key has characters that cannot be sent.
    pub fn set_api_key(&self, key: impl AsRef<str>) -> Result<(), ConnectError> {
        self.set_header("authorization", bearer(key.as_ref()))
    }

    /// Sends this header with all calls from now on, of all clones of this client, in place of another of the name. A
    /// client in the server's process sends none.
    ///
    /// # Errors
    /// Name or value have characters that cannot be sent.
    pub fn set_header(&self, name: impl AsRef<str>, value: impl AsRef<str>) -> Result<(), ConnectError> {
        let (name, value) = header(name.as_ref(), value.as_ref())?;
        self.connection().set_header(name, Some(value));
        Ok(())
    }

    /// Sends no header of this name from now on.
    ///
    /// # Errors
    /// The name has characters that cannot be sent.
    pub fn remove_header(&self, name: impl AsRef<str>) -> Result<(), ConnectError> {
        let (name, _) = header(name.as_ref(), "")?;
        self.connection().set_header(name, None);
        Ok(())
    }
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// How to encrypt, if it was said.
#[cfg(feature = "tls")]
type Encryption = Option<crate::client::Tls>;
/// There is nothing to say about it.
#[cfg(not(feature = "tls"))]
struct NoTls;
#[cfg(not(feature = "tls"))]
type Encryption = NoTls;

fn endpoint(address: &str, is_encrypted: bool, tls: Encryption) -> Result<Endpoint, ConnectError> {
    let url = match address.split_once("://") {
        Some(("http" | "https", _)) => address.to_owned(),
        Some((scheme, _)) => {
            let reason = format!("the scheme is \"{scheme}\", not \"http\" or \"https\"");
            return Err(ConnectError::address(address, reason));
        }
        None if is_encrypted => format!("https://{address}"),
        None => format!("http://{address}"),
    };
    let is_encrypted = url.starts_with("https");
    let endpoint = Endpoint::from_shared(url).map_err(|error| ConnectError::address(address, error.to_string()))?;
    if endpoint.uri().host().is_none_or(str::is_empty) {
        return Err(ConnectError::address(address, "there is no host in it".to_owned()));
    }
    if is_encrypted {
        encrypted(endpoint, address, tls)
    } else {
        Ok(endpoint)
    }
}

#[cfg(feature = "tls")]
fn encrypted(endpoint: Endpoint, address: &str, tls: Encryption) -> Result<Endpoint, ConnectError> {
    endpoint
        .tls_config(tls.unwrap_or_default().into_config())
        .map_err(|error| ConnectError::address(address, error.to_string()))
}

#[cfg(not(feature = "tls"))]
#[allow(clippy::needless_pass_by_value)] // as with the feature
fn encrypted(_: Endpoint, address: &str, _: Encryption) -> Result<Endpoint, ConnectError> {
    let reason =
        "encryption is asked for (`https`, or an API key), and `steadfast` was built without its feature \"tls\"";
    Err(ConnectError::address(address, reason.to_owned()))
}

/// The value stays out of errors: it may be a key.
fn header(name: &str, value: &str) -> Result<(AsciiMetadataKey, AsciiMetadataValue), ConnectError> {
    let error = || ConnectError::Header(name.into());
    let key = name.to_ascii_lowercase().parse().map_err(|_| error())?;
    Ok((key, value.parse().map_err(|_| error())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::KeepAlive;
    use std::time::Duration;

    #[cfg(feature = "tls")]
    fn encryption() -> Encryption {
        None
    }

    #[cfg(not(feature = "tls"))]
    fn encryption() -> Encryption {
        NoTls
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_malformed_certificate_is_told_before_anything_is_sent() {
        let tls = crate::client::Tls::new().client_certificate("no certificate", "no key");
        let error = endpoint("localhost:7233", true, Some(tls)).unwrap_err().to_string();
        assert!(error.contains("localhost:7233"), "{error}");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn an_encrypted_address_needs_no_scheme() {
        let endpoint = endpoint("localhost:7233", true, encryption()).unwrap();
        assert_eq!(endpoint.uri().scheme_str(), Some("https"));
    }

    fn uri(address: &str) -> Result<String, String> {
        endpoint(address, false, encryption())
            .map(|endpoint| endpoint.uri().to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_may_have_a_scheme_or_none() {
        assert_eq!(uri("localhost:7233").as_deref(), Ok("http://localhost:7233/"));
        assert_eq!(uri("http://localhost:7233").as_deref(), Ok("http://localhost:7233/"));
    }

    #[test]
    fn a_malformed_address_is_named() {
        for address in ["ftp://localhost", "local host", ""] {
            let error = uri(address).unwrap_err();
            assert!(error.contains(&format!("\"{address}\"")), "{error}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn encryption_without_the_feature_is_an_error_that_names_it() {
        let error = uri("https://localhost:7233").unwrap_err();
        assert!(error.contains("feature \"tls\""), "{error}");
        assert!(endpoint("localhost:7233", true, encryption()).is_err());
    }

    /// A server that takes connections, and never says anything.
    async fn silent() -> (tokio::net::TcpListener, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        (listener, address)
    }

    #[tokio::test]
    async fn a_server_is_pinged_as_often_as_was_said() {
        let (listener, address) = silent().await;
        let keep_alive = KeepAlive {
            interval: Duration::from_millis(20),
            timeout: Duration::from_secs(60),
        };
        let client = ClientBuilder::default().address(address).keep_alive(keep_alive);
        let client = client.connect_lazy().unwrap();
        let asking = tokio::spawn(async move { client.call(GetSystemInfoRequest::default()).await });
        let (connection, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        // The head of an HTTP/2 frame: eight bytes of the type `PING`.
        while !received.windows(9).any(|head| head == [0, 0, 8, 6, 0, 0, 0, 0, 0]) {
            connection.readable().await.unwrap();
            let mut buffer = [0; 4096];
            match connection.try_read(&mut buffer) {
                Ok(0) => panic!("the client hung up"),
                Ok(length) => received.extend_from_slice(&buffer[..length]),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
        asking.abort();
    }

    #[cfg(feature = "tls")]
    #[tokio::test]
    async fn a_server_that_does_not_answer_in_time_is_unreachable() {
        let (_listener, address) = silent().await;
        let client = ClientBuilder::default().address(address).tls(crate::client::Tls::new());
        let error = client
            .connect_timeout(Duration::from_millis(20))
            .connect()
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable(_)), "{error}");
    }

    #[tokio::test]
    async fn a_lazy_client_says_with_its_first_call_that_nobody_answers() {
        let (listener, address) = silent().await;
        drop(listener);
        let client = ClientBuilder::default().address(address).connect_lazy().unwrap();
        let error = client
            .connection()
            .record_worker_heartbeat(Default::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
    }

    #[tokio::test]
    async fn a_header_that_cannot_be_sent_is_named_without_its_value() {
        let builder = ClientBuilder::default().api_key("sec\nret");
        #[cfg(not(feature = "tls"))]
        let builder = builder.address("http://localhost:7233");
        let error = builder.connect_lazy().unwrap_err().to_string();
        assert!(error.contains("authorization") && !error.contains("sec"), "{error}");
        let client = ClientBuilder::default().connect_lazy().unwrap();
        assert!(matches!(client.set_api_key("sec\nret"), Err(ConnectError::Header(_))));
        assert!(matches!(
            client.set_header("no name", "x"),
            Err(ConnectError::Header(_))
        ));
        assert!(client.set_api_key("other").is_ok() && client.remove_header("Tenant").is_ok());
    }
}
