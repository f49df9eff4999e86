//! A client's settings.

#[cfg(feature = "client")]
mod grpc;
#[cfg(feature = "client")]
pub(super) use grpc::header;

use super::{CallRetry, Client, Connection, Inner, LocalWorkers, QueryRejectCondition, Reporting, RpcError};
use crate::{
    convert::{Coding, Converter, FailureConverter, HeaderCodec, PayloadCodec},
    interceptor::{AnyClientInterceptor, ClientInterceptor},
    metrics::{Label, Meter, Recorder},
    plugin::Plugin,
};
use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};
use steadfast_proto::Services;

/// How often the server is told how workers are, if nothing else is said.
const WORKER_HEARTBEAT_INTERVAL: Duration = Duration::from_secs(60);
const WORKER_HEARTBEAT_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// How long it may take to reach the server, if nothing else is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often names are looked up at most.
#[cfg(feature = "client")]
const LOOKUP_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// How a connection is found to be broken while nothing is sent over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// How often the server is pinged: every 30 s by default.
    pub interval: Duration,
    /// How long it may take to answer: 15 s by default.
    pub timeout: Duration,
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(15),
        }
    }
}

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
#[derive(Clone)]
#[must_use = "call `.connect()`"]
pub struct ClientBuilder {
    pub(super) address: Option<String>,
    pub(super) namespace: Option<String>,
    identity: Option<String>,
    converter: Converter,
    coding: Coding,
    query_reject_condition: QueryRejectCondition,
    pub(super) api_key: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    connect_timeout: Duration,
    keep_alive: Option<KeepAlive>,
    retry: CallRetry,
    worker_heartbeat_interval: Option<Duration>,
    #[cfg(feature = "client")]
    proxy: Option<super::Proxy>,
    #[cfg(feature = "client")]
    balance_every: Option<Duration>,
    #[cfg(feature = "gzip")]
    gzip: bool,
    interceptors: Vec<Arc<dyn AnyClientInterceptor>>,
    plugins: Vec<Arc<dyn Plugin>>,
    meter: Option<Arc<dyn Meter>>,
    labels: Vec<Label>,
    #[cfg(feature = "tls")]
    tls: Option<super::Tls>,
}

/// Keys stay out of logs.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("address", &self.address)
            .field("namespace", &self.namespace)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            address: None,
            namespace: None,
            identity: None,
            converter: Converter::default(),
            coding: Coding::default(),
            query_reject_condition: QueryRejectCondition::None,
            api_key: None,
            headers: Vec::new(),
            connect_timeout: CONNECT_TIMEOUT,
            keep_alive: Some(KeepAlive::default()),
            retry: CallRetry::default(),
            worker_heartbeat_interval: Some(WORKER_HEARTBEAT_INTERVAL),
            #[cfg(feature = "client")]
            proxy: None,
            #[cfg(feature = "client")]
            balance_every: None,
            #[cfg(feature = "gzip")]
            gzip: false,
            interceptors: Vec::new(),
            plugins: Vec::new(),
            meter: None,
            labels: Vec::new(),
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

    /// Changes payloads on their way out and back, for encryption, say: of this client's calls and of its workers. Of several
    /// codecs the one that is given first is next to the values: it encodes first, and decodes last.
    pub fn codec(mut self, codec: impl PayloadCodec) -> Self {
        self.coding.add(codec);
        self
    }

    /// What the codecs do with the payloads of headers: nothing, unless it is set.
    pub fn header_codec(mut self, headers: HeaderCodec) -> Self {
        self.coding.set_headers(headers);
        self
    }

    /// Whether the messages and stack traces of failures travel as a payload, so that they are encrypted with all else. They
    /// don't, unless it is set. Those that come so are read in any case.
    pub fn encode_failures(mut self, encodes: bool) -> Self {
        self.coding.encode_failures(encodes);
        self
    }

    /// Changes failures on their way out and in. There is one such converter; with none, they go as they are.
    pub fn failure_converter(mut self, converter: impl FailureConverter) -> Self {
        self.coding.set_failure_converter(converter);
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

    /// A header that is sent with each call, in place of another of the name; an authorization here goes before the API
    /// key. A client of a service in this process sends none.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How long it may take to reach the server, 10 s unless it is set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How a connection is checked that has nothing to do, as [`KeepAlive`] says unless it is set; `None` for not at all.
    pub fn keep_alive(mut self, keep_alive: impl Into<Option<KeepAlive>>) -> Self {
        self.keep_alive = keep_alive.into();
        self
    }

    /// When calls that failed are tried again, as [`CallRetry`] says unless it is set.
    pub fn retry(mut self, retry: CallRetry) -> Self {
        self.retry = retry;
        self
    }

    /// How often the server is told how the workers of this client are: every 60 s unless it is set, at least every minute
    /// and at most every second; `None` for never. It is told of all of this process in one call that are of one server's namespace, as
    /// often as the most eager of their clients says.
    pub fn worker_heartbeat_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.worker_heartbeat_interval = interval
            .into()
            .map(|interval| interval.clamp(WORKER_HEARTBEAT_INTERVAL_MIN, WORKER_HEARTBEAT_INTERVAL));
        self
    }

    /// Reaches the server through a proxy.
    #[cfg(feature = "client")]
    pub fn proxy(mut self, proxy: super::Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Uses all addresses that the name of the server has, and looks them up again this often; 30 s are usual. Otherwise there
    /// is one connection, to one of them, and they are looked up when it breaks.
    #[cfg(feature = "client")]
    pub fn balance_load(mut self, lookup_interval: Duration) -> Self {
        self.balance_every = Some(lookup_interval.max(LOOKUP_INTERVAL_MIN));
        self
    }

    /// Whether what is sent is compressed, and the answers may be. They are not, unless this is set to `true`: within one network it
    /// costs more than it gains.
    #[cfg(feature = "gzip")]
    pub fn gzip(mut self, compresses: bool) -> Self {
        self.gzip = compresses;
        self
    }

    /// Lets a plugin change these settings, and those of the workers that are made with the client.
    pub fn plugin(mut self, plugin: impl Plugin) -> Self {
        let plugin = Arc::new(plugin);
        self = plugin.client(self);
        self.plugins.push(plugin);
        self
    }

    /// What measures the client's calls, and its workers. Without one nothing is measured.
    pub fn metrics(mut self, meter: impl Meter) -> Self {
        self.meter = Some(Arc::new(meter));
        self
    }

    /// A label that everything has that the client and its workers measure.
    pub fn metric_label(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Arc<str>>) -> Self {
        self.labels.push(Label::new(name, value));
        self
    }

    /// Sees the calls of the client, after those that were registered before.
    pub fn interceptor(mut self, interceptor: impl ClientInterceptor) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// How the connection is encrypted. It is, once this is set, unless the address says `http://`.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: super::Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// A client of a new server inside this process, as [`Client::embedded`].
    ///
    /// # Errors
    /// This is not called on a tokio runtime.
    #[cfg(feature = "server")]
    pub fn embedded(self) -> Result<Client, ConnectError> {
        let server = steadfast_server::Server::builder().start();
        let server = server.map_err(|error| ConnectError::Embedded(error.to_string()))?;
        Ok(self.in_process(server.services()))
    }

    /// A client of a service in this process: calls are plain function calls, nothing is encoded. An address and a key
    /// have no meaning here.
    #[must_use]
    pub fn in_process(self, services: impl Into<Services>) -> Client {
        self.client(Connection::direct(services.into()), Arc::default())
    }

    /// A client without a server: every call fails and says so.
    pub(crate) fn nowhere(self) -> Client {
        self.client(Connection::nowhere(), Arc::default())
    }

    fn client(mut self, connection: Connection, reporting: Arc<Reporting>) -> Client {
        let namespace = self.namespace.unwrap_or_else(|| "default".to_owned());
        if self.coding.is_needed() {
            self.converter.set_codecs(self.coding.names());
        }
        let mut connection = connection.coded(self.coding);
        for interceptor in self.interceptors {
            connection = connection.intercepted(interceptor);
        }
        if let Some(meter) = self.meter {
            let own = [Label::new("namespace", namespace.as_str())];
            connection = connection.measured(Recorder::new(meter, own.into_iter().chain(self.labels).collect()));
        }
        Client(Arc::new(Inner {
            connection: connection.with_retry(self.retry),
            namespace,
            identity: self.identity.unwrap_or_else(process_and_host),
            converter: self.converter,
            query_reject_condition: self.query_reject_condition,
            plugins: self.plugins.into(),
            local_workers: Arc::new(LocalWorkers::default()),
            reporting,
            home: None,
            worker_heartbeat_interval: self.worker_heartbeat_interval,
        }))
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
    /// The name or the value of this header has characters that cannot be sent.
    Header(Box<str>),
    /// A setting from the environment or a file is malformed.
    #[cfg(feature = "config")]
    Config(Box<super::ConfigError>),
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
    pub(super) fn address(address: &str, reason: String) -> Self {
        Self::Address(Box::new(AddressError {
            address: address.to_owned(),
            reason,
        }))
    }

    pub(super) fn unreachable(address: String, error: &dyn Error) -> Self {
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
            #[cfg(feature = "config")]
            Self::Config(error) => error.fmt(f),
            Self::Embedded(reason) => write!(f, "no server starts in this process: {reason}"),
            Self::Header(what) => write!(
                f,
                "the header \"{what}\" has characters that cannot be sent: letters, digits and signs of ASCII are expected"
            ),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_told_of_at_most_each_second_at_least_each_minute_or_never() {
        let told = |interval: Option<u64>| {
            let interval = interval.map(Duration::from_millis);
            Client::builder()
                .worker_heartbeat_interval(interval)
                .worker_heartbeat_interval
        };
        assert_eq!(told(Some(1)), Some(Duration::from_secs(1)));
        assert_eq!(told(Some(2_500)), Some(Duration::from_millis(2_500)));
        assert_eq!(told(Some(600_000)), Some(Duration::from_secs(60)));
        assert_eq!(told(None), None);
        assert_eq!(
            Client::builder().worker_heartbeat_interval,
            Some(Duration::from_secs(60))
        );
    }
}
