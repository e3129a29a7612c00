//! Jobs as anyone may see them.

use adit_core::{Amount, Unit};
use adit_protocol::jobs::{JobState, JobView};

use crate::jobs::result;
use crate::jobs::store::summary::{JobSummary, Size};
use crate::mining::store as leases;
use crate::people::store as people;
use crate::store::{Db, DbError};

/// A lane silent for longer than this does not count as at work.
const AT_WORK_MS: i64 = 60_000;

/// How many work at this time, which tells why a job is stuck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowd {
    now_ms: i64,
    lanes: u32,
    sessions: i64,
}

impl Crowd {
    pub(super) async fn now(db: &mut Db, now_ms: i64) -> Result<Self, DbError> {
        let lanes = leases::lanes_at_work(db, now_ms - AT_WORK_MS).await?;
        Ok(Crowd { now_ms, lanes, sessions: people::open_sessions(db).await? })
    }
}

/// A job and, if it is stuck, why.
pub(super) fn job(row: &JobSummary, crowd: Crowd) -> Result<JobView, DbError> {
    let state = row.state;
    Ok(JobView {
        job: row.id as u64,
        name: row.name.clone(),
        about: row.about(),
        kind: row.kind()?,
        task_type: row.task_type()?,
        priority: row.priority,
        state,
        demo: row.demo == 1,
        sponsored: row.sponsored == 1,
        rows: row.input_rows as u32,
        panels: row.panels as u32,
        panels_done: row.panels_done as u32,
        panels_leased: row.panels_leased as u32,
        units_valid: row.units_valid as u64,
        units_invalid: row.units_invalid as u64,
        leases_expired: row.leases_expired as u64,
        work: row.work as u64,
        spent: Amount::from_nano(row.spent),
        stuck: if state == JobState::Active { stuck(row, crowd) } else { None },
        result_bytes: row.result_bytes.filter(|_| state == JobState::Done).map(|bytes| bytes as u64),
        created_at_ms: row.created_at_ms,
        ended_at_ms: row.ended_at_ms,
    })
}

/// The reason a job makes no progress.
fn stuck(row: &JobSummary, crowd: Crowd) -> Option<String> {
    if row.panels_leased > 0 {
        return None;
    }
    if row.resume_at_ms > crowd.now_ms {
        let seconds = (row.resume_at_ms - crowd.now_ms + 999) / 1_000;
        return Some(format!("its source gave no answer; it is asked again in {seconds} s"));
    }
    Some(match (crowd.lanes, crowd.sessions) {
        (0, 0) => "no miner is connected: run `adit mine`, or open the page and press Start".to_owned(),
        (0, _) => "miners are connected, but none has worked in the last minute".to_owned(),
        _ if row.units_invalid + row.leases_expired > 0 => format!(
            "waiting for a miner: {} outputs were refused and {} leases expired",
            row.units_invalid, row.leases_expired
        ),
        _ => "waiting for a miner to ask for a unit; jobs take turns".to_owned(),
    })
}

/// The size of the whole job, from its plan.
pub(super) fn size(template: &Unit) -> Size {
    Size { rows: template.input().rows, work: template.work(), result_bytes: result::length(template) }
}
