//! What upkeep waits for before it ends or deletes anything.
//!
//! After a start nobody knows how long the coordinator was away, or whether the wall clock is right; after a step of
//! the wall clock, which of the two times was wrong. So miners get time to come back before their leases and sessions
//! end, and data is kept long enough for someone to notice.

/// How long after a start or a step no lease or session ends.
const GRACE_MS: i64 = 60_000;
/// How long after a start or a step nothing is deleted.
const KEEP_MS: i64 = 3_600_000;
/// The longest time for which a step keeps upkeep from deleting.
const MOST_KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// The earliest times at which upkeep may act, on the clock's elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grace {
    end_from_ms: i64,
    delete_from_ms: i64,
}

impl Grace {
    /// After a start.
    pub(crate) fn after_start(elapsed_ms: i64) -> Self {
        Grace { end_from_ms: elapsed_ms + GRACE_MS, delete_from_ms: elapsed_ms + KEEP_MS }
    }

    /// After a step. A step forward makes data seem older, so data is kept for as long again.
    pub(crate) fn after_step(self, by_ms: i64, elapsed_ms: i64) -> Self {
        let keep_ms = by_ms.clamp(KEEP_MS, MOST_KEPT_MS);
        Grace {
            end_from_ms: elapsed_ms + GRACE_MS,
            delete_from_ms: self.delete_from_ms.max(elapsed_ms.saturating_add(keep_ms)),
        }
    }

    /// Whether overdue leases and sessions may end.
    pub(crate) fn may_end(&self, elapsed_ms: i64) -> bool {
        elapsed_ms >= self.end_from_ms
    }

    /// Whether what is too old may be deleted.
    pub(crate) fn may_delete(&self, elapsed_ms: i64) -> bool {
        elapsed_ms >= self.delete_from_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const DAY_MS: i64 = 24 * HOUR_MS;

    #[test]
    fn nothing_ends_or_goes_right_after_a_start_or_a_step() {
        let start = Grace::after_start(100);
        assert!(!start.may_end(60_099) && start.may_end(60_100));
        assert!(!start.may_delete(100 + HOUR_MS - 1) && start.may_delete(100 + HOUR_MS));
        let back = start.after_step(-30 * DAY_MS, DAY_MS);
        assert!(!back.may_end(DAY_MS) && back.may_end(DAY_MS + 60_000));
        assert!(!back.may_delete(DAY_MS) && back.may_delete(DAY_MS + HOUR_MS));
    }

    #[test]
    fn a_step_forward_keeps_data_for_as_long_as_it_made_it_older() {
        let ahead = Grace::after_start(0).after_step(2 * DAY_MS, DAY_MS);
        assert!(!ahead.may_delete(3 * DAY_MS - 1) && ahead.may_delete(3 * DAY_MS));
        // The step back, three seconds later, does not shorten it.
        let back = ahead.after_step(-2 * DAY_MS, DAY_MS + 3_000);
        assert!(!back.may_delete(3 * DAY_MS - 1) && back.may_delete(3 * DAY_MS));
        let far = Grace::after_start(0).after_step(i64::MAX, DAY_MS);
        assert!(far.may_delete(8 * DAY_MS));
    }
}
