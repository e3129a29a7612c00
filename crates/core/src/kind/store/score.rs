//! The score that ranks holders, as the original's README gives it: uptime_hours · peers_connected · (1 + MB_pinned / 1024).
//!
//! Here hours are windows passed, MB is MiB proven in each of them, and peers are those that the coordinator sees: itself. In
//! millionths: ⌊Σ (2^30 + B_w) · P · 10^6 / 2^30⌋ over the passed windows w with B_w bytes. The original's code added 1 for every MiB
//! instead of every GiB, which is 1,024 times as much. A score decides no pay.

/// The peers that a coordinator sees of a miner: itself.
pub const PEERS: u64 = 1;

/// What a passed window with `bytes` proven adds to the sum of [`score_micro`].
pub const fn term(bytes: u64) -> u128 {
    (1 << 30) + bytes as u128
}

/// The score in millionths, from the sum of the windows' [terms](term).
///
/// ```
/// use adit_core::kind::store::score::{score_micro, term};
/// assert_eq!(score_micro(24 * term(1 << 30), 1), 48_000_000);
/// ```
pub const fn score_micro(sum: u128, peers: u64) -> u128 {
    sum.saturating_mul(peers as u128).saturating_mul(1_000_000) >> 30
}
