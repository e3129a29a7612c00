//! SQL for holders.

use crate::content::window::Schedule;
use crate::store::{Db, DbError, from_row, sql, sql_as};

#[derive(Clone, Debug)]
pub(crate) struct HolderRow {
    pub(crate) key: Vec<u8>,
    pub(crate) contributor: String,
    pub(crate) held_bytes: i64,
    pub(crate) replicas: i64,
    pub(crate) began_at_ms: Option<i64>,
    pub(crate) due_window: i64,
    pub(crate) due_at_ms: i64,
    pub(crate) asked: i64,
    pub(crate) passed_window: i64,
    pub(crate) lease: Option<Vec<u8>>,
    pub(crate) streak: i64,
    pub(crate) days: i64,
    pub(crate) draws: i64,
    pub(crate) failed_in_row: i64,
    pub(crate) passed: i64,
    pub(crate) failed: i64,
    pub(crate) missed: i64,
    pub(crate) score: i64,
}

from_row!(HolderRow {
    key,
    contributor,
    held_bytes,
    replicas,
    began_at_ms,
    due_window,
    due_at_ms,
    asked,
    passed_window,
    lease,
    streak,
    days,
    draws,
    failed_in_row,
    passed,
    failed,
    missed,
    score
});

impl HolderRow {
    /// Where it is in its windows; `None` before its first replica is whole.
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        let began_at_ms = self.began_at_ms?;
        Some(Schedule { began_at_ms, window: self.due_window, due_at_ms: self.due_at_ms, asked: self.asked == 1 })
    }
}

pub(crate) async fn holder(db: &mut Db, key: &[u8]) -> Result<Option<HolderRow>, DbError> {
    sql_as("SELECT * FROM storage_holder WHERE key = $1").bind(key).fetch_optional(db).await
}

/// Notes that a holder was seen, and inserts it if it is new.
pub(crate) async fn see(db: &mut Db, key: &[u8], contributor: &str, now_ms: i64) -> Result<HolderRow, DbError> {
    let text = "INSERT INTO storage_holder (key, contributor, seen_at_ms) VALUES ($1, $2, $3)
                ON CONFLICT (key) DO UPDATE SET contributor = excluded.contributor, seen_at_ms = excluded.seen_at_ms
                RETURNING *";
    sql_as(text).bind(key).bind(contributor).bind(now_ms).fetch_one(db).await
}

/// Stores a holder's windows, counts and score.
pub(crate) async fn put(db: &mut Db, row: &HolderRow) -> Result<(), DbError> {
    let text = "UPDATE storage_holder SET began_at_ms = $2, due_window = $3, due_at_ms = $4, asked = $5,
                passed_window = $6, lease = $7, streak = $8, days = $9, draws = $10, failed_in_row = $11, passed = $12,
                failed = $13, missed = $14, score = $15 WHERE key = $1";
    let query = sql(text).bind(&row.key[..]).bind(row.began_at_ms).bind(row.due_window).bind(row.due_at_ms);
    let query = query.bind(row.asked).bind(row.passed_window).bind(row.lease.clone()).bind(row.streak).bind(row.days);
    let query = query.bind(row.draws).bind(row.failed_in_row).bind(row.passed).bind(row.failed).bind(row.missed);
    query.bind(row.score).execute(db).await?;
    Ok(())
}

/// Adds to the bytes reserved for a holder, and to the number of replicas that it holds whole.
pub(crate) async fn hold(db: &mut Db, key: &[u8], bytes: i64, replicas: i64) -> Result<(), DbError> {
    let text = "UPDATE storage_holder SET held_bytes = held_bytes + $2, replicas = replicas + $3 WHERE key = $1";
    sql(text).bind(key).bind(bytes).bind(replicas).execute(db).await?;
    Ok(())
}

/// At most 50 holders that were last seen before `before_ms`.
pub(crate) async fn silent(db: &mut Db, before_ms: i64) -> Result<Vec<HolderRow>, DbError> {
    let text = "SELECT * FROM storage_holder WHERE held_bytes > 0 AND seen_at_ms < $1 LIMIT 50";
    sql_as(text).bind(before_ms).fetch_all(db).await
}

/// The holders with the highest scores.
pub(crate) async fn leaders(db: &mut Db, limit: i64) -> Result<Vec<HolderRow>, DbError> {
    sql_as("SELECT * FROM storage_holder ORDER BY score DESC, key LIMIT $1").bind(limit).fetch_all(db).await
}

/// Shifts windows, their moments and deadlines by a step of the wall clock.
pub(crate) async fn rebase(db: &mut Db, by_ms: i64, now_ms: i64) -> Result<(), DbError> {
    let shift = "UPDATE storage_holder SET began_at_ms = began_at_ms + $1, due_at_ms = due_at_ms + $1,
                 seen_at_ms = MIN(seen_at_ms + $1, $2) WHERE $1 <> 0";
    sql(shift).bind(by_ms).bind(now_ms).execute(&mut *db).await?;
    let assigned =
        "UPDATE storage_replica SET assigned_at_ms = assigned_at_ms + $1 WHERE state = 'assigned' AND $1 <> 0";
    sql(assigned).bind(by_ms).execute(&mut *db).await?;
    let leases = "UPDATE storage_lease SET deadline_ms = deadline_ms + $1 WHERE state = 'live' AND $1 <> 0";
    sql(leases).bind(by_ms).execute(db).await?;
    Ok(())
}
