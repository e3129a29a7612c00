//! The windows of a holder, and the moment in each when its challenge becomes due.
//!
//! Window k begins k windows after the holder's first replica was whole. Its moment is uniform in it, and secret until it
//! comes. It is drawn when the holder first asks in the window: as nobody learns it, that is as good as drawing it before.

use super::Storage;

/// Where a holder is in its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// When window 0 began (Unix, ms).
    pub(crate) began_at_ms: i64,
    /// The window whose moment is drawn; -1 before the first.
    pub(crate) window: i64,
    /// Its moment (Unix, ms).
    pub(crate) due_at_ms: i64,
    /// Whether its challenge was leased.
    pub(crate) asked: bool,
}

/// What follows when a holder asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) schedule: Schedule,
    /// The window whose challenge is due, to be leased now.
    pub(crate) due: Option<i64>,
    /// Windows that have passed without a challenge since it last asked.
    pub(crate) missed: i64,
}

impl Schedule {
    /// Moves on to `now_ms`, at which a holder asks. `draw` is secret, and uniform over all values.
    pub(crate) fn ask(self, now_ms: i64, terms: &Storage, draw: u64) -> Step {
        let window_ms = terms.window_ms.max(1) as i64;
        let within_ms = terms.ask_within_ms as i64;
        let current = (now_ms - self.began_at_ms).max(0) / window_ms;
        let open = !self.asked && self.window >= 0;
        let waits_for_earlier = open && self.window == current - 1 && now_ms <= self.due_at_ms + within_ms;
        let (mut schedule, mut missed) = (self, 0);
        if self.window < current && !waits_for_earlier {
            missed = current - self.window - 1 + i64::from(open);
            let into = ((u128::from(draw) * window_ms as u128) >> 64) as i64;
            let due_at_ms = self.began_at_ms + current * window_ms + into;
            schedule = Schedule { window: current, due_at_ms, asked: false, ..self };
        }
        let is_due = !schedule.asked && (schedule.due_at_ms..=schedule.due_at_ms + within_ms).contains(&now_ms);
        schedule.asked |= is_due;
        Step { schedule, due: is_due.then_some(schedule.window), missed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u64 = 1 << 63;

    fn terms() -> Storage {
        Storage { window_ms: 1_000, ask_within_ms: 100, ..Storage::default() }
    }

    fn fresh() -> Schedule {
        Schedule { began_at_ms: 5_000, window: -1, due_at_ms: 0, asked: false }
    }

    #[test]
    fn a_challenge_is_due_once_and_only_after_its_moment() {
        let early = fresh().ask(5_100, &terms(), HALF);
        assert_eq!((early.due, early.missed, early.schedule.due_at_ms), (None, 0, 5_500));
        // Asking again does not draw again.
        let again = early.schedule.ask(5_499, &terms(), 0);
        assert_eq!((again.due, again.schedule), (None, early.schedule));
        let due = again.schedule.ask(5_560, &terms(), 0);
        assert_eq!(due.due, Some(0));
        assert_eq!(due.schedule.ask(5_570, &terms(), 0).due, None);
    }

    #[test]
    fn a_moment_that_nobody_asks_after_is_missed() {
        let early = fresh().ask(5_100, &terms(), HALF);
        let late = early.schedule.ask(5_601, &terms(), 0);
        assert_eq!((late.due, late.missed), (None, 0));
        let next = late.schedule.ask(6_000, &terms(), 0);
        assert_eq!((next.due, next.missed), (Some(1), 1));
        let far = next.schedule.ask(16_500, &terms(), u64::MAX);
        assert_eq!((far.due, far.missed, far.schedule.window), (None, 9, 11));
        assert!(far.schedule.due_at_ms < 17_000);
    }

    #[test]
    fn a_moment_at_a_windows_end_may_be_answered_after_it() {
        let early = fresh().ask(5_100, &terms(), u64::MAX);
        assert_eq!(early.schedule.due_at_ms, 5_999);
        let step = early.schedule.ask(6_050, &terms(), 0);
        assert_eq!((step.due, step.missed), (Some(0), 0));
        assert_eq!(step.schedule.ask(6_060, &terms(), 0).due, Some(1));
    }

    #[test]
    fn moments_are_spread_over_the_window() {
        let due = |draw: u64| fresh().ask(5_000, &terms(), draw).schedule.due_at_ms;
        let mut seen: Vec<i64> = (0..1_000).map(|step| due(step * (u64::MAX / 1_000))).collect();
        seen.dedup();
        assert!(seen.len() > 990 && seen[0] == 5_000 && seen.iter().all(|at| (5_000..6_000).contains(at)));
    }
}
