//! An attestation: what a device claims about itself in answer to a challenge, signed or not.
//!
//! Shape and limits are those of the node (POST /attest/submit). Members that the node does not read are kept only in the
//! bytes, which the signature covers.

mod draft;
mod read;

use std::collections::BTreeMap;

pub use draft::{Commitment, Draft, Measured};

use crate::code::Refusal;
use crate::json::{Json, Object, canonical_without};
use crate::key::{MinerId, PublicKey};

/// The members that a signature does not cover.
pub const UNSIGNED: [&str; 3] = ["signature", "signature_type", "public_key"];
/// How long a challenge is valid, in seconds.
pub const CHALLENGE_S: i64 = 300;
/// How long an attestation is valid, in seconds. Clients attest again before it expires.
pub const ATTESTATION_S: i64 = 600;
/// How long after an attestation a client attests again, in seconds.
pub const ROUND_S: i64 = 580;
/// The most processor cores that a device may claim.
pub const MAX_CORES: i64 = 4_096;

/// An attestation as the node reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attestation {
    /// The miner that is credited.
    pub miner: MinerId,
    /// A label of the device.
    pub label: Option<String>,
    /// The challenge that it answers.
    pub nonce: String,
    /// The device as it describes itself.
    pub device: Device,
    /// What identifies the host.
    pub signals: Signals,
    /// The checks by name.
    pub checks: BTreeMap<String, Check>,
    /// Whether the client says that all checks passed.
    pub all_passed: Option<bool>,
    /// The client's entropy score, which is recorded but has no effect.
    pub entropy_score: f64,
    /// Whether the measurement was bound to the challenge.
    pub binding: Binding,
    /// The proof of its sender.
    pub proof: Proof,
}

/// A device as it describes itself. Fields that it omits are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device {
    /// The family, as `x86` or `PowerPC`.
    pub family: String,
    /// The architecture, as `modern` or `G4`.
    pub arch: String,
    /// The model.
    pub model: String,
    /// The processor's name.
    pub cpu: String,
    /// The number of cores.
    pub cores: Option<i64>,
    /// The serial number, or a hash of it.
    pub serial: String,
}

/// What identifies the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// The addresses of its network cards, or hashes of them.
    pub macs: Vec<String>,
    /// Its name, or a hash of it.
    pub hostname: String,
    /// Its serial number, or a hash of it.
    pub serial: String,
}

/// One check of a fingerprint.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Whether the client says that it passed.
    pub passed: bool,
    /// What was measured.
    pub data: Object,
}

/// Whether a measurement's work was derived from the challenge (RIP-309c). The node only notes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The attestation says nothing about it.
    Absent,
    /// The work is the work that the challenge asks for.
    Bound,
    /// It names another challenge.
    Stale,
    /// It did other work.
    Mismatch,
    /// It cannot be read.
    Malformed,
}

impl Binding {
    /// The state as the node writes it.
    pub fn name(self) -> &'static str {
        match self {
            Binding::Absent => "absent",
            Binding::Bound => "bound",
            Binding::Stale => "stale",
            Binding::Mismatch => "mismatch",
            Binding::Malformed => "malformed",
        }
    }
}

/// The proof of who sent an attestation. The signature has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// No signature.
    Unsigned,
    /// A signature over the canonical JSON of the whole attestation.
    Whole(PublicKey),
    /// A signature over names, challenge and commitment, but over no measurement.
    Pipe(PublicKey),
}

impl Proof {
    /// The key that signed.
    pub fn key(&self) -> Option<&PublicKey> {
        match self {
            Proof::Unsigned => None,
            Proof::Whole(key) | Proof::Pipe(key) => Some(key),
        }
    }
}

impl Attestation {
    /// Reads an attestation, and checks its signature if it has one.
    pub fn read(bytes: &[u8]) -> Result<Attestation, Refusal> {
        read::read(bytes)
    }

    /// Reads an attestation from JSON.
    pub fn from_json(value: &Json) -> Result<Attestation, Refusal> {
        read::from_json(value)
    }
}

/// The text that scheme A signs: the canonical JSON without the signature's own members.
pub fn signed_text(payload: &Object) -> String {
    canonical_without(payload, &UNSIGNED)
}

/// The text that scheme B signs.
pub fn pipe_text(label: &str, miner: &MinerId, nonce: &str, commitment: &str) -> String {
    format!("{label}|{miner}|{nonce}|{commitment}")
}

/// The number of measuring rounds that a challenge asks for: 1000 plus its first four hex digits modulo 1000. For a nonce that
/// does not begin with four hex digits, the code points of its first four characters count instead.
///
/// ```
/// use adit_rustchain::attestation::workload;
/// assert_eq!([workload("0000"), workload("ffff"), workload("1234"), workload("zz99")], [1000, 1535, 1660, 1358]);
/// ```
pub fn workload(nonce: &str) -> u64 {
    let first: String = nonce.chars().take(4).collect();
    let value = u64::from_str_radix(&first, 16).ok().filter(|_| !first.starts_with('+'));
    1000 + value.unwrap_or_else(|| first.chars().map(|char| u64::from(u32::from(char))).sum()) % 1000
}
