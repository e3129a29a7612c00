//! SQL for contributors, miners, challenges, and sessions.

pub(crate) mod forget;

use adit_core::PublicKey;
use adit_core::sign::Challenge;
use adit_core::statement::SiteShare;

use super::CHALLENGE_MS;
use crate::store::{Db, DbError, corrupt, counter, from_row, sql, sql_as};

/// A contributor, with its miner's record if it has one.
#[derive(Clone, Debug)]
pub(crate) struct ContributorRow {
    pub(crate) id: String,
    pub(crate) miner: Option<Vec<u8>>,
    pub(crate) cpu_cores: i64,
    pub(crate) gpu_memory_mb: i64,
    pub(crate) gpu_model: Option<String>,
    pub(crate) registered_at_ms: i64,
}

from_row!(ContributorRow { id, miner, cpu_cores, gpu_memory_mb, gpu_model, registered_at_ms });

impl ContributorRow {
    /// The key that owns the id.
    pub(crate) fn key(&self) -> Option<PublicKey> {
        self.miner.as_deref().and_then(|bytes| PublicKey::try_from(bytes).ok())
    }
}

pub(crate) async fn contributor(db: &mut Db, id: &str) -> Result<Option<ContributorRow>, DbError> {
    sql_as("SELECT * FROM contributor WHERE id = $1").bind(id).fetch_optional(db).await
}

/// Registers an id. Returns false if it already exists.
pub(crate) async fn insert_contributor(db: &mut Db, row: &ContributorRow) -> Result<bool, DbError> {
    let text = "INSERT INTO contributor (id, cpu_cores, gpu_memory_mb, gpu_model, registered_at_ms)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
    let query = sql(text).bind(&row.id).bind(row.cpu_cores).bind(row.gpu_memory_mb);
    let done = query.bind(row.gpu_model.as_deref()).bind(row.registered_at_ms).execute(db).await?;
    Ok(done == 1)
}

/// Gives an id to the first key proved for it. Returns false if another key owns it.
pub(crate) async fn claim_contributor(db: &mut Db, id: &str, miner: &PublicKey) -> Result<bool, DbError> {
    let text = "UPDATE contributor SET miner = $2 WHERE id = $1 AND (miner IS NULL OR miner = $2)";
    Ok(sql(text).bind(id).bind(&miner.0[..]).execute(db).await? == 1)
}

/// Creates or refreshes a miner. The payout address is set once here; later changes need a signed counter.
pub(crate) async fn see_miner(
    db: &mut Db,
    miner: &PublicKey,
    contributor: &str,
    payout: Option<&str>,
    now_ms: i64,
) -> Result<(), DbError> {
    sql(
        "INSERT INTO miner (key, contributor, payout, seen_at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO UPDATE SET seen_at_ms = excluded.seen_at_ms, payout = COALESCE(miner.payout, excluded.payout)",
    )
    .bind(&miner.0[..])
    .bind(contributor)
    .bind(payout)
    .bind(now_ms)
    .execute(db)
    .await?;
    Ok(())
}

#[derive(Clone, Debug)]
pub(crate) struct MinerRow {
    pub(crate) key: Vec<u8>,
    pub(crate) contributor: String,
    pub(crate) payout: Option<String>,
    pub(crate) good: i64,
    pub(crate) bad: i64,
    pub(crate) units_valid: i64,
    pub(crate) units_invalid: i64,
    pub(crate) leases_expired: i64,
    pub(crate) work: i64,
    pub(crate) seen_at_ms: i64,
    pub(crate) name: Option<String>,
    pub(crate) name_counter: i64,
}

from_row!(MinerRow {
    key,
    contributor,
    payout,
    good,
    bad,
    units_valid,
    units_invalid,
    leases_expired,
    work,
    seen_at_ms,
    name,
    name_counter
});

/// Stores the name that a miner chose.
pub(crate) async fn set_name(db: &mut Db, key: &PublicKey, name: Option<&str>, counter: i64) -> Result<(), DbError> {
    let text = "UPDATE miner SET name = $2, name_counter = $3 WHERE key = $1";
    sql(text).bind(&key.0[..]).bind(name).bind(counter).execute(db).await?;
    Ok(())
}

pub(crate) async fn miner(db: &mut Db, key: &PublicKey) -> Result<Option<MinerRow>, DbError> {
    sql_as("SELECT * FROM miner WHERE key = $1").bind(&key.0[..]).fetch_optional(db).await
}

/// Lists miners, last seen first, after the one seen at this time with this key.
pub(crate) async fn miners(db: &mut Db, before: (i64, Vec<u8>), limit: i64) -> Result<Vec<MinerRow>, DbError> {
    let text = "SELECT * FROM miner WHERE (seen_at_ms, key) < ($1, $2) ORDER BY seen_at_ms DESC, key DESC LIMIT $3";
    sql_as(text).bind(before.0).bind(before.1).bind(limit).fetch_all(db).await
}

/// Lists the miners with the most verified work.
pub(crate) async fn leaders(db: &mut Db, limit: i64) -> Result<Vec<MinerRow>, DbError> {
    sql_as("SELECT * FROM miner ORDER BY work DESC, contributor LIMIT $1").bind(limit).fetch_all(db).await
}

/// Adds a verdict and its work to a miner's counters.
pub(crate) async fn count_verdict(
    db: &mut Db,
    key: &PublicKey,
    valid: bool,
    work: i64,
    now_ms: i64,
) -> Result<Option<MinerRow>, DbError> {
    let text = "UPDATE miner SET units_valid = units_valid + $2, units_invalid = units_invalid + $3, seen_at_ms = $5,
                work = MIN(work, 9223372036854775807 - $4) + $4 WHERE key = $1 RETURNING *";
    let query = sql_as(text).bind(&key.0[..]).bind(i64::from(valid)).bind(i64::from(!valid));
    query.bind(if valid { work } else { 0 }).bind(now_ms).fetch_optional(db).await
}

/// Adds a closed epoch to the counts behind a miner's confidence.
pub(crate) async fn count_epoch(db: &mut Db, key: &[u8], good: i64, bad: i64) -> Result<(), DbError> {
    sql("UPDATE miner SET good = MIN(good, 9223372036854775807 - $2) + $2,
         bad = MIN(bad, 9223372036854775807 - $3) + $3 WHERE key = $1")
    .bind(key)
    .bind(good)
    .bind(bad)
    .execute(db)
    .await?;
    Ok(())
}

/// An issued challenge.
#[derive(Clone, Debug)]
pub(crate) struct ChallengeRow {
    pub(crate) contributor: String,
    pub(crate) miner: PublicKey,
    pub(crate) payout: Option<String>,
    pub(crate) expires_at_ms: i64,
}

pub(crate) async fn insert_challenge(db: &mut Db, challenge: &Challenge, row: &ChallengeRow) -> Result<(), DbError> {
    let text =
        "INSERT INTO challenge (challenge, contributor, miner, payout, expires_at_ms) VALUES ($1, $2, $3, $4, $5)";
    let query = sql(text).bind(&challenge.0[..]).bind(&row.contributor).bind(&row.miner.0[..]);
    query.bind(row.payout.as_deref()).bind(row.expires_at_ms).execute(db).await?;
    Ok(())
}

/// An unused challenge.
pub(crate) async fn challenge(db: &mut Db, challenge: &Challenge) -> Result<Option<ChallengeRow>, DbError> {
    let text = "SELECT contributor, miner, payout, expires_at_ms FROM challenge WHERE challenge = $1";
    let Some(row) = sql(text).bind(&challenge.0[..]).fetch_optional(db).await? else { return Ok(None) };
    let miner = PublicKey::try_from(row.try_get::<&[u8]>(1)?).map_err(|_| corrupt("a key has the wrong length"))?;
    Ok(Some(ChallengeRow {
        contributor: row.try_get(0)?,
        miner,
        payout: row.try_get(2)?,
        expires_at_ms: row.try_get(3)?,
    }))
}

pub(crate) async fn delete_challenge(db: &mut Db, challenge: &Challenge) -> Result<(), DbError> {
    sql("DELETE FROM challenge WHERE challenge = $1").bind(&challenge.0[..]).execute(db).await?;
    Ok(())
}

#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    pub(crate) id: String,
    pub(crate) contributor: String,
    pub(crate) miner: Option<Vec<u8>>,
    pub(crate) started_at_ms: i64,
    pub(crate) seen_at_ms: i64,
    pub(crate) ended_at_ms: Option<i64>,
    pub(crate) units_valid: i64,
    pub(crate) earned: i64,
}

from_row!(SessionRow { id, contributor, miner, started_at_ms, seen_at_ms, ended_at_ms, units_valid, earned });

/// Stores with which site a session's rewards are shared from now on, if with any.
pub(crate) async fn share_session(db: &mut Db, id: &str, share: Option<&SiteShare>) -> Result<(), DbError> {
    let text = "UPDATE session SET site = $2, site_bps = $3 WHERE id = $1 AND (site IS NOT $2 OR site_bps <> $3)";
    let (site, bps) = share.map_or((None, 0), |share| (Some(share.site.0.to_vec()), i64::from(share.site_bps)));
    sql(text).bind(id).bind(site).bind(bps).execute(db).await?;
    Ok(())
}

impl SessionRow {
    /// The key that opened it.
    pub(crate) fn key(&self) -> Option<PublicKey> {
        self.miner.as_deref().and_then(|bytes| PublicKey::try_from(bytes).ok())
    }
}

pub(crate) async fn session(db: &mut Db, id: &str) -> Result<Option<SessionRow>, DbError> {
    sql_as("SELECT * FROM session WHERE id = $1").bind(id).fetch_optional(db).await
}

/// The open session of an id: the one of its key, or its keyless one.
pub(crate) async fn open_session(
    db: &mut Db,
    contributor: &str,
    miner: Option<&PublicKey>,
) -> Result<Option<SessionRow>, DbError> {
    let text = "SELECT * FROM session WHERE contributor = $1 AND ended_at_ms IS NULL AND miner IS $2
                ORDER BY started_at_ms DESC LIMIT 1";
    sql_as(text).bind(contributor).bind(miner.map(|key| key.0.to_vec())).fetch_optional(db).await
}

pub(crate) async fn insert_session(
    db: &mut Db,
    id: &str,
    contributor: &str,
    miner: Option<&PublicKey>,
    now_ms: i64,
) -> Result<(), DbError> {
    let text = "INSERT INTO session (id, contributor, miner, started_at_ms, seen_at_ms) VALUES ($1, $2, $3, $4, $4)";
    let query = sql(text).bind(id).bind(contributor).bind(miner.map(|key| key.0.to_vec()));
    query.bind(now_ms).execute(db).await?;
    Ok(())
}

/// Marks a contributor's session as seen. Returns `None` if it has ended, belongs to another, or does not exist.
pub(crate) async fn touch_session(
    db: &mut Db,
    id: &str,
    contributor: &str,
    now_ms: i64,
) -> Result<Option<SessionRow>, DbError> {
    let text = "UPDATE session SET seen_at_ms = $3 WHERE id = $1 AND contributor = $2 AND ended_at_ms IS NULL
                RETURNING *";
    sql_as(text).bind(id).bind(contributor).bind(now_ms).fetch_optional(db).await
}

/// Ends a session. Returns false if it had already ended.
pub(crate) async fn end_session(db: &mut Db, id: &str, now_ms: i64) -> Result<bool, DbError> {
    let text = "UPDATE session SET ended_at_ms = $2 WHERE id = $1 AND ended_at_ms IS NULL";
    Ok(sql(text).bind(id).bind(now_ms).execute(db).await? == 1)
}

/// Open sessions without a call since `before_ms`.
pub(crate) async fn idle_sessions(db: &mut Db, before_ms: i64) -> Result<Vec<String>, DbError> {
    let text = "SELECT id FROM session WHERE ended_at_ms IS NULL AND seen_at_ms < $1 LIMIT 100";
    sql(text).bind(before_ms).fetch_all(db).await?.iter().map(|row| row.try_get(0)).collect()
}

/// Counts open sessions without a key.
pub(crate) async fn keyless_sessions(db: &mut Db) -> Result<i64, DbError> {
    counter(db, "sessions open without key").await
}

/// Counts open sessions.
pub(crate) async fn open_sessions(db: &mut Db) -> Result<i64, DbError> {
    counter(db, "sessions open").await
}

/// Moves open sessions by a step of the clock to `now_ms`. Times later than now become now.
pub(crate) async fn rebase(db: &mut Db, by_ms: i64, now_ms: i64) -> Result<(), DbError> {
    let shift = "UPDATE session SET started_at_ms = started_at_ms + $1, seen_at_ms = seen_at_ms + $1
                 WHERE ended_at_ms IS NULL AND $1 > 0";
    sql(shift).bind(by_ms).execute(&mut *db).await?;
    let future = [
        "UPDATE session SET started_at_ms = $1 WHERE started_at_ms > $1",
        "UPDATE session SET seen_at_ms = $1 WHERE seen_at_ms > $1",
        "UPDATE session SET ended_at_ms = $1 WHERE ended_at_ms > $1",
        "UPDATE miner SET seen_at_ms = $1 WHERE seen_at_ms > $1",
        "UPDATE contributor SET registered_at_ms = $1 WHERE registered_at_ms > $1",
    ];
    for text in future {
        sql(text).bind(now_ms).execute(&mut *db).await?;
    }
    // Signed starts name the expiry, so it cannot be moved. Whoever held such a challenge registers again.
    sql("DELETE FROM challenge WHERE expires_at_ms > $1").bind(now_ms + CHALLENGE_MS).execute(db).await?;
    Ok(())
}

/// Counts a verified unit, and answers with which site its session shares.
pub(crate) async fn count_unit(db: &mut Db, session: &str, value: i64) -> Result<Option<SiteShare>, DbError> {
    let text = "UPDATE session SET units_valid = units_valid + 1,
                earned = MIN(earned, 9223372036854775807 - $2) + $2 WHERE id = $1 RETURNING site, site_bps";
    let Some(row) = sql(text).bind(session).bind(value).fetch_optional(db).await? else { return Ok(None) };
    let Some(site) = row.try_get::<Option<&[u8]>>(0)? else { return Ok(None) };
    let site = PublicKey::try_from(site).map_err(|_| corrupt("a site's key has the wrong length"))?;
    Ok(Some(SiteShare { site, site_bps: row.try_get::<i64>(1)? as u32 }))
}

/// A contributor's total session time, in ms, and the number of its open sessions.
pub(crate) async fn session_time(db: &mut Db, contributor: &str, now_ms: i64) -> Result<(i64, i64), DbError> {
    let text =
        "SELECT COALESCE((SELECT session_ms FROM contributor WHERE id = $1), 0) + COALESCE(SUM($2 - started_at_ms), 0),
                COUNT(*) FROM session WHERE contributor = $1 AND ended_at_ms IS NULL";
    let row = sql(text).bind(contributor).bind(now_ms).fetch_one(db).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// The total time of all sessions, in ms.
pub(crate) async fn all_session_time(db: &mut Db, now_ms: i64) -> Result<i64, DbError> {
    let (ended, since) = (counter(db, "sessions ended ms").await?, counter(db, "sessions open since ms").await?);
    Ok(ended.saturating_add(open_sessions(db).await?.saturating_mul(now_ms).saturating_sub(since)))
}

/// Counts registered contributors.
pub(crate) async fn contributors(db: &mut Db) -> Result<i64, DbError> {
    counter(db, "contributors").await
}
