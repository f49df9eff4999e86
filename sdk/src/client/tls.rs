//! Encrypted connections.

use super::{Client, ConnectError};
use std::fmt;
use steadfast_proto::tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// How a connection is encrypted. Servers are trusted if the system trusts them, unless this names whom to trust.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::{Client, client::Tls};
///
/// let tls = Tls::new().client_certificate(std::fs::read("client.pem")?, std::fs::read("client.key")?);
/// let client = Client::builder().address("temporal.example.com:7233").namespace("shop").tls(tls).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "give it to `ClientBuilder::tls`"]
pub struct Tls {
    config: ClientTlsConfig,
    has_roots: bool,
    has_domain: bool,
}

impl Tls {
    /// Trusts whom the system trusts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts those whom this certificate (PEM) signed, and nobody else. May be called for several.
    pub fn root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.config = self.config.ca_certificate(Certificate::from_pem(pem));
        self.has_roots = true;
        self
    }

    /// Shows this certificate to the server, with its key (both PEM): mutual TLS.
    pub fn client_certificate(mut self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        self.config = self.config.identity(Identity::from_pem(certificate, key));
        self
    }

    /// The name in the server's certificate, if it is not that of the address.
    pub fn domain(mut self, name: impl Into<String>) -> Self {
        self.config = self.config.domain_name(name);
        self.has_domain = true;
        self
    }

    pub(super) fn domain_unless_set(self, name: &str) -> Self {
        if self.has_domain { self } else { self.domain(name) }
    }

    pub(super) fn into_config(self) -> ClientTlsConfig {
        if self.has_roots {
            self.config
        } else {
            self.config.with_enabled_roots()
        }
    }
}

impl Client {
    /// Encrypts in this way from now on, for all clones of this client: with a certificate that takes the place of one that ends,
    /// say. The next call makes a new connection; calls that wait for their answers get them over the old one.
    ///
    /// The connection was encrypted before, or is from now on. A client in the server's process encrypts nothing.
    ///
    /// # Errors
    /// A certificate or a key is malformed, or the address begins with `http://`. Then all is as before.
    pub fn set_tls(&self, tls: Tls) -> Result<(), ConnectError> {
        self.connection().set_tls(tls)
    }
}

/// Keys stay out of logs.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
