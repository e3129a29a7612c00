//! What keys that have proved nothing may hold. A key costs nothing, so the caps are on what all of them hold together.
//!
//! A key is proven while it has delivered more valid units than it let expire. An unproven key holds few leases, and each
//! of them is short. From one address block, unproven keys hold a fixed number of leases; of a job, a part of the panels
//! that no proven key holds. The rest is enough for proven keys to find work at any time. So that somebody can always
//! begin, a few leases need no such part: one for every few jobs, and at least one.
//!
//! Nobody can tell an honest newcomer from one that will not deliver, but its address block may be known: where keys keep
//! abandoning units, they get half of the part at most. The other half is for newcomers from elsewhere.

use std::collections::HashMap;

use crate::mining::conduct::{Conduct, Record};

/// After a unit's lease expires, proven keys alone may take the unit for this long. A lane without work asks every
/// second, so one that is idle gets it.
pub(crate) const PROVEN_FIRST_MS: i64 = 10_000;

/// A key's record, and whether it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) record: Record,
    pub(crate) proven: bool,
}

impl Standing {
    /// The standing of a key with these valid units and expired leases.
    pub(crate) fn new(record: Record, units_valid: i64, leases_expired: i64) -> Self {
        Standing { record, proven: units_valid > leases_expired }
    }

    /// Concurrent leases allowed.
    pub(crate) fn in_flight(&self, rules: &Conduct) -> i64 {
        let first = i64::from(rules.first_in_flight.max(1));
        if self.proven { self.record.in_flight } else { self.record.in_flight.min(first) }
    }
}

/// The panels that unproven keys may still take of a job in which `waiting` panels wait and unproven keys hold `held`.
/// `abandons` tells whether the address block abandons too many units.
pub(crate) fn free_panels(rules: &Conduct, waiting: i64, held: i64, abandons: bool) -> i64 {
    let part = if abandons { 2 * part(rules) } else { part(rules) };
    ((waiting + held) / part - held).max(0)
}

/// How many leases unproven keys may hold without needing any of a job's part, with this many active jobs.
pub(crate) fn most_beside(rules: &Conduct, jobs: i64) -> i64 {
    (jobs / part(rules)).max(1)
}

fn part(rules: &Conduct) -> i64 {
    i64::from(rules.unproven_part.max(1))
}

/// How long it takes to forgive an address block one abandoned unit.
const FORGIVEN_MS: i64 = 60_000;
/// However many units a block abandoned, all are forgiven after this time.
const ALL_FORGIVEN_MS: i64 = 600_000;
/// The most address blocks to remember.
const MAX_BLOCKS: usize = 4_096;

/// Units that unproven keys let expire, by the address block in which they took them. Only in memory: addresses are
/// not kept, and a restart forgives everybody.
#[derive(Debug, Default)]
pub(crate) struct Abandoned {
    /// When the last unit will be forgiven (Unix, ms).
    forgiven_at_ms: HashMap<Vec<u8>, i64>,
}

impl Abandoned {
    /// Counts an abandoned unit.
    pub(crate) fn add(&mut self, block: &[u8], now_ms: i64) {
        if self.forgiven_at_ms.len() >= MAX_BLOCKS {
            self.forgiven_at_ms.retain(|_, at_ms| *at_ms > now_ms);
        }
        if self.forgiven_at_ms.len() < MAX_BLOCKS {
            let at_ms = self.forgiven_at_ms.entry(block.to_owned()).or_default();
            *at_ms = ((*at_ms).max(now_ms) + FORGIVEN_MS).min(now_ms + ALL_FORGIVEN_MS);
        }
    }

    /// Whether a block has abandoned more units than the rules overlook.
    pub(crate) fn is_too_many(&self, block: &[u8], rules: &Conduct, now_ms: i64) -> bool {
        let left_ms = self.forgiven_at_ms.get(block).map_or(0, |at_ms| at_ms - now_ms);
        // More than all of it means that the clock was set back.
        left_ms > i64::from(rules.abandoned_per_block) * FORGIVEN_MS && left_ms <= ALL_FORGIVEN_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_proven_by_valid_units_and_unproven_by_as_many_that_expire() {
        let rules = Conduct { first_in_flight: 2, ..Conduct::default() };
        let allowed = |in_flight, valid, expired| {
            let record = Record { in_flight, ..Record::new(&rules) };
            Standing::new(record, valid, expired).in_flight(&rules)
        };
        assert_eq!([allowed(2, 0, 0), allowed(3, 1, 0), allowed(9, 7, 0)], [2, 3, 9]);
        assert_eq!([allowed(9, 0, 0), allowed(1, 0, 3), allowed(9, 3, 3), allowed(9, 4, 3)], [2, 1, 2, 9]);
    }

    #[test]
    fn a_job_too_small_to_share_has_no_part() {
        let free = |waiting, held| free_panels(&Conduct::default(), waiting, held, false);
        assert_eq!([free(1, 0), free(3, 0), free(4, 0), free(100, 0)], [0, 0, 1, 25]);
        assert_eq!([free(99, 1), free(75, 25), free(10, 25), free(0, 3)], [24, 0, 0, 0]);
        assert_eq!(
            [free_panels(&Conduct::default(), 100, 0, true), free_panels(&Conduct::default(), 90, 10, true)],
            [12, 2]
        );
        let beside = |jobs| most_beside(&Conduct::default(), jobs);
        assert_eq!([beside(1), beside(7), beside(8), beside(400)], [1, 1, 2, 100]);
    }

    #[test]
    fn what_a_block_abandons_is_forgiven_in_time() {
        let (rules, mut abandoned) = (Conduct { abandoned_per_block: 2, ..Conduct::default() }, Abandoned::default());
        let now_ms = 1_780_000_000_000;
        for _ in 0..2 {
            abandoned.add(&[1, 2, 3], now_ms);
        }
        assert!(!abandoned.is_too_many(&[1, 2, 3], &rules, now_ms));
        abandoned.add(&[1, 2, 3], now_ms);
        assert!(abandoned.is_too_many(&[1, 2, 3], &rules, now_ms) && !abandoned.is_too_many(&[4], &rules, now_ms));
        assert!(!abandoned.is_too_many(&[1, 2, 3], &rules, now_ms + FORGIVEN_MS));
        for _ in 0..1_000 {
            abandoned.add(&[1, 2, 3], now_ms);
        }
        assert!(abandoned.is_too_many(&[1, 2, 3], &rules, now_ms));
        assert!(!abandoned.is_too_many(&[1, 2, 3], &rules, now_ms + ALL_FORGIVEN_MS));
        assert!(!abandoned.is_too_many(&[1, 2, 3], &rules, now_ms - 3_600_000), "the clock was set back");
        for number in 0..2 * MAX_BLOCKS as u32 {
            abandoned.add(&number.to_be_bytes(), now_ms);
        }
        assert_eq!(abandoned.forgiven_at_ms.len(), MAX_BLOCKS);
        abandoned.add(&[9], now_ms + ALL_FORGIVEN_MS);
        assert_eq!(abandoned.forgiven_at_ms.len(), 1);
    }

    proptest! {
        /// However often unproven keys take what is free, they never hold more than their part.
        #[test]
        fn most_of_a_job_is_for_proven_keys(
            mut waiting in 0i64..10_000,
            takes in prop::collection::vec((1i64..500, any::<bool>()), 0..50),
        ) {
            let (all, mut held) = (waiting, 0);
            for (take, abandons) in takes {
                let taken = take.min(free_panels(&Conduct::default(), waiting, held, abandons));
                (waiting, held) = (waiting - taken, held + taken);
                prop_assert!(4 * held <= all);
            }
        }
    }
}
