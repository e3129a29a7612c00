//! The answer to a delivered output.

use adit_core::Amount;
use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Verdict};
use serde::{Deserialize, Serialize};

use crate::neonet::Task;

/// The answer to a delivery. Delivering for the same lease again gets the same answer, except for `next`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivered {
    /// The lease that the output was delivered for.
    pub lease: LeaseId,
    /// The verdict on the output.
    pub verdict: Verdict,
    /// The base reward: pending until the epoch closes, or paid at once for a requester's job.
    pub reward: Amount,
    /// The receipt, with its proof.
    pub receipt: ProvenReceipt,
    /// The lane's next task, if there is one.
    pub next: Option<Task>,
    /// When to ask again if there is no next task.
    pub retry_after_ms: u64,
}
