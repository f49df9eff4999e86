//! Encryption of what is said to handlers elsewhere.

use std::fmt;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// Whom calls believe that they are who they say.
#[derive(Default)]
pub(crate) struct Trust {
    added: Vec<CertificateDer<'static>>,
    /// Made of these and of those whom the system trusts, when the first call needs it.
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Trust {
    /// Those whom the system trusts, and those of these certificates (PEM).
    pub(crate) fn new(pem: &[u8]) -> Result<Self, String> {
        let added = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let added = added.map_err(|error| error.to_string())?;
        if added.is_empty() && !pem.is_empty() {
            return Err("there is none in it".to_owned());
        }
        for certificate in &added {
            let added = RootCertStore::empty().add(certificate.clone());
            added.map_err(|error| error.to_string())?;
        }
        Ok(Self {
            added,
            config: OnceLock::new(),
        })
    }

    fn config(&self) -> Result<Arc<ClientConfig>, String> {
        let make = || {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots.add_parsable_certificates(self.added.iter().cloned());
            let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let builder = builder.with_safe_default_protocol_versions();
            let builder = builder.map_err(|error| error.to_string())?;
            Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
        };
        self.config.get_or_init(make).clone()
    }

    /// Encrypts a connection to a host that shows a certificate with its name.
    pub(super) async fn encrypt(&self, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let failed = |reason: String| format!("cannot encrypt the connection to {host}: {reason}");
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
        let connector = TlsConnector::from(self.config().map_err(failed)?);
        let encrypted = connector.connect(name, stream).await;
        encrypted.map_err(|error| failed(error.to_string()))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}
