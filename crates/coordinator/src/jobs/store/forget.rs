//! SQL that deletes results, blocks and files, a few pieces at a time.

use crate::store::{Db, DbError, sql};

/// The most pieces that one call deletes, each of at most 1 MiB.
const PIECES: i64 = 16;

/// Deletes some rows of jobs that ended before `before_ms`: outputs, then blocks that no other job names, then at most
/// `limit` units without receipts. Returns whether there was anything to do.
pub(crate) async fn results(db: &mut Db, before_ms: i64, limit: i64) -> Result<bool, DbError> {
    let due = "UPDATE job SET kept = 0 WHERE id IN
               (SELECT id FROM job WHERE kept = 1 AND ended_at_ms < $1 ORDER BY ended_at_ms LIMIT 16) RETURNING id";
    for row in sql(due).bind(before_ms).fetch_all(&mut *db).await? {
        let text = "INSERT INTO forgotten_job (job) VALUES ($1)";
        sql(text).bind(row.try_get::<i64>(0)?).execute(&mut *db).await?;
    }
    let next = sql("SELECT job, first FROM forgotten_job LIMIT 1").fetch_optional(&mut *db).await?;
    let Some(next) = next else { return Ok(false) };
    let (job, first): (i64, i64) = (next.try_get(0)?, next.try_get(1)?);
    let is_done = outputs(db, job, first).await? && blocks(db, job).await? && units(db, job, limit).await?;
    if is_done {
        sql("DELETE FROM forgotten_job WHERE job = $1").bind(job).execute(db).await?;
    }
    Ok(true)
}

/// Deletes some outputs of a job's units from panel `first` on. Returns whether there are no more.
async fn outputs(db: &mut Db, job: i64, first: i64) -> Result<bool, DbError> {
    // A job is computed by miners or here, so these two are not mixed.
    let text = "SELECT id, first FROM (SELECT id, first FROM unit WHERE job = $1 AND state = 'settled' AND first >= $2
                ORDER BY first LIMIT $3) UNION ALL SELECT id, first FROM (SELECT id, first FROM unit WHERE job = $1
                AND state = 'inline' AND first >= $2 ORDER BY first LIMIT $3)";
    let units = sql(text).bind(job).bind(first).bind(PIECES).fetch_all(&mut *db).await?;
    let mut left = PIECES;
    for unit in &units {
        let (id, first): (i64, i64) = (unit.try_get(0)?, unit.try_get(1)?);
        let text = "DELETE FROM output WHERE unit = $1 AND piece IN
                    (SELECT piece FROM output WHERE unit = $1 ORDER BY piece LIMIT $2)";
        left -= sql(text).bind(id).bind(left).execute(&mut *db).await? as i64;
        // A unit with pieces left is visited again.
        let from = if left == 0 { first } else { first + 1 };
        let text = "UPDATE forgotten_job SET first = $2 WHERE job = $1";
        sql(text).bind(job).bind(from).execute(&mut *db).await?;
        if left == 0 {
            return Ok(false);
        }
    }
    Ok(units.is_empty())
}

/// Deletes some of a job's blocks. Returns whether there are no more.
async fn blocks(db: &mut Db, job: i64) -> Result<bool, DbError> {
    let text = "DELETE FROM job_block WHERE job = $1 AND cid IN
                (SELECT cid FROM job_block WHERE job = $1 LIMIT $2) RETURNING cid";
    let rows = sql(text).bind(job).bind(PIECES).fetch_all(&mut *db).await?;
    for row in &rows {
        let text = "DELETE FROM block WHERE cid = $1 AND NOT EXISTS (SELECT 1 FROM job_block WHERE cid = $1)";
        sql(text).bind(row.try_get::<&str>(0)?).execute(&mut *db).await?;
    }
    Ok(rows.is_empty())
}

/// Deletes some units of an ended job that no lease names, and its returned panels. Returns whether there are no more.
async fn units(db: &mut Db, job: i64, limit: i64) -> Result<bool, DbError> {
    sql("DELETE FROM returned WHERE job = $1").bind(job).execute(&mut *db).await?;
    let text = "DELETE FROM unit WHERE id IN (SELECT id FROM unit WHERE job = $1 AND state IN ('waiting', 'returned')
                AND NOT EXISTS (SELECT 1 FROM lease WHERE lease.unit = unit.id) LIMIT $2)";
    Ok(sql(text).bind(job).bind(limit).execute(db).await? < limit as u64)
}

/// Deletes some pieces of files that were last used before `before_ms`. Returns whether there was anything to do.
pub(crate) async fn files(db: &mut Db, before_ms: i64) -> Result<bool, DbError> {
    let due = "DELETE FROM file WHERE cid IN (SELECT cid FROM file WHERE used_at_ms < $1 LIMIT 16) RETURNING cid";
    for row in sql(due).bind(before_ms).fetch_all(&mut *db).await? {
        let text = "INSERT INTO forgotten_file (file) VALUES ($1) ON CONFLICT DO NOTHING";
        sql(text).bind(row.try_get::<&str>(0)?).execute(&mut *db).await?;
    }
    let next = sql("SELECT file FROM forgotten_file LIMIT 1").fetch_optional(&mut *db).await?;
    let Some(next) = next else { return Ok(false) };
    let file: &str = next.try_get(0)?;
    let text = "DELETE FROM file_piece WHERE file = $1 AND piece IN
                (SELECT piece FROM file_piece WHERE file = $1 LIMIT $2)";
    if sql(text).bind(file).bind(PIECES).execute(&mut *db).await? < PIECES as u64 {
        sql("DELETE FROM forgotten_file WHERE file = $1").bind(file).execute(db).await?;
    }
    Ok(true)
}
