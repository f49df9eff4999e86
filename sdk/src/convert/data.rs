//! One value, one payload.

use super::{
    BinaryProtoConverter, BytesConverter, DecodeError, EncodeError, JsonConverter, JsonProtoConverter, NullConverter,
    PayloadConverter, RawValue, Value, Wanted,
    look::{self, Seen},
    protobuf::{BINARY_PROTOBUF, JSON_PROTOBUF},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    any::{Any, type_name},
    cell::Cell,
    collections::BTreeMap,
    fmt,
    sync::Arc,
};
use steadfast_proto::{
    common::{Payload, Payloads},
    sdk::UserMetadata,
};

const NULL: &str = "binary/null";
const PLAIN: &str = "binary/plain";
const JSON: &str = "json/plain";
const JSON_NULL: &[u8] = b"null";
const EXPECTED: &str = "json/plain, binary/plain or binary/null";

/// As JSON. Of what is small nothing but its bytes is kept: most payloads are, and are kept with histories.
fn json<T: Serialize>(value: &T) -> serde_json::Result<Bytes> {
    const SMALL_MAX: usize = 1024;
    thread_local! {
        static WRITTEN: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    // Taken out meanwhile: writing the value may write others.
    let mut written = WRITTEN.take();
    written.clear();
    serde_json::to_writer(&mut written, value)?;
    if written.len() > SMALL_MAX {
        return Ok(written.into());
    }
    let json = Bytes::copy_from_slice(&written);
    WRITTEN.set(written);
    Ok(json)
}

fn read_own<T: Data>(payload: &Payload) -> Result<Option<T>, DecodeError> {
    let encoding = String::from_utf8_lossy(payload.encoding());
    look::read(payload).map_err(|reason| DecodeError::invalid(&encoding, type_name::<T>(), &reason))
}

fn encode_by<T: Serialize + 'static>(own: &[Box<dyn PayloadConverter>], value: &T) -> Result<Payload, EncodeError> {
    let any: &dyn Any = value;
    if let Some(raw) = any.downcast_ref::<RawValue>() {
        return Ok(raw.0.clone());
    }
    let value = Value::new(value);
    for converter in own {
        let payload = converter
            .encode(&value)
            .map_err(|reason| EncodeError::new(value.type_name(), &reason))?;
        if let Some(payload) = payload {
            return Ok(payload);
        }
    }
    let reason = format!("none of the encodings takes it: {}", names(own));
    Err(EncodeError::new(value.type_name(), &reason))
}

fn names(own: &[Box<dyn PayloadConverter>]) -> String {
    let names: Vec<&str> = own.iter().map(|converter| converter.encoding()).collect();
    names.join(", ")
}

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
#[derive(Clone, Default)]
pub struct Converter {
    /// Asked one after the other; `None` for the standard ones, which need no such list.
    own: Option<Arc<[Box<dyn PayloadConverter>]>>,
    /// The codecs that payloads go through before they come here, for errors.
    codecs: Option<Arc<str>>,
}

impl Converter {
    /// The standard encodings, with another one before JSON: it encodes what it takes and isn't null, bytes or a protobuf
    /// message, and decodes its own encoding.
    #[must_use]
    pub fn with(converter: impl PayloadConverter) -> Self {
        Self::composite(vec![
            Box::new(NullConverter),
            Box::new(BytesConverter),
            Box::new(JsonProtoConverter),
            Box::new(BinaryProtoConverter),
            Box::new(converter),
            Box::new(JsonConverter),
        ])
    }

    /// These encodings in this order, and no others. [`RawValue`] needs none.
    #[must_use]
    pub fn composite(converters: Vec<Box<dyn PayloadConverter>>) -> Self {
        Self {
            own: Some(converters.into()),
            codecs: None,
        }
    }

    /// The payload of a value.
    ///
    /// # Errors
    /// The value's serialisation fails, as that of a map whose keys are not strings.
    pub fn encode<T: Serialize + 'static>(&self, value: &T) -> Result<Payload, EncodeError> {
        if let Some(own) = &self.own {
            return encode_by(own, value);
        }
        if let Some(payload) = encode_special(value) {
            return Ok(payload);
        }
        let refused = |reason: String| EncodeError::new(type_name::<T>(), &reason);
        match look::look(value).map_err(refused)? {
            Some(Seen::Nothing) => return Ok(Payload::encoded(NULL, Bytes::new())),
            Some(Seen::Payload(payload)) => return Ok(payload),
            None => {}
        }
        let json = json(value).map_err(|error| EncodeError::new(type_name::<T>(), &error))?;
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
        if let (Some(own), Some(payload)) = (&self.own, payload) {
            return self.decode_by(own, payload);
        }
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
            b"json/protobuf" => match read_own(payload)? {
                Some(value) => return Ok(value),
                None => (JSON_PROTOBUF, payload.data.as_ref()),
            },
            b"binary/protobuf" => {
                let reason = "only `BinaryProto` and `JsonProto` hold protobuf messages";
                return read_own(payload)?
                    .ok_or_else(|| DecodeError::invalid(BINARY_PROTOBUF, type_name::<T>(), &reason));
            }
            b"binary/null" => (NULL, JSON_NULL),
            b"binary/plain" => {
                let reason = "only `Vec<u8>` and `bytes::Bytes` hold plain bytes";
                return Err(DecodeError::invalid(PLAIN, type_name::<T>(), &reason));
            }
            other => {
                let codecs = self.codecs.as_deref();
                return Err(DecodeError::unknown_encoding(other, type_name::<T>(), EXPECTED, codecs));
            }
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

    fn decode_by<T: Data>(&self, own: &[Box<dyn PayloadConverter>], payload: &Payload) -> Result<T, DecodeError> {
        let mut value: Option<T> = None;
        let slot: &mut dyn Any = &mut value;
        if let Some(raw) = slot.downcast_mut::<Option<RawValue>>() {
            *raw = Some(RawValue(payload.clone()));
        } else {
            let encoding = payload.encoding();
            let Some(converter) = own.iter().find(|converter| converter.encoding().as_bytes() == encoding) else {
                let codecs = self.codecs.as_deref();
                return Err(DecodeError::unknown_encoding(
                    encoding,
                    type_name::<T>(),
                    &names(own),
                    codecs,
                ));
            };
            let mut target = Wanted::new(&mut value);
            let outcome = converter.decode(payload, &mut target);
            outcome.map_err(|reason| DecodeError::invalid(converter.encoding(), type_name::<T>(), &reason))?;
        }
        value.ok_or_else(|| {
            let encoding = String::from_utf8_lossy(payload.encoding());
            DecodeError::invalid(&encoding, type_name::<T>(), &"its converter left the target empty")
        })
    }

    /// Payloads go through these codecs before they come here.
    pub(crate) fn set_codecs(&mut self, names: String) {
        self.codecs = Some(names.into());
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

    /// The summary among what was written for people.
    pub(crate) fn decode_summary(&self, metadata: Option<&UserMetadata>) -> Result<Option<String>, DecodeError> {
        let summary = metadata.and_then(|metadata| metadata.summary.as_ref());
        summary.map(|summary| self.decode(Some(summary))).transpose()
    }
}

impl fmt::Debug for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Converter")
            .field("own", &self.own.as_deref().map(names))
            .field("codecs", &self.codecs)
            .finish()
    }
}

/// Types that serde alone cannot tell from others, recognised by what they are.
pub(super) fn encode_special(value: &dyn Any) -> Option<Payload> {
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

pub(super) fn decode_special<T: Data>(payload: &Payload) -> Option<T> {
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
