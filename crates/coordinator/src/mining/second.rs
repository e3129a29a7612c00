//! When a unit may be leased a second time. Near a job's end nothing is left to cut, and one lane that has gone or is slow
//! would hold up the whole job while others are idle. The first valid output is paid; the other comes too late, which
//! counts against nobody.

/// No unit is overdue before this, however fast its lane: a small unit is mostly transfer.
pub(crate) const LEAST_MS: i64 = 5_000;
/// The most live leases of a unit.
pub(crate) const MOST_LEASES: i64 = 2;

/// A unit under way, as a second lane sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnderWay {
    /// The unit's work.
    pub(crate) work: u64,
    /// How long the lease lasts in all.
    pub(crate) ttl_ms: i64,
    /// For how long it has been held.
    pub(crate) age_ms: i64,
    /// Its holder's measured speed, in work per second; 0 if unmeasured.
    pub(crate) speed: u64,
}

impl UnderWay {
    /// How long the holder should take. A lease lasts at least three times that, whatever was assumed of its holder.
    pub(crate) fn expected_ms(&self) -> i64 {
        match self.speed {
            0 => self.ttl_ms / 3,
            speed => takes_ms(self.work, speed).min(self.ttl_ms / 3),
        }
    }

    /// Whether the holder has taken `times` as long as expected. Never, if `times` is 0.
    pub(crate) fn is_overdue(&self, times: u32) -> bool {
        let late_ms = self.expected_ms().saturating_mul(i64::from(times)).max(LEAST_MS);
        times > 0 && self.age_ms >= late_ms
    }

    /// Whether a lane of this speed would be done before the holder's lease ends. An unmeasured one may try.
    pub(crate) fn gains(&self, speed: u64) -> bool {
        speed == 0 || takes_ms(self.work, speed) < self.ttl_ms - self.age_ms
    }
}

fn takes_ms(work: u64, speed: u64) -> i64 {
    i64::try_from(work.saturating_mul(1_000) / speed.max(1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNIT: UnderWay = UnderWay { work: 20_000_000, ttl_ms: 60_000, age_ms: 0, speed: 1_000_000 };

    #[test]
    fn a_unit_is_overdue_after_a_multiple_of_what_its_lane_needs() {
        let at = |age_ms, speed| UnderWay { age_ms, speed, ..UNIT };
        assert!(!at(39_999, 1_000_000).is_overdue(2) && at(40_000, 1_000_000).is_overdue(2));
        // Unmeasured: a third of the lease is what the coordinator assumed.
        assert!(!at(39_999, 0).is_overdue(2) && at(40_000, 0).is_overdue(2));
        // A fast lane's unit has time to travel.
        assert!(!at(LEAST_MS - 1, u64::MAX).is_overdue(2) && at(LEAST_MS, u64::MAX).is_overdue(2));
        assert!(!at(i64::MAX, 1).is_overdue(0));
    }

    #[test]
    fn a_lane_that_would_come_after_the_lease_gets_no_second_one() {
        let late = UnderWay { age_ms: 50_000, ..UNIT };
        assert!(late.gains(2_000_001) && !late.gains(2_000_000) && late.gains(0));
    }

    proptest! {
        /// No unit is overdue within its expected time, and every unit is before its lease ends.
        #[test]
        fn a_second_lease_comes_after_the_expected_time_and_before_the_end(
            work in 0u64..1 << 50, speed in 0u64..1 << 50, ttl_ms in 15_000i64..3_600_000, age_ms in 0i64..3_600_000,
        ) {
            let held = UnderWay { work, ttl_ms, age_ms, speed };
            prop_assert!(!held.is_overdue(2) || age_ms >= 2 * held.expected_ms() && age_ms >= LEAST_MS);
            prop_assert!(held.is_overdue(2) || age_ms < ttl_ms);
        }
    }
}
