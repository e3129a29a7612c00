//! Checks that share random coins, and how many do so at once.
//!
//! The units of a job have the same weights, so they share coins: B · r is computed once per generation of coins. After
//! a reject the coins are replaced before the miner gets an answer, so a liar learns nothing useful. Concurrent checks
//! with the same coins cost bits of soundness, and the receipt says how many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use adit_core::verify::{CheckInputs, CheckPlan, Mismatch, OutputCheck};
use adit_cpu::FastFold;

/// How many checks use one generation of a job's coins.
#[derive(Debug, Default)]
pub(crate) struct CoinUse {
    begun: AtomicU32,
    under_way: AtomicU32,
}

/// Coin uses by job and generation. A count outlives its prepared plan, which may leave the cache and be prepared again
/// while checks with the same coins still run.
#[derive(Debug, Default)]
pub(crate) struct CoinUses(HashMap<(i64, i64), Weak<CoinUse>>);

impl CoinUses {
    /// The count that every check with these coins shares.
    pub(crate) fn of(&mut self, job: i64, generation: i64) -> Arc<CoinUse> {
        let key = (job, generation);
        if let Some(shared) = self.0.get(&key).and_then(Weak::upgrade) {
            return shared;
        }
        self.0.retain(|_, uses| uses.strong_count() > 0);
        let fresh = Arc::default();
        self.0.insert(key, Arc::downgrade(&fresh));
        fresh
    }
}

/// A job's shared operands, folded with one generation of coins.
pub(crate) struct SharedCoins {
    plan: CheckPlan<FastFold>,
    uses: Arc<CoinUse>,
}

impl SharedCoins {
    pub(crate) fn new(plan: CheckPlan<FastFold>, uses: Arc<CoinUse>) -> Self {
        SharedCoins { plan, uses }
    }

    /// Begins a check. Pass the output to [`SharedCheck::bytes`] as it arrives.
    pub(crate) fn begin<'a>(&'a self, fold: FastFold, inputs: &'a CheckInputs) -> SharedCheck<'a> {
        let others = self.uses.under_way.fetch_add(1, Ordering::Relaxed);
        let earlier = self.uses.begun.fetch_add(1, Ordering::Relaxed);
        SharedCheck { arriving: OutputCheck::new(fold, &self.plan, inputs), coins: self, others, earlier }
    }
}

/// A running check with shared coins.
pub(crate) struct SharedCheck<'a> {
    arriving: OutputCheck<'a, FastFold>,
    coins: &'a SharedCoins,
    /// Checks running when this one began, and checks begun earlier.
    others: u32,
    earlier: u32,
}

impl SharedCheck<'_> {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.arriving.bytes(bytes);
    }

    /// Returns the mismatches, and the most checks that can have shared the coins.
    pub(crate) fn finish(mut self) -> (Vec<Mismatch>, u32) {
        let mismatches = std::mem::replace(&mut self.arriving, OutputCheck::Whole).finish();
        // An upper bound: this check, those already running, and all begun since.
        let since = self.coins.uses.begun.load(Ordering::Relaxed).wrapping_sub(self.earlier);
        (mismatches, self.others.saturating_add(since))
    }
}

impl Drop for SharedCheck<'_> {
    fn drop(&mut self) {
        self.coins.uses.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use adit_core::Unit;
    use adit_core::kind::HashTree;
    use adit_core::split::cut;

    use super::*;

    #[test]
    fn checks_are_counted_across_copies_of_the_same_coins() {
        let fold = FastFold::best().unwrap();
        let unit = Unit::HashTree(HashTree { data: cut(&[0; 64], 64, 1, 64).0, source: None });
        let inputs = unit.check_inputs(|_| None).unwrap();
        let mut uses = CoinUses::default();
        let mut prepare = |generation| {
            let plan = unit.check_plan(&fold, &[7; 32], |_| None).unwrap();
            SharedCoins::new(plan, uses.of(1, generation))
        };
        let (first, again, other) = (prepare(0), prepare(0), prepare(1));
        let running = first.begin(fold, &inputs);
        assert_eq!(again.begin(fold, &inputs).finish().1, 2);
        assert_eq!(other.begin(fold, &inputs).finish().1, 1);
        assert_eq!(running.finish().1, 2);
        // Once nobody uses the coins, the count starts again.
        assert_eq!(first.begin(fold, &inputs).finish().1, 1);
    }

    #[test]
    fn counts_without_a_holder_are_dropped() {
        let mut uses = CoinUses::default();
        let held = uses.of(0, 0);
        (1..100).for_each(|job| drop(uses.of(job, 0)));
        assert!(uses.0.len() <= 2);
        assert!(Arc::ptr_eq(&held, &uses.of(0, 0)));
    }
}
