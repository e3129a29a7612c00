//! Checks that share random coins, and how many do so at once.
//!
//! The units of a job have the same weights, so they share coins: B · r is computed once per generation of coins. After
//! a reject the coins are replaced before the miner gets an answer, so a liar learns nothing useful. Concurrent checks
//! with the same coins cost bits of soundness, and the receipt says how many.

use std::sync::atomic::{AtomicU32, Ordering};

use adit_core::verify::{CheckInputs, CheckPlan, Mismatch, OutputCheck};
use adit_cpu::FastFold;

/// A job's shared operands, folded with one generation of coins.
pub(crate) struct SharedCoins {
    plan: CheckPlan<FastFold>,
    /// Checks begun so far with these coins, and checks still running.
    begun: AtomicU32,
    under_way: AtomicU32,
}

impl SharedCoins {
    pub(crate) fn new(plan: CheckPlan<FastFold>) -> Self {
        SharedCoins { plan, begun: AtomicU32::new(0), under_way: AtomicU32::new(0) }
    }

    /// Begins a check. Pass the output to [`SharedCheck::bytes`] as it arrives.
    pub(crate) fn begin<'a>(&'a self, fold: FastFold, inputs: &'a CheckInputs) -> SharedCheck<'a> {
        let others = self.under_way.fetch_add(1, Ordering::Relaxed);
        let earlier = self.begun.fetch_add(1, Ordering::Relaxed);
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

    /// Returns the mismatch, if any, and the most checks that can have shared the coins.
    pub(crate) fn finish(mut self) -> (Option<Mismatch>, u32) {
        let mismatch = std::mem::replace(&mut self.arriving, OutputCheck::Whole).finish();
        // An upper bound: this check, those already running, and all begun since.
        let since = self.coins.begun.load(Ordering::Relaxed).wrapping_sub(self.earlier);
        (mismatch, self.others.saturating_add(since))
    }
}

impl Drop for SharedCheck<'_> {
    fn drop(&mut self) {
        self.coins.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
