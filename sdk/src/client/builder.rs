//! A client's settings.

use super::{Client, Connection, Inner, LocalWorkers, QueryRejectCondition, RpcError};
use crate::convert::Converter;
use std::{error::Error, fmt, sync::Arc, time::Duration};
use steadfast_proto::Services;

/// How often the server is told how workers are, if nothing else is said.
const WORKER_HEARTBEAT_INTERVAL: Duration = Duration::from_secs(60);
const WORKER_HEARTBEAT_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// A client's settings, then its connection.
///
/// ```no_run
/// # async fn example() -> Result<(), steadfast::client::ConnectError> {
/// use steadfast::Client;
///
/// let client = Client::builder().address("localhost:7233").namespace("shop").identity("web-1").connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "call `.connect()`"]
pub struct ClientBuilder {
    address: Option<String>,
    namespace: Option<String>,
    identity: Option<String>,
    converter: Converter,
    query_reject_condition: QueryRejectCondition,
    api_key: Option<String>,
    worker_heartbeat_interval: Option<Duration>,
    #[cfg(feature = "tls")]
    tls: Option<super::Tls>,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            address: None,
            namespace: None,
            identity: None,
            converter: Converter::default(),
            query_reject_condition: QueryRejectCondition::None,
            api_key: None,
            worker_heartbeat_interval: Some(WORKER_HEARTBEAT_INTERVAL),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl ClientBuilder {
    /// The server's address, `localhost:7233` unless it is set.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// The namespace, `default` unless it is set.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Who the client is to the server, process and host unless it is set.
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// What turns values into payloads and back.
    pub fn converter(mut self, converter: Converter) -> Self {
        self.converter = converter;
        self
    }

    /// In which states of a workflow queries are not to be answered, unless the query itself says so: in none, if it is
    /// not set.
    pub fn query_reject_condition(mut self, condition: QueryRejectCondition) -> Self {
        self.query_reject_condition = condition;
        self
    }

    /// A key that is sent with each call. The connection is encrypted then, unless the address says `http://`.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// How often the server is told how the workers of this client are: every 60 s unless it is set, at least every minute
    /// and at most every second; `None` for never.
    pub fn worker_heartbeat_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.worker_heartbeat_interval = interval
            .into()
            .map(|interval| interval.clamp(WORKER_HEARTBEAT_INTERVAL_MIN, WORKER_HEARTBEAT_INTERVAL));
        self
    }

    /// How the connection is encrypted. It is, once this is set, unless the address says `http://`.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: super::Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// A client of a service in this process: calls are plain function calls, nothing is encoded. An address and a key
    /// have no meaning here.
    #[must_use]
    pub fn in_process(self, services: impl Into<Services>) -> Client {
        self.client(Connection::direct(services.into()))
    }

    fn client(self, connection: Connection) -> Client {
        Client(Arc::new(Inner {
            connection,
            namespace: self.namespace.unwrap_or_else(|| "default".to_owned()),
            identity: self.identity.unwrap_or_else(process_and_host),
            converter: self.converter,
            query_reject_condition: self.query_reject_condition,
            local_workers: LocalWorkers::default(),
            worker_heartbeat_interval: self.worker_heartbeat_interval,
        }))
    }
}

#[cfg(feature = "client")]
mod grpc {
    use super::{Client, ClientBuilder, ConnectError, Connection};
    use crate::client::Code;
    use std::time::Duration;
    use steadfast_proto::{
        tonic::{
            metadata::AsciiMetadataValue,
            transport::{Channel, Endpoint},
        },
        workflowservice::GetSystemInfoRequest,
    };

    const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
    const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(15);

    impl ClientBuilder {
        /// Connects, and asks the server who it is.
        ///
        /// # Errors
        /// The address is malformed, nobody answers there, or it is not a server that this client can talk to.
        pub async fn connect(self) -> Result<Client, ConnectError> {
            let address = self.address.clone().unwrap_or_else(|| "localhost:7233".to_owned());
            #[cfg(feature = "tls")]
            let endpoint = endpoint(&address, self.api_key.is_some() || self.tls.is_some(), self.tls.clone())?;
            #[cfg(not(feature = "tls"))]
            let endpoint = endpoint(&address, self.api_key.is_some(), NoTls)?;
            let channel = endpoint
                .connect()
                .await
                .map_err(|error| ConnectError::unreachable(address, &error))?;
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

        fn over(self, channel: Channel) -> Result<Client, ConnectError> {
            let namespace = self.namespace.as_deref().unwrap_or("default");
            let mut headers = vec![
                ("client-name", AsciiMetadataValue::from_static("steadfast-rust")),
                (
                    "client-version",
                    AsciiMetadataValue::from_static(env!("CARGO_PKG_VERSION")),
                ),
                ("temporal-namespace", header("namespace", namespace)?),
            ];
            if let Some(key) = &self.api_key {
                headers.push(("authorization", header("API key", &format!("Bearer {key}"))?));
            }
            Ok(self.client(Connection::grpc(channel, headers)))
        }
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
        let endpoint = Endpoint::from_shared(url)
            .map_err(|error| ConnectError::address(address, error.to_string()))?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
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

    fn header(what: &'static str, value: &str) -> Result<AsciiMetadataValue, ConnectError> {
        value.parse().map_err(|_| ConnectError::Header(what))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

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
    }
}

/// Why there is no connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address is not one.
    Address(Box<AddressError>),
    /// Nobody answers there.
    Unreachable(Box<AddressError>),
    /// The server does not talk to this client.
    Refused(RpcError),
    /// A setting has characters that cannot be sent.
    Header(&'static str),
    /// The server in this process does not start.
    Embedded(String),
}

/// What is the matter with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError {
    address: String,
    reason: String,
}

#[cfg(feature = "client")]
impl ConnectError {
    fn address(address: &str, reason: String) -> Self {
        Self::Address(Box::new(AddressError {
            address: address.to_owned(),
            reason,
        }))
    }

    fn unreachable(address: String, error: &dyn Error) -> Self {
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let text = error.to_string();
            if !reason.contains(&text) {
                reason = format!("{reason}: {text}");
            }
            source = error.source();
        }
        Self::Unreachable(Box::new(AddressError { address, reason }))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => write!(
                f,
                "\"{}\" is not an address like localhost:7233: {}",
                error.address, error.reason
            ),
            Self::Unreachable(error) => {
                write!(
                    f,
                    "no server answers at \"{}\" ({}); is one running there?",
                    error.address, error.reason
                )
            }
            Self::Refused(error) => write!(f, "the server refused the connection: {error}"),
            Self::Embedded(reason) => write!(f, "no server starts in this process: {reason}"),
            Self::Header(what) => write!(f, "the {what} has characters that cannot be sent in a header"),
        }
    }
}

impl Error for ConnectError {}

/// `pid@host`, as other SDKs name themselves.
fn process_and_host() -> String {
    format!(
        "{}@{}",
        std::process::id(),
        host_name().unwrap_or_else(|| "localhost".to_owned())
    )
}

pub(crate) fn host_name() -> Option<String> {
    let from_files = ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok());
    let from_environment = ["HOSTNAME", "COMPUTERNAME"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok());
    from_files
        .chain(from_environment)
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty())
}
