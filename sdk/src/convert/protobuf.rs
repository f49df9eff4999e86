//! Protobuf messages as payloads.

use super::look;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _, ser::Error as _};
use steadfast_proto::{
    common::Payload,
    prost::{Message, Name},
};

pub(super) const BINARY_PROTOBUF: &str = "binary/protobuf";
pub(super) const JSON_PROTOBUF: &str = "json/protobuf";
/// Metadata key that names the message.
const MESSAGE_TYPE: &str = "messageType";

const WHOLE: &str = "a `BinaryProto` is a parameter or a result of its own, it cannot be part of another type";
const NOT_HERE: &str = "a `JsonProto` in another type is written and read as JSON alone";

/// A protobuf message as its bytes, `binary/protobuf`.
///
/// As a whole parameter or result it takes such a payload of any SDK; inside another type it cannot travel.
///
/// ```
/// use steadfast::{convert::{BinaryProto, Converter}, proto::common::WorkflowExecution};
///
/// let converter = Converter::default();
/// let execution = WorkflowExecution { workflow_id: "order-1".into(), ..Default::default() };
/// let payload = converter.encode(&BinaryProto(execution.clone()))?;
/// assert_eq!(payload.encoding(), b"binary/protobuf");
/// assert_eq!(payload.metadata.get("messageType").unwrap(), "temporal.api.common.v1.WorkflowExecution");
/// assert_eq!(converter.decode::<BinaryProto<WorkflowExecution>>(Some(&payload))?.0, execution);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BinaryProto<M>(pub M);

/// A protobuf message as JSON, `json/protobuf`: what other SDKs write messages as.
///
/// The message's serde traits are to be those of protobuf's own JSON, as `pbjson` generates them: names in camel case,
/// 64-bit numbers as texts. What came as `binary/protobuf` is read as well.
///
/// ```
/// use steadfast::{convert::{Converter, JsonProto}};
/// use steadfast::proto::prost::{self, Name};
///
/// #[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
/// #[serde(rename_all = "camelCase", default)]
/// struct Order {
///     #[prost(string, tag = "1")]
///     order_id: String,
/// }
///
/// impl Name for Order {
///     const NAME: &'static str = "Order";
///     const PACKAGE: &'static str = "shop";
/// }
///
/// let order = Order { order_id: "7".into() };
/// let payload = Converter::default().encode(&JsonProto(order))?;
/// assert_eq!(payload.encoding(), b"json/protobuf");
/// assert_eq!(payload.data.as_ref(), br#"{"orderId":"7"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonProto<M>(pub M);

fn payload<M: Name>(encoding: &'static str, data: Vec<u8>) -> Payload {
    let mut payload = Payload::encoded(encoding, data);
    payload
        .metadata
        .insert(MESSAGE_TYPE, M::full_name().into_bytes().into());
    payload
}

fn read_binary<M: Message + Default, E: serde::de::Error>(payload: &Payload) -> Result<M, E> {
    M::decode(payload.data.clone()).map_err(E::custom)
}

impl<M: Message + Name> Serialize for BinaryProto<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let own = payload::<M>(BINARY_PROTOBUF, self.0.encode_to_vec());
        look::hand_out(serializer, own, WHOLE)
    }
}

impl<'de, M: Message + Name + Default> Deserialize<'de> for BinaryProto<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let own = look::take_in(deserializer, WHOLE)?;
        if own.encoding() != BINARY_PROTOBUF.as_bytes() {
            let encoding = String::from_utf8_lossy(own.encoding());
            return Err(D::Error::custom(format_args!(
                "it came as {encoding}, and a `BinaryProto` is read from {BINARY_PROTOBUF} alone: take a `JsonProto`"
            )));
        }
        read_binary(&own).map(Self)
    }
}

impl<M: Message + Name + Serialize> Serialize for JsonProto<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        let json = serde_json::to_vec(&self.0).map_err(S::Error::custom)?;
        look::hand_out(serializer, payload::<M>(JSON_PROTOBUF, json), NOT_HERE)
    }
}

impl<'de, M: Message + Name + Default + DeserializeOwned> Deserialize<'de> for JsonProto<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return M::deserialize(deserializer).map(Self);
        }
        let own = look::take_in(deserializer, NOT_HERE)?;
        if own.encoding() == BINARY_PROTOBUF.as_bytes() {
            return read_binary(&own).map(Self);
        }
        serde_json::from_slice(&own.data).map(Self).map_err(D::Error::custom)
    }
}
