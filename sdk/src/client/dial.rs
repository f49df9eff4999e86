//! How a server is reached: what is needed to connect, and to connect again in another way.

use super::{ConnectError, KeepAlive, Proxy, proxy::port};
use std::{collections::BTreeSet, io, net::SocketAddr, time::Duration};
use steadfast_proto::tonic::transport::{Channel, Endpoint, channel::Change};
use tokio::sync::mpsc::Sender;

/// How many changes of a server's addresses wait to be taken up.
const CHANGES_MAX: usize = 16;

/// How a connection is encrypted, if it was said.
#[cfg(feature = "tls")]
pub(super) type Encryption = Option<super::Tls>;
/// There is nothing to say about it.
#[cfg(not(feature = "tls"))]
#[derive(Debug, Clone, Default)]
pub(super) struct NoTls;
#[cfg(not(feature = "tls"))]
pub(super) type Encryption = NoTls;

/// How a server is reached.
#[derive(Debug, Clone)]
pub(crate) struct Dial {
    pub(super) address: String,
    /// Whether an address without a scheme is meant to be encrypted.
    pub(super) is_encrypted: bool,
    pub(super) encryption: Encryption,
    pub(super) connect_timeout: Duration,
    pub(super) keep_alive: Option<KeepAlive>,
    pub(super) proxy: Option<Proxy>,
    /// How often the addresses behind the name are looked up, to use all of them.
    pub(super) balance_every: Option<Duration>,
    #[cfg(feature = "gzip")]
    pub(super) compresses: bool,
}

impl Dial {
    /// A channel that is connected.
    pub(super) async fn connect(&self) -> Result<Channel, ConnectError> {
        let endpoint = self.endpoint()?;
        // The endpoint's own limit ends before the encryption is agreed on.
        let connecting = tokio::time::timeout(self.connect_timeout, async {
            match &self.proxy {
                Some(proxy) => endpoint.connect_with_connector(proxy.clone()).await,
                None => endpoint.connect().await,
            }
        });
        let channel = match connecting.await {
            Ok(channel) => channel.map_err(|error| ConnectError::unreachable(self.address.clone(), &error))?,
            Err(elapsed) => return Err(ConnectError::unreachable(self.address.clone(), &elapsed)),
        };
        // Somebody answers under that name; now all who do are used.
        self.balance_every.map_or(Ok(channel), |every| self.balanced(every))
    }

    /// The same, encrypted in another way.
    #[cfg(feature = "tls")]
    pub(super) fn with_tls(&self, tls: super::Tls) -> Result<Self, ConnectError> {
        if self.address.starts_with("http://") {
            let reason =
                "it begins with \"http://\", so that nothing is encrypted: connect without that, or with \"https://\"";
            return Err(ConnectError::address(&self.address, reason.to_owned()));
        }
        Ok(Self {
            encryption: Some(tls),
            is_encrypted: true,
            ..self.clone()
        })
    }

    /// A channel that connects when it is used.
    pub(super) fn connect_lazy(&self) -> Result<Channel, ConnectError> {
        let endpoint = self.endpoint()?;
        match (&self.proxy, self.balance_every) {
            (Some(proxy), _) => Ok(endpoint.connect_with_connector_lazy(proxy.clone())),
            (None, Some(every)) => self.balanced(every),
            (None, None) => Ok(endpoint.connect_lazy()),
        }
    }

    /// A channel to all addresses behind the name, which are looked up again and again.
    fn balanced(&self, every: Duration) -> Result<Channel, ConnectError> {
        let endpoint = self.endpoint()?;
        let (channel, changes) = Channel::balance_channel(CHANGES_MAX);
        let uri = endpoint.uri();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = port(uri);
        let lookup = Lookup {
            dial: self.clone(),
            host,
            port,
            known: BTreeSet::new(),
        };
        tokio::spawn(lookup.keep_up(changes, every));
        Ok(channel)
    }

    /// Where to connect, or to one of the addresses behind that name.
    fn endpoint_at(&self, address: SocketAddr) -> Result<Endpoint, ConnectError> {
        let named = self.endpoint()?;
        let scheme = named.uri().scheme_str().unwrap_or("http");
        let at = Self {
            address: format!("{scheme}://{address}"),
            encryption: named_as(self.encryption.clone(), named.uri().host().unwrap_or_default()),
            ..self.clone()
        };
        Ok(at.endpoint()?.origin(named.uri().clone()))
    }

    fn endpoint(&self) -> Result<Endpoint, ConnectError> {
        let address = &*self.address;
        if let Some(mistake) = self.proxy.as_ref().and_then(Proxy::mistake) {
            return Err(ConnectError::address(address, mistake));
        }
        if self.proxy.is_some() && self.balance_every.is_some() {
            let reason = "a proxy is set, and load balancing too: it is the proxy that looks the server up";
            return Err(ConnectError::address(address, reason.to_owned()));
        }
        let url = match address.split_once("://") {
            Some(("http" | "https", _)) => address.to_owned(),
            Some((scheme, _)) => {
                let reason = format!("the scheme is \"{scheme}\", not \"http\" or \"https\"");
                return Err(ConnectError::address(address, reason));
            }
            None if self.is_encrypted => format!("https://{address}"),
            None => format!("http://{address}"),
        };
        let is_encrypted = url.starts_with("https");
        let endpoint = Endpoint::from_shared(url).map_err(|error| ConnectError::address(address, error.to_string()))?;
        if endpoint.uri().host().is_none_or(str::is_empty) {
            return Err(ConnectError::address(address, "there is no host in it".to_owned()));
        }
        let endpoint = if is_encrypted {
            encrypted(endpoint, address, self.encryption.clone())?
        } else {
            endpoint
        };
        let endpoint = endpoint.connect_timeout(self.connect_timeout);
        Ok(match self.keep_alive {
            Some(keep_alive) => endpoint
                .http2_keep_alive_interval(keep_alive.interval)
                .keep_alive_timeout(keep_alive.timeout)
                .keep_alive_while_idle(true),
            None => endpoint,
        })
    }
}

/// The addresses behind a name, looked up again and again.
struct Lookup {
    dial: Dial,
    host: String,
    port: u16,
    known: BTreeSet<SocketAddr>,
}

impl Lookup {
    /// Until nobody needs them any more.
    async fn keep_up(mut self, changes: Sender<Change<SocketAddr, Endpoint>>, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        loop {
            tokio::select! {
                () = changes.closed() => return,
                _ = ticks.tick() => {}
            }
            let found = tokio::net::lookup_host((&*self.host, self.port)).await;
            match found.map(Iterator::collect) {
                Ok(found) => {
                    if self.take_up(found, &changes).await.is_err() {
                        return;
                    }
                }
                // Those that are known may still be there.
                Err(error) => self.tell(&error),
            }
        }
    }

    fn tell(&self, error: &io::Error) {
        tracing::warn!(host = self.host, %error, "the server's addresses cannot be looked up");
    }

    async fn take_up(
        &mut self,
        found: BTreeSet<SocketAddr>,
        changes: &Sender<Change<SocketAddr, Endpoint>>,
    ) -> Result<(), ()> {
        // A name without addresses is a mistake of the moment.
        if found.is_empty() {
            return Ok(());
        }
        let new = found.difference(&self.known).copied();
        let gone = self.known.difference(&found).copied();
        let new = new.filter_map(|address| Some(Change::Insert(address, self.dial.endpoint_at(address).ok()?)));
        for change in new.chain(gone.map(Change::Remove)) {
            changes.send(change).await.map_err(drop)?;
        }
        self.known = found;
        Ok(())
    }
}

/// The certificate is of the name, not of one of its addresses.
#[cfg(feature = "tls")]
fn named_as(tls: Encryption, host: &str) -> Encryption {
    Some(tls.unwrap_or_default().domain_unless_set(host))
}

#[cfg(not(feature = "tls"))]
fn named_as(tls: Encryption, _: &str) -> Encryption {
    tls
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

#[cfg(test)]
mod tests {
    use super::*;

    fn dial(address: &str) -> Dial {
        Dial {
            address: address.to_owned(),
            is_encrypted: false,
            encryption: Encryption::default(),
            connect_timeout: Duration::from_secs(10),
            keep_alive: None,
            proxy: None,
            balance_every: None,
            #[cfg(feature = "gzip")]
            compresses: false,
        }
    }

    fn encrypted(address: &str) -> Dial {
        Dial {
            is_encrypted: true,
            ..dial(address)
        }
    }

    fn uri(dial: &Dial) -> Result<String, String> {
        let endpoint = dial.endpoint().map_err(|error| error.to_string())?;
        Ok(endpoint.uri().to_string())
    }

    #[test]
    fn an_address_may_have_a_scheme_or_none() {
        assert_eq!(uri(&dial("localhost:7233")).as_deref(), Ok("http://localhost:7233/"));
        assert_eq!(
            uri(&dial("http://localhost:7233")).as_deref(),
            Ok("http://localhost:7233/")
        );
    }

    #[test]
    fn a_malformed_address_is_named() {
        for address in ["ftp://localhost", "local host", ""] {
            let error = uri(&dial(address)).unwrap_err();
            assert!(error.contains(&format!("\"{address}\"")), "{error}");
        }
    }

    #[test]
    fn a_malformed_proxy_is_named_and_goes_with_no_load_balancing() {
        for address in ["proxy", "http://proxy:3128/", ":1", "proxy:port"] {
            let error = uri(&Dial {
                proxy: Some(Proxy::new(address)),
                ..dial("localhost:7233")
            });
            let error = error.unwrap_err();
            assert!(error.contains(&format!("\"{address}\"")), "{error}");
        }
        let both = uri(&Dial {
            proxy: Some(Proxy::new("proxy:3128")),
            balance_every: Some(Duration::from_secs(30)),
            ..dial("localhost:7233")
        });
        assert!(both.unwrap_err().contains("load balancing"));
    }

    #[tokio::test]
    async fn addresses_that_come_and_go_are_taken_up() {
        let (changes, mut told) = tokio::sync::mpsc::channel(CHANGES_MAX);
        let mut lookup = Lookup {
            dial: dial("server.example.com:7233"),
            host: "server.example.com".to_owned(),
            port: 7233,
            known: BTreeSet::new(),
        };
        let addresses =
            |last: &[u8]| -> BTreeSet<_> { last.iter().map(|last| ([10, 0, 0, *last], 7233).into()).collect() };
        let mut told_of = async |found: &[u8]| {
            lookup.take_up(addresses(found), &changes).await.unwrap();
            let mut texts = Vec::new();
            while let Ok(change) = told.try_recv() {
                texts.push(match change {
                    Change::Insert(address, endpoint) => {
                        assert_eq!(endpoint.uri().to_string(), format!("http://{address}/"));
                        format!("+{address}")
                    }
                    Change::Remove(address) => format!("-{address}"),
                });
            }
            texts
        };
        assert_eq!(told_of(&[1, 2]).await, ["+10.0.0.1:7233", "+10.0.0.2:7233"]);
        assert_eq!(told_of(&[2, 3]).await, ["+10.0.0.3:7233", "-10.0.0.1:7233"]);
        assert!(told_of(&[]).await.is_empty());
        assert!(told_of(&[2, 3]).await.is_empty());
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_malformed_certificate_is_told_before_anything_is_sent() {
        let tls = crate::client::Tls::new().client_certificate("no certificate", "no key");
        let error = uri(&Dial {
            encryption: Some(tls),
            ..encrypted("localhost:7233")
        });
        assert!(
            error.as_ref().is_err_and(|error| error.contains("localhost:7233")),
            "{error:?}"
        );
    }

    #[cfg(feature = "tls")]
    #[test]
    fn an_encrypted_address_needs_no_scheme() {
        assert_eq!(
            uri(&encrypted("localhost:7233")).as_deref(),
            Ok("https://localhost:7233/")
        );
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn encryption_without_the_feature_is_an_error_that_names_it() {
        let error = uri(&dial("https://localhost:7233")).unwrap_err();
        assert!(error.contains("feature \"tls\""), "{error}");
        assert!(uri(&encrypted("localhost:7233")).is_err());
    }
}
