//! How much to compute at once, so that a slice takes a known time on an adapter of unknown speed.

/// What a slice aims at: well under the 100 ms that a shared GPU may be kept from drawing.
const TARGET_MS: f64 = 50.0;
/// A first slice that even a software adapter ends in time.
const FIRST_WORK: f64 = 8e6;

/// The size of the next slice, learnt from the last ones. Work is counted in multiply-adds, padding included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    budget: f64,
    latency_ms: f64,
}

impl Pace {
    /// A pace for an adapter whose smallest slice takes `latency_ms`. Some browsers answer on a timer of 100 ms,
    /// however little there was to do: that part must not count as work.
    pub(crate) fn new(latency_ms: f64) -> Pace {
        Pace { budget: FIRST_WORK, latency_ms }
    }

    /// The same for an adapter that does so much work a millisecond, transfers aside.
    pub(crate) fn at_speed(self, work_per_ms: f64) -> Pace {
        Pace { budget: (work_per_ms * TARGET_MS).clamp(FIRST_WORK / 64.0, 1e15), ..self }
    }

    /// Work of the next slice.
    pub(crate) fn budget(&self) -> u64 {
        self.budget as u64
    }

    /// Learns that a slice of `work` took `elapsed_ms`.
    pub(crate) fn observe(&mut self, work: u64, elapsed_ms: f64) {
        let busy_ms = (elapsed_ms - self.latency_ms).max(elapsed_ms / 8.0).max(0.01);
        let ideal = work as f64 * TARGET_MS / busy_ms;
        // A last, small slice says little about speed: it may shrink the budget if it was slow, never as it was short.
        if (work as f64) < self.budget / 2.0 && busy_ms < TARGET_MS {
            return;
        }
        self.budget = ideal.clamp(self.budget / 8.0, self.budget * 4.0).clamp(FIRST_WORK / 64.0, 1e15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slices on an adapter of `speed` multiply-adds per millisecond until the pace is steady; the last one's time.
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
