//! What the fuzz targets do, one module each: a function of bytes that panics if something is wrong.
//!
//! Most inputs are messages, also those that have several parts: so one [mutator](wire) serves them all.
#![allow(missing_docs, reason = "the fields of inputs are named by what they are")]

pub mod filter;
pub mod history;
pub mod json;
pub mod payload;
pub mod program;
pub mod server;
pub mod shard;
pub mod wire;

/// What a target does with an input.
pub type Run = fn(&[u8]);

/// A target, by its name.
pub const TARGETS: [(&str, Run); 6] = [
    ("history", history::run),
    ("shard", shard::run),
    ("server", server::run),
    ("payload", payload::run),
    ("json", json::run),
    ("filter", filter::run),
];

/// Changes an input that is a message, or its bytes at random; returns its new length.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    at_random: impl FnOnce(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut random = wire::Random::new(seed);
    if random.below(8) != 0
        && let Some(changed) = wire::mutate(&data[..size], &mut random)
        && changed.len() <= max_size
    {
        data[..changed.len()].copy_from_slice(&changed);
        return changed.len();
    }
    at_random(data, size, max_size)
}
