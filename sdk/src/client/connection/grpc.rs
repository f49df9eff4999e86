//! Calls over gRPC: one HTTP/2 connection, one piece of code for all of them.

use std::time::Duration;
use steadfast_proto::{
    Call,
    bytes::{Buf, BufMut, Bytes},
    prost::Message,
    tonic::{
        Request, Status,
        client::Grpc,
        codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
        codegen::http::uri::PathAndQuery,
        metadata::AsciiMetadataValue,
        transport::Channel,
    },
};

/// What other SDKs take: histories come in pages of some megabytes.
const MESSAGE_BYTES_MAX: usize = 128 * 1024 * 1024;

pub(super) struct Transport {
    client: Grpc<Channel>,
    headers: Vec<(&'static str, AsciiMetadataValue)>,
}

impl Transport {
    pub(super) fn new(channel: Channel, headers: Vec<(&'static str, AsciiMetadataValue)>) -> Self {
        let client = Grpc::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Self { client, headers }
    }

    /// One try of a call whose request is encoded already.
    pub(super) async fn call<R: Call>(&self, request: Bytes, deadline: Duration) -> Result<R::Response, Status> {
        let mut response = self.unary(R::PATH, request, deadline).await?;
        R::Response::decode(&mut response)
            .map_err(|error| Status::internal(format!("the answer to {} cannot be read: {error}", R::PATH)))
    }

    async fn unary(&self, path: &'static str, message: Bytes, deadline: Duration) -> Result<Bytes, Status> {
        let mut request = Request::new(message);
        request.set_timeout(deadline);
        for (name, value) in &self.headers {
            request.metadata_mut().insert(*name, value.clone());
        }
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
