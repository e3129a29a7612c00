//! Work by miners: leases, deliveries, verdicts, and records of conduct.
//!
//! A lane asks for work and gets a lease on a unit ([`flow::LeaseLane`]). It delivers the output ([`flow::Delivery`]),
//! which is checked ([`check`]). The verdict is stored with its receipt and reward ([`flow::Settle`]).

pub(crate) mod admission;
pub(crate) mod check;
pub(crate) mod conduct;
pub(crate) mod cost;
pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod second;
pub(crate) mod sizing;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod turns;

pub use conduct::Conduct;

use adit_protocol::ErrorCode;

use crate::error::Refusal;

/// The most lanes in a session.
pub(crate) const MAX_LANES: u32 = 64;
/// How long a lane without work waits before it asks again.
pub(crate) const RETRY_MS: u64 = 1_000;

pub(crate) fn no_such_lease() -> Refusal {
    Refusal::new(ErrorCode::NoSuchLease, "no lease has this id")
}
