//! The tables of members, devices, attestations and counted slots.

use crate::pool::state::{Attested, Device, Member};
use crate::store::{Db, DbError, from_row, sql, sql_as};

from_row!(Member {
    id,
    public_key,
    device,
    label,
    arch,
    family,
    joined_at_ms,
    seen_at_ms,
    attestations,
    slots,
    last_slot,
    passed,
    multiplier,
    score,
    weight,
    checks,
    reason,
    ticket,
    rewards
});

from_row!(Device { id, member, last_slot, profile, family, arch });

pub(in crate::pool) async fn member(db: &mut Db, id: &str) -> Result<Option<Member>, DbError> {
    sql_as("SELECT * FROM member WHERE id = $1").bind(id).fetch_optional(db).await
}

/// Members, the last to attest first.
pub(in crate::pool) async fn members(db: &mut Db, limit: i64, offset: i64) -> Result<Vec<Member>, DbError> {
    let text = "SELECT * FROM member ORDER BY seen_at_ms DESC, id LIMIT $1 OFFSET $2";
    sql_as(text).bind(limit).bind(offset).fetch_all(db).await
}

/// The number of members that attested since `since_ms`, and the sum of their weights in 1e-6.
pub(in crate::pool) async fn active(db: &mut Db, since_ms: i64) -> Result<(i64, i64), DbError> {
    let text = "SELECT COUNT(*), COALESCE(SUM(weight), 0) FROM member WHERE seen_at_ms >= $1";
    let row = sql(text).bind(since_ms).fetch_one(db).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Members whose last counted slot is this one or later.
pub(in crate::pool) async fn counted_since(db: &mut Db, slot: i64) -> Result<Vec<Member>, DbError> {
    sql_as("SELECT * FROM member WHERE last_slot >= $1 ORDER BY id").bind(slot).fetch_all(db).await
}

/// The slot of the last attestation that counted; -1 if none did.
pub(in crate::pool) async fn last_counted(db: &mut Db) -> Result<i64, DbError> {
    sql("SELECT COALESCE(MAX(last_slot), -1) FROM member").fetch_one(db).await?.try_get(0)
}

pub(in crate::pool) async fn save_member(db: &mut Db, member: &Member) -> Result<(), DbError> {
    let text = "INSERT INTO member (id, public_key, device, label, arch, family, joined_at_ms, seen_at_ms, attestations, \
        slots, last_slot, passed, multiplier, score, weight, checks, reason, ticket, rewards) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
        ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key, device = excluded.device, \
        label = excluded.label, arch = excluded.arch, family = excluded.family, seen_at_ms = excluded.seen_at_ms, \
        attestations = excluded.attestations, slots = excluded.slots, last_slot = excluded.last_slot, \
        passed = excluded.passed, multiplier = excluded.multiplier, score = excluded.score, weight = excluded.weight, \
        checks = excluded.checks, reason = excluded.reason, ticket = excluded.ticket";
    let row = sql(text).bind(&member.id).bind(member.public_key.clone()).bind(member.device.clone());
    let row = row.bind(&member.label).bind(&member.arch).bind(&member.family);
    let row = row.bind(member.joined_at_ms).bind(member.seen_at_ms).bind(member.attestations);
    let row = row.bind(member.slots).bind(member.last_slot).bind(member.passed).bind(member.multiplier);
    let row = row.bind(member.score).bind(member.weight).bind(&member.checks).bind(&member.reason);
    row.bind(member.ticket.clone()).bind(member.rewards).execute(db).await.map(drop)
}

/// Adds a share, in µRTC, to the total of a member's rewards.
pub(in crate::pool) async fn add_rewards(db: &mut Db, id: &str, micro: i64) -> Result<(), DbError> {
    let text = "UPDATE member SET rewards = rewards + $2 WHERE id = $1";
    sql(text).bind(id).bind(micro).execute(db).await.map(drop)
}

/// Deletes up to 1,000 members without a key that were last seen before `before_ms`. Returns how many.
pub(in crate::pool) async fn forget_claims(db: &mut Db, before_ms: i64) -> Result<u64, DbError> {
    let text = "DELETE FROM member WHERE id IN \
        (SELECT id FROM member WHERE public_key IS NULL AND rewards = 0 AND slots = 0 AND seen_at_ms < $1 \
        ORDER BY seen_at_ms LIMIT 1000)";
    sql(text).bind(before_ms).execute(db).await
}

pub(in crate::pool) async fn device(db: &mut Db, id: &str) -> Result<Option<Device>, DbError> {
    sql_as("SELECT * FROM device WHERE id = $1").bind(id).fetch_optional(db).await
}

/// Saves a device after an attestation. What the operator confirmed stays as long as the member does.
pub(in crate::pool) async fn save_device(db: &mut Db, device: &Device) -> Result<(), DbError> {
    let text = "INSERT INTO device (id, member, last_slot, profile, family, arch) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (id) DO UPDATE SET member = excluded.member, last_slot = excluded.last_slot, \
        profile = excluded.profile, \
        family = CASE WHEN device.member = excluded.member THEN device.family END, \
        arch = CASE WHEN device.member = excluded.member THEN device.arch END";
    let row = sql(text).bind(&device.id).bind(&device.member).bind(device.last_slot).bind(device.profile.clone());
    row.bind(device.family.clone()).bind(device.arch.clone()).execute(db).await.map(drop)
}

/// Notes what the operator confirmed of a device.
pub(in crate::pool) async fn confirm_device(
    db: &mut Db,
    id: &str,
    hardware: Option<(&str, &str)>,
) -> Result<(), DbError> {
    let (family, arch) = hardware.map(|(family, arch)| (family.to_owned(), arch.to_owned())).unzip();
    let text = "UPDATE device SET family = $2, arch = $3 WHERE id = $1";
    sql(text).bind(id).bind(family).bind(arch).execute(db).await.map(drop)
}

pub(in crate::pool) async fn insert_attestation(db: &mut Db, attested: &Attested) -> Result<(), DbError> {
    let text = "INSERT INTO attestation (id, member, label, at_ms, entropy, score, fingerprint, counted, reason) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let row = sql(text).bind(&attested.id).bind(&attested.member).bind(&attested.label).bind(attested.at_ms);
    let row = row.bind(attested.entropy).bind(attested.score).bind(&attested.fingerprint);
    row.bind(attested.counted).bind(&attested.reason).execute(db).await.map(drop)
}

/// Deletes up to 1,000 attestations that are not among the newest `most`, the oldest first. Returns how many.
pub(in crate::pool) async fn forget_attestations(db: &mut Db, most: i64) -> Result<u64, DbError> {
    let text = "DELETE FROM attestation WHERE seq IN (SELECT seq FROM attestation \
        WHERE seq <= (SELECT COALESCE(MAX(seq), 0) FROM attestation) - $1 ORDER BY seq LIMIT 1000)";
    sql(text).bind(most).execute(db).await
}

/// Marks a slot as counted for a device and a member. Returns false if it was counted for either.
pub(in crate::pool) async fn count_slot(db: &mut Db, device: &str, slot: i64, member: &str) -> Result<bool, DbError> {
    let text = "INSERT INTO counted (device, slot, member) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    Ok(sql(text).bind(device).bind(slot).bind(member).execute(db).await? == 1)
}

/// Sets the score of a counted slot, in 1e-6.
pub(in crate::pool) async fn score_slot(db: &mut Db, device: &str, slot: i64, score: i64) -> Result<(), DbError> {
    let text = "UPDATE counted SET score = $3 WHERE device = $1 AND slot = $2";
    sql(text).bind(device).bind(slot).bind(score).execute(db).await.map(drop)
}

/// The mean score of a member's counted slots from `slot` on, in 1e-6, rounded down; `None` if none has a score.
pub(in crate::pool) async fn mean_score(db: &mut Db, member: &str, slot: i64) -> Result<Option<i64>, DbError> {
    let text = "SELECT SUM(score) / COUNT(score) FROM counted WHERE member = $1 AND slot >= $2";
    sql(text).bind(member).bind(slot).fetch_one(db).await?.try_get(0)
}
