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
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl Uuid {
    /// As `to_string`, which asks a formatter, in a third of the time.
    pub(crate) fn text(self) -> String {
        std::str::from_utf8(&self.digits()).unwrap_or_default().to_owned()
    }

    fn digits(self) -> [u8; 36] {
        let quarter = |shift: u32| hex(u32::try_from((self.0 >> shift) & u128::from(u32::MAX)).unwrap_or_default());
        let ([a, b, c, d, e, f0, g, h], [i, j, k, l, m, n, o, p]) = (quarter(96), quarter(64));
        let ([q, r, s, t, u, v, w, x], [y, z, aa, bb, cc, dd, ee, ff]) = (quarter(32), quarter(0));
        [
            a, b, c, d, e, f0, g, h, b'-', i, j, k, l, b'-', m, n, o, p, b'-', q, r, s, t, b'-', u, v, w, x, y, z, aa,
            bb, cc, dd, ee, ff,
        ]
    }
}

/// Eight digits at once: identifiers are written many times in the life of a run.
fn hex(number: u32) -> [u8; 8] {
    let mut digits = u64::from(number);
    digits = ((digits << 16) | digits) & 0x0000_ffff_0000_ffff;
    digits = ((digits << 8) | digits) & 0x00ff_00ff_00ff_00ff;
    digits = ((digits << 4) | digits) & 0x0f0f_0f0f_0f0f_0f0f;
    // A one in each byte that is a letter.
    let letters = (digits.wrapping_add(0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    let text = digits.wrapping_add(0x3030_3030_3030_3030);
    // From after the nine to the a.
    text.wrapping_add(letters.wrapping_mul(0x27)).to_be_bytes()
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
    fn an_identifier_is_written_in_lower_case_with_dashes() {
        let id = Uuid(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);
        assert_eq!(id.to_string(), "01234567-89ab-cdef-fedc-ba9876543210");
        assert_eq!(Uuid(u128::MAX).to_string(), "ffffffff-ffff-ffff-ffff-ffffffffffff");
        assert_eq!(Uuid(0).to_string(), "00000000-0000-0000-0000-000000000000");
    }

    #[test]
    fn the_same_seed_draws_the_same_identifiers() {
        let (mut one, mut other) = (Ids::new(1), Ids::new(1));
        assert_eq!(one.random(), other.random());
        assert_eq!(one.ordered(Time::default()), other.ordered(Time::default()));
        assert_ne!(one.random(), Ids::new(2).random());
    }
}
