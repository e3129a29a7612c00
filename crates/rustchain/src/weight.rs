//! A device's score and weight, in integers of 1e-6.
//!
//! weight = ⌊score · (up + att) / 10^6⌋, where n is the device's counted slots and
//!
//! - score = 0 if the node's verdict is 0, else min(table, multiplier + ⌊multiplier / 4⌋),
//! - up = 10^6 + min(10^6, ⌊n · 10^6 / 600⌋): 1.0 to 2.0 at 100 hours, as a slot is 600 s,
//! - att = 10^6 + min(5 · 10^5, 2500 · n): 1.0 to 1.5 at 200 attestations, one a slot.
//!
//! In an epoch's list the score is the mean over the epoch's counted slots, rounded down. An attestation that failed counts
//! nothing for its slot and takes nothing from the others: whoever fails earns what whoever is absent earns, so an honest
//! device loses a slot by a false alarm and not its day, and nobody gains by attesting worse. A score that rises at the end of
//! an epoch does not reach back to its beginning.
//!
//! The pool proxy's README adds the two bonuses, and its code multiplies them; the README counts 200 attestations, and the code
//! 100. We follow the README, because it is what members were promised. The code also multiplies by the entropy score, which
//! the client chooses freely; we record it without using it.

use crate::table::ONE;

/// The slots after which a device has the whole uptime bonus.
pub const UPTIME_SLOTS: i64 = 600;
/// The whole bonus for attestations.
const MOST_ATTESTED: i64 = 500_000;
/// The bonus of one attestation.
const PER_ATTESTATION: i64 = 2_500;

/// The score of a device: its entry in the table, at most 1.25 times its multiplier at the node, or 0 if the node or a check
/// refuses it.
pub fn score(tabled: i64, multiplier: i64, passed: bool) -> i64 {
    if passed && multiplier > 0 { tabled.min(multiplier + multiplier / 4) } else { 0 }
}

/// The uptime bonus after `slots` counted slots, in 1e-6.
pub fn uptime_bonus(slots: i64) -> i64 {
    ONE + slots.clamp(0, UPTIME_SLOTS) * ONE / UPTIME_SLOTS
}

/// The attestation bonus after `slots` counted slots, in 1e-6.
pub fn attestation_bonus(slots: i64) -> i64 {
    ONE + slots.clamp(0, MOST_ATTESTED / PER_ATTESTATION) * PER_ATTESTATION
}

/// The weight of a device, in 1e-6.
///
/// ```
/// // A G4 at its first attestation: 2.5 × (1.001666 + 1.0025).
/// assert_eq!(adit_rustchain::weight::weight(2_500_000, 1), 5_010_415);
/// ```
pub fn weight(score: i64, slots: i64) -> i64 {
    let bonuses = i128::from(uptime_bonus(slots) + attestation_bonus(slots));
    // At most 3.5 times a score that fits.
    i64::try_from(i128::from(score.max(0)) * bonuses / i128::from(ONE)).unwrap_or(i64::MAX)
}
