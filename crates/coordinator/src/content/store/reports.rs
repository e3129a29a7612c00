//! SQL for the reports of the original's miners about themselves.

use crate::store::{Db, DbError, sql};

/// Keeps a miner's newest report, and the reports of the `most` miners that reported last.
pub(crate) async fn put(db: &mut Db, miner: &str, said: &str, now_ms: i64, most: i64) -> Result<(), DbError> {
    let text = "INSERT INTO storage_report (miner, said, at_ms) VALUES ($1, $2, $3)
                ON CONFLICT (miner) DO UPDATE SET said = excluded.said, at_ms = excluded.at_ms";
    sql(text).bind(miner).bind(said).bind(now_ms).execute(&mut *db).await?;
    let rest = "DELETE FROM storage_report WHERE miner IN
                (SELECT miner FROM storage_report ORDER BY at_ms DESC LIMIT 10 OFFSET $1)";
    sql(rest).bind(most).execute(db).await?;
    Ok(())
}

/// The newest report of a miner.
pub(crate) async fn newest(db: &mut Db, miner: &str) -> Result<Option<String>, DbError> {
    let row = sql("SELECT said FROM storage_report WHERE miner = $1").bind(miner).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}
