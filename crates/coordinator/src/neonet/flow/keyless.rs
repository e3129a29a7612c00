//! Clients without a key. They get copies of units without a lease and earn 0, because nobody can attribute their
//! results.

use adit_core::Kind;
use adit_core::assemble::Run;
use adit_protocol::ErrorCode;
use futures::future::BoxFuture;

use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::jobs::choice::Choice;
use crate::jobs::store as jobs;
use crate::jobs::unit_of;
use crate::neonet::store::{self as keyless, UnitCopy};
use crate::people::store as people;
use crate::store::DbError;

/// Gives a keyless session a copy of a unit: the one it already has, or a new one.
pub(crate) struct Copy {
    pub(crate) session: String,
    /// The session's owner.
    pub(crate) contributor: String,
    /// A random id for a new task.
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
            let choice = Choice::new(&Kind::ALL, false, None);
            let job = jobs::next_with_work(batch.db, 0, &choice, batch.now_ms).await?;
            let Some((job, _)) = job else { return Ok(None) };
            let job = jobs::job(batch.db, job).await?.ok_or(DbError::RowNotFound)?;
            let first = (job.cursor.min(job.panels - 1)).max(0) as u32;
            let copy = UnitCopy {
                task: self.task.clone(),
                unit: unit_of(&job.template()?, Run { first, count: 1 }),
                task_type: job.task_type()?,
                created_at_ms: batch.now_ms,
            };
            // A session has one copy, so its previous task is kept only until the next one.
            keyless::delete_tasks(batch.db, &self.session).await?;
            keyless::insert(batch.db, &self.session, &copy).await?;
            Ok(Some(copy))
        })
    }
}

/// Records a keyless result without reading it.
pub(crate) struct Refuse {
    /// Who submits the result.
    pub(crate) contributor: String,
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
