//! Encryption: an authority that signs certificates, and a server's port on which only TLS is spoken.

use crate::Failure;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SerialNumber};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
        server::WebPkiClientVerifier,
    },
};

/// The name that servers have here. Nobody on the network has it.
pub const SERVER_NAME: &str = "server.steadfast.test";

/// Signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

/// A certificate and its key, in PEM.
pub struct Signed {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// A new one, whom nobody knows.
    ///
    /// # Errors
    /// There is no randomness for a key.
    pub fn new() -> Result<Self, Failure> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?;
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, certificate })
    }

    /// Its certificate, in PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.certificate.pem()
    }

    /// A client's certificate, which servers know by this number.
    ///
    /// # Errors
    /// There is no randomness for a key.
    pub fn client(&self, number: u8) -> Result<Signed, Failure> {
        let (certificate, key) = self.sign(number, ExtendedKeyUsagePurpose::ClientAuth)?;
        Ok(Signed {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    fn sign(&self, number: u8, usage: ExtendedKeyUsagePurpose) -> Result<(rcgen::Certificate, KeyPair), Failure> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![SERVER_NAME.to_owned()])?;
        params.extended_key_usages = vec![usage];
        params.serial_number = Some(SerialNumber::from(vec![number]));
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }
}

/// A port on which TLS is spoken, in front of a server that does not speak it.
pub struct TlsFront {
    address: SocketAddr,
    clients: Arc<Mutex<Vec<Vec<u8>>>>,
    listening: JoinHandle<()>,
}

impl TlsFront {
    /// In front of the server at the address, with a certificate of the authority for [`SERVER_NAME`]; clients must show one of the
    /// authority too, if they are asked for one.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(server: String, authority: &Authority, asks_clients: bool) -> Result<Self, Failure> {
        let (certificate, key) = authority.sign(0, ExtendedKeyUsagePurpose::ServerAuth)?;
        let provider = Arc::new(ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let builder = if asks_clients {
            let mut roots = RootCertStore::empty();
            roots.add(authority.certificate.der().clone())?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = builder.with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let clients = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&clients);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, acceptor.clone(), server.clone(), Arc::clone(&seen)));
            }
        });
        Ok(Self {
            address,
            clients,
            listening,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The certificates that clients showed, one a connection, in DER.
    #[must_use]
    pub fn clients(&self) -> Vec<Vec<u8>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn pass(client: TcpStream, acceptor: TlsAcceptor, server: String, seen: Arc<Mutex<Vec<Vec<u8>>>>) {
    // A client that does not trust the certificate hangs up.
    let Ok(mut client) = acceptor.accept(client).await else {
        return;
    };
    let shown = client
        .get_ref()
        .1
        .peer_certificates()
        .and_then(<[CertificateDer<'_>]>::first);
    let shown = shown.map(|certificate| certificate.to_vec()).unwrap_or_default();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(shown);
    if let Ok(mut server) = TcpStream::connect(server).await {
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
