//! The answers of the pool proxy, with the original's names and types, and our additions in `adit`.
//!
//! As in the original, sums, scores and weights are floats in whole units, and instants are seconds. `adit` has exact sums
//! as strings.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::flow::reads::Stats;
use super::super::state::{Closed, Fee, Member, Share};

/// A value in 1e-6, as a float in whole units.
fn whole(micro: i64) -> f64 {
    micro as f64 / 1e6
}

fn seconds(at_ms: i64) -> f64 {
    at_ms as f64 / 1e3
}

/// µRTC as RTC with six decimals.
pub(super) fn rtc(micro: i64) -> String {
    let (sign, size) = (if micro < 0 { "-" } else { "" }, micro.unsigned_abs());
    format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000)
}

#[derive(Serialize)]
pub(super) struct StatsView {
    total_miners: i64,
    active_miners: i64,
    total_attestations: i64,
    total_rewards_distributed: f64,
    pool_fee_collected: f64,
    current_epoch: i64,
    total_hash_power: f64,
    adit: Value,
}

impl StatsView {
    pub(super) fn of(stats: &Stats, mode: &str, node: Option<&str>, pool: &str) -> Self {
        StatsView {
            total_miners: stats.members + stats.claims,
            active_miners: stats.active,
            total_attestations: stats.attestations,
            total_rewards_distributed: whole(stats.shared),
            pool_fee_collected: whole(stats.fees),
            current_epoch: stats.epoch,
            total_hash_power: whole(stats.weight),
            adit: json!({
                "mode": mode,
                "node": node,
                "pool": pool,
                "unit": "RTC",
                "verified_miners": stats.members,
                "claims": stats.claims,
                "slot": stats.slot,
                "fee_bps": stats.fee_bps,
                "total_rewards_distributed": rtc(stats.shared),
                "pool_fee_collected": rtc(stats.fees),
                "carry": rtc(stats.carry),
                "owed": rtc(stats.owed),
                "there": rtc(stats.there),
                "deficit": rtc(-stats.deficit),
            }),
        }
    }
}

#[derive(Serialize)]
pub(super) struct MinerView {
    wallet: String,
    device_id: String,
    device_arch: String,
    device_family: String,
    joined_at: f64,
    last_attestation: f64,
    total_attestations: i64,
    uptime_seconds: f64,
    hardware_score: f64,
    contribution_weight: f64,
    total_rewards: f64,
    adit: Value,
}

impl MinerView {
    pub(super) fn of(kind: &str, member: Member) -> Self {
        let checks: Value = serde_json::from_str(&member.checks).unwrap_or_default();
        let node =
            (kind != "local").then(|| json!({ "ticket": member.ticket, "multiplier": whole(member.multiplier) }));
        MinerView {
            device_id: member.label,
            device_arch: member.arch,
            device_family: member.family,
            joined_at: seconds(member.joined_at_ms),
            last_attestation: seconds(member.seen_at_ms),
            total_attestations: member.attestations,
            uptime_seconds: (member.slots * adit_rustchain::epoch::SLOT_S) as f64,
            hardware_score: whole(member.score),
            contribution_weight: whole(member.weight),
            total_rewards: whole(member.rewards),
            adit: json!({
                "kind": kind,
                "device": member.device,
                "verified": member.public_key.is_some(),
                "counted_slots": member.slots,
                "last_slot": (member.last_slot >= 0).then_some(member.last_slot),
                "fingerprint_passed": member.passed == 1,
                "checks": checks,
                "reason": member.reason,
                "node": node,
                "total_rewards": rtc(member.rewards),
            }),
            wallet: member.id,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ShareView {
    id: i64,
    epoch: i64,
    miner_wallet: String,
    gross_reward: f64,
    pool_fee: f64,
    net_reward: f64,
    distributed_at: f64,
    adit: Value,
}

impl ShareView {
    pub(super) fn of(share: Share) -> Self {
        ShareView {
            id: share.id,
            epoch: share.epoch,
            gross_reward: whole(share.net + share.fee),
            pool_fee: whole(share.fee),
            net_reward: whole(share.net),
            distributed_at: seconds(share.at_ms),
            adit: json!({
                "net_reward": rtc(share.net),
                "pool_fee": rtc(share.fee),
                "member": share.member,
                "batch": share.batch,
            }),
            miner_wallet: share.address,
        }
    }
}

/// A closed epoch without its list.
pub(super) fn closed(closed: &Closed) -> Value {
    json!({
        "epoch": closed.epoch,
        "batch": closed.batch,
        "closed_at_ms": closed.closed_at_ms,
        "gross": rtc(closed.gross),
        "fee_bps": closed.fee_bps,
        "fee": rtc(closed.fee),
        "carry": rtc(closed.carry),
        "repaid": rtc(closed.repaid),
        "total_weight": rtc(closed.total_weight),
        "members": closed.members,
    })
}

/// A fee, and the first epoch in which it holds.
pub(super) fn fee(fee: &Fee) -> Value {
    json!({ "from_epoch": fee.from_epoch, "fee_bps": fee.bps, "announced_at_ms": fee.announced_at_ms })
}
