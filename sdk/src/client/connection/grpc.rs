//! Calls over gRPC: one HTTP/2 connection, one piece of code for all of them.

use crate::client::dial::Dial;
use std::{
    pin::Pin,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};
#[cfg(feature = "gzip")]
use steadfast_proto::tonic::codec::CompressionEncoding;
use steadfast_proto::{
    bytes::{Buf, BufMut, Bytes},
    tonic::{
        Request, Status,
        client::Grpc,
        codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
        codegen::http::uri::PathAndQuery,
        metadata::{AsciiMetadataKey, AsciiMetadataValue},
        transport::Channel,
    },
};

/// What other SDKs take: histories come in pages of some megabytes.
const MESSAGE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// What is sent with each call.
pub(crate) type Headers = Vec<(AsciiMetadataKey, AsciiMetadataValue)>;

/// An answer under way.
pub(super) type Try = Pin<Box<dyn Future<Output = Result<Bytes, Status>> + Send>>;

pub(super) struct Transport {
    state: RwLock<State>,
}

/// What may be changed while calls are made.
struct State {
    client: Grpc<Channel>,
    headers: Headers,
    /// How to connect anew.
    #[cfg(feature = "tls")]
    dial: Dial,
}

impl Transport {
    #[cfg_attr(not(feature = "tls"), allow(clippy::needless_pass_by_value))] // as with the feature
    pub(super) fn new(channel: Channel, headers: Headers, dial: Dial) -> Self {
        let state = RwLock::new(State {
            client: client(channel, &dial),
            headers,
            #[cfg(feature = "tls")]
            dial,
        });
        Self { state }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the header with all calls from now on, in place of another of the name; without a value, none of the name.
    pub(super) fn set_header(&self, name: AsciiMetadataKey, value: Option<AsciiMetadataValue>) {
        let headers = &mut self.write().headers;
        headers.retain(|(other, _)| *other != name);
        headers.extend(value.map(|value| (name, value)));
    }

    /// Makes the connection anew with the next call, encrypted in another way.
    #[cfg(feature = "tls")]
    pub(super) fn set_tls(&self, tls: crate::client::Tls) -> Result<(), crate::client::ConnectError> {
        let mut state = self.write();
        let dial = state.dial.with_tls(tls)?;
        state.client = client(dial.connect_lazy()?, &dial);
        state.dial = dial;
        Ok(())
    }

    /// One try of a call whose request is encoded already, with what all calls are sent with, and this one.
    pub(super) fn call(
        &self,
        path: &'static str,
        message: Bytes,
        deadline: Duration,
        headers: &[(AsciiMetadataKey, AsciiMetadataValue)],
    ) -> Try {
        let (client, request) = self.request(message, deadline, headers);
        Box::pin(unary(client, path, request, deadline))
    }

    fn request(
        &self,
        message: Bytes,
        deadline: Duration,
        headers: &[(AsciiMetadataKey, AsciiMetadataValue)],
    ) -> (Grpc<Channel>, Request<Bytes>) {
        let mut request = Request::new(message);
        request.set_timeout(deadline);
        let state = self.read();
        for (name, value) in state.headers.iter().chain(headers) {
            request.metadata_mut().insert(name, value.clone());
        }
        (state.client.clone(), request)
    }
}

fn client(channel: Channel, dial: &Dial) -> Grpc<Channel> {
    let client = Grpc::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    #[cfg(feature = "gzip")]
    if dial.compresses {
        return client
            .send_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Gzip);
    }
    let _ = dial;
    client
}

async fn unary(
    mut client: Grpc<Channel>,
    path: &'static str,
    request: Request<Bytes>,
    deadline: Duration,
) -> Result<Bytes, Status> {
    // A channel to several addresses waits until it knows one.
    match tokio::time::timeout(deadline, client.ready()).await {
        Ok(ready) => ready.map_err(|error| Status::from_error(error.into()))?,
        Err(_) => return Err(Status::unavailable("none of the server's addresses is known")),
    }
    let response = client.unary(request, PathAndQuery::from_static(path), Encoded).await?;
    Ok(response.into_inner())
}

/// Messages as they are on the wire.
#[derive(Debug, Clone, Copy)]
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::dial::Encryption;
    use steadfast_proto::tonic::transport::Endpoint;

    fn transport(headers: Headers) -> Transport {
        let channel = Endpoint::from_static("http://localhost:7233").connect_lazy();
        let dial = Dial {
            address: "localhost:7233".to_owned(),
            is_encrypted: false,
            encryption: Encryption::default(),
            connect_timeout: Duration::from_secs(1),
            keep_alive: None,
            proxy: None,
            balance_every: None,
            #[cfg(feature = "gzip")]
            compresses: false,
        };
        Transport::new(channel, headers, dial)
    }

    #[tokio::test]
    async fn a_header_that_is_changed_goes_with_the_calls_from_then_on() {
        let name = || AsciiMetadataKey::from_static("authorization");
        let value = AsciiMetadataValue::from_static;
        let transport = transport(vec![(name(), value("old"))]);
        let sent = || {
            let (_, request) = transport.request(Bytes::new(), Duration::from_secs(1), &[]);
            let all = request.metadata().get_all("authorization").iter();
            all.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sent(), ["old"]);
        transport.set_header(name(), Some(value("new")));
        assert_eq!(sent(), ["new"]);
        let own = [(name(), value("own"))];
        let (_, request) = transport.request(Bytes::new(), Duration::from_secs(1), &own);
        assert_eq!(request.metadata().get("authorization"), Some(&value("own")));
        transport.set_header(name(), None);
        assert!(sent().is_empty());
    }
}
