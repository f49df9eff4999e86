//! What is drawn from the execution's random sequence.

use super::WorkflowContext;
use std::ops::Range;

impl<S> WorkflowContext<S> {
    /// A random number of a range, each equally likely, the same on replay. An empty range gives its start.
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// # fn example<S>(ctx: WorkflowContext<S>) {
    /// let die = ctx.random_range(1..7);
    /// # }
    /// ```
    #[must_use]
    pub fn random_range(&self, range: Range<u64>) -> u64 {
        let span = range.end.saturating_sub(range.start);
        range.start.saturating_add(below(span, || self.random()))
    }

    /// Puts values into a random order, the same on replay.
    pub fn shuffle<T>(&self, values: &mut [T]) {
        shuffle(values, || self.random());
    }
}

/// A number below `span`, each equally likely: 0 for a span of 0.
fn below(span: u64, mut next: impl FnMut() -> u64) -> u64 {
    // The high half of the product is the number; of the low halves, so many are left out that all numbers have equally many.
    let surplus = span.wrapping_neg().checked_rem(span).unwrap_or_default();
    loop {
        let product = u128::from(next()).wrapping_mul(u128::from(span));
        let (number, low) = (product >> 64, product & u128::from(u64::MAX));
        if low >= u128::from(surplus) {
            return u64::try_from(number).unwrap_or_default();
        }
    }
}

fn shuffle<T>(values: &mut [T], mut next: impl FnMut() -> u64) {
    for last in (1..values.len()).rev() {
        let span = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        let other = usize::try_from(below(span, &mut next)).unwrap_or(last);
        values.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence with a long period.
    fn sequence() -> impl FnMut() -> u64 {
        let mut state = 1_u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state ^ (state >> 33)
        }
    }

    #[test]
    fn numbers_of_a_range_are_equally_likely() {
        let (mut next, mut drawn) = (sequence(), [0_u32; 6]);
        for _ in 0..6_000 {
            drawn[usize::try_from(below(6, &mut next)).unwrap()] += 1;
        }
        assert!(drawn.iter().all(|times| (900..1_100).contains(times)), "{drawn:?}");
        assert_eq!((below(0, &mut next), below(1, &mut next)), (0, 0));
    }

    #[test]
    fn what_would_make_low_numbers_likelier_is_drawn_again() {
        let mut given = [0, u64::MAX].into_iter();
        // Of 2^64 values, one is too many for three.
        assert_eq!(below(3, || given.next().unwrap()), 2);
        assert_eq!(given.next(), None);
    }

    #[test]
    fn shuffled_values_are_the_same_ones() {
        let (mut next, mut values) = (sequence(), [1, 2, 3, 4, 5, 6, 7, 8]);
        shuffle(&mut values, &mut next);
        assert_ne!(values, [1, 2, 3, 4, 5, 6, 7, 8]);
        values.sort_unstable();
        assert_eq!(values, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
