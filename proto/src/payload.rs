//! Small conveniences on payloads.

use crate::common::{Payload, Payloads};
use bytes::Bytes;
use std::collections::BTreeMap;

/// Metadata key that names a payload's encoding.
pub const ENCODING: &str = "encoding";

impl Payload {
    /// A payload of the given encoding, such as `json/plain`.
    #[must_use]
    pub fn encoded(encoding: &'static str, data: impl Into<Bytes>) -> Self {
        Self {
            metadata: BTreeMap::from([(ENCODING.to_owned(), Bytes::from_static(encoding.as_bytes()))]),
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
