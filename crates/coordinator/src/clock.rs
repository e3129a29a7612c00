//! The coordinator's time, passed as an argument to rules that depend on it.
//!
//! Wall clocks are set: by hand, by a time server, after a suspension. So the wall clock is read at the start, and time
//! passes by the monotonic clock from then on. When the wall clock is set meanwhile, [`Clock::off_ms`] says by how
//! much; upkeep notices, and moves this time with everything that is due in it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The coordinator's clock. Clones share one time.
///
/// Tests can move it forward so that leases, sessions and epochs end without waiting, or set the wall clock behind its
/// back. It can also stand still, so that nothing happens by itself and a history can be replayed exactly.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` if it stands still.
    began: Option<Instant>,
    /// The wall clock then (Unix, ms).
    began_at_ms: i64,
    /// By how much tests moved this clock forward.
    advanced_ms: AtomicI64,
    /// By how much tests set the wall clock.
    set_ms: AtomicI64,
    /// How far the wall clock's steps moved this time.
    followed_ms: AtomicI64,
    last_step: Mutex<Option<Step>>,
}

/// A step of the wall clock that this time followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) by_ms: i64,
    /// When, on [`Clock::elapsed_ms`].
    pub(crate) at_elapsed_ms: i64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new(Some(Instant::now()), system_ms())
    }
}

impl Clock {
    fn new(began: Option<Instant>, began_at_ms: i64) -> Self {
        let [advanced_ms, set_ms, followed_ms] = std::array::from_fn(|_| AtomicI64::new(0));
        let last_step = Mutex::new(None);
        Clock(Arc::new(Inner { began, began_at_ms, advanced_ms, set_ms, followed_ms, last_step }))
    }

    /// A clock that stays at `at_ms` (Unix, ms) until it is advanced. With it, a coordinator does no upkeep by itself:
    /// see [`crate::Coordinator::upkeep`].
    pub fn standing_still(at_ms: i64) -> Self {
        Clock::new(None, at_ms)
    }

    /// Whether time passes by itself.
    pub(crate) fn runs(&self) -> bool {
        self.0.began.is_some()
    }

    /// Milliseconds since this clock was made. Never steps: for durations within the process.
    pub fn elapsed_ms(&self) -> i64 {
        let passed = self.0.began.map_or(0, |began| began.elapsed().as_millis() as i64);
        passed.saturating_add(self.0.advanced_ms.load(Ordering::Relaxed))
    }

    /// The coordinator's time (Unix, ms). Steps only where [`Clock::follow`] moves it.
    pub fn now_ms(&self) -> i64 {
        let followed_ms = self.0.followed_ms.load(Ordering::Relaxed);
        self.0.began_at_ms.saturating_add(self.elapsed_ms()).saturating_add(followed_ms)
    }

    /// How far the wall clock is ahead of this time, in ms.
    pub(crate) fn off_ms(&self) -> i64 {
        let advanced_ms = self.0.advanced_ms.load(Ordering::Relaxed);
        let wall_ms = if self.runs() { system_ms() } else { self.0.began_at_ms };
        let wall_ms = wall_ms.saturating_add(advanced_ms).saturating_add(self.0.set_ms.load(Ordering::Relaxed));
        wall_ms.saturating_sub(self.now_ms())
    }

    /// Sets this time by the wall clock, before anything depends on it.
    pub(crate) fn begin(&self) {
        self.0.followed_ms.fetch_add(self.off_ms(), Ordering::Relaxed);
    }

    /// Moves this time by a step of the wall clock. Whatever is due in it must have been moved before.
    pub(crate) fn follow(&self, by_ms: i64) {
        self.0.followed_ms.fetch_add(by_ms, Ordering::Relaxed);
        let step = Step { by_ms, at_elapsed_ms: self.elapsed_ms() };
        *self.0.last_step.lock().unwrap_or_else(PoisonError::into_inner) = Some(step);
    }

    /// The last step that this time followed.
    pub(crate) fn last_step(&self) -> Option<Step> {
        *self.0.last_step.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass: moves this clock and all its clones forward, the wall clock included.
    pub fn advance(&self, ms: i64) {
        self.0.advanced_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the wall clock forward or back while no time passes.
    pub fn set_wall(&self, by_ms: i64) {
        self.0.set_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

fn system_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
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

    #[test]
    fn a_step_of_the_wall_clock_moves_time_only_when_it_is_followed() {
        let clock = Clock::standing_still(1_000);
        clock.advance(5);
        clock.set_wall(-300);
        assert_eq!((clock.now_ms(), clock.elapsed_ms(), clock.off_ms()), (1_005, 5, -300));
        assert!(clock.last_step().is_none());
        clock.follow(clock.off_ms());
        assert_eq!((clock.now_ms(), clock.elapsed_ms(), clock.off_ms()), (705, 5, 0));
        assert_eq!(clock.last_step().map(|step| (step.by_ms, step.at_elapsed_ms)), Some((-300, 5)));
        // A new start reads the wall clock.
        clock.set_wall(50);
        clock.begin();
        assert_eq!((clock.now_ms(), clock.off_ms()), (755, 0));
    }
}
