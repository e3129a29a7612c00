//! SQL for NeoNet's counters, and for the copies of units given to clients without a key.

use adit_core::Unit;
use adit_protocol::TaskType;

use crate::store::{Db, DbError, corrupt, sql};

/// A copy of a unit for a client without a key.
#[derive(Clone, Debug)]
pub(crate) struct UnitCopy {
    pub(crate) task: String,
    pub(crate) unit: Unit,
    pub(crate) task_type: TaskType,
    pub(crate) created_at_ms: i64,
}

/// A session's current copy, not yet answered.
pub(crate) async fn assigned(db: &mut Db, session: &str) -> Result<Option<UnitCopy>, DbError> {
    let text = "SELECT id, unit, created_at_ms, task_type FROM keyless_task
                WHERE session = $1 AND status = 'assigned' LIMIT 1";
    let Some(row) = sql(text).bind(session).fetch_optional(db).await? else { return Ok(None) };
    let unit: Unit = adit_core::encoding::decode(row.try_get(1)?).map_err(|_| corrupt("a copy does not decode"))?;
    let named: Option<TaskType> = row.try_get(3)?;
    let task_type = named.unwrap_or(TaskType::of(unit.kind()));
    Ok(Some(UnitCopy { task: row.try_get(0)?, unit, task_type, created_at_ms: row.try_get(2)? }))
}

pub(crate) async fn insert(db: &mut Db, session: &str, copy: &UnitCopy) -> Result<(), DbError> {
    let text = "INSERT INTO keyless_task (id, session, status, unit, created_at_ms, task_type)
                VALUES ($1, $2, 'assigned', $3, $4, $5)";
    let query = sql(text).bind(&copy.task).bind(session).bind(copy.unit.to_bytes());
    query.bind(copy.created_at_ms).bind(copy.task_type).execute(db).await?;
    Ok(())
}

/// The owner of a task's copy.
pub(crate) async fn owner(db: &mut Db, task: &str) -> Result<Option<String>, DbError> {
    let text = "SELECT session.contributor FROM keyless_task JOIN session ON session.id = keyless_task.session
                WHERE keyless_task.id = $1";
    let row = sql(text).bind(task).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Marks a copy as answered; nobody can verify the answer.
pub(crate) async fn fail(db: &mut Db, task: &str) -> Result<(), DbError> {
    sql("UPDATE keyless_task SET status = 'failed' WHERE id = $1").bind(task).execute(db).await?;
    Ok(())
}

/// Deletes a session's copies.
pub(crate) async fn delete_tasks(db: &mut Db, session: &str) -> Result<(), DbError> {
    sql("DELETE FROM keyless_task WHERE session = $1").bind(session).execute(db).await?;
    Ok(())
}

/// Contributors with an open session.
pub(crate) async fn active_contributors(db: &mut Db, limit: i64) -> Result<Vec<String>, DbError> {
    let text = "SELECT DISTINCT contributor FROM session WHERE ended_at_ms IS NULL ORDER BY contributor LIMIT $1";
    sql(text).bind(limit).fetch_all(db).await?.iter().map(|row| row.try_get(0)).collect()
}
