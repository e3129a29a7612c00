//! What is owed and paid: the ledger, the epochs, and what each pays.

pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod store;

use adit_core::Amount;

/// What the operator decides about money.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// What an epoch may pay for sponsored work, beside what was carried over.
    pub(crate) epoch_budget: Amount,
    /// How long an epoch lasts.
    pub(crate) epoch_ms: i64,
}
