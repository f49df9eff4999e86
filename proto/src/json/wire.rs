//! The bytes of a message, field by field.

use super::{error::JsonErrorKind, table::Kind};

/// A number of seven bits a byte, least first.
pub(super) fn push_varint(wire: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        wire.push(value as u8 | 0x80);
        value >>= 7;
    }
    wire.push(value as u8);
}

/// What stands before a field's value.
pub(super) fn push_key(wire: &mut Vec<u8>, number: u32, kind: Kind) {
    let wire_type = match kind {
        Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Enum(_) => 0,
        Kind::Double => 1,
        Kind::Text | Kind::Bytes | Kind::Message(_) => 2,
        Kind::Float => 5,
    };
    push_varint(wire, u64::from(number) << 3 | wire_type);
}

/// Puts the length of all since `start` before it.
pub(super) fn close(wire: &mut Vec<u8>, start: usize) {
    let end = wire.len();
    push_varint(wire, (end - start) as u64);
    let length_bytes = wire.len() - end;
    if let Some(value) = wire.get_mut(start..) {
        value.rotate_right(length_bytes);
    }
}

/// A field's value as the wire has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'w> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'w [u8]),
    Fixed32([u8; 4]),
}

/// Takes bytes apart.
#[derive(Debug)]
pub(super) struct Wire<'w>(pub(super) &'w [u8]);

impl<'w> Wire<'w> {
    /// The next field's number and value.
    pub(super) fn field(&mut self) -> Result<Option<(u64, Value<'w>)>, JsonErrorKind> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.fixed()?),
            2 => {
                let len = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Value::Bytes(self.bytes(len)?)
            }
            5 => Value::Fixed32(self.fixed()?),
            _ => return Err(malformed("a wire type that the API has not")),
        };
        Ok(Some((key >> 3, value)))
    }

    /// The next of packed values.
    pub(super) fn packed(&mut self, kind: Kind) -> Result<Option<Value<'w>>, JsonErrorKind> {
        if self.0.is_empty() {
            return Ok(None);
        }
        Ok(Some(match kind {
            Kind::Float => Value::Fixed32(self.fixed()?),
            Kind::Double => Value::Fixed64(self.fixed()?),
            _ => Value::Varint(self.varint()?),
        }))
    }

    fn varint(&mut self) -> Result<u64, JsonErrorKind> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(malformed("a number of more than ten bytes"))
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], JsonErrorKind> {
        let (fixed, rest) = self
            .0
            .split_first_chunk()
            .ok_or_else(|| malformed("it ends too early"))?;
        self.0 = rest;
        Ok(*fixed)
    }

    fn bytes(&mut self, len: usize) -> Result<&'w [u8], JsonErrorKind> {
        let (bytes, rest) = self
            .0
            .split_at_checked(len)
            .ok_or_else(|| malformed("it ends too early"))?;
        self.0 = rest;
        Ok(bytes)
    }
}

pub(super) fn malformed(reason: &str) -> JsonErrorKind {
    JsonErrorKind::Wire {
        reason: reason.to_owned(),
    }
}
