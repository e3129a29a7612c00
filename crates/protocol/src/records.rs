//! Public records: the coordinator's overview, accounts, receipts, epochs and ledger totals.

use alloc::string::String;
use alloc::vec::Vec;

use adit_core::sign::Digest;
use adit_core::statement::{LogHead, ProvenReceipt};
use adit_core::{Amount, PublicKey, Signature};
use serde::{Deserialize, Serialize};

/// Whether the coordinator is healthy. The response's status is 503 if it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok`, `failing` while the database accepts no writes, or `stalled` while a write does not finish.
    pub status: String,
    /// The coordinator's key.
    pub coordinator_key: PublicKey,
    /// Time since the database last committed.
    #[serde(default)]
    pub last_commit_ms_ago: u64,
    /// The last write that failed since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<WriteError>,
    /// The last change of the wall clock since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_step: Option<ClockStep>,
}

/// A step of the coordinator's wall clock. Deadlines were moved with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockStep {
    /// By how much it was set, forward or back.
    pub by_ms: i64,
    /// Time since the coordinator noticed.
    pub ms_ago: u64,
}

/// A write that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriteError {
    /// Why it failed.
    pub error: String,
    /// Time since then.
    pub ms_ago: u64,
}

/// The coordinator's key, version and current figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The coordinator's key.
    pub coordinator_key: PublicKey,
    /// The program's version.
    pub version: String,
    /// Time since it started.
    pub uptime_ms: u64,
    /// The open epoch.
    pub epoch: u64,
    /// Time until it closes.
    pub epoch_ends_in_ms: u64,
    /// Its budget, including what was carried over.
    pub epoch_budget: Amount,
    /// The base rewards of its valid sponsored units so far.
    pub epoch_value: Amount,
    /// Active jobs.
    pub jobs_active: u64,
    /// All jobs.
    pub jobs_total: u64,
    /// Open sessions.
    pub sessions_open: u64,
    /// Live leases.
    pub leases_live: u64,
    /// Verdicts so far.
    pub verdicts: Verdicts,
    /// Multiply-accumulates verified so far.
    pub work_verified: u64,
    /// Multiply-accumulates a second, verified in the last ten seconds.
    pub work_per_s: u64,
    /// Entries in the log.
    pub log_size: u64,
    /// Bytes of blocks and outputs stored.
    pub stored_bytes: u64,
    /// The limit on them. Once it is reached, uploads and jobs are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_bytes_max: Option<u64>,
}

/// Verdicts by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdicts {
    /// Valid outputs.
    pub valid: u64,
    /// Invalid outputs.
    pub invalid: u64,
    /// Outputs that could not be decided.
    pub inconclusive: u64,
    /// Valid outputs that came after another one.
    pub too_late: u64,
    /// Leases that expired without an output.
    pub expired: u64,
}

/// What was verified recently, in complete steps of equal length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activity {
    /// The length of a step.
    pub step_ms: u64,
    /// The steps in order, including those without receipts.
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
    /// Outputs that could not be decided.
    pub inconclusive: u64,
    /// Valid outputs that came after another one.
    pub too_late: u64,
}

/// A miner's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// The contributor's id.
    pub contributor: String,
    /// The miner's public key.
    pub key: PublicKey,
    /// The base rewards of the open epoch: the most that it can pay.
    pub pending: Amount,
    /// What was paid.
    pub posted: Amount,
    /// Its confidence in the open epoch, in basis points.
    pub confidence_bps: u32,
    /// Verified units.
    pub units_valid: u64,
    /// Refused outputs.
    pub units_invalid: u64,
    /// Multiply-accumulates verified.
    pub work_verified: u64,
    /// What the open epoch would pay if it closed now: after confidence, and after the budget is shared.
    #[serde(default)]
    pub expected: Amount,
    /// Time until the open epoch closes and pays.
    #[serde(default)]
    pub next_payment_ms: u64,
    /// The name under which the miner is listed, if it chose one.
    #[serde(default)]
    pub name: Option<String>,
    /// The counter of that choice. The next one needs a higher counter.
    #[serde(default)]
    pub name_counter: u64,
}

/// A miner as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerView {
    /// Its account.
    pub account: Account,
    /// Open sessions.
    pub sessions: u64,
    /// Live leases.
    pub leases_live: u64,
    /// Leases that expired without an output.
    pub leases_expired: u64,
    /// Time since its last call.
    pub seen_ms_ago: u64,
    /// Multiply-accumulates a second of all its lanes, as the coordinator measured them.
    pub work_per_s: u64,
}

/// The miners that called recently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerList {
    /// Most recent first.
    pub miners: Vec<MinerView>,
    /// The `?before=` of the next page, an opaque cursor; null on the last one.
    pub next: Option<String>,
}

/// A page of receipts, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptList {
    /// The receipts, each with its proof.
    pub receipts: Vec<ProvenReceipt>,
    /// The `?before=` of the next page, a log index; null on the last one.
    pub next: Option<u64>,
}

/// The log's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedHead {
    /// The log's size and root.
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
    /// The path of RFC 6962, section 2.1.2.
    pub path: Vec<Digest>,
}

/// An epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EpochView {
    /// Its number.
    pub epoch: u64,
    /// Its budget, including what was carried over to it.
    pub budget: Amount,
    /// The base rewards of its valid sponsored units.
    pub value: Amount,
    /// What it paid.
    pub paid: Amount,
    /// What it carried over to the next.
    pub carried: Amount,
    /// How many miners it paid.
    pub miners: u64,
    /// When it began (Unix, ms).
    pub opened_at_ms: i64,
    /// When it closed (Unix, ms).
    pub closed_at_ms: Option<i64>,
}

/// A page of epochs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EpochList {
    /// The epochs.
    pub epochs: Vec<EpochView>,
    /// The `?before=` of the next page; null on the last one.
    pub next: Option<u64>,
}

/// The ledger's totals. Only issuance is negative; all accounts add up to zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerTotals {
    /// The balance of each account kind.
    pub accounts: Vec<AccountTotal>,
    /// The number of transfers so far.
    pub transfers: u64,
    /// Whether the balances add up to zero now, and the last audit found that they follow from the transfers and that every
    /// other promise holds. Audits run in the background and when an operator asks for one.
    pub balanced: bool,
    /// When the last audit began (Unix, ms); null until the first one since the start has ended.
    pub audited_at_ms: Option<i64>,
}

/// The balance of an account kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountTotal {
    /// `issuance`, `budget`, `escrow`, `requester`, `miner`, …
    pub kind: String,
    /// The number of accounts of this kind.
    pub accounts: u64,
    /// Their balance.
    pub balance: Amount,
}
