//! A first look at a value, as serde shows it: whether it is nothing, or a payload already. The rest is refused at the
//! first word, so that the look costs nothing.

use serde::{
    Deserializer, Serialize, Serializer, de, forward_to_deserialize_any,
    ser::{self, Impossible},
};
use std::{cell::RefCell, fmt};
use steadfast_proto::common::Payload;

/// The name under which a type that makes its own payload shows itself to serde.
const OWN_PAYLOAD: &str = "$steadfast::OwnPayload";

thread_local! {
    /// The payload, on its way past serde, which has no word for it.
    static HANDED: RefCell<Option<Payload>> = const { RefCell::new(None) };
}

/// What was seen.
pub(super) enum Seen {
    /// `null`, in JSON's words.
    Nothing,
    /// The value has made its own payload.
    Payload(Payload),
}

/// Looks at a value; `None` if it is an ordinary one.
pub(super) fn look<T: Serialize + ?Sized>(value: &T) -> Result<Option<Seen>, String> {
    match value.serialize(Look) {
        Ok(seen) => Ok(Some(seen)),
        Err(Refused(None)) => Ok(None),
        Err(Refused(Some(reason))) => Err(reason),
    }
}

/// Has a type read the payload that is its own; `None` if it is a type that has none.
pub(super) fn read<T: de::DeserializeOwned>(payload: &Payload) -> Result<Option<T>, String> {
    match T::deserialize(Own(payload)) {
        Ok(value) => Ok(Some(value)),
        Err(Refused(None)) => Ok(None),
        Err(Refused(Some(reason))) => Err(reason),
    }
}

/// For `Serialize` of a type that makes its own payload. Nobody but a converter takes it.
pub(super) fn hand_out<S: Serializer>(
    serializer: S,
    payload: Payload,
    refusal: &'static str,
) -> Result<S::Ok, S::Error> {
    HANDED.set(Some(payload));
    let outcome = serializer.serialize_newtype_struct(OWN_PAYLOAD, &Unwritten(refusal));
    HANDED.take();
    outcome
}

/// For `Deserialize` of such a type: nobody but a converter has a payload for it.
pub(super) fn take_in<'de, D: Deserializer<'de>>(deserializer: D, refusal: &'static str) -> Result<Payload, D::Error> {
    deserializer.deserialize_newtype_struct(OWN_PAYLOAD, Handed(refusal))
}

struct Unwritten(&'static str);

impl Serialize for Unwritten {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom(self.0))
    }
}

struct Handed(&'static str);

impl<'de> de::Visitor<'de> for Handed {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload of its own")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Payload, E> {
        HANDED.take().ok_or_else(|| E::custom(self.0))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, _: D) -> Result<Payload, D::Error> {
        Err(de::Error::custom(self.0))
    }
}

/// It is an ordinary value; with a reason, the value itself can't go on.
#[derive(Debug)]
struct Refused(Option<String>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("an ordinary value"))
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(Some(reason.to_string()))
    }
}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(Some(reason.to_string()))
    }
    // Said by visitors that are shown something else than they expect: here, nothing is said by it.
    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self(None)
    }
}

struct Look;

macro_rules! refuse {
    ($($method:ident($($type:ty),*) $(-> $compound:ident)?;)*) => {$(
        refuse!(@one $method($($type),*) $($compound)?);
    )*};
    (@one $method:ident($($type:ty),*)) => {
        fn $method(self, $(_: $type),*) -> Result<Seen, Refused> {
            Err(Refused(None))
        }
    };
    (@one $method:ident($($type:ty),*) $compound:ident) => {
        fn $method(self, $(_: $type),*) -> Result<Self::$compound, Refused> {
            Err(Refused(None))
        }
    };
}

impl Serializer for Look {
    type Ok = Seen;
    type Error = Refused;
    type SerializeSeq = Impossible<Seen, Refused>;
    type SerializeTuple = Impossible<Seen, Refused>;
    type SerializeTupleStruct = Impossible<Seen, Refused>;
    type SerializeTupleVariant = Impossible<Seen, Refused>;
    type SerializeMap = Impossible<Seen, Refused>;
    type SerializeStruct = Impossible<Seen, Refused>;
    type SerializeStructVariant = Impossible<Seen, Refused>;

    refuse! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_unit_variant(&'static str, u32, &'static str);
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }

    fn serialize_none(self) -> Result<Seen, Refused> {
        Ok(Seen::Nothing)
    }

    fn serialize_unit(self) -> Result<Seen, Refused> {
        Ok(Seen::Nothing)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Seen, Refused> {
        Ok(Seen::Nothing)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Seen, Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<Seen, Refused> {
        if name == OWN_PAYLOAD {
            return HANDED.take().map(Seen::Payload).ok_or(Refused(None));
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Seen, Refused> {
        Err(Refused(None))
    }

    /// An ordinary type that asks has to be told what it would be told by JSON, but those with payloads of their own want to
    /// know who asks.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<Seen, Refused> {
        Err(Refused(None))
    }
}

/// Shows a payload to types that have one of their own.
struct Own<'p>(&'p Payload);

impl<'de> Deserializer<'de> for Own<'_> {
    type Error = Refused;

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused(None))
    }

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if name != OWN_PAYLOAD {
            return visitor.visit_newtype_struct(self);
        }
        HANDED.set(Some(self.0.clone()));
        let outcome = visitor.visit_unit();
        HANDED.take();
        outcome
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
