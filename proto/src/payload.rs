//! Small conveniences on payloads.

use crate::common::{Payload, Payloads};
use bytes::{Buf, BufMut, Bytes};
use prost::{
    DecodeError, Message,
    encoding::{self, DecodeContext, WireType},
};

/// Metadata key that names a payload's encoding.
pub const ENCODING: &str = "encoding";

impl Payload {
    /// A payload of the given encoding, such as `json/plain`.
    #[must_use]
    pub fn encoded(encoding: &'static str, data: impl Into<Bytes>) -> Self {
        Self {
            metadata: [(ENCODING, Bytes::from_static(encoding.as_bytes()))].into(),
            data: data.into(),
            ..Self::default()
        }
    }

    /// The encoding that the metadata names, empty if it names none.
    #[must_use]
    pub fn encoding(&self) -> &[u8] {
        self.metadata.get(ENCODING).map_or(&[], |encoding| encoding)
    }
}

/// As it would be generated if maps were [`Metadata`](crate::Metadata).
impl Message for Payload {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        self.metadata.encode(1, buf);
        if !self.data.is_empty() {
            encoding::bytes::encode(2, &self.data, buf);
        }
        encoding::message::encode_repeated(3, &self.external_payloads, buf);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        let (field, merged) = match tag {
            1 => ("metadata", self.metadata.merge(wire_type, buf, ctx)),
            2 => ("data", encoding::bytes::merge(wire_type, &mut self.data, buf, ctx)),
            3 => (
                "external_payloads",
                encoding::message::merge_repeated(wire_type, &mut self.external_payloads, buf, ctx),
            ),
            _ => return encoding::skip_field(wire_type, tag, buf, ctx),
        };
        merged.map_err(|mut error| {
            error.push("Payload", field);
            error
        })
    }

    fn encoded_len(&self) -> usize {
        let data = if self.data.is_empty() {
            0
        } else {
            encoding::bytes::encoded_len(2, &self.data)
        };
        self.metadata
            .encoded_len(1)
            .saturating_add(data)
            .saturating_add(encoding::message::encoded_len_repeated(3, &self.external_payloads))
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl From<Vec<Payload>> for Payloads {
    fn from(payloads: Vec<Payload>) -> Self {
        Self { payloads }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_names_its_encoding_in_the_metadata() {
        let payload = Payload::encoded("json/plain", "1");
        assert_eq!(payload.encoding(), b"json/plain");
        assert_eq!(payload.data.as_ref(), b"1");
    }

    #[test]
    fn a_payload_without_metadata_has_no_encoding() {
        assert_eq!(Payload::default().encoding(), b"");
    }
}
