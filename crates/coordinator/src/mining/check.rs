//! Checks that share coins, and how many of them there are at once.
//!
//! A job's units share their weights, so they share coins: B · r is prepared once for a generation of coins. Coins are
//! replaced after a reject before it is answered, so a liar learns nothing that it can use; checks under way with the
//! same coins at the same time cost bits, which the receipt says.

use std::sync::atomic::{AtomicU32, Ordering};

use adit_core::verify::{CheckInputs, CheckPlan, Mismatch, OutputCheck};
use adit_cpu::FastFold;

/// One job's shared operands, folded with one generation of its coins.
pub(crate) struct SharedCoins {
    plan: CheckPlan<FastFold>,
    /// Checks with these coins that have begun, and that are under way.
    begun: AtomicU32,
    under_way: AtomicU32,
}

impl SharedCoins {
    /// Coins that no check has used.
    pub(crate) fn new(plan: CheckPlan<FastFold>) -> Self {
        SharedCoins { plan, begun: AtomicU32::new(0), under_way: AtomicU32::new(0) }
    }

    /// Begins to check an output. Feed it with [`SharedCheck::bytes`] as the output arrives.
    pub(crate) fn begin<'a>(&'a self, fold: FastFold, inputs: &'a CheckInputs) -> SharedCheck<'a> {
        let others = self.under_way.fetch_add(1, Ordering::Relaxed);
        let earlier = self.begun.fetch_add(1, Ordering::Relaxed);
        SharedCheck { arriving: OutputCheck::new(fold, &self.plan, inputs), coins: self, others, earlier }
    }
}

/// A check under way with shared coins.
pub(crate) struct SharedCheck<'a> {
    arriving: OutputCheck<'a, FastFold>,
    coins: &'a SharedCoins,
    /// Checks under way when this one began, and those that had begun before it.
    others: u32,
    earlier: u32,
}

impl SharedCheck<'_> {
    /// Takes the next bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.arriving.bytes(bytes);
    }

    /// Where the output does not hold, and how many checks shared its coins at most.
    pub(crate) fn finish(mut self) -> (Option<Mismatch>, u32) {
        let mismatch = std::mem::replace(&mut self.arriving, OutputCheck::Whole).finish();
        // This one, those it met and those that came since: no other was under way at the same time.
        let since = self.coins.begun.load(Ordering::Relaxed).wrapping_sub(self.earlier);
        (mismatch, self.others.saturating_add(since))
    }
}

impl Drop for SharedCheck<'_> {
    fn drop(&mut self) {
        self.coins.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
