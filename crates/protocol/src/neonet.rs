//! The calls of a NeoNet server, in their shapes, with ours riding along in `adit`.
//!
//! Amounts here are JSON numbers of NNET, as the original's clients expect; every exact amount is in `adit` or under /v1.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use adit_core::Amount;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mining::grant::{RegisterGrant, RegisterKey, SessionGrant, SignedStart, TaskGrant};
use crate::records::AccountTotal;

/// POST register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// The contributor's id; kept in lower case.
    pub contributor_id: String,
    /// Claimed; a hint for display, nothing is paid or routed by it.
    #[serde(default = "four")]
    pub cpu_cores: i64,
    /// Claimed, likewise.
    #[serde(default)]
    pub gpu_memory_mb: i64,
    /// Claimed, likewise.
    #[serde(default)]
    pub gpu_model: Option<String>,
    /// The key to be proved. Without it: copies of units, reward 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adit: Option<RegisterKey>,
}

fn four() -> i64 {
    4
}

/// Answer to register: a new contributor, or one that was there (`success` false, HTTP 200).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterResponse {
    /// Whether the contributor is new.
    pub success: bool,
    /// For people.
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
    /// The ledger's facts in the original's names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub tokenomics: Option<Value>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A duplicate's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<Contributor>,
    /// Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adit: Option<RegisterGrant>,
}

/// A contributor as the original shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contributor {
    /// The id.
    pub id: String,
    /// The payout address, else the id.
    pub wallet_address: String,
    /// Claimed.
    pub cpu_cores: i64,
    /// Claimed.
    pub gpu_memory_mb: i64,
    /// Claimed.
    pub gpu_model: Option<String>,
    /// Unix seconds.
    pub registered_at: f64,
    /// Hours in sessions.
    pub total_compute_hours: f64,
    /// Verified units.
    pub total_tasks: u64,
    /// NNET posted.
    pub total_rewards: f64,
    /// Whether a session is open.
    pub is_active: bool,
    /// The open session, shown only to its owner: always null here.
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

/// Answer to start-session: a new session, or the one that is open (`success` false, HTTP 200).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartSessionResponse {
    /// Whether the session is new.
    pub success: bool,
    /// A UUID; also the secret that [`crate::paths::SESSION_HEADER`] carries.
    pub session_id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `Session already active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// A first task, for clients of the original; null where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_task: Option<Task>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Ours.
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
    /// The original's parameters, filled from the unit.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub data: Value,
    /// For people.
    pub description: String,
    /// Unix seconds.
    pub created_at: f64,
    /// `assigned`.
    pub status: String,
    /// NNET.
    pub base_reward: f64,
    /// NNET, pending.
    pub reward: f64,
    /// `issuance` for sponsored work, `escrow` for a requester's.
    pub reward_type: String,
    /// 1 to 5, by the unit's work.
    pub difficulty: u8,
    /// How long the miner has.
    pub timeout_seconds: u64,
    /// Ours; absent for keyless clients.
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
    /// Whatever the client computed.
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
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// NNET; 0 unless verified.
    pub reward: f64,
    /// NNET, pending and posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_rewards: Option<f64>,
    /// NNET, posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<f64>,
    /// For people.
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
    /// Claimed; ignored.
    #[serde(default)]
    pub cpu_usage: f64,
    /// Claimed; ignored.
    #[serde(default)]
    pub gpu_usage: f64,
    /// Claimed; ignored.
    #[serde(default)]
    pub tasks_completed: i64,
}

/// Answer to heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatResponse {
    /// True.
    pub success: bool,
    /// The session.
    pub session_id: String,
    /// Seconds since the session began.
    pub compute_time: u64,
    /// Verified units of this session.
    pub tasks_completed: u64,
    /// NNET of this session, pending and posted.
    pub rewards_earned: f64,
    /// Always null: a heartbeat hands out nothing.
    pub next_task: Option<Task>,
    /// `active`.
    pub status: String,
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

/// Answer to stop-session; the same again for a session that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StopSessionResponse {
    /// True.
    pub success: bool,
    /// The session.
    pub session_id: String,
    /// What the session did.
    pub summary: SessionSummary,
    /// For people.
    pub message: String,
}

/// What a session did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    /// Hours.
    pub compute_hours: f64,
    /// Verified units.
    pub tasks_completed: u64,
    /// NNET, pending and posted.
    pub rewards_earned: f64,
    /// Always 0: it was only ever a claim.
    pub avg_cpu_usage: f64,
    /// Always 0: it was only ever a claim.
    pub avg_gpu_usage: f64,
}

/// GET tokenomics. Nothing was there before the ledger began, and nothing is burnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokenomics {
    /// NNET: 0.
    pub genesis_supply: f64,
    /// NNET issued.
    pub current_supply: f64,
    /// NNET: 0.
    pub total_burned: f64,
    /// NNET issued: block budgets, and what requesters were given.
    pub total_issued: f64,
    /// NNET issued.
    pub net_supply_change: f64,
    /// False.
    pub is_deflationary: bool,
    /// When the first epoch began, Unix seconds.
    pub genesis_timestamp: i64,
    /// Days since.
    pub network_age_days: f64,
    /// How it is shared out, for people.
    pub model: String,
    /// The same, exactly.
    pub adit: TokenomicsFacts,
}

/// The ledger's facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenomicsFacts {
    /// What was issued.
    pub issued: Amount,
    /// Who holds it, by account kind; with issuance, which is below zero, the sum is 0.
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
    /// The servers' part by the original's schedule, in per cent.
    pub replit_load: f64,
    /// The miners' part by the original's schedule, in per cent.
    pub miner_load: f64,
    /// For people.
    pub message: String,
}

/// GET gas/info.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GasInfo {
    /// NEO.
    pub neo_transfer_fee: f64,
    /// NEO.
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
    /// What is transferred, of the token.
    pub amount: f64,
    /// NEO.
    pub estimated_gas_fee: f64,
    /// NEO that the transfer takes: the fee, and the amount where the token is NEO.
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
    /// NEO: 70 %, moved by the recurrence.
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
    /// NNET posted.
    pub total_rewards_distributed: f64,
    /// Those with an open session.
    pub active_contributors: Vec<ActiveContributor>,
}

/// A contributor with an open session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActiveContributor {
    /// First eight characters and `...`.
    pub id: String,
    /// Claimed.
    pub cpu_cores: i64,
    /// Claimed.
    pub gpu_memory_mb: i64,
    /// Verified units.
    pub total_tasks: u64,
    /// NNET posted.
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
    /// First eight characters, `...`, last four.
    pub id: String,
    /// Verified units.
    pub total_tasks: u64,
    /// Hours in sessions.
    pub total_compute_hours: f64,
    /// NNET posted.
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
    /// NNET posted.
    pub balance: f64,
    /// The ledger's facts in the original's names.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub tokenomics: Value,
}
