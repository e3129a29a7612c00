//! Jobs as anyone may see them.

use adit_core::Amount;
use adit_core::kind::ResultForm;
use adit_protocol::jobs::{JobState, JobView};

use crate::jobs::result;
use crate::jobs::store::JobRow;
use crate::mining::store as leases;
use crate::people::store as people;
use crate::store::{Db, DbError};

/// A job and, if it is stuck, why.
pub(super) async fn job(db: &mut Db, row: &JobRow, now_ms: i64) -> Result<JobView, DbError> {
    let template = row.template()?;
    let state = row.state;
    let stuck = if state == JobState::Active { stuck(db, row, now_ms).await? } else { None };
    let result_bytes = match (template.kind().facts().result, state) {
        (ResultForm::Integers | ResultForm::Floats, JobState::Done) => {
            Some(result::head(&template).len() as u64 + template.output_bytes())
        }
        _ => None,
    };
    Ok(JobView {
        job: row.id as u64,
        name: row.name.clone(),
        kind: row.kind()?,
        task_type: row.task_type()?,
        state,
        demo: row.demo == 1,
        sponsored: row.sponsored == 1,
        rows: template.input().rows,
        panels: row.panels as u32,
        panels_done: row.panels_done as u32,
        panels_leased: row.panels_leased as u32,
        units_valid: row.units_valid as u64,
        units_invalid: row.units_invalid as u64,
        leases_expired: row.leases_expired as u64,
        work: template.work(),
        spent: Amount::from_nano(row.spent),
        stuck,
        result_bytes,
        created_at_ms: row.created_at_ms,
        ended_at_ms: row.ended_at_ms,
    })
}

/// The reason a job makes no progress.
async fn stuck(db: &mut Db, row: &JobRow, now_ms: i64) -> Result<Option<String>, DbError> {
    if row.panels_leased > 0 {
        return Ok(None);
    }
    if row.resume_at_ms > now_ms {
        let seconds = (row.resume_at_ms - now_ms + 999) / 1_000;
        return Ok(Some(format!("its source gave no answer; it is asked again in {seconds} s")));
    }
    let lanes = leases::lanes_at_work(db, now_ms - 60_000).await?;
    let (_, sessions) = people::session_time(db, None, now_ms).await?;
    Ok(Some(match (lanes, sessions) {
        (0, 0) => "no miner is connected: run `adit mine`, or open the page and press Start".to_owned(),
        (0, _) => "miners are connected, but none has worked in the last minute".to_owned(),
        _ if row.units_invalid + row.leases_expired > 0 => format!(
            "waiting for a miner: {} outputs were refused and {} leases expired",
            row.units_invalid, row.leases_expired
        ),
        _ => "waiting for a miner to ask for a unit; older jobs go first".to_owned(),
    }))
}
