//! What numbers things.

/// Gives out numbers, from one on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counter(u64);

impl Counter {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.saturating_add(1);
        self.0
    }
}
