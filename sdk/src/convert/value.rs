//! Values of any type, as converters of users' own see them.

use super::{
    Data,
    data::{decode_special, encode_special},
    look::{self, Seen},
};
use serde::{Deserializer, Serialize, Serializer};
use std::{
    any::{Any, type_name},
    error::Error,
    fmt,
};
use steadfast_proto::common::Payload;

/// A value that becomes a payload. It can be given to any serializer.
pub struct Value<'v> {
    any: &'v dyn Any,
    serialize: &'v dyn erased_serde::Serialize,
    type_name: &'static str,
}

impl<'v> Value<'v> {
    pub(super) fn new<T: Serialize + 'static>(value: &'v T) -> Self {
        Self {
            any: value,
            serialize: value,
            type_name: type_name::<T>(),
        }
    }

    /// The value, if it is of this type.
    #[must_use]
    pub fn downcast_ref<T: 'static>(&self) -> Option<&'v T> {
        self.any.downcast_ref()
    }

    /// The type's name, for errors.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Whether it is `()`, `None` or the like.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(look::look(self), Ok(Some(Seen::Nothing)))
    }

    /// The payload of a protobuf message.
    pub(super) fn own_payload(&self) -> Result<Option<Payload>, String> {
        Ok(match look::look(self)? {
            Some(Seen::Payload(payload)) => Some(payload),
            _ => None,
        })
    }

    /// The payload of bytes.
    pub(super) fn bytes(&self) -> Option<Payload> {
        encode_special(self.any)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        erased_serde::serialize(self.serialize, serializer)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Value").field(&self.type_name).finish()
    }
}

/// A place for a value of some type, which is to be made of a payload.
pub struct Wanted<'t> {
    slot: &'t mut dyn Slot,
    type_name: &'static str,
}

trait Slot {
    /// The `Option` that is to be filled.
    fn any(&mut self) -> &mut dyn Any;
    fn read(&mut self, deserializer: &mut dyn erased_serde::Deserializer<'_>) -> Result<(), erased_serde::Error>;
    fn read_own(&mut self, payload: &Payload) -> Result<bool, String>;
    fn read_bytes(&mut self, payload: &Payload) -> bool;
}

impl<T: Data> Slot for Option<T> {
    fn any(&mut self) -> &mut dyn Any {
        self
    }

    fn read(&mut self, deserializer: &mut dyn erased_serde::Deserializer<'_>) -> Result<(), erased_serde::Error> {
        *self = Some(erased_serde::deserialize(deserializer)?);
        Ok(())
    }

    fn read_own(&mut self, payload: &Payload) -> Result<bool, String> {
        *self = look::read(payload)?;
        Ok(self.is_some())
    }

    fn read_bytes(&mut self, payload: &Payload) -> bool {
        *self = decode_special(payload);
        self.is_some()
    }
}

impl<'t> Wanted<'t> {
    pub(super) fn new<T: Data>(slot: &'t mut Option<T>) -> Self {
        Self {
            slot,
            type_name: type_name::<T>(),
        }
    }

    /// The type's name, for errors.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Makes the value by serde.
    ///
    /// # Errors
    /// What the deserializer has is not such a value.
    pub fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut erased = <dyn erased_serde::Deserializer<'_>>::erase(deserializer);
        self.slot.read(&mut erased).map_err(|error| error.to_string().into())
    }

    /// Takes this value; `false` if one of another type is wanted.
    pub fn fill<T: 'static>(&mut self, value: T) -> bool {
        match self.slot.any().downcast_mut::<Option<T>>() {
            Some(slot) => {
                *slot = Some(value);
                true
            }
            None => false,
        }
    }

    pub(super) fn read_own(&mut self, payload: &Payload) -> Result<bool, String> {
        self.slot.read_own(payload)
    }

    pub(super) fn read_bytes(&mut self, payload: &Payload) -> bool {
        self.slot.read_bytes(payload)
    }
}

impl fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wanted").field(&self.type_name).finish()
    }
}
