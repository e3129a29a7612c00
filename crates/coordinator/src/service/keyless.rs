//! Clients without a key: copies of units without lease, and reward 0. Their results cannot be tied to anybody.

use adit_core::assemble::Run;
use adit_core::{Kind, Unit};
use adit_protocol::{ErrorCode, TaskType};
use futures::future::BoxFuture;

use super::lease::kinds_text;
use crate::error::Refusal;
use crate::store::db::sql;
use crate::store::jobs::{self, unit_of};
use crate::store::log::corrupt;
use crate::store::{Batch, Operation, WriteError, people};

/// Gives a keyless session a copy of a unit: the one that it has, or another.
pub(crate) struct Copy {
    /// The session.
    pub(crate) session: String,
    /// Whose it is.
    pub(crate) contributor: String,
    /// Random: the task's id, if it is new.
    pub(crate) task: String,
}

/// A copy.
pub(crate) struct Copied {
    pub(crate) task: String,
    pub(crate) unit: Unit,
    pub(crate) task_type: TaskType,
    pub(crate) created_at_ms: i64,
}

impl Operation for Copy {
    type Output = Option<Copied>;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Option<Copied>, WriteError>> {
        Box::pin(async move {
            people::touch_session(batch.db, &self.session, &self.contributor, batch.now_ms).await?;
            let text = "SELECT id, unit, created_at_ms, task_type FROM keyless_task WHERE session = $1 AND status = 'assigned' LIMIT 1";
            if let Some(row) = sql(text).bind(&self.session).fetch_optional(&mut *batch.db).await? {
                let unit: Unit =
                    adit_core::encoding::decode(row.try_get(1)?).map_err(|_| corrupt("a copy does not decode"))?;
                let named: Option<String> = row.try_get(3)?;
                let task_type = named.and_then(|name| TaskType::from_name(&name)).unwrap_or(TaskType::of(unit.kind()));
                return Ok(Some(Copied { task: row.try_get(0)?, unit, task_type, created_at_ms: row.try_get(2)? }));
            }
            let Some(job) = jobs::next_with_work(batch.db, 0, &kinds_text(&Kind::ALL)).await? else { return Ok(None) };
            let task_type = job.task_type()?;
            let first = (job.cursor.min(job.panels - 1)).max(0) as u32;
            let unit = unit_of(&job.template()?, Run { first, count: 1 });
            // A session has one copy: what became of the one before is known until the next is taken.
            people::delete_keyless_tasks(batch.db, &self.session).await?;
            sql("INSERT INTO keyless_task (id, session, status, unit, created_at_ms, task_type)
                 VALUES ($1, $2, 'assigned', $3, $4, $5)")
            .bind(&self.task)
            .bind(&self.session)
            .bind(unit.to_bytes())
            .bind(batch.now_ms)
            .bind(task_type.name())
            .execute(&mut *batch.db)
            .await?;
            Ok(Some(Copied { task: self.task.clone(), unit, task_type, created_at_ms: batch.now_ms }))
        })
    }
}

/// Notes a keyless result, which is not looked at.
pub(crate) struct Refuse {
    /// Who says so.
    pub(crate) contributor: String,
    /// The task.
    pub(crate) task: String,
}

impl Operation for Refuse {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), WriteError>> {
        Box::pin(async move {
            let text = "SELECT session.contributor FROM keyless_task JOIN session ON session.id = keyless_task.session
                        WHERE keyless_task.id = $1";
            let row = sql(text).bind(&self.task).fetch_optional(&mut *batch.db).await?;
            let owner: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
            if owner.as_deref() != Some(&self.contributor) {
                return Err(Refusal::new(ErrorCode::NoSuchTask, "Task not found").into());
            }
            let text = "UPDATE keyless_task SET status = 'failed' WHERE id = $1";
            sql(text).bind(&self.task).execute(&mut *batch.db).await?;
            Ok(())
        })
    }
}
