//! Which tile suits this processor, found by trying: WebAssembly does not say how many registers there are.
//!
//! Two rows of four vectors fit the sixteen registers of x86-64 with the operands of a step; eight rows of two vectors need the
//! 32 of ARM.

use adit_core::kernel::float::FloatMatrix;

use super::Multiply;

/// Rows, inner dimension and columns of the product that is raced with: about a millisecond, so that clocks of 0.1 ms do.
const SIZE: usize = 256;
/// Engines begin with code that was compiled in a hurry. After so long the better code is there.
const RACE_MS: f64 = 30.0;
/// For clocks that stand still: the fewest rounds, and the most.
const ROUNDS: std::ops::Range<usize> = 3..100;

/// The fastest of `ways` by its best round, on a tie the earliest; the first of all where the clock shows nothing.
pub(super) fn fastest(ways: &[Multiply], now_ms: impl Fn() -> f64) -> Multiply {
    let values: Vec<f32> = (0..SIZE * SIZE).map(|index| (index % 7) as f32).collect();
    let b = FloatMatrix { rows: SIZE, cols: SIZE, values: values.clone() };
    let mut out = vec![0.0; SIZE * SIZE];
    let mut best = vec![f64::INFINITY; ways.len()];
    let started_ms = now_ms();
    for round in 0..ROUNDS.end {
        for (way, best) in ways.iter().zip(&mut best) {
            let before_ms = now_ms();
            way(&values, SIZE, &b, &mut out);
            *best = best.min(now_ms() - before_ms);
        }
        if round + 1 >= ROUNDS.start && now_ms() - started_ms >= RACE_MS {
            break;
        }
    }
    let order = |left: &usize, right: &usize| best[*left].total_cmp(&best[*right]);
    ways[(0..ways.len()).min_by(order).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! { static NOW_MS: Cell<f64> = const { Cell::new(0.0) }; }

    fn takes(ms: f64) {
        NOW_MS.set(NOW_MS.get() + ms);
    }

    /// Slow at first, as code that was compiled in a hurry is, and then the faster one.
    fn late(_: &[f32], _: usize, _: &FloatMatrix, _: &mut [f32]) {
        takes(if NOW_MS.get() < 15.0 { 9.0 } else { 1.0 });
    }

    fn steady(_: &[f32], _: usize, _: &FloatMatrix, _: &mut [f32]) {
        takes(2.0);
    }

    fn at_once(_: &[f32], _: usize, _: &FloatMatrix, _: &mut [f32]) {}

    fn winner(ways: &[Multiply]) -> usize {
        NOW_MS.set(0.0);
        let winner = fastest(ways, || NOW_MS.get());
        ways.iter().position(|way| std::ptr::fn_addr_eq(*way, winner)).unwrap()
    }

    #[test]
    fn the_best_round_decides_and_not_the_first() {
        assert_eq!(winner(&[steady, late]), 1);
        assert_eq!(winner(&[late, steady]), 0);
        assert!(NOW_MS.get() < 2.0 * RACE_MS, "{} ms", NOW_MS.get());
    }

    #[test]
    fn a_clock_that_stands_still_ends_the_race_and_chooses_the_first() {
        assert_eq!(winner(&[at_once, steady]), 0);
        let frozen = fastest(&[at_once, steady], || 5.0);
        assert!(std::ptr::fn_addr_eq(frozen, at_once as Multiply));
    }
}
