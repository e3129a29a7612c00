//! Storage: what is stored for how long, replicas on their way to holders, challenges and their answers.

use alloc::string::String;
use alloc::vec::Vec;

use adit_core::kind::store::StoreUnit;
use adit_core::sign::LeaseId;
use adit_core::statement::{Lease, ProvenReceipt, Verdict};
use adit_core::{Amount, Cid, PublicKey, Signature};
use serde::{Deserialize, Serialize};

/// What a passed challenge shows, and what it does not. Stands beside every figure.
pub const PROVES: &str =
    "somebody could read these bytes within 30 s; not where they lie, nor that ten keys are ten machines";

/// How much a miner wants to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareOffer {
    /// Bytes for replicas, in all.
    pub share_bytes: u64,
}

/// A replica to fetch and hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assignment {
    /// Its name: the BLAKE3 CID of its bytes.
    pub replica: Cid,
    /// Its bytes.
    pub bytes: u64,
    /// Bytes that this key holds.
    pub held_bytes: u64,
    /// The most that this key may hold yet: it doubles after each passed day.
    pub allowed_bytes: u64,
}

/// Replicas that are lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LossReport {
    /// Their names, at most 1,000.
    pub replicas: Vec<Cid>,
}

/// How many replicas the coordinator has given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LossAnswer {
    /// Of those named, the ones that this key held.
    pub given_up: u64,
}

/// What the coordinator wants of a holder now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageWish {
    /// A challenge to answer.
    pub challenge: Option<Challenge>,
    /// Replicas to give back: their content is asked for.
    #[serde(default)]
    pub wanted: Vec<Cid>,
    /// When to ask again.
    pub retry_after_ms: u64,
}

/// A leased challenge. It is due in seconds, and nobody else gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StorageChallenge))]
pub struct Challenge {
    /// The lease.
    pub lease: Lease,
    /// The coordinator's signature over it.
    pub signature: Signature,
    /// What is asked.
    pub unit: StoreUnit,
    /// The exact length of the answer.
    pub answer_bytes: u64,
    /// How long it may take still.
    pub expires_in_ms: u64,
}

/// The verdict on an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answered {
    /// The lease.
    pub lease: LeaseId,
    /// The verdict.
    pub verdict: Verdict,
    /// The reward, pending until the epoch closes.
    pub reward: Amount,
    /// What is missing at most, in parts per million, after all draws in a row.
    pub missing_at_most_ppm: u32,
    /// The receipt.
    pub receipt: ProvenReceipt,
}

/// Something stored with miners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PinView {
    /// Its number.
    pub pin: u64,
    /// Its name.
    pub name: String,
    /// The root of the content, as its owner named it.
    pub root: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its pieces.
    pub pieces: u64,
    /// Replicas wanted of each piece.
    pub replicas: u32,
    /// Replicas of all pieces that are held now.
    pub held: u64,
    /// Replicas that were lost and made again, or are being made again.
    pub lost: u64,
    /// Keys that hold some.
    pub keys: u64,
    /// Address blocks that they hold them in, as far as they have any: fewer than `replicas` are not apart.
    pub networks: u64,
    /// Pieces of which the coordinator has a copy of its own.
    pub copies: u64,
    /// Whether it is still stored.
    pub active: bool,
    /// When it ends (Unix, ms).
    pub ends_at_ms: i64,
    /// Whether the epoch's budget pays, rather than an escrow.
    pub sponsored: bool,
    /// What it costs at most, held from the start.
    pub price: Amount,
    /// What its escrow paid so far.
    pub spent: Amount,
}

/// Everything stored, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PinList {
    /// At most 200.
    pub pins: Vec<PinView>,
}

/// What a key holds and has proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HolderView {
    /// The key.
    pub key: PublicKey,
    /// The name of its owner.
    pub contributor: String,
    /// Replicas it holds.
    pub replicas: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// The most that it may hold yet.
    pub allowed_bytes: u64,
    /// Windows passed.
    pub passed: u64,
    /// Windows in which it was asked and proved nothing.
    pub failed: u64,
    /// Windows in which it did not ask.
    pub missed: u64,
    /// The length of a window.
    pub window_ms: u64,
    /// Draws in a row that held.
    pub draws: u64,
    /// What is missing at most, in parts per million, by those draws.
    pub missing_at_most_ppm: u32,
    /// hours · peers · (1 + MiB / 1024) over proven windows, in millionths. It ranks and pays nothing.
    pub score_micro: u64,
    /// What these figures show, and what not.
    pub proves: String,
    /// What its miner says of itself. Nobody checked it.
    pub reported: Option<Reported>,
}

/// The holders with the highest scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HolderList {
    /// At most 100, the highest first.
    pub holders: Vec<HolderView>,
}

/// A miner's own counters, as said. They earn nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reported {
    /// Hours that it ran.
    pub uptime_hours: f64,
    /// Peers that it has.
    pub peers_connected: f64,
    /// MB that it pinned.
    pub data_pinned_mb: f64,
    /// MB that it served.
    pub bandwidth_served_mb: f64,
    /// The score that it gave itself.
    pub mining_score: f64,
}

impl Eq for Reported {}

/// The answer to a report, in the original's shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportAnswer {
    /// Whether it was taken.
    pub success: bool,
    /// Always 0: nobody is paid for what it says of itself.
    pub rewards: u64,
    /// A number for the report.
    #[serde(rename = "reportId")]
    pub report_id: String,
    /// A sentence.
    pub message: String,
}
