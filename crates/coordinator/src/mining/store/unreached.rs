//! SQL for miners that a job's source answers differently than it answers the coordinator, or not at all.

use crate::store::{Db, DbError, sql};

/// How often in a row, and when the miner may try the job again (Unix, ms).
pub(crate) async fn of(db: &mut Db, job: i64, miner: &[u8]) -> Result<(i64, i64), DbError> {
    let text = "SELECT failures, resume_at_ms FROM unreached WHERE job = $1 AND miner = $2";
    match sql(text).bind(job).bind(miner).fetch_optional(db).await? {
        Some(row) => Ok((row.try_get(0)?, row.try_get(1)?)),
        None => Ok((0, 0)),
    }
}

/// Counts a failure.
pub(crate) async fn add(db: &mut Db, job: i64, miner: &[u8], resume_at_ms: i64) -> Result<(), DbError> {
    let text = "INSERT INTO unreached (job, miner, failures, resume_at_ms) VALUES ($1, $2, 1, $3)
                ON CONFLICT (job, miner) DO UPDATE SET failures = failures + 1, resume_at_ms = excluded.resume_at_ms";
    sql(text).bind(job).bind(miner).bind(resume_at_ms).execute(db).await?;
    Ok(())
}

/// Forgets a miner's failures: it sees the same as the coordinator again.
pub(crate) async fn forget(db: &mut Db, job: i64, miner: &[u8]) -> Result<(), DbError> {
    sql("DELETE FROM unreached WHERE job = $1 AND miner = $2").bind(job).bind(miner).execute(db).await?;
    Ok(())
}

/// Ends all waits when the clock was wrong: an early try costs one look.
pub(super) async fn rebase(db: &mut Db, now_ms: i64) -> Result<(), DbError> {
    let text = "UPDATE unreached SET resume_at_ms = $1 WHERE resume_at_ms > $1";
    sql(text).bind(now_ms).execute(db).await?;
    Ok(())
}

/// Forgets a job that has ended.
pub(crate) async fn forget_job(db: &mut Db, job: i64) -> Result<(), DbError> {
    sql("DELETE FROM unreached WHERE job = $1").bind(job).execute(db).await?;
    Ok(())
}
