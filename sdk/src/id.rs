//! Identifiers that nobody draws twice.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
};

/// A new id for a workflow, an update or a request.
pub(crate) fn new_id() -> String {
    thread_local! {
        // To ask the system for each id would take as long as all the rest of a request.
        static RANDOM: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
    }
    let draw = || {
        RANDOM.with(|(random, count)| {
            count.set(count.get().wrapping_add(1));
            random.hash_one(count.get())
        })
    };
    uuid4(draw(), draw())
}

/// Sixteen random bytes, written as RFC 9562 says for version 4.
pub(crate) fn uuid4(high: u64, low: u64) -> String {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    let mut text = String::with_capacity(36);
    // Byte by byte: to format it takes ten times as long.
    for (place, byte) in high.to_be_bytes().into_iter().chain(low.to_be_bytes()).enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::HashSet, thread};

    #[test]
    fn no_two_ids_are_alike_whichever_thread_draws_them() {
        let draw = || (0..1_000).map(|_| new_id()).collect::<Vec<_>>();
        let others: Vec<_> = (0..4).map(|_| thread::spawn(draw)).collect();
        let mut ids = draw();
        for other in others {
            ids.extend(other.join().expect("drew"));
        }
        for id in &ids {
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert_eq!((&id[14..15], "89ab".contains(&id[19..20])), ("4", true), "{id}");
        }
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    }
}
