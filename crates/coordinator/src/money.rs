//! The ledger, and the epochs that pay miners.

pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod store;

use adit_core::Amount;

/// The operator's settings for payment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// What an epoch may pay for sponsored work, besides what it carries over.
    pub(crate) epoch_budget: Amount,
    pub(crate) epoch_ms: i64,
}
