//! Encryption: whom the client trusts, whom the server lets in, and a new certificate while calls go on.
//!
//! A company's own authority signs the certificates here, and a front that speaks TLS stands before a server inside the
//! process. `Client::from_environment` (feature `config`) reads the same settings from variables and `temporal.toml`.

use examples::Outcome;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::{error::Error, sync::Arc};
use steadfast::{
    Client,
    client::{ConnectError, Tls},
};
use steadfast_server::Server;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{RootCertStore, ServerConfig, crypto::ring, pki_types::PrivateKeyDer, server::WebPkiClientVerifier},
};

type Failure = Box<dyn Error + Send + Sync>;

/// The name in the server's certificate, and where it is reached here.
const NAME: &str = "temporal.example.com";

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(_: &Client) -> Outcome {
    let server = Server::builder().start()?.listen(([127, 0, 0, 1], 0).into()).await?;
    let company = Authority::new()?;
    let address = front(server.address().to_string(), &company).await?;

    // The client trusts whom the company signed, and shows a certificate of its own.
    let (certificate, key) = company.sign("orders")?;
    let trusting = Tls::new().root_certificate(company.certificate.pem()).domain(NAME);
    let tls = trusting
        .clone()
        .client_certificate(certificate.pem(), key.serialize_pem());
    let client = Client::builder().address(&address).tls(tls).connect().await?;
    println!("{} workflows", client.count("").await?);

    // Certificates end. The next call shows the new one; nobody who holds the client notices.
    let (certificate, key) = company.sign("orders")?;
    client.set_tls(
        trusting
            .clone()
            .client_certificate(certificate.pem(), key.serialize_pem()),
    )?;
    println!("{} workflows, still", client.count("").await?);

    // Who shows none is not let in.
    let stranger = Client::builder().address(&address).tls(trusting).connect().await;
    match stranger {
        Err(error @ (ConnectError::Unreachable(_) | ConnectError::Refused(_))) => println!("{error}"),
        other => return Err(format!("the server lets in anybody: {other:?}").into()),
    }
    Ok(())
}

/// Who signs certificates.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Result<Self, Failure> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?;
        let issuer = Issuer::new(params, key);
        Ok(Self { certificate, issuer })
    }

    fn sign(&self, name: &str) -> Result<(rcgen::Certificate, KeyPair), Failure> {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(vec![name.to_owned()])?;
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }
}

/// Speaks TLS before a server that does not, with clients of the company alone. Returns where.
async fn front(server: String, company: &Authority) -> Result<String, Failure> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(company.certificate.der().clone())?;
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
    let (certificate, key) = company.sign(NAME)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(client).await?;
                let mut server = TcpStream::connect(server).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    Ok(address)
}
