//! SQL for leases, lanes, and miners' conduct.

pub(crate) mod conduct;
pub(crate) mod forget;
pub(crate) mod second;
pub(crate) mod unreached;

use adit_core::PublicKey;
use adit_core::sign::LeaseId;
use adit_core::statement::{Receipt, Verdict};

use super::sizing::Pace;
use super::state::LeaseState;
use crate::store::{Db, DbError, corrupt, counter, from_row, sql, sql_as, text_enum};

text_enum!(LeaseState);
text_enum!(Verdict);

#[derive(Clone, Debug)]
pub(crate) struct LeaseRow {
    pub(crate) id: Vec<u8>,
    pub(crate) unit: i64,
    pub(crate) job: i64,
    pub(crate) miner: Vec<u8>,
    pub(crate) session: String,
    pub(crate) lane: i64,
    pub(crate) task: String,
    pub(crate) work: i64,
    pub(crate) value: i64,
    pub(crate) ttl_ms: i64,
    pub(crate) issued_at_ms: i64,
    pub(crate) deadline_ms: i64,
    pub(crate) state: LeaseState,
    pub(crate) digest: Option<Vec<u8>>,
    pub(crate) verdict: Option<Verdict>,
    /// The panels of a live lease whose holder was not proven when it took it.
    pub(crate) unproven: Option<i64>,
    /// Where such a lease was taken, if the caller had an address block.
    pub(crate) address_block: Option<Vec<u8>>,
}

from_row!(LeaseRow {
    id,
    unit,
    job,
    miner,
    session,
    lane,
    task,
    work,
    value,
    ttl_ms,
    issued_at_ms,
    deadline_ms,
    state,
    digest,
    verdict,
    unproven,
    address_block
});

impl LeaseRow {
    pub(crate) fn id(&self) -> Result<LeaseId, DbError> {
        LeaseId::try_from(self.id.as_slice()).map_err(|_| corrupt("a lease's id has the wrong length"))
    }

    pub(crate) fn miner(&self) -> Result<PublicKey, DbError> {
        PublicKey::try_from(self.miner.as_slice()).map_err(|_| corrupt("a key has the wrong length"))
    }
}

pub(crate) async fn lease(db: &mut Db, id: &LeaseId) -> Result<Option<LeaseRow>, DbError> {
    let text = "SELECT * FROM lease WHERE id = $1";
    sql_as(text).bind(&id.0[..]).fetch_optional(db).await
}

pub(crate) async fn lease_of_task(db: &mut Db, task: &str) -> Result<Option<LeaseRow>, DbError> {
    let text = "SELECT * FROM lease WHERE task = $1";
    sql_as(text).bind(task).fetch_optional(db).await
}

pub(crate) async fn live(db: &mut Db, id: &[u8]) -> Result<Option<LeaseRow>, DbError> {
    sql_as("SELECT * FROM lease WHERE id = $1 AND state = 'live'").bind(id).fetch_optional(db).await
}

/// A lane: its last lease, unless already delivered, and what it takes, as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneRow {
    pub(crate) lease: Option<Vec<u8>>,
    pub(crate) kinds: String,
}

from_row!(LaneRow { lease, kinds });

/// Loads a lane, or an empty one if it never asked.
pub(crate) async fn lane(db: &mut Db, session: &str, lane: u32) -> Result<LaneRow, DbError> {
    let query = sql_as("SELECT * FROM lane WHERE session = $1 AND lane = $2").bind(session).bind(i64::from(lane));
    Ok(query.fetch_optional(db).await?.unwrap_or_default())
}

/// A lane's measured speed at a kind, in work per second; 0 if unmeasured.
pub(crate) async fn speed(db: &mut Db, session: &str, lane: i64, kind: &str) -> Result<u64, DbError> {
    let text = "SELECT work_per_s FROM lane_speed WHERE session = $1 AND lane = $2 AND kind = $3";
    let row = sql(text).bind(session).bind(lane).bind(kind).fetch_optional(db).await?;
    Ok(row.map(|row| row.try_get::<i64>(0)).transpose()?.unwrap_or(0) as u64)
}

/// The number of open lanes with a measured speed at a kind, up to a limit, and the sum of their speeds.
pub(crate) async fn pace(db: &mut Db, kind: &str) -> Result<Pace, DbError> {
    let text = "SELECT COUNT(*), COALESCE(SUM(work_per_s), 0) FROM (SELECT MIN(work_per_s, 1 << 46) AS work_per_s
         FROM lane_speed JOIN session ON session.id = lane_speed.session
         WHERE kind = $1 AND session.ended_at_ms IS NULL LIMIT 10000)";
    let row = sql(text).bind(kind).fetch_one(db).await?;
    Ok(Pace { lanes: row.try_get::<i64>(0)? as u32, work_per_s: row.try_get::<i64>(1)? as u64 })
}

/// Live leases past their deadline.
pub(crate) async fn overdue(db: &mut Db, now_ms: i64) -> Result<Vec<LeaseRow>, DbError> {
    let text = "SELECT * FROM lease WHERE state = 'live' AND deadline_ms < $1 LIMIT 200";
    sql_as(text).bind(now_ms).fetch_all(db).await
}

/// Moves live leases and quarantines by a step of the clock to `now_ms`. None ends later than one that begins now.
pub(crate) async fn rebase(db: &mut Db, by_ms: i64, now_ms: i64) -> Result<(), DbError> {
    let shift = "UPDATE lease SET issued_at_ms = issued_at_ms + $1, deadline_ms = deadline_ms + $2
                 WHERE state = 'live' AND $1 <> 0";
    sql(shift).bind(by_ms).bind(by_ms.max(0)).execute(&mut *db).await?;
    let late = "UPDATE lease SET deadline_ms = ttl_ms + $1 WHERE state = 'live' AND deadline_ms > ttl_ms + $1";
    sql(late).bind(now_ms).execute(&mut *db).await?;
    let future = "UPDATE lease SET issued_at_ms = $1 WHERE state = 'live' AND issued_at_ms > $1";
    sql(future).bind(now_ms).execute(&mut *db).await?;
    unreached::rebase(db, now_ms).await?;
    conduct::rebase(db, by_ms, now_ms).await
}

pub(crate) async fn live_of_session(db: &mut Db, session: &str) -> Result<Vec<LeaseRow>, DbError> {
    let text = "SELECT * FROM lease WHERE session = $1 AND state = 'live'";
    sql_as(text).bind(session).fetch_all(db).await
}

/// Inserts a lease and records what its lane takes.
pub(crate) async fn insert(db: &mut Db, lease: &LeaseRow, choice: &str) -> Result<(), DbError> {
    let text = "INSERT INTO lease (id, unit, job, miner, session, lane, task, work, value, ttl_ms, issued_at_ms, deadline_ms,
                unproven, address_block, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'live')";
    let query = sql(text).bind(&lease.id[..]).bind(lease.unit).bind(lease.job).bind(&lease.miner[..]);
    let query = query.bind(&lease.session).bind(lease.lane).bind(&lease.task).bind(lease.work).bind(lease.value);
    let query = query.bind(lease.ttl_ms).bind(lease.issued_at_ms).bind(lease.deadline_ms);
    query.bind(lease.unproven).bind(lease.address_block.clone()).execute(&mut *db).await?;
    sql("INSERT INTO lane (session, lane, lease, kinds) VALUES ($1, $2, $3, $4)
         ON CONFLICT (session, lane) DO UPDATE SET lease = excluded.lease, kinds = excluded.kinds")
    .bind(&lease.session)
    .bind(lease.lane)
    .bind(&lease.id[..])
    .bind(choice)
    .execute(db)
    .await?;
    Ok(())
}

/// The lease that settled a unit; `None` if the coordinator computed it.
pub(crate) async fn settled(db: &mut Db, unit: i64) -> Result<Option<LeaseRow>, DbError> {
    sql_as("SELECT * FROM lease WHERE unit = $1 AND verdict = 'valid'").bind(unit).fetch_optional(db).await
}

/// Ends a live lease without an output. Returns false if it was not live.
pub(crate) async fn end(db: &mut Db, id: &[u8], state: LeaseState) -> Result<bool, DbError> {
    let text = "UPDATE lease SET state = $2, unproven = NULL, address_block = NULL WHERE id = $1 AND state = 'live'";
    Ok(sql(text).bind(id).bind(state).execute(db).await? == 1)
}

/// Stores what a lease's receipt states. Returns false if it already has a verdict.
pub(crate) async fn settle(db: &mut Db, receipt: &Receipt) -> Result<bool, DbError> {
    let text = "UPDATE lease SET state = 'delivered', digest = $2, verdict = $3, log_index = $4, work = $5, value = $6,
                unproven = NULL, address_block = NULL WHERE id = $1 AND verdict IS NULL";
    let query = sql(text).bind(&receipt.lease.0[..]).bind(&receipt.output_digest.0[..]).bind(receipt.verdict);
    let query = query.bind(receipt.log_index as i64).bind(receipt.work as i64).bind(receipt.value.nano());
    Ok(query.execute(db).await? == 1)
}

/// Clears the lane's current lease after delivery.
pub(crate) async fn free_lane(db: &mut Db, lease: &LeaseRow) -> Result<(), DbError> {
    let text = "UPDATE lane SET lease = NULL WHERE session = $1 AND lane = $2 AND lease = $3";
    sql(text).bind(&lease.session).bind(lease.lane).bind(&lease.id[..]).execute(db).await?;
    Ok(())
}

/// The highest speed that is stored. A key's lanes have sums of it.
const MAX_SPEED: u64 = 1 << 50;

/// Blends a new measurement into a lane's speed at a kind.
pub(crate) async fn measure_lane(db: &mut Db, lease: &LeaseRow, kind: &str, work_per_s: u64) -> Result<(), DbError> {
    let text = "INSERT INTO lane_speed (session, lane, kind, work_per_s) VALUES ($1, $2, $3, $4)
                ON CONFLICT (session, lane, kind) DO UPDATE SET work_per_s = (work_per_s + excluded.work_per_s) / 2";
    let query = sql(text).bind(&lease.session).bind(lease.lane).bind(kind);
    query.bind(work_per_s.clamp(1, MAX_SPEED) as i64).execute(db).await?;
    Ok(())
}

/// Deletes a lane. What was measured of it stays.
pub(crate) async fn delete_lane(db: &mut Db, lease: &LeaseRow) -> Result<(), DbError> {
    let text = "DELETE FROM lane WHERE session = $1 AND lane = $2 AND lease = $3";
    sql(text).bind(&lease.session).bind(lease.lane).bind(&lease.id[..]).execute(db).await?;
    Ok(())
}

/// Deletes the lanes of an ended session.
pub(crate) async fn delete_lanes(db: &mut Db, session: &str) -> Result<(), DbError> {
    sql("DELETE FROM lane WHERE session = $1").bind(session).execute(&mut *db).await?;
    sql("DELETE FROM lane_speed WHERE session = $1").bind(session).execute(db).await?;
    Ok(())
}

/// Counts the recently active lanes of open sessions, among which a job's remaining panels are shared.
pub(crate) async fn lanes_at_work(db: &mut Db, since_ms: i64) -> Result<u32, DbError> {
    let text = "SELECT COALESCE(SUM(lanes), 0) FROM at_work WHERE second >= $1";
    Ok(sql(text).bind(since_ms / 1_000).fetch_one(db).await?.try_get::<i64>(0)? as u32)
}

/// Drops the live leases of a unit, except for `but`.
pub(crate) async fn drop_live(db: &mut Db, unit: i64, but: &[u8]) -> Result<(), DbError> {
    let text = "UPDATE lease SET state = 'dropped', unproven = NULL, address_block = NULL
                WHERE unit = $1 AND state = 'live' AND id <> $2";
    sql(text).bind(unit).bind(but).execute(db).await?;
    Ok(())
}

/// The panels of a job that unproven keys hold.
pub(crate) async fn unproven_of_job(db: &mut Db, job: i64) -> Result<i64, DbError> {
    let text = "SELECT COALESCE(SUM(unproven), 0) FROM lease WHERE job = $1 AND unproven IS NOT NULL";
    sql(text).bind(job).fetch_one(db).await?.try_get(0)
}

/// The leases that unproven keys took from an address block and still hold.
pub(crate) async fn unproven_of_block(db: &mut Db, block: &[u8]) -> Result<i64, DbError> {
    sql("SELECT COUNT(*) FROM lease WHERE address_block = $1").bind(block).fetch_one(db).await?.try_get(0)
}

/// The leases that unproven keys hold, counted up to `most`.
pub(crate) async fn unproven(db: &mut Db, most: i64) -> Result<i64, DbError> {
    let text = "SELECT COUNT(*) FROM (SELECT 1 FROM lease WHERE unproven IS NOT NULL LIMIT $1) AS held";
    sql(text).bind(most).fetch_one(db).await?.try_get(0)
}

/// A miner's live leases, open sessions, and total measured speed of open lanes.
pub(crate) async fn of_miner(db: &mut Db, miner: &[u8]) -> Result<(i64, i64, i64), DbError> {
    let row = sql("SELECT (SELECT COUNT(*) FROM lease WHERE miner = $1 AND state = 'live'),
                (SELECT COUNT(*) FROM session WHERE miner = $1 AND ended_at_ms IS NULL),
                (SELECT COALESCE(SUM(best), 0) FROM (SELECT MAX(work_per_s) AS best FROM lane_speed
                 JOIN session ON session.id = lane_speed.session WHERE session.miner = $1
                 AND session.ended_at_ms IS NULL AND kind NOT LIKE 'hash_tree/%' GROUP BY session, lane))")
    .bind(miner)
    .fetch_one(db)
    .await?;
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}

pub(crate) async fn count_expired(db: &mut Db, miner: &[u8]) -> Result<(), DbError> {
    sql("UPDATE miner SET leases_expired = leases_expired + 1 WHERE key = $1").bind(miner).execute(db).await?;
    Ok(())
}

/// The number of live leases, and of those that expired.
pub(crate) async fn counts(db: &mut Db) -> Result<(i64, i64), DbError> {
    Ok((counter(db, "leases live").await?, counter(db, "leases expired").await?))
}

pub(crate) async fn live_of_job(db: &mut Db, job: i64) -> Result<Vec<LeaseRow>, DbError> {
    let text = "SELECT * FROM lease WHERE job = $1 AND state = 'live'";
    sql_as(text).bind(job).fetch_all(db).await
}
