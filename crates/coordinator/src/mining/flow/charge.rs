//! Charges a check to the budgets of the key and the address block that caused it.

use std::sync::atomic::Ordering;

use adit_core::verify::Judgement;

use crate::app::App;
use crate::error::Refusal;
use crate::limits::Checked;
use crate::mining::cost::CheckCost;

/// A check under way. However it ends, what it wasted is charged.
pub(super) struct Charge<'a> {
    app: &'a App,
    who: Checked,
    cost: CheckCost,
    wasted: u64,
}

impl<'a> Charge<'a> {
    /// Begins a check, or refuses it because earlier ones spent the budget.
    pub(super) fn begin(app: &'a App, who: Checked, cost: CheckCost) -> Result<Self, Refusal> {
        app.begin_check(who, cost.in_advance())?;
        // Without a judgement, the output was damaged or did not arrive whole.
        Ok(Charge { app, who, cost, wasted: cost.pass })
    }

    /// Notes that the search has begun. It reads its bytes even if nobody waits for its answer.
    pub(super) fn searches(&mut self) {
        self.wasted = self.cost.pass + self.cost.search;
    }

    /// Ends a check that reached a judgement.
    pub(super) fn judged(mut self, judgement: &Judgement) {
        self.wasted = match judgement {
            Judgement::Right | Judgement::Unreachable => 0,
            Judgement::Undecided => self.cost.pass + self.cost.search,
            Judgement::Wrong(_) => self.cost.pass + self.cost.search + self.cost.fold,
        };
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        self.app.end_check(self.who, self.cost.in_advance(), self.wasted);
        self.app.checker.done().wasted_bytes.fetch_add(self.wasted, Ordering::Relaxed);
    }
}
