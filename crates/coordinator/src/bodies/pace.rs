//! The minimum rate of a body. Time is an argument.

use std::time::Duration;

const NANOS_PER_S: u128 = 1_000_000_000;

/// How far a body is behind its minimum rate. Waiting for the peer puts it behind, and bytes that move let it catch up. It
/// is never ahead: a peer that was fast may not pause for longer than one that was slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    bytes_per_s: u64,
    grace: Duration,
    behind: Duration,
}

impl Pace {
    /// A body that must keep `bytes_per_s` and may be behind by at most `grace`.
    pub(crate) fn new(bytes_per_s: u64, grace: Duration) -> Self {
        Pace { bytes_per_s: bytes_per_s.max(1), grace, behind: Duration::ZERO }
    }

    /// How long the peer may wait before it moves the next byte.
    pub(crate) fn left(&self) -> Duration {
        self.grace.saturating_sub(self.behind)
    }

    /// Counts time spent waiting for the peer.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.behind = self.behind.saturating_add(time);
    }

    /// Counts bytes that moved.
    pub(crate) fn moved(&mut self, bytes: usize) {
        let nanos = bytes as u128 * NANOS_PER_S / u128::from(self.bytes_per_s);
        self.behind = self.behind.saturating_sub(Duration::from_nanos(nanos.try_into().unwrap_or(u64::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_peer_that_does_nothing_has_its_grace() {
        let mut pace = Pace::new(1_000, 20 * SECOND);
        assert_eq!(pace.left(), 20 * SECOND);
        pace.waited(19 * SECOND);
        assert_eq!(pace.left(), SECOND);
        pace.waited(5 * SECOND);
        assert_eq!(pace.left(), Duration::ZERO);
    }

    /// A peer that sends a byte a second lasts hardly longer than one that sends nothing.
    #[test]
    fn trickling_does_not_help() {
        let mut pace = Pace::new(1_000, 20 * SECOND);
        let seconds = (0..1_000).take_while(|_| {
            pace.waited(SECOND);
            pace.moved(1);
            !pace.left().is_zero()
        });
        assert_eq!(seconds.count(), 20);
    }

    #[test]
    fn a_peer_at_the_least_rate_goes_on_for_ever() {
        let mut pace = Pace::new(1_000, 20 * SECOND);
        for _ in 0..1_000 {
            pace.waited(10 * SECOND);
            pace.moved(10_000);
            assert_eq!(pace.left(), 20 * SECOND);
        }
    }

    #[test]
    fn what_was_fast_is_not_saved_up() {
        let mut pace = Pace::new(1_000, 20 * SECOND);
        pace.moved(usize::MAX);
        pace.waited(20 * SECOND);
        assert_eq!(pace.left(), Duration::ZERO);
    }
}
