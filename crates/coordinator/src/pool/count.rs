//! Decides whether an attestation counts.
//!
//! One attestation counts per device and slot, and one per wallet and slot, if the wallet's key signed it.

use adit_rustchain::attestation::Attestation;
use adit_rustchain::{Code, Fault, Proof, PublicKey, Refusal, fingerprint};

/// The slots for which a device and its wallet stay bound to each other after the last counted one: seven days.
pub(crate) const KEPT_SLOTS: i64 = 7 * 144;

/// The wallet before this attestation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wallet {
    /// The key that has signed for it.
    pub(crate) key: Option<PublicKey>,
    /// The device whose attestations count for it.
    pub(crate) device: Option<String>,
    /// The slot of the last attestation that counted; -1 if none did.
    pub(crate) last_slot: i64,
}

/// The device before this attestation.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The wallet that it counts for.
    pub(crate) member: String,
    /// The slot of the last attestation that counted; -1 if none did.
    pub(crate) last_slot: i64,
    /// The hash of its last measurements.
    pub(crate) profile: Vec<u8>,
}

/// An attestation to judge.
#[derive(Clone, Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) attestation: &'a Attestation,
    pub(crate) device: &'a str,
    /// The hash of its measurements.
    pub(crate) profile: &'a [u8],
    /// The current slot.
    pub(crate) slot: i64,
    /// What the node says of the fingerprint; `None` without a node. If it says something, our own verdict only explains a
    /// refusal.
    pub(crate) node_passed: Option<bool>,
}

/// Why an accepted attestation does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Uncounted {
    #[error("no signature: anyone could have sent it")]
    Unsigned,
    #[error("the signature covers no measurement: sign the canonical JSON of the whole attestation")]
    Pipe,
    #[error("{0}")]
    Fault(Fault),
    #[error("the node refuses the fingerprint")]
    NodeRefuses,
    #[error(
        "another device attests for this wallet; this one can replace it seven days after the other's last counted slot"
    )]
    OtherDevice,
    #[error("an attestation for this slot was counted already")]
    SlotTaken,
}

/// The verdict on an attestation that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// The key to store for the wallet.
    pub(crate) proved: Option<PublicKey>,
    /// Whether the fingerprint passed.
    pub(crate) passed: bool,
    /// Why it does not count; `None` if it counts.
    pub(crate) uncounted: Option<Uncounted>,
}

/// Judges an attestation. Refuses one that another key should sign, another wallet's device made, or repeats measurements.
pub(crate) fn judge(shown: &Shown<'_>, wallet: &Wallet, known: Option<&Known>) -> Result<Judged, Refusal> {
    let attestation = shown.attestation;
    let signer = attestation.proof.key();
    if let Some(key) = signer {
        may_sign(key, attestation, wallet)?;
    }
    if let Some(known) = known.filter(|_| signer.is_some()) {
        if known.profile == shown.profile {
            let text = "these measurements were sent before: measure again for each attestation";
            return Err(Refusal::saying(Code::ReplayAttackBlocked, text));
        }
        if known.member != attestation.miner.as_str() && is_kept(known.last_slot, shown.slot) {
            let text = "this device counts for another wallet; it is free seven days after its last counted slot";
            return Err(Refusal::saying(Code::DuplicateHardware, text));
        }
    }
    let fault = fingerprint::fault(attestation);
    // Where there is a node, its word decides.
    let passed = shown.node_passed.unwrap_or(fault.is_none());
    let proved = match attestation.proof {
        Proof::Whole(key) => Some(key),
        Proof::Unsigned | Proof::Pipe(_) => None,
    };
    Ok(Judged { proved, passed, uncounted: uncounted(shown, wallet, known, fault) })
}

fn may_sign(key: &PublicKey, attestation: &Attestation, wallet: &Wallet) -> Result<(), Refusal> {
    let miner = &attestation.miner;
    if miner.address().is_some() && !key.owns(miner) {
        return Err(Code::PubkeyAddressMismatch.into());
    }
    match wallet.key {
        Some(known) if known != *key && !key.owns(miner) => Err(Code::SigningKeyMismatch.into()),
        _ => Ok(()),
    }
}

fn is_kept(last_slot: i64, slot: i64) -> bool {
    last_slot >= 0 && slot - last_slot <= KEPT_SLOTS
}

fn uncounted(shown: &Shown<'_>, wallet: &Wallet, known: Option<&Known>, fault: Option<Fault>) -> Option<Uncounted> {
    match shown.attestation.proof {
        Proof::Unsigned => return Some(Uncounted::Unsigned),
        Proof::Pipe(_) => return Some(Uncounted::Pipe),
        Proof::Whole(_) => {}
    }
    match (shown.node_passed, fault) {
        (Some(true), _) | (None, None) => {}
        (_, Some(fault)) => return Some(Uncounted::Fault(fault)),
        (Some(false), None) => return Some(Uncounted::NodeRefuses),
    }
    let is_other = wallet.device.as_deref().is_some_and(|device| device != shown.device);
    if is_other && is_kept(wallet.last_slot, shown.slot) {
        return Some(Uncounted::OtherDevice);
    }
    let taken = wallet.last_slot >= shown.slot || known.is_some_and(|known| known.last_slot >= shown.slot);
    taken.then_some(Uncounted::SlotTaken)
}
