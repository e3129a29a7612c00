//! Whether the writer gets its batches into the database.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::DbError;

/// What the writer did lately, for everyone else to read.
#[derive(Debug)]
pub(crate) struct Pulse {
    beat: Mutex<Beat>,
}

/// The last commit and the last failure.
#[derive(Clone, Debug)]
struct Beat {
    committed_at: Instant,
    /// The last batch with something to store was not stored.
    fails: bool,
    error: Option<(String, Instant)>,
}

/// A [`Pulse`] at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Vitals {
    pub(crate) since_commit: Duration,
    pub(crate) fails: bool,
    /// The last failure since the start, and its age.
    pub(crate) error: Option<(String, Duration)>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        let beat = Beat { committed_at: Instant::now(), fails: false, error: None };
        Pulse { beat: Mutex::new(beat) }
    }

    pub(crate) fn vitals(&self) -> Vitals {
        let Beat { committed_at, fails, error } = self.beat().clone();
        Vitals { since_commit: committed_at.elapsed(), fails, error: error.map(|(text, at)| (text, at.elapsed())) }
    }

    /// Notes a commit. One that stored nothing shows that the writer lives, not that the disk has room.
    pub(super) fn committed(&self, stored: bool) {
        let mut beat = self.beat();
        beat.committed_at = Instant::now();
        beat.fails &= !stored;
    }

    pub(super) fn failed(&self, error: &DbError) {
        let mut beat = self.beat();
        beat.fails = true;
        beat.error = Some((error.to_string(), Instant::now()));
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.beat.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_stored_ends_a_failure_and_its_error_is_remembered() {
        let pulse = Pulse::new();
        assert!(!pulse.vitals().fails && pulse.vitals().error.is_none());
        pulse.failed(&DbError::Full);
        pulse.committed(false);
        assert!(pulse.vitals().fails);
        pulse.committed(true);
        let Vitals { fails, error, .. } = pulse.vitals();
        assert!(!fails);
        assert!(error.is_some_and(|(text, _)| text == DbError::Full.to_string()));
    }
}
