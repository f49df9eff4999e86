//! A run's random numbers.
//!
//! They are those that the official Rust SDK draws, for its histories depend on them: workflow code decides by them, and
//! children without an id get one of them. So neither the hash nor the generator may ever change.

/// A run's sequence of random numbers: PCG XSL RR 128/64, the multiplicative one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Random {
    state: u128,
}

impl Random {
    /// The sequence of a run.
    pub(crate) fn of_run(run_id: &str) -> Self {
        // The state is filled by another generator, PCG XSH RR 64/32, whose seed is a hash.
        let mut seed = sip_hash(run_id);
        let mut state = 0;
        for shift in [0, 32, 64, 96] {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(11_634_580_027_462_260_723);
            let xored = (((seed >> 18) ^ seed) >> 27) as u32;
            state |= u128::from(xored.rotate_right((seed >> 59) as u32)) << shift;
        }
        Self { state: state | 1 }
    }

    /// The next number.
    pub(crate) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645);
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }
}

/// SipHash-1-3 without a key, of a text as Rust hashes it: its bytes, and one of 0xff.
fn sip_hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut sip = Sip {
        v0: 0x736f_6d65_7073_6575,
        v1: 0x646f_7261_6e64_6f6d,
        v2: 0x6c79_6765_6e65_7261,
        v3: 0x7465_6462_7974_6573,
    };
    let words = bytes.chunks_exact(8);
    let tail = words.remainder();
    let mut rest = tail.iter().rev().fold(0xff, |word, byte| word << 8 | u64::from(*byte));
    for word in words {
        sip.compress(little_endian(word));
    }
    if tail.len() == 7 {
        // The last byte makes it a whole word.
        sip.compress(std::mem::take(&mut rest));
    }
    sip.compress(rest | (bytes.len() as u64).wrapping_add(1) << 56);
    sip.v2 ^= 0xff;
    for _ in 0..3 {
        sip.round();
    }
    sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

struct Sip {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl Sip {
    fn compress(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.v0 ^= word;
    }

    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sip_hash_1_3() {
        // What `std` uses today, and doesn't promise.
        use std::hash::{DefaultHasher, Hash, Hasher};
        for text in ["", "a", "1234567", "12345678", "01a20321-8b92-7705-9b6a-2c5bcf5f2730"] {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            assert_eq!(sip_hash(text), hasher.finish(), "{text}");
        }
    }

    #[test]
    fn a_run_draws_the_numbers_that_the_official_sdk_drew() {
        let mut random = Random::of_run("01a20321-8b92-7705-9b6a-2c5bcf5f2730");
        assert_eq!(random.draw(), 16_210_618_895_942_908_073);
        let (low, high) = (random.draw(), random.draw());
        let uuid = 0x2a20_4349_7118_4f8a_bcb2_10de_3f3e_57f6_u128;
        let version_and_variant = 0xf << 76 | 0b11 << 62;
        assert_eq!(
            (u128::from(high) << 64 | u128::from(low)) & !version_and_variant,
            uuid & !version_and_variant
        );
        assert_eq!(random.draw() % 50, 5);
        assert_eq!(random.draw() as u32, 1_036_328_152);
    }

    #[test]
    fn runs_draw_different_numbers() {
        assert_ne!(Random::of_run("one").draw(), Random::of_run("other").draw());
    }
}
