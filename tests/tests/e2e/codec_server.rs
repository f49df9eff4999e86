//! What the web UI and the command line ask to read payloads.

use std::net::SocketAddr;
use steadfast::{
    codec_server::CodecServer,
    convert::Converter,
    proto::common::{Payload, Payloads},
};
use steadfast_proto::json::{from_json, to_json};
use tests::{Outcome, codec::SealedAnywhere};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Asks by HTTP; what comes back is the whole answer.
async fn ask(address: SocketAddr, method_and_path: &str, headers: &str, body: &str) -> std::io::Result<String> {
    let length = body.len();
    let request =
        format!("{method_and_path} HTTP/1.1\r\nhost: here\r\n{headers}content-length: {length}\r\n\r\n{body}");
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn payloads_of(answer: &str) -> Result<Vec<Payload>, tests::Failure> {
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("there is a body")?;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    Ok(from_json::<Payloads>(body.as_bytes())?.payloads)
}

#[tokio::test]
async fn payloads_are_encoded_and_decoded_over_http_as_the_ui_asks() -> Outcome {
    let server = CodecServer::new().codec(SealedAnywhere("key 1")).origin("http://ui");
    let endpoint = server.serve("127.0.0.1:0").await?;
    let converter = Converter::default();
    let plain = vec![converter.encode(&"Ada")?, converter.encode(&7)?];
    let body = to_json(&Payloads::from(plain.clone()))?;

    let encoded = ask(
        endpoint.address(),
        "POST /default/encode",
        "x-namespace: default\r\n",
        &body,
    )
    .await?;
    let encoded = payloads_of(&encoded)?;
    assert!(
        encoded.iter().all(|payload| payload.encoding() == b"binary/sealed"),
        "{encoded:?}"
    );
    let body = to_json(&Payloads::from(encoded))?;
    let decoded = ask(endpoint.address(), "POST /decode", "origin: http://ui\r\n", &body).await?;
    assert!(
        decoded.contains("access-control-allow-origin: http://ui\r\n"),
        "{decoded}"
    );
    assert_eq!(payloads_of(&decoded)?, plain);

    let preflight = ask(endpoint.address(), "OPTIONS /decode", "origin: http://ui\r\n", "").await?;
    assert!(preflight.starts_with("HTTP/1.1 204 "), "{preflight}");
    assert!(preflight.contains("access-control-allow-headers: authorization, content-type, x-namespace\r\n"));
    let other = ask(
        endpoint.address(),
        "POST /decode",
        "origin: http://elsewhere\r\n",
        &body,
    )
    .await?;
    assert!(!other.contains("access-control"), "{other}");
    Ok(())
}

#[tokio::test]
async fn who_asks_a_codec_server_wrongly_is_told() -> Outcome {
    let server = CodecServer::new().codec(SealedAnywhere("key 1"));
    let endpoint = server
        .authorize(|token| token == Some("Bearer Ada"))
        .serve("127.0.0.1:0")
        .await?;
    let bearer = "authorization: Bearer Ada\r\n";
    let cases = [
        ("POST /decode", "", "{}", "401 "),
        ("POST /decode", bearer, "{}", "200 "),
        ("POST /decode", bearer, "payloads", "400 "),
        ("POST /translate", bearer, "{}", "404 "),
        ("GET /decode", bearer, "", "405 "),
    ];
    for (line, headers, body, status) in cases {
        let answer = ask(endpoint.address(), line, headers, body).await?;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{line}: {answer}");
    }
    let taken = CodecServer::new().serve(endpoint.address()).await.unwrap_err();
    assert!(taken.to_string().contains("name another"), "{taken}");
    Ok(())
}
