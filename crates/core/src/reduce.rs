//! Reductions over integers: count, sum, least, largest and sum of squares, exactly, in 128 bits.
//!
//! They cost no more than reading the values, so they are computed while reading and never delegated.

use serde::{Deserialize, Serialize};

/// The reduction of the values so far. |x| < 2^63, so a sum of 2^64 values fits; the sum of squares is checked.
///
/// ```
/// use adit_core::reduce::Reduction;
/// let mut seen = Reduction::default();
/// for value in [3, -4, 5] {
///     seen.add(value);
/// }
/// assert_eq!((seen.count, seen.sum, seen.min, seen.max), (3, 4, Some(-4), Some(5)));
/// assert_eq!(seen.squares, Some(50));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduction {
    /// The number of values.
    pub count: u64,
    /// Σ x.
    pub sum: i128,
    /// The least value.
    pub min: Option<i64>,
    /// The largest value.
    pub max: Option<i64>,
    /// Σ x², or none if it exceeds 128 bits.
    pub squares: Option<i128>,
}

impl Default for Reduction {
    fn default() -> Self {
        Reduction { count: 0, sum: 0, min: None, max: None, squares: Some(0) }
    }
}

impl Reduction {
    /// Adds a value.
    pub fn add(&mut self, value: i64) {
        self.merge(&Reduction {
            count: 1,
            sum: value.into(),
            min: Some(value),
            max: Some(value),
            squares: Some(i128::from(value) * i128::from(value)),
        });
    }

    /// Adds the reduction of other values.
    pub fn merge(&mut self, other: &Reduction) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = [self.min, other.min].into_iter().flatten().min();
        self.max = [self.max, other.max].into_iter().flatten().max();
        self.squares = self.squares.zip(other.squares).and_then(|(ours, theirs)| ours.checked_add(theirs));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reduce(values: &[i64]) -> Reduction {
        values.iter().fold(Reduction::default(), |mut seen, value| {
            seen.add(*value);
            seen
        })
    }

    #[test]
    fn extreme_sums_fit_and_squares_that_overflow_are_none() {
        let seen = reduce(&[i64::MIN, i64::MIN, i64::MAX]);
        assert_eq!(seen.sum, 2 * i128::from(i64::MIN) + i128::from(i64::MAX));
        assert_eq!(seen.squares, None);
        assert_eq!(reduce(&[i64::MIN]).squares, Some(1 << 126));
    }

    proptest! {
        #[test]
        fn merged_parts_equal_the_whole(
            values in prop::collection::vec(any::<i32>().prop_map(i64::from), 0..50), cut in 0usize..50,
        ) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = reduce(left);
            merged.merge(&reduce(right));
            prop_assert_eq!(merged, reduce(&values));
        }
    }
}
