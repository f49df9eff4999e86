//! Identifiers: universally unique ones drawn from a seed, and what names a run.

use super::time::Time;
use std::fmt;

/// A universally unique identifier, kept as a number and written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Uuid(pub(crate) u128);

impl Uuid {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut value: u128 = 0;
        for (at, byte) in text.bytes().enumerate() {
            if matches!(at, 8 | 13 | 18 | 23) {
                if byte != b'-' {
                    return None;
                }
                continue;
            }
            value = (value << 4) | u128::from(char::from(byte).to_digit(16)?);
        }
        (text.len() == 36).then_some(Self(value))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'-'; 36];
        let mut places = text.iter_mut();
        for (at, byte) in self.0.to_be_bytes().into_iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                places.next();
            }
            for (digit, place) in [byte >> 4, byte & 0xf].into_iter().zip(places.by_ref()) {
                *place = char::from_digit(u32::from(digit), 16).map_or(b'0', |digit| digit as u8);
            }
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Draws identifiers from a seed: the same seed draws the same ones (splitmix64).
#[derive(Debug)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A random identifier (version 4).
    pub(crate) fn random(&mut self) -> Uuid {
        let bits = (u128::from(self.draw()) << 64) | u128::from(self.draw());
        Uuid(Self::stamped(bits, 4))
    }

    /// An identifier that sorts by time (version 7).
    pub(crate) fn ordered(&mut self, now: Time) -> Uuid {
        let bits = (u128::from(self.draw()) << 64) | u128::from(self.draw());
        let bits = (u128::from(now.millis()) << 80) | (bits & ((1 << 80) - 1));
        Uuid(Self::stamped(bits, 7))
    }

    fn stamped(bits: u128, version: u128) -> u128 {
        let bits = (bits & !(0xf << 76)) | (version << 76);
        (bits & !(0x3 << 62)) | (0x2 << 62)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_what_it_writes() {
        let mut ids = Ids::new(7);
        let id = ids.random();
        assert_eq!(Uuid::parse(&id.to_string()), Some(id));
        assert_eq!(id.to_string().as_bytes().get(14), Some(&b'4'));
        assert_eq!(Uuid::parse("not an identifier"), None);
        assert_eq!(Uuid::parse(""), None);
    }

    #[test]
    fn the_same_seed_draws_the_same_identifiers() {
        let (mut one, mut other) = (Ids::new(1), Ids::new(1));
        assert_eq!(one.random(), other.random());
        assert_eq!(one.ordered(Time::default()), other.ordered(Time::default()));
        assert_ne!(one.random(), Ids::new(2).random());
    }
}
