//! Clients without a key: copies of units without lease, and reward 0. Their results cannot be tied to anybody.

use adit_core::Kind;
use adit_core::assemble::Run;
use adit_protocol::ErrorCode;
use futures::future::BoxFuture;

use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::jobs::store as jobs;
use crate::jobs::unit_of;
use crate::mining::store::kinds_text;
use crate::neonet::store::{self as keyless, UnitCopy};
use crate::people::store as people;

/// Gives a keyless session a copy of a unit: the one that it has, or another.
pub(crate) struct Copy {
    /// The session.
    pub(crate) session: String,
    /// Whose it is.
    pub(crate) contributor: String,
    /// Random: the task's id, if it is new.
    pub(crate) task: String,
}

impl Operation for Copy {
    type Output = Option<UnitCopy>;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Option<UnitCopy>, Failure>> {
        Box::pin(async move {
            people::touch_session(batch.db, &self.session, &self.contributor, batch.now_ms).await?;
            if let Some(copy) = keyless::assigned(batch.db, &self.session).await? {
                return Ok(Some(copy));
            }
            let Some(job) = jobs::next_with_work(batch.db, 0, &kinds_text(&Kind::ALL)).await? else { return Ok(None) };
            let first = (job.cursor.min(job.panels - 1)).max(0) as u32;
            let copy = UnitCopy {
                task: self.task.clone(),
                unit: unit_of(&job.template()?, Run { first, count: 1 }),
                task_type: job.task_type()?,
                created_at_ms: batch.now_ms,
            };
            // A session has one copy: what became of the one before is known until the next is taken.
            keyless::delete_tasks(batch.db, &self.session).await?;
            keyless::insert(batch.db, &self.session, &copy).await?;
            Ok(Some(copy))
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
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let owner = keyless::owner(batch.db, &self.task).await?;
            if owner.as_deref() != Some(&self.contributor) {
                return Err(Refusal::new(ErrorCode::NoSuchTask, "Task not found").into());
            }
            Ok(keyless::fail(batch.db, &self.task).await?)
        })
    }
}
