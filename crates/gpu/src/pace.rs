//! Sizes slices so that each takes about the same time on an adapter of unknown speed.

/// The target time of a slice: well under the 100 ms for which we may keep a shared GPU from drawing.
const TARGET_MS: f64 = 50.0;
/// Work of the first slice: short even on a software adapter.
const FIRST_WORK: f64 = 8e6;

/// The size of the next slice, learnt from earlier ones. Work is in multiply-adds, padding included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    budget: f64,
    latency_ms: f64,
}

impl Pace {
    /// A pace for an adapter whose smallest slice takes `latency_ms`, which does not count as work: some browsers
    /// answer on a timer of 100 ms.
    pub(crate) fn new(latency_ms: f64) -> Pace {
        Pace { budget: FIRST_WORK, latency_ms }
    }

    /// The same pace, for an adapter of known speed, transfers excluded.
    pub(crate) fn at_speed(self, work_per_ms: f64) -> Pace {
        Pace { budget: (work_per_ms * TARGET_MS).clamp(FIRST_WORK / 64.0, 1e15), ..self }
    }

    /// The work of the next slice.
    pub(crate) fn budget(&self) -> u64 {
        self.budget as u64
    }

    /// Records that a slice of `work` took `elapsed_ms`.
    pub(crate) fn observe(&mut self, work: u64, elapsed_ms: f64) {
        let busy_ms = (elapsed_ms - self.latency_ms).max(elapsed_ms / 8.0).max(0.01);
        let ideal = work as f64 * TARGET_MS / busy_ms;
        // The last slice may be too small to measure speed, so it may lower the budget only if it was slow.
        if (work as f64) < self.budget / 2.0 && busy_ms < TARGET_MS {
            return;
        }
        self.budget = ideal.clamp(self.budget / 8.0, self.budget * 4.0).clamp(FIRST_WORK / 64.0, 1e15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs slices on an adapter of `speed` multiply-adds per millisecond until the pace is steady, and returns the
    /// time of the last one.
    fn settle(speed: f64, latency_ms: f64, known_ms: f64) -> f64 {
        let mut pace = Pace::new(known_ms);
        let mut elapsed = 0.0;
        for _ in 0..20 {
            elapsed = latency_ms + pace.budget() as f64 / speed;
            pace.observe(pace.budget(), elapsed);
        }
        elapsed
    }

    #[test]
    fn every_speed_settles_at_the_target() {
        for speed in [1e4, 1e6, 1e8, 1e10] {
            let elapsed = settle(speed, 0.1, 0.1);
            assert!((elapsed - TARGET_MS).abs() < 1.0, "{speed}: {elapsed} ms");
        }
    }

    #[test]
    fn a_slow_answer_is_not_taken_for_a_slow_adapter() {
        let elapsed = settle(1e8, 100.0, 100.0);
        assert!((elapsed - 100.0 - TARGET_MS).abs() < 1.0, "{elapsed} ms");
    }

    #[test]
    fn a_short_last_slice_changes_nothing() {
        let mut pace = Pace::new(1.0);
        let before = pace.budget();
        pace.observe(before / 100, 2.0);
        assert_eq!(pace.budget(), before);
        pace.observe(before / 100, 200.0);
        assert!(pace.budget() < before);
    }
}
