//! Records an accepted attestation: judges it, counts its slot, and updates its member and device.

use adit_rustchain::attestation::Attestation;
use adit_rustchain::fingerprint::{CHECKS, verdict};
use adit_rustchain::weight::{score, weight};
use adit_rustchain::{Json, PublicKey, Refusal, table};

use super::node::Listed;
use crate::pool::count::{Judged, Known, Shown, Uncounted, Wallet, judge};
use crate::pool::state::{Attested, Device, Member};
use crate::pool::store;
use crate::pool::store::members;
use crate::store::{Db, DbError};

/// The most members without a key.
pub(super) const MOST_CLAIMS: i64 = 10_000;
/// The most members with a key.
pub(super) const MOST_MEMBERS: i64 = 100_000;

/// An attestation that the pool or its node accepted.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub(crate) attestation: Attestation,
    pub(crate) ticket: String,
    /// The device's id.
    pub(crate) device: String,
    /// The BLAKE3 hash of its measurements.
    pub(crate) profile: Vec<u8>,
    pub(crate) node: Option<NodeSays>,
}

/// The node's verdict on an attestation, and its listing of the miner.
#[derive(Clone, Debug)]
pub(crate) struct NodeSays {
    pub(crate) passed: bool,
    pub(crate) listed: Option<Listed>,
}

/// The result of an attestation. Score and weight are 1e-6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) ticket: String,
    pub(crate) passed: bool,
    /// Why it does not count; `None` if it counts.
    pub(crate) reason: Option<String>,
    pub(crate) slots: i64,
    pub(crate) score: i64,
    pub(crate) weight: i64,
    pub(crate) checks: String,
}

/// Records an attestation. Refuses what [`judge`] refuses, and a new member if there are too many.
pub(super) async fn record(
    db: &mut Db,
    accepted: &Accepted,
    now_ms: i64,
) -> Result<Result<Recorded, Refusal>, DbError> {
    let attestation = &accepted.attestation;
    let slot = adit_rustchain::epoch::slot(now_ms.div_euclid(1_000));
    let found = members::member(db, attestation.miner.as_str()).await?;
    let device = members::device(db, &accepted.device).await?;
    let shown = Shown {
        attestation,
        device: &accepted.device,
        profile: &accepted.profile,
        slot,
        node_passed: accepted.node.as_ref().map(|node| node.passed),
    };
    let wallet = found.as_ref().map(wallet_of).unwrap_or(Wallet { last_slot: -1, ..Wallet::default() });
    let known = device.as_ref().map(|device| Known {
        member: device.member.clone(),
        last_slot: device.last_slot,
        profile: device.profile.clone(),
    });
    let mut judged = match judge(&shown, &wallet, known.as_ref()) {
        Ok(judged) => judged,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let is_new = found.is_none();
    let mut member = found.unwrap_or_else(|| new_member(attestation, now_ms));
    if is_new && !has_room(db, &judged).await? {
        return Ok(Err(adit_rustchain::Code::PoolFull.into()));
    }
    if judged.uncounted.is_none() && !members::count_slot(db, &accepted.device, slot, &member.id).await? {
        judged.uncounted = Some(Uncounted::SlotTaken);
    }
    let was_claim = member.public_key.is_none();
    let counts = judged.uncounted.is_none();
    update(&mut member, accepted, &judged, device.as_ref(), slot, now_ms);
    if judged.proved.is_some() {
        save_device(db, accepted, device, counts.then_some(slot)).await?;
    }
    // If the node does not list the miner, the slot has no score.
    if counts && accepted.node.as_ref().is_none_or(|node| node.listed.is_some()) {
        members::score_slot(db, &accepted.device, slot, member.score).await?;
    }
    members::save_member(db, &member).await?;
    count_people(db, is_new, was_claim, member.public_key.is_some()).await?;
    members::insert_attestation(db, &attested(accepted, &member, &judged, now_ms)).await?;
    store::count(db, "attestations", 1).await?;
    Ok(Ok(Recorded {
        ticket: accepted.ticket.clone(),
        passed: judged.passed,
        reason: judged.uncounted.map(|reason| reason.to_string()),
        slots: member.slots,
        score: member.score,
        weight: member.weight,
        checks: verdicts(attestation),
    }))
}

async fn has_room(db: &mut Db, judged: &Judged) -> Result<bool, DbError> {
    let (counter, most) = if judged.proved.is_some() { ("members", MOST_MEMBERS) } else { ("claims", MOST_CLAIMS) };
    Ok(store::counter(db, counter).await? < most)
}

/// Updates the counters of members and claims.
pub(super) async fn count_people(db: &mut Db, is_new: bool, was_claim: bool, is_member: bool) -> Result<(), DbError> {
    match (is_new, was_claim, is_member) {
        (true, _, true) => store::count(db, "members", 1).await,
        (true, _, false) => store::count(db, "claims", 1).await,
        (false, true, true) => {
            store::count(db, "claims", -1).await?;
            store::count(db, "members", 1).await
        }
        _ => Ok(()),
    }
}

fn wallet_of(member: &Member) -> Wallet {
    let key = member.public_key.as_deref().and_then(|key| key.try_into().ok()).map(PublicKey);
    Wallet { key, device: member.device.clone(), last_slot: member.last_slot }
}

fn new_member(attestation: &Attestation, now_ms: i64) -> Member {
    Member {
        id: attestation.miner.to_string(),
        joined_at_ms: now_ms,
        last_slot: -1,
        checks: "{}".into(),
        ..Member::default()
    }
}

/// Updates the member with its attestation. An unsigned one changes nothing of a wallet that has a key.
fn update(member: &mut Member, accepted: &Accepted, judged: &Judged, device: Option<&Device>, slot: i64, now_ms: i64) {
    let attestation = &accepted.attestation;
    if judged.proved.is_none() && member.public_key.is_some() {
        return;
    }
    member.seen_at_ms = now_ms;
    member.attestations += 1;
    member.ticket = Some(accepted.ticket.clone());
    member.reason = judged.uncounted.as_ref().map_or_else(|| "counted".to_owned(), ToString::to_string);
    member.public_key = judged.proved.map(|key| key.0.to_vec()).or(member.public_key.take());
    if matches!(judged.uncounted, Some(Uncounted::OtherDevice | Uncounted::SlotTaken)) {
        return;
    }
    member.label = attestation.label.clone().unwrap_or_default();
    (member.family, member.arch) = (attestation.device.family.clone(), attestation.device.arch.clone());
    member.checks = verdicts(attestation);
    member.passed = i64::from(judged.passed && judged.proved.is_some());
    if judged.uncounted.is_none() {
        if member.device.as_deref() != Some(&accepted.device) {
            // A new device starts with no slots.
            (member.device, member.slots) = (Some(accepted.device.clone()), 0);
        }
        member.slots += 1;
        member.last_slot = slot;
    }
    // Another member's device is not confirmed for this one.
    score_of(member, accepted, device.filter(|device| device.member == member.id));
    member.weight = weight(member.score, member.slots);
}

/// Sets score and multiplier by the node's listing; without a node, by what the operator confirmed, else to 1.0.
fn score_of(member: &mut Member, accepted: &Accepted, device: Option<&Device>) {
    let Some(says) = &accepted.node else {
        return rate(member, device.and_then(|device| device.family.as_deref().zip(device.arch.as_deref())));
    };
    // Until the node lists it, what it said before holds.
    if let Some(listed) = &says.listed {
        (member.family, member.arch) = (listed.family.clone(), listed.arch.clone());
        member.multiplier = listed.multiplier;
    }
    let (passed, tabled) = (member.passed == 1, table::tabled(&member.family, &member.arch));
    member.score = score(tabled, member.multiplier, passed);
    if passed && member.score == 0 {
        member.reason = "the node does not list this miner yet".into();
    }
}

/// The score of a device without a node: 1.0, or the table's for the family and architecture that the operator confirmed.
pub(super) fn rate(member: &mut Member, confirmed: Option<(&str, &str)>) {
    let (tabled, multiplier) = confirmed.map_or((table::ONE, table::ONE), |(family, arch)| {
        (member.family, member.arch) = (family.to_owned(), arch.to_owned());
        (table::tabled(family, arch), table::multiplier(family, arch))
    });
    member.multiplier = multiplier;
    member.score = score(tabled, multiplier, member.passed == 1);
}

async fn save_device(
    db: &mut Db,
    accepted: &Accepted,
    device: Option<Device>,
    slot: Option<i64>,
) -> Result<(), DbError> {
    let miner = accepted.attestation.miner.as_str();
    let mut row = device.unwrap_or_else(|| Device {
        id: accepted.device.clone(),
        member: miner.to_owned(),
        last_slot: -1,
        ..Device::default()
    });
    row.profile.clone_from(&accepted.profile);
    if let Some(slot) = slot {
        (row.last_slot, row.member) = (slot, miner.to_owned());
    }
    members::save_device(db, &row).await
}

fn attested(accepted: &Accepted, member: &Member, judged: &Judged, now_ms: i64) -> Attested {
    let attestation = &accepted.attestation;
    let entropy = attestation.entropy_score * 1e6;
    Attested {
        id: accepted.ticket.clone(),
        member: member.id.clone(),
        label: attestation.label.clone().unwrap_or_default(),
        at_ms: now_ms,
        // The cast saturates, and NaN becomes 0.
        entropy: entropy as i64,
        score: if judged.uncounted.is_none() { member.score } else { 0 },
        fingerprint: verdicts(attestation),
        counted: i64::from(judged.uncounted.is_none()),
        reason: judged.uncounted.as_ref().map_or_else(|| "counted".to_owned(), ToString::to_string),
    }
}

/// The verdict on each check, as JSON. Measurements are not stored, because they identify a device.
fn verdicts(attestation: &Attestation) -> String {
    let of = |name: &&str| ((*name).to_owned(), Json::from(verdict(attestation, name).name()));
    Json::Object(CHECKS.iter().map(of).collect()).canonical()
}
