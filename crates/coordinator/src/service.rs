//! The coordinator's rules. Time comes with the batch and secrets as arguments, so that a rule is a pure change of the store.
//!
//! [`people`] registers and opens sessions, [`lease`] hands out units, [`check`] verifies an output off the writer,
//! [`settle`] notes the verdict, [`conduct`] what a miner's record allows it, [`limits`] sheds what comes too often,
//! [`epoch`] pays, [`order`] and [`jobs`] take orders, [`result`] makes files of what was verified, [`views`] and [`gas`] show.

pub(crate) mod check;
pub(crate) mod conduct;
pub(crate) mod epoch;
pub(crate) mod gas;
pub(crate) mod jobs;
pub(crate) mod keyless;
pub(crate) mod lease;
pub(crate) mod limits;
pub(crate) mod network;
pub(crate) mod order;
pub(crate) mod people;
pub(crate) mod result;
pub(crate) mod settle;
pub(crate) mod upkeep;
pub(crate) mod views;

use adit_core::Amount;

/// How long a challenge may be used.
pub(crate) const CHALLENGE_MS: i64 = 120_000;
/// A session without a call for so long has ended.
pub(crate) const SESSION_IDLE_MS: i64 = 600_000;
/// Lanes that a session may have.
pub(crate) const MAX_LANES: u32 = 64;
/// How long results and unused files are kept.
pub(crate) const KEEP_MS: i64 = 7 * 24 * 3_600_000;

/// What the operator decides about money.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// What an epoch may pay for sponsored work, beside what was carried over.
    pub(crate) block_budget: Amount,
    /// How long an epoch lasts.
    pub(crate) epoch_ms: i64,
}
