//! Leases, deliveries, verdicts, and how miners behave.
//!
//! A lane asks and gets a lease on a unit ([`flow::LeaseLane`]); it delivers ([`flow::Delivery`]); the output is checked
//! ([`check`]) and the verdict noted with its receipt and its reward ([`flow::Settle`]).

pub(crate) mod check;
pub(crate) mod conduct;
pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod sizing;
pub(crate) mod state;
pub(crate) mod store;

pub use conduct::Conduct;

use adit_protocol::ErrorCode;

use crate::error::Refusal;

/// Lanes that a session may have.
pub(crate) const MAX_LANES: u32 = 64;
/// When a lane without work should ask again.
pub(crate) const RETRY_MS: u64 = 1_000;

/// Refuses an id that no lease has.
pub(crate) fn no_such_lease() -> Refusal {
    Refusal::new(ErrorCode::NoSuchLease, "no lease of this id")
}
