//! One value, one payload.

use super::{DecodeError, EncodeError, RawValue};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    any::{Any, type_name},
    collections::BTreeMap,
};
use steadfast_proto::common::{Payload, Payloads};

const NULL: &str = "binary/null";
const PLAIN: &str = "binary/plain";
const JSON: &str = "json/plain";
const JSON_NULL: &[u8] = b"null";

/// What can travel as a payload: everything that serde writes and reads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel as a payload",
    label = "must implement `Serialize + DeserializeOwned + Send + 'static`",
    note = "parameters, results and errors of activities, workflows and messages are sent over the network: add `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Data: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Data for T {}

/// Compiles for types that can travel. Generated code asks once for each type, so that a bad one gives one error.
#[doc(hidden)]
pub const fn data<T: Data>() {}

/// Turns values into payloads and back. Cheap to clone.
///
/// ```
/// use steadfast::convert::Converter;
///
/// let converter = Converter::default();
/// let payload = converter.encode(&vec![1_u8, 2])?;
/// assert_eq!(payload.encoding(), b"binary/plain");
/// assert_eq!(converter.decode::<Vec<u8>>(Some(&payload))?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Converter {}

impl Converter {
    /// The payload of a value.
    ///
    /// # Errors
    /// The value's serialisation fails, as that of a map whose keys are not strings.
    pub fn encode<T: Serialize + 'static>(&self, value: &T) -> Result<Payload, EncodeError> {
        if let Some(payload) = encode_special(value) {
            return Ok(payload);
        }
        let json = serde_json::to_vec(value).map_err(|error| EncodeError::new(type_name::<T>(), &error))?;
        Ok(if json == JSON_NULL {
            Payload::encoded(NULL, Bytes::new())
        } else {
            Payload::encoded(JSON, json)
        })
    }

    /// The value of a payload. A missing payload is read like `null`: it is `()`, or `None`, or an error.
    ///
    /// # Errors
    /// The payload has an unknown encoding, or does not hold a `T`.
    pub fn decode<T: Data>(&self, payload: Option<&Payload>) -> Result<T, DecodeError> {
        let Some(payload) = payload else {
            return decode_special(&Payload::encoded(NULL, Bytes::new()))
                .or_else(|| serde_json::from_slice(JSON_NULL).ok())
                .ok_or_else(|| DecodeError::missing(type_name::<T>()));
        };
        if let Some(value) = decode_special(payload) {
            return Ok(value);
        }
        let (encoding, json) = match payload.encoding() {
            b"json/plain" => (JSON, payload.data.as_ref()),
            // The JSON form of a protobuf message, which other SDKs write, is JSON all the same.
            b"json/protobuf" => ("json/protobuf", payload.data.as_ref()),
            b"binary/null" => (NULL, JSON_NULL),
            b"binary/plain" => {
                let reason = "only `Vec<u8>` and `bytes::Bytes` hold plain bytes";
                return Err(DecodeError::invalid(PLAIN, type_name::<T>(), &reason));
            }
            other => return Err(DecodeError::unknown_encoding(other, type_name::<T>())),
        };
        serde_json::from_slice(json).map_err(|error| DecodeError::invalid(encoding, type_name::<T>(), &error))
    }

    /// As [`encode`](Self::encode), as the only one of a list: the form of a result.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_result<T: Serialize + 'static>(&self, value: &T) -> Result<Payloads, EncodeError> {
        Ok(Payloads {
            payloads: vec![self.encode(value)?],
        })
    }

    /// As [`decode`](Self::decode), the first of a list: the form of a result.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_result<T: Data>(&self, payloads: Option<&Payloads>) -> Result<T, DecodeError> {
        self.decode(payloads.and_then(|list| list.payloads.first()))
    }

    /// A field of a memo or of search attributes, `None` if there is none of the name.
    pub(crate) fn decode_field<T: Data>(
        &self,
        fields: Option<&BTreeMap<String, Payload>>,
        name: &str,
    ) -> Result<Option<T>, DecodeError> {
        let field = fields.and_then(|fields| fields.get(name));
        field.map(|payload| self.decode(Some(payload))).transpose()
    }
}

/// Types that serde alone cannot tell from others, recognised by what they are.
fn encode_special<T: 'static>(value: &T) -> Option<Payload> {
    let value: &dyn Any = value;
    if let Some(bytes) = value.downcast_ref::<Vec<u8>>() {
        return Some(Payload::encoded(PLAIN, Bytes::copy_from_slice(bytes)));
    }
    if let Some(bytes) = value.downcast_ref::<Bytes>() {
        return Some(Payload::encoded(PLAIN, bytes.clone()));
    }
    if let Some(Some(bytes)) = value.downcast_ref::<Option<Vec<u8>>>() {
        return Some(Payload::encoded(PLAIN, Bytes::copy_from_slice(bytes)));
    }
    if let Some(Some(bytes)) = value.downcast_ref::<Option<Bytes>>() {
        return Some(Payload::encoded(PLAIN, bytes.clone()));
    }
    value.downcast_ref::<RawValue>().map(|raw| raw.0.clone())
}

fn decode_special<T: Data>(payload: &Payload) -> Option<T> {
    let mut value: Option<T> = None;
    let slot: &mut dyn Any = &mut value;
    if let Some(raw) = slot.downcast_mut::<Option<RawValue>>() {
        *raw = Some(RawValue(payload.clone()));
    } else if payload.encoding() == PLAIN.as_bytes() {
        if let Some(bytes) = slot.downcast_mut::<Option<Vec<u8>>>() {
            *bytes = Some(payload.data.to_vec());
        } else if let Some(bytes) = slot.downcast_mut::<Option<Bytes>>() {
            *bytes = Some(payload.data.clone());
        } else if let Some(bytes) = slot.downcast_mut::<Option<Option<Vec<u8>>>>() {
            *bytes = Some(Some(payload.data.to_vec()));
        } else if let Some(bytes) = slot.downcast_mut::<Option<Option<Bytes>>>() {
            *bytes = Some(Some(payload.data.clone()));
        }
    }
    value
}
