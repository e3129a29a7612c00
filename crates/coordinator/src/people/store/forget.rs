//! SQL that deletes sessions and people who left nothing behind. Each statement deletes at most `limit` rows and returns how
//! many.

use crate::store::{Db, DbError, sql};

/// Deletes sessions that ended before `before_ms`.
pub(crate) async fn sessions(db: &mut Db, before_ms: i64, limit: i64) -> Result<u64, DbError> {
    let text = "DELETE FROM session WHERE id IN
                (SELECT id FROM session WHERE ended_at_ms < $1 ORDER BY ended_at_ms LIMIT $2)";
    sql(text).bind(before_ms).bind(limit).execute(db).await
}

/// Deletes challenges that have expired.
pub(crate) async fn challenges(db: &mut Db, now_ms: i64, limit: i64) -> Result<u64, DbError> {
    let text = "DELETE FROM challenge WHERE challenge IN
                (SELECT challenge FROM challenge WHERE expires_at_ms < $1 LIMIT $2)";
    sql(text).bind(now_ms).bind(limit).execute(db).await
}

/// Deletes ids that no key proved, registered before `before_ms` and without an open session.
pub(crate) async fn unproved_ids(db: &mut Db, before_ms: i64, limit: i64) -> Result<u64, DbError> {
    let text = "DELETE FROM contributor WHERE id IN
                (SELECT id FROM contributor WHERE miner IS NULL AND registered_at_ms < $1 AND NOT EXISTS
                  (SELECT 1 FROM session WHERE session.contributor = contributor.id AND ended_at_ms IS NULL)
                 LIMIT $2)";
    sql(text).bind(before_ms).bind(limit).execute(db).await
}

/// Deletes miners without a valid output or a replica that were last seen before `before_ms`, with their ids and their conduct,
/// which lasts no longer than a quarantine. Miners with a share of the open epoch stay, because its close pays them.
pub(crate) async fn passers_by(db: &mut Db, before_ms: i64, limit: i64) -> Result<u64, DbError> {
    let text = "DELETE FROM miner WHERE key IN
                (SELECT key FROM miner WHERE seen_at_ms < $1 AND units_valid = 0
                 AND NOT EXISTS (SELECT 1 FROM session WHERE session.miner = miner.key AND ended_at_ms IS NULL)
                 AND NOT EXISTS (SELECT 1 FROM storage_holder WHERE storage_holder.key = miner.key
                   AND (passed > 0 OR held_bytes > 0))
                 AND NOT EXISTS (SELECT 1 FROM share WHERE share.miner = miner.key
                   AND share.epoch = (SELECT MAX(id) FROM epoch))
                 LIMIT $2) RETURNING key";
    let rows = sql(text).bind(before_ms).bind(limit).fetch_all(&mut *db).await?;
    for row in &rows {
        let key: &[u8] = row.try_get(0)?;
        for text in ["DELETE FROM contributor WHERE miner = $1", "DELETE FROM conduct WHERE miner = $1"] {
            sql(text).bind(key).execute(&mut *db).await?;
        }
    }
    Ok(rows.len() as u64)
}
