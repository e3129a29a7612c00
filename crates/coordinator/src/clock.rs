//! The clock, passed as an argument to rules that depend on time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The system clock, which tests can move forward so that leases, sessions and epochs end without waiting. It can also
/// stand still, so that nothing happens by itself and a history can be replayed exactly.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
    stands_still: bool,
}

impl Clock {
    /// A clock that stays at `at_ms` (Unix, ms) until it is advanced. With it, a coordinator does no upkeep by itself:
    /// see [`crate::Coordinator::upkeep`].
    pub fn standing_still(at_ms: i64) -> Self {
        Clock { ahead_ms: Arc::new(AtomicI64::new(at_ms)), stands_still: true }
    }

    /// Whether time passes by itself.
    pub(crate) fn runs(&self) -> bool {
        !self.stands_still
    }

    /// Unix time in ms, including all advances.
    pub fn now_ms(&self) -> i64 {
        if self.stands_still {
            return self.ahead_ms.load(Ordering::Relaxed);
        }
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        system.saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Moves this clock and all its clones forward.
    pub fn advance(&self, ms: i64) {
        self.ahead_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_one_time() {
        let clock = Clock::default();
        let before = clock.clone().now_ms();
        clock.advance(3_600_000);
        assert!((3_600_000..3_660_000).contains(&(clock.clone().now_ms() - before)));
    }

    #[test]
    fn a_clock_may_stand_still() {
        let clock = Clock::standing_still(7);
        clock.clone().advance(3);
        assert_eq!((clock.now_ms(), Clock::default().runs(), clock.runs()), (10, true, false));
    }
}
