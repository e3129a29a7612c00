//! How a delivered output is answered.

use adit_core::Amount;
use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Verdict};
use serde::{Deserialize, Serialize};

use crate::neonet::Task;

/// The answer to a delivery. The same lease asked again gives the same answer, but for `next`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivered {
    /// The lease.
    pub lease: LeaseId,
    /// What was found.
    pub verdict: Verdict,
    /// Base reward, pending until the epoch closes (or, for a requester's job, paid at once).
    pub reward: Amount,
    /// The proof.
    pub receipt: ProvenReceipt,
    /// The next task of this lane, if there is one.
    pub next: Option<Task>,
    /// When to ask again if there is none.
    pub retry_after_ms: u64,
}
