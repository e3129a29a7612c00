//! What anyone may read: the coordinator's overview, accounts, receipts, epochs, ledger totals.

use alloc::string::String;
use alloc::vec::Vec;

use adit_core::sign::Digest;
use adit_core::statement::{LogHead, ProvenReceipt};
use adit_core::{Amount, PublicKey, Signature};
use serde::{Deserialize, Serialize};

/// The coordinator lives and its database answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The coordinator's key.
    pub coordinator_key: PublicKey,
}

/// Who the coordinator is and what it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The coordinator's key.
    pub coordinator_key: PublicKey,
    /// The program's version.
    pub version: String,
    /// Since it started.
    pub uptime_ms: u64,
    /// The epoch that is open.
    pub epoch: u64,
    /// What is left of it.
    pub epoch_ends_in_ms: u64,
    /// Its block budget, with what was carried over.
    pub epoch_budget: Amount,
    /// Base rewards of its valid sponsored units so far.
    pub epoch_value: Amount,
    /// Jobs that are active.
    pub jobs_active: u64,
    /// Jobs in all.
    pub jobs_total: u64,
    /// Sessions that are open.
    pub sessions_open: u64,
    /// Leases under way.
    pub leases_live: u64,
    /// Verdicts so far.
    pub verdicts: Verdicts,
    /// Multiply-accumulates verified so far.
    pub work_verified: u64,
    /// Multiply-accumulates verified in the last ten seconds, a second.
    pub work_per_s: u64,
    /// Entries in the log.
    pub log_size: u64,
    /// Bytes of blocks and outputs stored.
    pub stored_bytes: u64,
}

/// Verdicts by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdicts {
    /// Valid outputs.
    pub valid: u64,
    /// Invalid outputs.
    pub invalid: u64,
    /// Undecided ones.
    pub inconclusive: u64,
    /// Valid, but another was first.
    pub too_late: u64,
    /// Leases that ended without an output.
    pub expired: u64,
}

/// What was verified lately, in steps of equal length that have passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activity {
    /// The length of a step.
    pub step_ms: u64,
    /// In order, those without receipts too.
    pub steps: Vec<ActivityStep>,
}

/// The receipts of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityStep {
    /// When it began (Unix, ms).
    pub at_ms: i64,
    /// Multiply-accumulates of valid outputs.
    pub work: u64,
    /// Valid outputs.
    pub valid: u64,
    /// Invalid outputs.
    pub invalid: u64,
    /// Undecided ones.
    pub inconclusive: u64,
    /// Valid, but another was first.
    pub too_late: u64,
}

/// A miner's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// The contributor's id.
    pub contributor: String,
    /// The key.
    pub key: PublicKey,
    /// Base rewards of the open epoch: an upper bound of what it will pay.
    pub pending: Amount,
    /// Paid.
    pub posted: Amount,
    /// Confidence in the open epoch.
    pub confidence_bps: u32,
    /// Verified units.
    pub units_valid: u64,
    /// Refused outputs.
    pub units_invalid: u64,
    /// Multiply-accumulates verified.
    pub work_verified: u64,
}

/// A miner as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerView {
    /// Its account.
    pub account: Account,
    /// Open sessions.
    pub sessions: u64,
    /// Leases under way.
    pub leases_live: u64,
    /// Leases that ended without an output.
    pub leases_expired: u64,
    /// Since its last call.
    pub seen_ms_ago: u64,
    /// Measured by the coordinator: multiply-accumulates a second of all its lanes.
    pub work_per_s: u64,
}

/// The miners seen lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerList {
    /// Most recent first.
    pub miners: Vec<MinerView>,
}

/// Receipts, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptList {
    /// The receipts, each with its proof.
    pub receipts: Vec<ProvenReceipt>,
}

/// The log's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedHead {
    /// The head.
    pub head: LogHead,
    /// The coordinator's signature.
    pub signature: Signature,
}

/// Proof that one log is a prefix of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsistencyProof {
    /// Entries of the shorter.
    pub from: u64,
    /// Entries of the longer.
    pub to: u64,
    /// RFC 6962, 2.1.2.
    pub path: Vec<Digest>,
}

/// An epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EpochView {
    /// Its number.
    pub epoch: u64,
    /// Its budget, with what was carried over.
    pub budget: Amount,
    /// Base rewards of its valid sponsored units.
    pub value: Amount,
    /// What it paid.
    pub paid: Amount,
    /// What it carried over.
    pub carried: Amount,
    /// Miners that were paid.
    pub miners: u64,
    /// When it began (Unix, ms).
    pub opened_at_ms: i64,
    /// When it was closed (Unix, ms).
    pub closed_at_ms: Option<i64>,
}

/// Epochs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EpochList {
    /// The epochs.
    pub epochs: Vec<EpochView>,
}

/// The ledger's totals. Issuance is the only account below zero; all of them add up to zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerTotals {
    /// Balance by account kind.
    pub accounts: Vec<AccountTotal>,
    /// Transfers so far.
    pub transfers: u64,
    /// Whether balances add up to zero and replaying the transfers gives every one of them.
    pub balanced: bool,
}

/// One account kind's balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountTotal {
    /// `issuance`, `budget`, `escrow`, `requester`, `miner`, …
    pub kind: String,
    /// Accounts of this kind.
    pub accounts: u64,
    /// Their balance.
    pub balance: Amount,
}
