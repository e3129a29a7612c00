//! How a miner's record limits it: concurrent leases, and quarantine.
//!
//! Nobody is banned. The limit on concurrent leases works like a TCP congestion window: each verified unit adds to it,
//! so it doubles once per round, and abandoned units shrink it by a factor (Chiu and Jain, 1989; slow start in RFC
//! 5681, 3.1). Wrong outputs are judged by Wald's test: see [`SPRT`].

use crate::people::SESSION_IDLE_MS;

/// Limits that depend on a miner's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// Concurrent leases for a key that is not proven, over all its sessions; at least 1.
    pub first_in_flight: u32,
    /// The lowest limit for a key that abandons units; at least 1.
    pub least_in_flight: u32,
    /// The highest limit for any key.
    pub most_in_flight: u32,
    /// Length of the first quarantine, in ms. Each later one doubles, up to a day. 0 disables quarantine.
    pub quarantine_ms: i64,
    /// The most leases that unproven keys hold together from one address block.
    pub unproven_per_block: u32,
    /// How many units that unproven keys let expire are overlooked in an address block; one is forgiven each minute.
    pub abandoned_per_block: u32,
    /// Of a job's waiting panels, unproven keys hold together at most one in this many. 1 lifts this cap.
    pub unproven_part: u32,
    /// The longest lease, in ms, of a lane whose speed at the kind is not measured, or whose key is not proven.
    pub unknown_ttl_ms: u64,
    /// A unit that has taken this many times as long as its lane should need may be leased a second time, once nothing else
    /// of its job is left. 0 never does.
    pub second_after: u32,
}

impl Default for Conduct {
    fn default() -> Self {
        Conduct {
            first_in_flight: 1,
            least_in_flight: 1,
            most_in_flight: 1_024,
            quarantine_ms: SESSION_IDLE_MS,
            unproven_per_block: 8,
            abandoned_per_block: 2,
            unproven_part: 4,
            unknown_ttl_ms: 120_000,
            second_after: 2,
        }
    }
}

/// The longest quarantine.
pub(crate) const MAX_QUARANTINE_MS: i64 = 24 * 3_600_000;

/// The sequential probability ratio test (A. Wald, "Sequential Tests of Statistical Hypotheses", Annals of Mathematical
/// Statistics 16, 1945), in millionths of a natural logarithm.
///
/// Hypothesis 0: the miner is honest and ε0 = 0.1 % of its outputs are wrong (bad memory, a damaged cache). Hypothesis
/// 1: it lies, and at least ε1 = 5 % are wrong. A wrong output adds ln(ε1 / ε0) to the log likelihood ratio; a right
/// one adds ln((1 − ε1) / (1 − ε0)) < 0. At ln((1 − β) / α) the test accepts hypothesis 1. α = 0.1 % is the share of
/// honest miners taken for liars, β = 1 % the share of liars missed. The test never accepts hypothesis 0, because an
/// honest miner may start to lie; the ratio stops at 0 instead. So two wrong outputs close together decide, one does
/// not, and 78 right ones make up for one wrong one.
struct Sprt {
    wrong: i64,
    right: i64,
    liar: i64,
}

const SPRT: Sprt = Sprt {
    wrong: 3_912_023, // ln(0.05 / 0.001)
    right: -50_293,   // ln(0.95 / 0.999)
    liar: 6_897_705,  // ln(0.99 / 0.001)
};

/// Something a miner did that counts in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It delivered a right output.
    Right,
    /// It delivered a wrong output.
    Wrong,
    /// It let a lease expire.
    Expired,
    /// It ended a session while holding a lease.
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Concurrent leases allowed.
    pub(crate) in_flight: i64,
    /// Log likelihood ratio of the test, in millionths.
    pub(crate) suspicion: i64,
    /// Quarantines since `suspicion` was last 0.
    pub(crate) quarantines: i64,
    /// End of the last quarantine (Unix, ms); 0 if there was none.
    pub(crate) quarantined_until_ms: i64,
}

impl Record {
    /// The record of a new key.
    pub(crate) fn new(rules: &Conduct) -> Self {
        Record { in_flight: i64::from(rules.first_in_flight), suspicion: 0, quarantines: 0, quarantined_until_ms: 0 }
    }

    /// Remaining quarantine, in ms.
    pub(crate) fn quarantined_ms(&self, now_ms: i64) -> Option<u64> {
        u64::try_from(self.quarantined_until_ms - now_ms).ok().filter(|ms| *ms > 0)
    }

    /// The record after `deed`.
    pub(crate) fn after(self, deed: Deed, rules: &Conduct, now_ms: i64) -> Self {
        let in_flight = match deed {
            Deed::Right => self.in_flight + 1,
            Deed::Wrong => self.in_flight,
            Deed::Expired => self.in_flight / 2,
            Deed::Dropped => self.in_flight - 1,
        };
        let (least, most) = (i64::from(rules.least_in_flight.max(1)), i64::from(rules.most_in_flight));
        let record = Record { in_flight: in_flight.min(most).max(least), ..self };
        match deed {
            Deed::Right => record.suspected(SPRT.right, rules, now_ms),
            Deed::Wrong => record.suspected(SPRT.wrong, rules, now_ms),
            Deed::Expired | Deed::Dropped => record,
        }
    }

    fn suspected(self, change: i64, rules: &Conduct, now_ms: i64) -> Self {
        let suspicion = (self.suspicion + change).max(0);
        if suspicion < SPRT.liar || rules.quarantine_ms == 0 {
            let quarantines = if suspicion == 0 { 0 } else { self.quarantines };
            return Record { suspicion: suspicion.min(SPRT.liar), quarantines, ..self };
        }
        let length_ms = rules.quarantine_ms.saturating_mul(1 << self.quarantines.min(16)).min(MAX_QUARANTINE_MS);
        Record {
            // After quarantine one more wrong output decides again, unless right ones make up for it first.
            suspicion: SPRT.liar - SPRT.wrong,
            quarantines: self.quarantines + 1,
            quarantined_until_ms: self.quarantined_until_ms.max(now_ms + length_ms),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Conduct = Conduct {
        first_in_flight: 4,
        least_in_flight: 1,
        most_in_flight: 10,
        quarantine_ms: 1_000,
        unproven_per_block: 8,
        abandoned_per_block: 2,
        unproven_part: 4,
        unknown_ttl_ms: 120_000,
        second_after: 2,
    };

    fn after(record: Record, deeds: &[(Deed, u32)]) -> Record {
        let all = deeds.iter().flat_map(|(deed, times)| (0..*times).map(|_| *deed));
        all.fold(record, |record, deed| record.after(deed, &RULES, 0))
    }

    #[test]
    fn the_constants_are_the_logarithms_of_their_ratios() {
        let (honest, liar, alpha, beta) = (0.001_f64, 0.05_f64, 0.001_f64, 0.01_f64);
        let micro = |ratio: f64| (ratio.ln() * 1e6).round() as i64;
        assert_eq!(SPRT.wrong, micro(liar / honest));
        assert_eq!(SPRT.right, micro((1.0 - liar) / (1.0 - honest)));
        assert_eq!(SPRT.liar, micro((1.0 - beta) / alpha));
    }

    #[test]
    fn leases_grow_with_verified_work_and_shrink_with_abandoned_units() {
        let new = Record::new(&RULES);
        assert_eq!(after(new, &[(Deed::Right, 3)]).in_flight, 7);
        assert_eq!(after(new, &[(Deed::Right, 30)]).in_flight, 10);
        assert_eq!(after(new, &[(Deed::Expired, 1)]).in_flight, 2);
        assert_eq!(after(new, &[(Deed::Dropped, 1)]).in_flight, 3);
        assert_eq!(after(new, &[(Deed::Expired, 9), (Deed::Dropped, 9)]).in_flight, 1);
        assert_eq!(after(new, &[(Deed::Expired, 9), (Deed::Right, 3)]).in_flight, 4);
    }

    #[test]
    fn two_wrong_outputs_close_together_quarantine_and_one_does_not() {
        let new = Record::new(&RULES);
        assert_eq!(after(new, &[(Deed::Wrong, 1)]).quarantined_ms(0), None);
        assert_eq!(after(new, &[(Deed::Wrong, 2)]).quarantined_ms(0), Some(1_000));
        assert_eq!(after(new, &[(Deed::Wrong, 1), (Deed::Right, 18), (Deed::Wrong, 1)]).quarantined_ms(0), Some(1_000));
        assert_eq!(after(new, &[(Deed::Wrong, 1), (Deed::Right, 19), (Deed::Wrong, 1)]).quarantined_ms(0), None);
        // Earlier right outputs earn no credit.
        assert_eq!(after(new, &[(Deed::Right, 10_000), (Deed::Wrong, 2)]).quarantined_ms(0), Some(1_000));
    }

    #[test]
    fn a_quarantine_ends_and_the_next_is_longer_until_the_record_is_clean() {
        let caught = after(Record::new(&RULES), &[(Deed::Wrong, 2)]);
        assert_eq!((caught.quarantined_ms(999), caught.quarantined_ms(1_000)), (Some(1), None));
        let again = caught.after(Deed::Wrong, &RULES, 1_000);
        assert_eq!(again.quarantined_ms(1_000), Some(2_000));
        let clean = after(again, &[(Deed::Right, 60)]);
        assert_eq!((clean.suspicion, clean.quarantines), (0, 0));
        let worst = (0..40).fold(caught, |record, _| record.after(Deed::Wrong, &RULES, 0));
        assert_eq!(worst.quarantined_ms(0), Some(1_000 << 16));
        let day = Conduct { quarantine_ms: MAX_QUARANTINE_MS - 1, ..RULES };
        let long = (0..40).fold(caught, |record, _| record.after(Deed::Wrong, &day, 0));
        assert_eq!(long.quarantined_ms(0), Some(MAX_QUARANTINE_MS as u64));
        let never = Conduct { quarantine_ms: 0, ..RULES };
        let free = (0..40).fold(Record::new(&never), |record, _| record.after(Deed::Wrong, &never, 0));
        assert_eq!(free.quarantined_ms(0), None);
    }

    /// Measures both error rates. Wald bounds them by α / (1 − β) and β / (1 − α) for a test that stops at either end.
    #[test]
    fn honest_miners_stay_and_liars_are_quarantined() {
        use adit_core::random::SplitMix64;
        let mut random = SplitMix64::new(1);
        let mut caught_within = |wrong_in_100_000: u64, units: u32| {
            let found = (0..1_000).filter(|_| {
                let mut record = Record::new(&RULES);
                (0..units).any(|_| {
                    let wrong = (random.draw() >> 8) % 100_000 < wrong_in_100_000;
                    record = record.after(if wrong { Deed::Wrong } else { Deed::Right }, &RULES, 0);
                    record.quarantines > 0
                })
            });
            found.count()
        };
        assert!(caught_within(100, 300) < 20, "too many honest miners are quarantined");
        assert!(caught_within(5_000, 300) > 950, "too many liars go free");
        assert!(caught_within(50_000, 30) > 990, "too many bold liars go free");
    }
}
