//! What time it is, for rules that get it as an argument.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock, which can be put forward: leases, sessions and epochs then end without anybody waiting for them.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Unix time in ms, and what it was put forward.
    pub fn now_ms(&self) -> i64 {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        system.saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Puts this clock and all its clones forward.
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
}
