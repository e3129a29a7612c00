//! Leases an overdue unit a second time, to a lane that has nothing else to do.

use super::lease::LeaseLane;
use super::lease::must_wait;
use super::take::{Asker, Taken};
use crate::batch::Batch;
use crate::error::Failure;
use crate::jobs::choice::Choice;
use crate::jobs::store::{self as jobs, JobRow};
use crate::jobs::unit_of;
use crate::mining::second::{LEAST_MS, UnderWay};
use crate::mining::sizing::is_able;
use crate::mining::store::{self as leases, LeaseRow, second};
use crate::store::DbError;

/// How many jobs are looked at, and how many leases of each, oldest first.
const JOBS: i64 = 4;
const LEASES: i64 = 8;

impl LeaseLane {
    /// An overdue unit of a job of which nothing is left, for a proven key. Also returns the lane's speed at its kind.
    pub(super) async fn find_overdue(
        &self,
        batch: &mut Batch<'_>,
        asker: &Asker,
        choice: &Choice,
    ) -> Result<Option<(JobRow, Taken, u64)>, Failure> {
        if !asker.proven || batch.conduct().second_after == 0 {
            return Ok(None);
        }
        for id in jobs::all_leased(batch.db, choice, batch.now_ms, JOBS).await? {
            let issued_before_ms = batch.now_ms - LEAST_MS;
            let held = second::candidates(batch.db, id, &asker.miner.0, issued_before_ms, LEASES).await?;
            if held.is_empty() {
                continue;
            }
            let Some(job) = jobs::job(batch.db, id).await? else { continue };
            let template = job.template()?;
            let speed = leases::speed(batch.db, &self.session, i64::from(self.lane), &job.kind).await?;
            if !is_able(&template, speed) || must_wait(batch, &job, &template, &asker.miner).await? {
                continue;
            }
            for lease in held {
                if !self.may_double(batch, &job, &lease, speed).await? {
                    continue;
                }
                let Some(unit) = jobs::unit(batch.db, lease.unit).await? else { continue };
                let taken = Taken { id: unit.id, unit: unit_of(&template, unit.run()), run: unit.run() };
                return Ok(Some((job, taken, speed)));
            }
        }
        Ok(None)
    }

    async fn may_double(
        &self,
        batch: &mut Batch<'_>,
        job: &JobRow,
        lease: &LeaseRow,
        speed: u64,
    ) -> Result<bool, DbError> {
        let holder = leases::speed(batch.db, &lease.session, lease.lane, &job.kind).await?;
        let age_ms = batch.now_ms - lease.issued_at_ms;
        let held = UnderWay { work: lease.work as u64, ttl_ms: lease.ttl_ms, age_ms, speed: holder };
        Ok(held.is_overdue(batch.conduct().second_after) && held.gains(speed))
    }
}
