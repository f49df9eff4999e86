//! A codec server: what clients and workers encode, the web UI and the `temporal` program read.
//!
//! `temporal workflow show --workflow-id .. --codec-endpoint http://127.0.0.1:8888`, or in the UI the glasses in the corner above.

use examples::Outcome;
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use std::io::{Read, Write};
use steadfast::{
    codec_server::CodecServer,
    convert::{CodecFailure, CodecItem, PayloadCodec},
    prelude::*,
    proto::{common::Payload, prost::Message},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const COMPRESSED: &str = "binary/zlib";
const UNCOMPRESSED_MAX: u64 = 64 * 1024 * 1024;

struct Zlib;

impl PayloadCodec for Zlib {
    async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for item in items {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&item.payload.encode_to_vec())?;
            *item.payload = Payload::encoded(COMPRESSED, encoder.finish()?);
        }
        Ok(())
    }

    async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for item in items
            .iter_mut()
            .filter(|item| item.payload.encoding() == COMPRESSED.as_bytes())
        {
            let mut plain = Vec::new();
            let decoder = ZlibDecoder::new(&*item.payload.data);
            decoder.take(UNCOMPRESSED_MAX).read_to_end(&mut plain)?;
            *item.payload = Payload::decode(&*plain)?;
        }
        Ok(())
    }
}

/// With `--serve`, a server for as long as one likes.
#[tokio::main]
async fn main() -> Outcome {
    if std::env::args().any(|argument| argument == "--serve") {
        let server = CodecServer::new().codec(Zlib).origin("http://localhost:8233");
        let endpoint = server.serve("127.0.0.1:8888").await?;
        println!("http://{}", endpoint.address());
        std::future::pending::<()>().await;
    }
    run(&examples::connect().await?).await
}

pub async fn run(_client: &Client) -> Outcome {
    // Whoever may read payloads shows a token.
    let server = CodecServer::new()
        .codec(Zlib)
        .authorize(|token| token == Some("Bearer 7"));
    let endpoint = server.serve("127.0.0.1:0").await?;

    // What the command line does: payloads as JSON, there and back.
    let body = r#"{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"IkFkYSI="}]}"#;
    let mut stream = TcpStream::connect(endpoint.address()).await?;
    let head = format!(
        "POST /encode HTTP/1.1\r\nauthorization: Bearer 7\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    println!("{answer}");
    assert!(answer.contains("YmluYXJ5L3psaWI="), "binary/zlib, as JSON writes it");
    Ok(())
}
