//! Finds the fastest of several implementations by timing them. WebAssembly reveals neither the number of registers nor
//! which of its instructions map to one of the processor's.

/// How long a race lasts. Engines start with quickly compiled code and have replaced it by then.
const RACE_MS: f64 = 30.0;
/// The fewest and the most rounds, for clocks that stand still.
const ROUNDS: std::ops::Range<usize> = 3..100;

/// The fastest of `ways` by its best round; on a tie, or if the clock stands still, the first. `run` should take about
/// a millisecond, so that a resolution of 0.1 ms is enough.
pub(crate) fn fastest<W: Copy>(ways: &[W], mut run: impl FnMut(W), now_ms: impl Fn() -> f64) -> W {
    let mut best = vec![f64::INFINITY; ways.len()];
    let started_ms = now_ms();
    for round in 0..ROUNDS.end {
        for (way, best) in ways.iter().zip(&mut best) {
            let before_ms = now_ms();
            run(*way);
            *best = best.min(now_ms() - before_ms);
        }
        if round + 1 >= ROUNDS.start && now_ms() - started_ms >= RACE_MS {
            break;
        }
    }
    let order = |left: &usize, right: &usize| best[*left].total_cmp(&best[*right]);
    ways[(0..ways.len()).min_by(order).unwrap_or_default()]
}

/// Milliseconds since the first call.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) fn clock() -> impl Fn() -> f64 {
    let began = web_time::Instant::now();
    move || began.elapsed().as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// The duration of one run that starts at a given time.
    type Takes = fn(f64) -> f64;

    /// Slow at first, like quickly compiled code, then the faster of the two.
    fn late(now_ms: f64) -> f64 {
        if now_ms < 15.0 { 9.0 } else { 1.0 }
    }

    fn steady(_: f64) -> f64 {
        2.0
    }

    /// The index of the winner and the time at which the race ended.
    fn winner(ways: [Takes; 2]) -> (usize, f64) {
        let clock = Cell::new(0.0);
        let run = |way: usize| clock.set(clock.get() + ways[way](clock.get()));
        (fastest(&[0, 1], run, || clock.get()), clock.get())
    }

    #[test]
    fn the_best_round_decides_and_not_the_first() {
        assert_eq!(winner([steady, late]).0, 1);
        let (won, at_ms) = winner([late, steady]);
        assert_eq!(won, 0);
        assert!(at_ms < 2.0 * RACE_MS, "{at_ms} ms");
    }

    #[test]
    fn a_clock_that_stands_still_ends_the_race_and_chooses_the_first() {
        assert_eq!(winner([|_| 0.0, steady]).0, 0);
        let mut runs = 0;
        assert_eq!(fastest(&[7, 8], |_| runs += 1, || 5.0), 7);
        assert_eq!(runs, 2 * ROUNDS.end);
    }
}
