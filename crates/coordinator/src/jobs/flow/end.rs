//! How a job ends: finished or cancelled.

use adit_core::Amount;
use adit_core::assemble::{self, Run};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::JobState;
use futures::future::BoxFuture;

use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::jobs::no_such_job;
use crate::jobs::store as jobs;
use crate::mining::flow::lease::{Ending, give_back};
use crate::mining::store as leases;
use crate::money::store as ledger;
use crate::store::{DbError, corrupt};

/// Finishes a job whose panels are all done and refunds the rest of its escrow.
pub(crate) async fn finish(batch: &mut Batch<'_>, job: i64) -> Result<(), Failure> {
    let runs: Vec<Run> = jobs::settled_units(batch.db, job).await?.iter().map(jobs::UnitRow::run).collect();
    let row = jobs::job(batch.db, job).await?.ok_or(DbError::RowNotFound)?;
    if !assemble::complete(&runs, row.panels as u32) {
        return Err(corrupt("a job's counters say done but its units do not cover it").into());
    }
    jobs::end(batch.db, job, JobState::Done, batch.now_ms).await?;
    leases::unreached::forget_job(batch.db, job).await?;
    refund(batch, job).await
}

async fn refund(batch: &mut Batch<'_>, job: i64) -> Result<(), Failure> {
    let escrow = ledger::escrow_account(job);
    let rest = ledger::balance(batch.db, &escrow).await?;
    if rest > Amount::ZERO {
        let id = format!("job:{job}:refund");
        ledger::transfer(batch.db, &id, &escrow, ledger::REQUESTER, rest, batch.now_ms).await?;
    }
    Ok(())
}

/// Cancels a job. Verified work stays paid.
pub(crate) struct Cancel(pub(crate) i64);

impl Operation for Cancel {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let job = jobs::job(batch.db, self.0).await?;
            let job = job.ok_or_else(no_such_job)?;
            if job.state != JobState::Active {
                return Err(Refusal::new(ErrorCode::JobEnded, format!("the job is {}", job.state.name())).into());
            }
            for lease in leases::live_of_job(batch.db, job.id).await? {
                give_back(batch, &lease, Ending::Dropped).await?;
            }
            jobs::end(batch.db, job.id, JobState::Cancelled, batch.now_ms).await?;
            leases::unreached::forget_job(batch.db, job.id).await?;
            refund(batch, job.id).await
        })
    }
}
