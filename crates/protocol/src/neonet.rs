//! The calls of a NeoNet server in their own shapes, with Adit's data in the object `adit`.
//!
//! Amounts here are JSON numbers of NNET, as NeoNet's clients expect. Exact amounts are in `adit` or under /v1.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use adit_core::Amount;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mining::grant::{HeartbeatNews, RegisterGrant, RegisterKey, SessionGrant, SignedStart, TaskGrant};
use crate::records::AccountTotal;

/// POST register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// The contributor's id. The coordinator keeps it in lower case.
    pub contributor_id: String,
    /// A claim, for display only: nothing is paid or routed by it.
    #[serde(default = "four")]
    pub cpu_cores: i64,
    /// A claim, likewise.
    #[serde(default)]
    pub gpu_memory_mb: i64,
    /// A claim, likewise.
    #[serde(default)]
    pub gpu_model: Option<String>,
    /// The key that the contributor will prove. Without one it gets copies of units and a reward of 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adit: Option<RegisterKey>,
}

fn four() -> i64 {
    4
}

/// Answer to register: a new contributor, or an existing one (`success` false, HTTP 200).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterResponse {
    /// Whether the contributor is new.
    pub success: bool,
    /// A message for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `Already registered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The id in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor_id: Option<String>,
    /// What to call next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
    /// The ledger's totals under NeoNet's names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub tokenomics: Option<Value>,
    /// A message for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The record of an existing contributor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<Contributor>,
    /// Adit's part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adit: Option<RegisterGrant>,
}

/// A contributor as NeoNet shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contributor {
    /// The id.
    pub id: String,
    /// The payout address, or the id without one.
    pub wallet_address: String,
    /// A claim.
    pub cpu_cores: i64,
    /// A claim.
    pub gpu_memory_mb: i64,
    /// A claim.
    pub gpu_model: Option<String>,
    /// When the contributor registered (Unix, s).
    pub registered_at: f64,
    /// Hours in sessions.
    pub total_compute_hours: f64,
    /// Verified units.
    pub total_tasks: u64,
    /// NNET paid.
    pub total_rewards: f64,
    /// Whether a session is open.
    pub is_active: bool,
    /// Always null: a session's id is its owner's secret.
    pub current_session: Option<String>,
}

/// POST start-session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartSessionRequest {
    /// The contributor's id.
    pub contributor_id: String,
    /// The proof of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adit: Option<SignedStart>,
}

/// Answer to start-session: a new session, or the open one (`success` false, HTTP 200).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartSessionResponse {
    /// Whether the session is new.
    pub success: bool,
    /// A UUID. It is also the secret in [`crate::paths::SESSION_HEADER`].
    pub session_id: String,
    /// A message for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `Session already active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// A first task for NeoNet's clients, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_task: Option<Task>,
    /// A message for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Adit's part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adit: Option<SessionGrant>,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task {
    /// A UUID.
    pub task_id: String,
    /// The session.
    pub session_id: String,
    /// The contributor, or null in an initial task.
    pub contributor_id: Option<String>,
    /// `matrix_ops`, `inference`, …
    pub task_type: String,
    /// NeoNet's parameters, filled in from the unit.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub data: Value,
    /// A message for people.
    pub description: String,
    /// When the task was made (Unix, s).
    pub created_at: f64,
    /// `assigned`.
    pub status: String,
    /// The base reward in NNET.
    pub base_reward: f64,
    /// NNET, pending.
    pub reward: f64,
    /// `issuance` for sponsored work, `escrow` for a requester's work.
    pub reward_type: String,
    /// 1 to 5, from the unit's work.
    pub difficulty: u8,
    /// How long the miner has.
    pub timeout_seconds: u64,
    /// Adit's part; absent for keyless clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adit: Option<TaskGrant>,
}

/// POST submit-result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmitResultRequest {
    /// The contributor's id.
    pub contributor_id: String,
    /// The session.
    pub session_id: String,
    /// The task.
    pub task_id: String,
    /// What the client computed.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub result: BTreeMap<String, Value>,
}

/// Answer to submit-result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmitResultResponse {
    /// Whether the task's output is verified.
    pub success: bool,
    /// The task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// Why the output is not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// NNET; 0 unless the output is verified.
    pub reward: f64,
    /// NNET, pending and paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_rewards: Option<f64>,
    /// NNET, paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<f64>,
    /// A message for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// POST heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatRequest {
    /// The contributor's id.
    pub contributor_id: String,
    /// The session.
    pub session_id: String,
    /// A claim, which is ignored.
    #[serde(default)]
    pub cpu_usage: f64,
    /// A claim, which is ignored.
    #[serde(default)]
    pub gpu_usage: f64,
    /// A claim, which is ignored.
    #[serde(default)]
    pub tasks_completed: i64,
}

/// Answer to heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatResponse {
    /// Always true.
    pub success: bool,
    /// The session.
    pub session_id: String,
    /// Seconds since the session began.
    pub compute_time: u64,
    /// Verified units of this session.
    pub tasks_completed: u64,
    /// NNET of this session, pending and paid.
    pub rewards_earned: f64,
    /// Always null: a heartbeat hands out nothing.
    pub next_task: Option<Task>,
    /// `active`.
    pub status: String,
    /// Adit's part; absent without news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adit: Option<HeartbeatNews>,
}

/// Answer to return-units, whose body is a session's id as plain text, so that a page may send it with `sendBeacon`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReturnUnitsResponse {
    /// Always true.
    pub success: bool,
    /// How many units went back to their jobs.
    pub units: u32,
}

/// POST stop-session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StopSessionRequest {
    /// The contributor's id.
    pub contributor_id: String,
    /// The session.
    pub session_id: String,
}

/// Answer to stop-session. Stopping an ended session again gets the same answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StopSessionResponse {
    /// Always true.
    pub success: bool,
    /// The session.
    pub session_id: String,
    /// What the session did.
    pub summary: SessionSummary,
    /// A message for people.
    pub message: String,
}

/// What a session did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    /// Hours in the session.
    pub compute_hours: f64,
    /// Verified units.
    pub tasks_completed: u64,
    /// NNET, pending and paid.
    pub rewards_earned: f64,
    /// Always 0, because it would be a claim.
    pub avg_cpu_usage: f64,
    /// Always 0, because it would be a claim.
    pub avg_gpu_usage: f64,
}

/// GET tokenomics. The ledger began empty, and nothing is burnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokenomics {
    /// Always 0 NNET: the ledger began empty.
    pub genesis_supply: f64,
    /// NNET issued so far.
    pub current_supply: f64,
    /// Always 0 NNET: nothing is burnt.
    pub total_burned: f64,
    /// NNET issued: epochs' budgets, and what requesters were given.
    pub total_issued: f64,
    /// NNET issued so far, because nothing is burnt.
    pub net_supply_change: f64,
    /// Always false.
    pub is_deflationary: bool,
    /// When the first epoch began, Unix seconds.
    pub genesis_timestamp: i64,
    /// Days since `genesis_timestamp`.
    pub network_age_days: f64,
    /// How NNET is shared out, for people.
    pub model: String,
    /// The exact amounts.
    pub adit: TokenomicsFacts,
}

/// The ledger's exact totals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenomicsFacts {
    /// NNET issued.
    pub issued: Amount,
    /// Who holds it, by account kind. With issuance, which is negative, the sum is 0.
    pub accounts: Vec<AccountTotal>,
}

/// GET decentralization/status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecentralizationStatus {
    /// `bootstrap`, `transition`, `distributed` or `decentralized`.
    pub phase: String,
    /// Miners with valid outputs in this epoch or the one before.
    pub active_miners: u64,
    /// The servers' share in NeoNet's schedule, in per cent.
    pub replit_load: f64,
    /// The miners' share in NeoNet's schedule, in per cent.
    pub miner_load: f64,
    /// A message for people.
    pub message: String,
}

/// GET gas/info.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GasInfo {
    /// The fee of a NEO transfer, in NEO.
    pub neo_transfer_fee: f64,
    /// The fee of a token transfer, in NEO.
    pub token_transfer_fee: f64,
    /// Miners with valid outputs in this epoch or the one before.
    pub active_providers: u64,
    /// `low`, `medium`, `high` or `very_high`.
    pub congestion_level: String,
    /// `EIP-1559 Dynamic`.
    pub fee_model: String,
}

/// GET gas/estimate. A quote: no coordinator charges it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GasEstimate {
    /// The token, in upper case.
    pub token: String,
    /// How much of the token is transferred.
    pub amount: f64,
    /// The fee in NEO.
    pub estimated_gas_fee: f64,
    /// NEO that the transfer takes: the fee, plus the amount if the token is NEO.
    pub total_cost: f64,
    /// The fee's parts.
    pub fee_breakdown: FeeBreakdown,
    /// `EIP-1559 Dynamic`.
    pub fee_model: String,
}

/// A fee's parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeeBreakdown {
    /// NEO: 70 %, adjusted by the recurrence.
    pub base_fee: f64,
    /// NEO: 30 %.
    pub priority_fee: f64,
    /// NEO that EIP-1559 burns: the base fee.
    pub burn_amount: f64,
}

/// GET stats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// Registered contributors.
    pub total_contributors: u64,
    /// Open sessions.
    pub active_sessions: u64,
    /// Hours in sessions.
    pub total_compute_hours: f64,
    /// Verified units.
    pub total_tasks_completed: u64,
    /// NNET paid.
    pub total_rewards_distributed: f64,
    /// The contributors with an open session.
    pub active_contributors: Vec<ActiveContributor>,
}

/// A contributor with an open session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActiveContributor {
    /// The id's first eight characters and `...`.
    pub id: String,
    /// A claim.
    pub cpu_cores: i64,
    /// A claim.
    pub gpu_memory_mb: i64,
    /// Verified units.
    pub total_tasks: u64,
    /// NNET paid.
    pub total_rewards: f64,
}

/// GET leaderboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Leaderboard {
    /// By verified work, most first.
    pub leaderboard: Vec<LeaderboardEntry>,
}

/// A place on the leaderboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeaderboardEntry {
    /// From 1.
    pub rank: u64,
    /// The id's first eight characters, `...`, and its last four.
    pub id: String,
    /// Verified units.
    pub total_tasks: u64,
    /// Hours in sessions.
    pub total_compute_hours: f64,
    /// NNET paid.
    pub total_rewards: f64,
}

/// GET contributor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContributorResponse {
    /// The record.
    pub contributor: Contributor,
    /// Always null: a session's id is its owner's secret.
    pub current_session: Option<String>,
    /// NNET paid.
    pub balance: f64,
    /// The ledger's totals under NeoNet's names.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub tokenomics: Value,
}
