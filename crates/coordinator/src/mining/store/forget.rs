//! SQL that deletes leases without an output.

use crate::store::{Db, DbError, sql};

/// Deletes at most `limit` leases that ended without an output and whose deadline was before `before_ms`, with the units
/// that no lease and no job needs any more. Returns the number of leases.
pub(crate) async fn ended(db: &mut Db, before_ms: i64, limit: i64) -> Result<u64, DbError> {
    let mut deleted = 0;
    for state in ["expired", "dropped"] {
        let text = "DELETE FROM lease WHERE id IN (SELECT id FROM lease WHERE state = $1 AND deadline_ms < $2
                    AND verdict IS NULL ORDER BY deadline_ms LIMIT $3) RETURNING unit";
        let rows = sql(text).bind(state).bind(before_ms).bind(limit - deleted).fetch_all(&mut *db).await?;
        for row in &rows {
            unit(db, row.try_get(0)?).await?;
        }
        deleted += rows.len() as i64;
    }
    Ok(deleted as u64)
}

/// Deletes a unit whose panels went back to its job, or whose job has ended, unless a lease names it.
async fn unit(db: &mut Db, unit: i64) -> Result<(), DbError> {
    let text = "DELETE FROM unit WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM lease WHERE lease.unit = unit.id)
                AND (state = 'returned' OR state = 'waiting' AND NOT EXISTS
                  (SELECT 1 FROM job WHERE job.id = unit.job AND job.state = 'active'))";
    sql(text).bind(unit).execute(db).await?;
    Ok(())
}
