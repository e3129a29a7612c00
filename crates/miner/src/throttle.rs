//! A lane's duty: how long it rests between slices.
//!
//! At duty d, a lane rests for b · (1 − d) / d after working for b. In fact it rests longer, because timers fire late and because
//! it has nothing to do while an output is delivered. So the rest is kept as a debt that every wait pays off.

/// How much rest a wait can pay in advance. Without this cap, a lane would work without rest for as long as it had waited.
const MAX_CREDIT_MS: f64 = 1_000.0;

/// How much a lane may work, and the rest that it owes.
#[derive(Debug)]
pub(crate) struct Throttle {
    duty: f64,
    /// Negative after more rest than was owed.
    owed_ms: f64,
    /// When the last slice ended.
    since_ms: Option<f64>,
}

impl Throttle {
    /// A lane at full duty.
    pub(crate) fn new() -> Self {
        Throttle { duty: 1.0, owed_ms: 0.0, since_ms: None }
    }

    /// Sets the fraction of the time that the lane may work, and forgives what is owed.
    pub(crate) fn set(&mut self, duty: f64) {
        self.duty = duty.clamp(0.0, 1.0);
        self.owed_ms = 0.0;
    }

    /// Whether the lane must not work at all.
    pub(crate) fn pauses(&self) -> bool {
        self.duty == 0.0
    }

    /// Counts a slice from `started_ms` to `ended_ms` and returns how long to rest now.
    pub(crate) fn rest_ms(&mut self, started_ms: f64, ended_ms: f64) -> f64 {
        let waited_ms = self.since_ms.map_or(0.0, |since_ms| (started_ms - since_ms).max(0.0));
        self.owed_ms = (self.owed_ms - waited_ms).max(-MAX_CREDIT_MS);
        self.owed_ms += (ended_ms - started_ms).max(0.0) * (1.0 - self.duty) / self.duty;
        self.since_ms = Some(ended_ms);
        self.owed_ms.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fraction of the time that is worked in slices of 30 ms. Every rest takes `late_ms` longer than asked for, and
    /// `gap_ms` without work follow every tenth slice.
    fn worked(duty: f64, late_ms: f64, gap_ms: f64) -> f64 {
        let mut throttle = Throttle::new();
        throttle.set(duty);
        let (mut now_ms, mut busy_ms) = (0.0, 0.0);
        for slice in 1..=10_000 {
            let rest_ms = throttle.rest_ms(now_ms, now_ms + 30.0);
            busy_ms += 30.0;
            now_ms += 30.0;
            // Without rest there is no timer.
            now_ms += if rest_ms > 0.0 { rest_ms + late_ms } else { 0.0 };
            now_ms += if slice % 10 == 0 { gap_ms } else { 0.0 };
        }
        busy_ms / now_ms
    }

    #[test]
    fn late_timers_and_gaps_between_units_do_not_lower_the_duty() {
        for duty in [0.05, 0.2, 0.35, 0.5, 0.65] {
            for (late_ms, gap_ms) in [(0.0, 0.0), (4.0, 0.0), (4.0, 100.0), (16.0, 60.0)] {
                let worked = worked(duty, late_ms, gap_ms);
                assert!((worked - duty).abs() < 0.005, "{worked} instead of {duty} with {late_ms} and {gap_ms} ms");
            }
        }
    }

    #[test]
    fn a_long_wait_allows_no_long_stretch_of_work() {
        let mut throttle = Throttle::new();
        throttle.set(0.5);
        throttle.rest_ms(0.0, 30.0);
        let mut now_ms = 60_000.0;
        let mut stretch_ms = 0.0;
        while throttle.rest_ms(now_ms, now_ms + 30.0) == 0.0 {
            (now_ms, stretch_ms) = (now_ms + 30.0, stretch_ms + 30.0);
        }
        assert!((900.0..=1_000.0).contains(&stretch_ms), "{stretch_ms}");
    }

    #[test]
    fn a_new_duty_owes_nothing_from_before() {
        let mut throttle = Throttle::new();
        throttle.set(0.05);
        assert_eq!(throttle.rest_ms(0.0, 30.0), 570.0);
        throttle.set(1.0);
        assert_eq!(throttle.rest_ms(30.0, 60.0), 0.0);
        throttle.set(0.0);
        assert!(throttle.pauses());
    }
}
