//! Encodings of one's own, and the standard ones to put beside them.

use super::{Value, Wanted, protobuf};
use std::error::Error;
use steadfast_proto::common::Payload;

/// Why a converter gave up, in any error type.
pub type ConvertFailure = Box<dyn Error + Send + Sync>;

/// Turns values into payloads of one encoding, and back.
///
/// A [`Converter`](super::Converter) asks one after the other: the first that takes a value encodes it, and the one whose
/// encoding a payload names decodes it. Where it stands matters: those that take everything come last.
///
/// ```
/// use steadfast::{Client, convert::{ConvertFailure, Converter, PayloadConverter, Wanted, Value}, proto::common::Payload};
///
/// /// JSON that people can read.
/// struct Pretty;
///
/// impl PayloadConverter for Pretty {
///     fn encoding(&self) -> &'static str {
///         "json/pretty"
///     }
///     fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure> {
///         Ok(Some(Payload::encoded("json/pretty", serde_json::to_vec_pretty(value)?)))
///     }
///     fn decode(&self, payload: &Payload, target: &mut Wanted<'_>) -> Result<(), ConvertFailure> {
///         target.read(&mut serde_json::Deserializer::from_slice(&payload.data))
///     }
/// }
///
/// // Null, bytes and protobuf as ever; all else pretty, and what others write is read.
/// let converter = Converter::with(Pretty);
/// let payload = converter.encode(&vec![1_u32])?;
/// assert_eq!(payload.data.as_ref(), b"[\n  1\n]");
/// assert_eq!(converter.decode::<Vec<u32>>(Some(&payload))?, [1]);
/// assert_eq!(converter.encode(&())?.encoding(), b"binary/null");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PayloadConverter: Send + Sync + 'static {
    /// The encoding: what payloads name that this converter decodes.
    fn encoding(&self) -> &'static str;

    /// The value's payload, `None` if it is for another converter.
    ///
    /// # Errors
    /// It is for this one, but cannot be encoded.
    fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure>;

    /// Makes the value that is wanted of a payload of this encoding.
    ///
    /// # Errors
    /// The payload does not hold such a value.
    fn decode(&self, payload: &Payload, target: &mut Wanted<'_>) -> Result<(), ConvertFailure>;
}

/// `binary/null`: `()`, `None` and the like, without data.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullConverter;

/// `binary/plain`: `Vec<u8>` and [`bytes::Bytes`], as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct BytesConverter;

/// `json/protobuf`: protobuf messages in [`JsonProto`](super::JsonProto).
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonProtoConverter;

/// `binary/protobuf`: protobuf messages in [`BinaryProto`](super::BinaryProto).
#[derive(Debug, Clone, Copy, Default)]
pub struct BinaryProtoConverter;

/// `json/plain`: everything that serde writes, as JSON.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonConverter;

impl PayloadConverter for NullConverter {
    fn encoding(&self) -> &'static str {
        "binary/null"
    }

    fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure> {
        Ok(value.is_null().then(|| Payload::encoded("binary/null", "")))
    }

    fn decode(&self, _: &Payload, target: &mut Wanted<'_>) -> Result<(), ConvertFailure> {
        target.read(&mut serde_json::Deserializer::from_slice(b"null"))
    }
}

impl PayloadConverter for BytesConverter {
    fn encoding(&self) -> &'static str {
        "binary/plain"
    }

    fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure> {
        Ok(value.bytes())
    }

    fn decode(&self, payload: &Payload, target: &mut Wanted<'_>) -> Result<(), ConvertFailure> {
        if target.read_bytes(payload) {
            Ok(())
        } else {
            Err("only `Vec<u8>` and `bytes::Bytes` hold plain bytes".into())
        }
    }
}

impl PayloadConverter for JsonProtoConverter {
    fn encoding(&self) -> &'static str {
        protobuf::JSON_PROTOBUF
    }

    fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure> {
        own(value, protobuf::JSON_PROTOBUF)
    }

    fn decode(&self, payload: &Payload, target: &mut Wanted<'_>) -> Result<(), ConvertFailure> {
        if target.read_own(payload)? {
            return Ok(());
        }
        // The JSON of a message is JSON all the same.
        JsonConverter.decode(payload, target)
    }
}

impl PayloadConverter for BinaryProtoConverter {
    fn encoding(&self) -> &'static str {
        protobuf::BINARY_PROTOBUF
    }

    fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure> {
        own(value, protobuf::BINARY_PROTOBUF)
    }

    fn decode(&self, payload: &Payload, target: &mut Wanted<'_>) -> Result<(), ConvertFailure> {
        if target.read_own(payload)? {
            Ok(())
        } else {
            Err("only `BinaryProto` and `JsonProto` hold protobuf messages".into())
        }
    }
}

fn own(value: &Value<'_>, encoding: &str) -> Result<Option<Payload>, ConvertFailure> {
    let own = value.own_payload()?;
    Ok(own.filter(|payload| payload.encoding() == encoding.as_bytes()))
}

impl PayloadConverter for JsonConverter {
    fn encoding(&self) -> &'static str {
        "json/plain"
    }

    fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure> {
        Ok(Some(Payload::encoded("json/plain", serde_json::to_vec(value)?)))
    }

    fn decode(&self, payload: &Payload, target: &mut Wanted<'_>) -> Result<(), ConvertFailure> {
        target.read(&mut serde_json::Deserializer::from_slice(&payload.data))
    }
}
