//! Encrypted connections, to a server that speaks nothing else.

use std::fs;
use steadfast::client::{Client, ClientBuilder, ConnectError, Tls};
use tests::{
    Environment, Outcome,
    tls::{Authority, SERVER_NAME, Signed, TlsFront},
};

fn trusting(authority: &Authority) -> Tls {
    Tls::new().root_certificate(authority.certificate()).domain(SERVER_NAME)
}

fn showing(tls: Tls, client: &Signed) -> Tls {
    tls.client_certificate(&client.certificate, &client.key)
}

fn to(front: &TlsFront) -> ClientBuilder {
    Client::builder().address(front.address())
}

#[tokio::test]
async fn a_server_is_trusted_if_its_certificate_is_signed_for_its_name() -> Outcome {
    let environment = Environment::connect().await?;
    let authority = Authority::new()?;
    let front = TlsFront::start(environment.network_address().await?, &authority, false).await?;
    let client = to(&front).tls(trusting(&authority)).connect().await?;
    client.count("").await?;
    assert_eq!(front.clients(), [[0_u8; 0]], "one connection, without a certificate");
    let stranger = trusting(&Authority::new()?);
    let misnamed = Tls::new()
        .root_certificate(authority.certificate())
        .domain("other.test");
    for tls in [stranger, misnamed, Tls::new()] {
        let error = to(&front).tls(tls).connect().await.unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn an_api_key_encrypts_unless_the_address_says_otherwise() -> Outcome {
    let environment = Environment::connect().await?;
    let plain = environment.network_address().await?;
    let error = Client::builder()
        .address(&plain)
        .api_key("key")
        .connect()
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectError::Unreachable(_)),
        "a plain server is not spoken to: {error:?}"
    );
    let client = Client::builder()
        .address(format!("http://{plain}"))
        .api_key("key")
        .connect()
        .await?;
    client.count("").await?;
    Ok(())
}

#[tokio::test]
async fn a_server_that_asks_for_certificates_lets_in_whom_it_knows() -> Outcome {
    let environment = Environment::connect().await?;
    let authority = Authority::new()?;
    let front = TlsFront::start(environment.network_address().await?, &authority, true).await?;
    let (known, unknown) = (authority.client(1)?, Authority::new()?.client(2)?);
    to(&front).tls(showing(trusting(&authority), &known)).connect().await?;
    for tls in [trusting(&authority), showing(trusting(&authority), &unknown)] {
        let error = to(&front).tls(tls).connect().await.unwrap_err();
        assert!(
            matches!(error, ConnectError::Unreachable(_) | ConnectError::Refused(_)),
            "{error:?}"
        );
    }
    assert_eq!(front.clients().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_certificate_is_replaced_while_calls_go_on() -> Outcome {
    let environment = Environment::connect().await?;
    let authority = Authority::new()?;
    let front = TlsFront::start(environment.network_address().await?, &authority, true).await?;
    let client = to(&front)
        .tls(showing(trusting(&authority), &authority.client(1)?))
        .connect()
        .await?;
    let clone = client.clone();
    clone.count("").await?;
    assert!(
        client
            .set_tls(Tls::new().client_certificate("no certificate", "no key"))
            .is_err()
    );
    clone.count("").await?;
    assert_eq!(front.clients().len(), 1, "all goes on over the first connection");
    client.set_tls(showing(trusting(&authority), &authority.client(2)?))?;
    clone.count("").await?;
    let shown = front.clients();
    assert_eq!(shown.len(), 2);
    assert_ne!(shown[0], shown[1], "another certificate was shown");
    Ok(())
}

#[tokio::test]
async fn a_connection_that_was_plain_is_encrypted_from_then_on() -> Outcome {
    let environment = Environment::connect().await?;
    let authority = Authority::new()?;
    let front = TlsFront::start(environment.network_address().await?, &authority, false).await?;
    let client = to(&front).connect_lazy()?;
    client.set_tls(trusting(&authority))?;
    client.count("").await?;
    let plain = Client::builder()
        .address(format!("http://{}", front.address()))
        .connect_lazy()?;
    let error = plain.set_tls(trusting(&authority)).unwrap_err();
    assert!(matches!(error, ConnectError::Address(_)), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn settings_from_files_encrypt() -> Outcome {
    let environment = Environment::connect().await?;
    let authority = Authority::new()?;
    let front = TlsFront::start(environment.network_address().await?, &authority, true).await?;
    let Signed { certificate, key } = authority.client(1)?;
    let folder = std::env::temp_dir().join(environment.name("tls"));
    fs::create_dir(&folder)?;
    for (name, text) in [
        ("ca.pem", authority.certificate()),
        ("client.pem", certificate),
        ("client.key", key),
    ] {
        fs::write(folder.join(name), text)?;
    }
    let path = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "[profile.default]\naddress = \"{}\"\n[profile.default.tls]\nserver_name = \"{SERVER_NAME}\"\n\
         server_ca_cert_path = \"{}\"\nclient_cert_path = \"{}\"\nclient_key_path = \"{}\"\n",
        front.address(),
        path("ca.pem"),
        path("client.pem"),
        path("client.key"),
    );
    fs::write(folder.join("temporal.toml"), text)?;
    let client = ClientBuilder::from_file(folder.join("temporal.toml"), None)?
        .connect()
        .await?;
    client.count("").await?;
    assert_eq!(front.clients().len(), 1);
    let missing = ClientBuilder::from_file(folder.join("other.toml"), None).unwrap_err();
    assert!(missing.to_string().contains("other.toml"), "{missing}");
    fs::remove_dir_all(folder)?;
    Ok(())
}
