//! Calls over gRPC: one HTTP/2 connection, one piece of code for all of them.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};
use steadfast_proto::{
    Call,
    bytes::{Buf, BufMut, Bytes},
    prost::Message,
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

pub(super) struct Transport {
    client: Grpc<Channel>,
    headers: RwLock<Headers>,
}

impl Transport {
    pub(super) fn new(channel: Channel, headers: Headers) -> Self {
        let headers = RwLock::new(headers);
        let client = Grpc::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Self { client, headers }
    }

    /// Sends the header with all calls from now on, in place of another of the name; without a value, none of the name.
    pub(super) fn set_header(&self, name: AsciiMetadataKey, value: Option<AsciiMetadataValue>) {
        let mut headers = self.headers.write().unwrap_or_else(PoisonError::into_inner);
        headers.retain(|(other, _)| *other != name);
        headers.extend(value.map(|value| (name, value)));
    }

    /// One try of a call whose request is encoded already.
    pub(super) async fn call<R: Call>(&self, request: Bytes, deadline: Duration) -> Result<R::Response, Status> {
        let mut response = self.unary(R::PATH, request, deadline).await?;
        R::Response::decode(&mut response)
            .map_err(|error| Status::internal(format!("the answer to {} cannot be read: {error}", R::PATH)))
    }

    fn request(&self, message: Bytes, deadline: Duration) -> Request<Bytes> {
        let mut request = Request::new(message);
        request.set_timeout(deadline);
        for (name, value) in self.headers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            request.metadata_mut().insert(name, value.clone());
        }
        request
    }

    async fn unary(&self, path: &'static str, message: Bytes, deadline: Duration) -> Result<Bytes, Status> {
        let request = self.request(message, deadline);
        let mut client = self.client.clone();
        client.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let response = client.unary(request, PathAndQuery::from_static(path), Encoded).await?;
        Ok(response.into_inner())
    }
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
    use steadfast_proto::tonic::transport::Endpoint;

    #[tokio::test]
    async fn a_header_that_is_changed_goes_with_the_calls_from_then_on() {
        let name = || AsciiMetadataKey::from_static("authorization");
        let value = AsciiMetadataValue::from_static;
        let channel = Endpoint::from_static("http://localhost:7233").connect_lazy();
        let transport = Transport::new(channel, vec![(name(), value("old"))]);
        let sent = || {
            let request = transport.request(Bytes::new(), Duration::from_secs(1));
            let all = request.metadata().get_all("authorization").iter();
            all.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sent(), ["old"]);
        transport.set_header(name(), Some(value("new")));
        assert_eq!(sent(), ["new"]);
        transport.set_header(name(), None);
        assert!(sent().is_empty());
    }
}
