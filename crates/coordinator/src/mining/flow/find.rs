//! Finds a unit for a lane among the jobs, which take turns.

use adit_protocol::ErrorCode;

use super::lease::{CROWDED_S, LeaseLane, must_wait};
use super::take::{Asker, Found, Taken, take_unit};
use crate::batch::Batch;
use crate::error::{Failure, Refusal};
use crate::jobs::choice::Choice;
use crate::jobs::store::{self as jobs, JobRow};
use crate::mining::sizing::{is_able, takes_ms};
use crate::mining::store as leases;
use crate::mining::turns::weight;
use crate::store::DbError;

/// How many jobs to try when a lane cannot take units of the first one.
const JOBS_TRIED: usize = 8;
/// How many jobs to look at for one that has time left. After that many, one that owes time will do.
const JOBS_SEEN: usize = 32;

impl LeaseLane {
    /// Takes a unit of the job whose turn it is, or of the next one that has any for the lane. Also returns the lane's speed at
    /// its kind.
    pub(super) async fn find(
        &self,
        batch: &mut Batch<'_>,
        asker: &Asker,
        choice: &Choice,
    ) -> Result<Option<(JobRow, Taken, u64)>, Failure> {
        let (mut tried, mut crowded) = (Vec::new(), false);
        while tried.len() < JOBS_TRIED {
            let Some(id) = next_turn(batch, choice, &tried).await? else { break };
            tried.push(id);
            let Some(job) = jobs::job(batch.db, id).await? else { continue };
            let template = job.template()?;
            let speed = leases::speed(batch.db, &self.session, i64::from(self.lane), &job.kind).await?;
            if !is_able(&template, speed) || must_wait(batch, &job, &template, &asker.miner).await? {
                continue;
            }
            match take_unit(batch, &job, &template, asker, speed).await? {
                Found::Unit(taken) => {
                    batch.turns().charge(id, takes_ms(taken.unit.work(), speed));
                    return Ok(Some((job, taken, speed)));
                }
                Found::Crowded => crowded = true,
                Found::Nothing => {}
            }
        }
        if !crowded {
            return Ok(None);
        }
        let detail = "keys without a verified unit have as much work under way as they may together; ask again soon";
        Err(Refusal::new(ErrorCode::TooManyLeases, detail).retry_after(CROWDED_S).into())
    }
}

/// Goes round the jobs with work that suit a lane's choice, starting with the one whose turn it is, to one that has time
/// left and was not tried. If none has within a number of steps, returns the first one met.
async fn next_turn(batch: &mut Batch<'_>, choice: &Choice, tried: &[i64]) -> Result<Option<i64>, DbError> {
    if choice.job().is_some() {
        // One job needs no turns.
        let found = jobs::next_with_work(batch.db, 0, choice, batch.now_ms).await?;
        return Ok(found.map(|(id, _)| id).filter(|id| !tried.contains(id)));
    }
    let mut from = batch.turns().begin(choice.text());
    let mut first = None;
    let (mut seen, mut wrapped) = (0, false);
    while seen < JOBS_SEEN {
        let Some((id, priority)) = jobs::next_with_work(batch.db, from, choice, batch.now_ms).await? else {
            if wrapped && first.is_none() {
                return Ok(None);
            }
            (from, wrapped) = (0, true);
            continue;
        };
        (from, seen) = (id + 1, seen + 1);
        if tried.contains(&id) {
            continue;
        }
        first = first.or(Some(id));
        if batch.turns().visit(choice.text(), id, weight(priority)) {
            return Ok(Some(id));
        }
    }
    Ok(first)
}
