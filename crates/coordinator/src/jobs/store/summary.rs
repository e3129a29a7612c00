//! SQL for what lists show of jobs, without their plans, which may be large.

use adit_core::Kind;
use adit_protocol::TaskType;
use adit_protocol::jobs::{JobAbout, JobState, Priority};

use super::{JobRow, kind_of, task_type_of};
use crate::store::{Db, DbError, from_row, sql, sql_as};

#[derive(Clone, Debug)]
pub(crate) struct JobSummary {
    pub(crate) id: i64,
    pub(crate) name: Option<String>,
    description: Option<String>,
    requester: Option<String>,
    link: Option<String>,
    open_source: i64,
    kind: String,
    pub(crate) priority: Priority,
    task_type: Option<TaskType>,
    pub(crate) state: JobState,
    pub(crate) demo: i64,
    pub(crate) sponsored: i64,
    pub(crate) panels: i64,
    pub(crate) panels_done: i64,
    pub(crate) panels_leased: i64,
    pub(crate) units_valid: i64,
    pub(crate) units_invalid: i64,
    pub(crate) leases_expired: i64,
    pub(crate) spent: i64,
    pub(crate) input_rows: i64,
    pub(crate) work: i64,
    pub(crate) result_bytes: Option<i64>,
    pub(crate) created_at_ms: i64,
    pub(crate) ended_at_ms: Option<i64>,
    pub(crate) resume_at_ms: i64,
}

from_row!(JobSummary {
    id,
    name,
    description,
    requester,
    link,
    open_source,
    kind,
    priority,
    task_type,
    state,
    demo,
    sponsored,
    panels,
    panels_done,
    panels_leased,
    units_valid,
    units_invalid,
    leases_expired,
    spent,
    input_rows,
    work,
    result_bytes,
    created_at_ms,
    ended_at_ms,
    resume_at_ms
});

impl JobSummary {
    pub(crate) fn kind(&self) -> Result<Kind, DbError> {
        kind_of(&self.kind)
    }

    /// What its requester says it is for, and for whom.
    pub(crate) fn about(&self) -> JobAbout {
        let (description, requester, link) = (self.description.clone(), self.requester.clone(), self.link.clone());
        JobAbout { description, requester, link, open_source: self.open_source == 1 }
    }

    /// NeoNet's task type for the job.
    pub(crate) fn task_type(&self) -> Result<TaskType, DbError> {
        task_type_of(self.task_type, &self.kind)
    }
}

pub(crate) async fn job(db: &mut Db, id: i64) -> Result<Option<JobSummary>, DbError> {
    sql_as("SELECT * FROM job WHERE id = $1").bind(id).fetch_optional(db).await
}

/// Jobs with a number below `before`, newest first: those that have ended, or not, or all.
pub(crate) async fn jobs(
    db: &mut Db,
    before: i64,
    limit: i64,
    ended: Option<bool>,
) -> Result<Vec<JobSummary>, DbError> {
    // Each condition is that of an index, so that no row is visited in vain.
    let text = match ended {
        None => "SELECT * FROM job WHERE id < $1 ORDER BY id DESC LIMIT $2",
        Some(true) => "SELECT * FROM job WHERE id < $1 AND state <> 'active' ORDER BY id DESC LIMIT $2",
        Some(false) => "SELECT * FROM job WHERE id < $1 AND state = 'active' ORDER BY id DESC LIMIT $2",
    };
    sql_as(text).bind(before).bind(limit).fetch_all(db).await
}

/// The size of the whole job, from its plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) rows: u32,
    pub(crate) work: u64,
    /// The size of the result's file, if it is known before the work is done.
    pub(crate) result_bytes: Option<u64>,
}

pub(crate) async fn set_size(db: &mut Db, job: i64, size: Size) -> Result<(), DbError> {
    let capped = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let query = sql("UPDATE job SET input_rows = $2, work = $3, result_bytes = $4 WHERE id = $1").bind(job);
    let query = query.bind(i64::from(size.rows)).bind(capped(size.work)).bind(size.result_bytes.map(capped));
    query.execute(db).await?;
    Ok(())
}

/// A job without a size. Databases from before sizes were stored have some.
pub(crate) async fn without_size(db: &mut Db) -> Result<Option<JobRow>, DbError> {
    let text = "SELECT * FROM job JOIN job_template ON job_template.job = job.id WHERE input_rows IS NULL LIMIT 1";
    sql_as(text).fetch_optional(db).await
}
