//! The ledger, and the epochs that pay miners.

pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod sites;
pub(crate) mod store;

use adit_core::Amount;

/// The operator's settings for payment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// What an epoch may pay for sponsored work, besides what it carries over.
    pub(crate) epoch_budget: Amount,
    pub(crate) epoch_ms: i64,
}

/// The amount that may still be issued after `issued`, so that every balance and every sum of balances fits in an i64.
pub(crate) fn issuable(issued: Amount) -> Amount {
    Amount::from_nano(i64::MAX).checked_sub(issued).unwrap_or(Amount::ZERO)
}
