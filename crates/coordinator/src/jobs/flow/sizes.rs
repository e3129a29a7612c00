//! Gives sizes to the jobs of an old database.

use super::view;
use crate::jobs::store::summary;
use crate::store::{Db, DbError};

/// Stores the sizes of jobs that have none: those of databases from before sizes were stored.
pub(crate) async fn size_old_jobs(db: &mut Db) -> Result<(), DbError> {
    while let Some(job) = summary::without_size(db).await? {
        summary::set_size(db, job.id, view::size(&job.template()?)).await?;
    }
    Ok(())
}
