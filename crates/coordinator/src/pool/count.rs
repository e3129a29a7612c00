//! Whether an attestation counts: one a device and slot, one a wallet and slot, proved by the wallet's key.

use adit_rustchain::attestation::Attestation;
use adit_rustchain::{Code, Fault, Proof, PublicKey, Refusal, fingerprint};

/// How long a device stays with its wallet, and a wallet with its device, after the last counted slot: seven days.
pub(crate) const KEPT_SLOTS: i64 = 7 * 144;

/// What is known of the wallet before this attestation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wallet {
    /// The key that was proved for it.
    pub(crate) key: Option<PublicKey>,
    /// The device that counts for it.
    pub(crate) device: Option<String>,
    /// The slot of the last attestation that counted; -1 if none did.
    pub(crate) last_slot: i64,
}

/// What is known of the device before this attestation.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The wallet for which it counts.
    pub(crate) member: String,
    /// The slot of the last attestation that counted.
    pub(crate) last_slot: i64,
    /// The hash of its last measurements.
    pub(crate) profile: Vec<u8>,
}

/// What an attestation shows.
#[derive(Clone, Debug)]
pub(crate) struct Shown<'a> {
    /// The attestation.
    pub(crate) attestation: &'a Attestation,
    /// The device's id.
    pub(crate) device: &'a str,
    /// The hash of its measurements.
    pub(crate) profile: &'a [u8],
    /// Now.
    pub(crate) slot: i64,
    /// What the node says of the fingerprint, if there is a node.
    pub(crate) node_passed: Option<bool>,
}

/// Why an accepted attestation counts nothing.
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
        "another device attests for this wallet; this one may take its place seven days after the other's last slot"
    )]
    OtherDevice,
    #[error("an attestation of this slot is counted already")]
    SlotTaken,
}

/// A verdict on an attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// The key to be kept for the wallet.
    pub(crate) proved: Option<PublicKey>,
    /// Whether its fingerprint earns anything.
    pub(crate) passed: bool,
    /// Why it counts nothing; `None` if it counts.
    pub(crate) uncounted: Option<Uncounted>,
}

/// Judges an attestation, or refuses one that is another's or was sent before.
pub(crate) fn judge(shown: &Shown<'_>, wallet: &Wallet, known: Option<&Known>) -> Result<Judged, Refusal> {
    let attestation = shown.attestation;
    let signer = attestation.proof.key();
    if let Some(key) = signer {
        may_sign(key, attestation, wallet)?;
    }
    if let Some(known) = known.filter(|_| signer.is_some()) {
        if known.profile == shown.profile {
            let text = "these are the measurements of an earlier attestation: measure anew";
            return Err(Refusal::saying(Code::ReplayAttackBlocked, text));
        }
        if known.member != attestation.miner.as_str() && is_kept(known.last_slot, shown.slot) {
            let text = "this device counts for another wallet; it is free seven days after its last counted slot";
            return Err(Refusal::saying(Code::DuplicateHardware, text));
        }
    }
    let fault = fingerprint::fault(attestation);
    let passed = fault.is_none() && shown.node_passed != Some(false);
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
    if let Some(fault) = fault {
        return Some(Uncounted::Fault(fault));
    }
    if shown.node_passed == Some(false) {
        return Some(Uncounted::NodeRefuses);
    }
    let is_other = wallet.device.as_deref().is_some_and(|device| device != shown.device);
    if is_other && is_kept(wallet.last_slot, shown.slot) {
        return Some(Uncounted::OtherDevice);
    }
    let taken = wallet.last_slot >= shown.slot || known.is_some_and(|known| known.last_slot >= shown.slot);
    taken.then_some(Uncounted::SlotTaken)
}
