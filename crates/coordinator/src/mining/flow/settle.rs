//! Stores a verdict: lease, unit, job, money and receipt change in one transaction.

use adit_core::reward::{PRICE_VERSION, base_reward, confidence_bps};
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Method, Receipt, STATEMENT_VERSION, Verdict};
use adit_core::verify::Judgement;
use adit_core::{Amount, Cid, Kind, Signature};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::JobState;
use futures::future::BoxFuture;

use super::conduct;
use super::lease::{Ending, LeaseLane, Leased, release_unit};
use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::jobs::flow::end::finish;
use crate::jobs::state::UnitState;
use crate::jobs::store::{self as jobs, Counted, JobRow, UnitRow, blocks};
use crate::mining::conduct::Deed;
use crate::mining::no_such_lease;
use crate::mining::sizing::measured;
use crate::mining::state::LeaseState;
use crate::mining::store::{self as leases, LeaseRow, unreached};
use crate::money::flow::pay;
use crate::money::sites::at_once;
use crate::money::store::{self as ledger, EpochRow, sites};
use crate::people::store::{self as people, MinerRow};
use crate::receipts::store as log;
use crate::source::Patience;
use crate::store::DbError;

/// A checked output, ready to be settled.
pub(crate) struct Settle {
    pub(crate) lease: LeaseId,
    pub(crate) unit: Cid,
    pub(crate) kind: Kind,
    /// The work that the output says was done.
    pub(crate) work: u64,
    /// BLAKE3 of the output.
    pub(crate) digest: Digest,
    /// The miner's signature over the delivery.
    pub(crate) signature: Signature,
    /// The output, stored only if it is valid and first.
    pub(crate) output: Vec<u8>,
    /// When the upload was announced (Unix, ms).
    pub(crate) announced_at_ms: i64,
    pub(crate) judgement: Judgement,
    pub(crate) method: Method,
    /// Bits of soundness.
    pub(crate) bits: u32,
    /// The generation of coins used for the check.
    pub(crate) coin_generation: i64,
    /// New coins, used if the output is wrong.
    pub(crate) new_seed: [u8; 32],
    /// How long the job waits if its source gives no answer.
    pub(crate) patience: Patience,
    /// The request for the lane's next unit.
    pub(crate) next: LeaseLane,
}

pub(crate) struct Settled {
    pub(crate) receipt: Receipt,
    pub(crate) next: Option<Leased>,
}

impl Operation for Settle {
    type Output = Settled;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Settled, Failure>> {
        Box::pin(async move {
            let lease = leases::lease(batch.db, &self.lease).await?;
            let lease = lease.ok_or_else(no_such_lease)?;
            let earlier = match &lease.digest {
                None => None,
                Some(digest) if *digest == self.digest.0 => log::receipt(batch.db, &self.lease).await?,
                Some(_) => return Err(second_digest().into()),
            };
            let receipt = match earlier {
                Some(receipt) => receipt,
                None => self.settle(batch, &lease).await?,
            };
            Ok(Settled { receipt, next: self.next(batch, lease.state).await? })
        })
    }
}

impl Settle {
    /// The lane's next unit. A lane that is refused one still gets its verdict. One that gave its unit back while it
    /// delivered, as a closing page does, has to ask: a unit leased to it now would wait until the lease expires.
    async fn next(&self, batch: &mut Batch<'_>, delivered: LeaseState) -> Result<Option<Leased>, Failure> {
        if delivered == LeaseState::Dropped {
            return Ok(None);
        }
        match self.next.lease(batch).await {
            Err(Failure::Refused(_)) => Ok(None),
            next => next,
        }
    }

    /// Stores the verdict and its consequences, and appends the receipt.
    async fn settle(&self, batch: &mut Batch<'_>, lease: &LeaseRow) -> Result<Receipt, Failure> {
        let unit = jobs::unit(batch.db, lease.unit).await?.ok_or(DbError::RowNotFound)?;
        let job = jobs::job(batch.db, lease.job).await?.ok_or(DbError::RowNotFound)?;
        let verdict = self.verdict(batch, lease, &unit, job.state == JobState::Active).await?;
        let record = self.note_conduct(batch, lease, verdict).await?;
        let epoch = ledger::open_epoch(batch.db).await?;
        let receipt = self.receipt(batch, lease, verdict, &record, &epoch)?;
        leases::settle(batch.db, &receipt).await?;
        match verdict {
            Verdict::Valid => self.reward(batch, lease, &unit, job.sponsored == 1, &receipt).await?,
            Verdict::Invalid => self.reject(batch, lease, &receipt).await?,
            Verdict::Inconclusive | Verdict::TooLate => {}
        }
        let unsettled = matches!(verdict, Verdict::Invalid | Verdict::Inconclusive);
        if unsettled && lease.state == LeaseState::Live {
            release_unit(batch, unit.id, Ending::Dropped).await?;
        }
        if self.kind == Kind::HashTree2 && job.state == JobState::Active {
            self.mind_source(batch, lease, &job).await?;
        }
        batch.append(&receipt).await?;
        Ok(receipt)
    }

    /// Adds the verdict to the miner's record.
    async fn note_conduct(
        &self,
        batch: &mut Batch<'_>,
        lease: &LeaseRow,
        verdict: Verdict,
    ) -> Result<MinerRow, Failure> {
        let miner = lease.miner()?;
        let record = match verdict {
            Verdict::Valid | Verdict::Invalid => {
                let valid = verdict == Verdict::Valid;
                let deed = if valid { Deed::Right } else { Deed::Wrong };
                conduct::add(batch, &lease.miner, deed).await?;
                people::count_verdict(batch.db, &miner, valid, self.work as i64, batch.now_ms).await?
            }
            // An inconclusive check counts like an expired lease, unless the source is to blame.
            Verdict::Inconclusive if self.judgement != Judgement::Unreachable => {
                conduct::add(batch, &lease.miner, Deed::Expired).await?;
                people::miner(batch.db, &miner).await?
            }
            Verdict::Inconclusive | Verdict::TooLate => people::miner(batch.db, &miner).await?,
        };
        Ok(record.ok_or(DbError::RowNotFound)?)
    }

    fn receipt(
        &self,
        batch: &Batch<'_>,
        lease: &LeaseRow,
        verdict: Verdict,
        record: &MinerRow,
        epoch: &EpochRow,
    ) -> Result<Receipt, DbError> {
        Ok(Receipt {
            version: STATEMENT_VERSION,
            coordinator: batch.coordinator(),
            log_index: batch.next_log_index(),
            lease: self.lease,
            unit: self.unit,
            kind: self.kind,
            miner: lease.miner()?,
            output_digest: self.digest,
            output_bytes: self.output.len() as u64,
            delivery_signature: self.signature,
            verdict,
            counterexample: match self.judgement {
                Judgement::Wrong(shown) => shown,
                Judgement::Right | Judgement::Undecided | Judgement::Unreachable => None,
            },
            work: self.work,
            price_version: PRICE_VERSION,
            value: self.value(lease),
            confidence_bps: confidence_bps(Amount::from_nano(record.good), Amount::from_nano(record.bad)),
            epoch: epoch.id as u64,
            method: self.method,
            bits: self.bits,
            at_ms: batch.now_ms,
        })
    }

    /// A job waits for a source that gives no answer; a miner waits with a job whose source answers the coordinator alone.
    async fn mind_source(&self, batch: &mut Batch<'_>, lease: &LeaseRow, job: &JobRow) -> Result<(), DbError> {
        let now_ms = batch.now_ms;
        match self.judgement {
            Judgement::Unreachable if job.resume_at_ms <= now_ms => {
                jobs::pause(batch.db, job.id, now_ms + self.patience.pause_after(job.pauses)).await
            }
            Judgement::Undecided => {
                let (failures, _) = unreached::of(batch.db, job.id, &lease.miner).await?;
                let resume_at_ms = now_ms + self.patience.pause_after(failures);
                unreached::add(batch.db, job.id, &lease.miner, resume_at_ms).await
            }
            Judgement::Right => {
                jobs::resume(batch.db, job.id).await?;
                unreached::forget(batch.db, job.id, &lease.miner).await
            }
            Judgement::Unreachable | Judgement::Wrong(_) => Ok(()),
        }
    }

    /// The base reward of the work that was done, which is never more than that of the lease.
    fn value(&self, lease: &LeaseRow) -> Amount {
        let value = Amount::from_nano(lease.value);
        if self.work == lease.work as u64 { value } else { base_reward(self.kind, self.work).min(value) }
    }

    /// Replaces the job's coins and counts the unit's value against the miner's confidence.
    async fn reject(&self, batch: &mut Batch<'_>, lease: &LeaseRow, receipt: &Receipt) -> Result<(), Failure> {
        jobs::replace_coins(batch.db, lease.job, self.coin_generation, &self.new_seed).await?;
        jobs::count(batch.db, lease.job, Counted { invalid: 1, ..Counted::default() }).await?;
        let (epoch, miner) = (receipt.epoch as i64, &receipt.miner);
        ledger::add_share(batch.db, epoch, miner, Amount::ZERO, Amount::ZERO, receipt.value).await?;
        Ok(())
    }

    /// Settles the unit if the output is right and no other came first.
    async fn verdict(
        &self,
        batch: &mut Batch<'_>,
        lease: &LeaseRow,
        unit: &UnitRow,
        job_active: bool,
    ) -> Result<Verdict, Failure> {
        match self.judgement {
            Judgement::Wrong(_) => return Ok(Verdict::Invalid),
            Judgement::Undecided | Judgement::Unreachable => return Ok(Verdict::Inconclusive),
            Judgement::Right => {}
        }
        if !job_active {
            return Ok(Verdict::TooLate);
        }
        // A unit whose panels were returned can still be settled until someone leases part of them.
        let returned = unit.state == UnitState::Returned;
        if returned && !jobs::delete_returned(batch.db, unit.job, unit.first, unit.count).await? {
            return Ok(Verdict::TooLate);
        }
        let from: &[UnitState] =
            if returned { &[UnitState::Returned] } else { &[UnitState::Leased, UnitState::Waiting] };
        let taken = jobs::move_unit(batch.db, unit.id, from, UnitState::Settled, 0).await?;
        if taken && unit.state == UnitState::Leased {
            // Whoever else holds the unit can stop: a second lane, or the next one after a late output.
            leases::drop_live(batch.db, unit.id, &lease.id).await?;
        }
        Ok(if taken { Verdict::Valid } else { Verdict::TooLate })
    }

    /// Stores a valid output, pays the miner, and updates the lane and the job.
    async fn reward(
        &self,
        batch: &mut Batch<'_>,
        lease: &LeaseRow,
        unit: &UnitRow,
        sponsored: bool,
        receipt: &Receipt,
    ) -> Result<(), Failure> {
        let (miner, value) = (receipt.miner, receipt.value);
        blocks::insert_output(batch.db, unit.id, &self.output).await?;
        let pending = if sponsored { value } else { Amount::ZERO };
        let epoch = receipt.epoch as i64;
        ledger::add_share(batch.db, epoch, &miner, pending, value, Amount::ZERO).await?;
        let site = people::count_unit(batch.db, &lease.session, value.nano()).await?;
        if !sponsored {
            let escrow = ledger::escrow_account(lease.job);
            pay(batch, &escrow, &format!("lease:{}", self.lease), &miner, value, &at_once(site, value)).await?;
        } else if let Some(site) = site {
            sites::add(batch.db, epoch, &miner, &site, value).await?;
        }
        let elapsed_ms = (self.announced_at_ms - lease.issued_at_ms).max(1) as u64;
        leases::free_lane(batch.db, lease).await?;
        let known = leases::speed(batch.db, &lease.session, lease.lane, self.kind.name()).await?;
        // A unit that was done in part also took time to look for what was missing.
        let whole = self.work == lease.work as u64;
        if let Some(speed) = measured(self.kind, self.work, elapsed_ms, known).filter(|_| whole) {
            leases::measure_lane(batch.db, lease, self.kind.name(), speed).await?;
        }
        let leased = if unit.state == UnitState::Leased { -unit.count } else { 0 };
        let change = Counted { leased, done: unit.count, valid: 1, spent: value.nano(), ..Counted::default() };
        if jobs::count(batch.db, lease.job, change).await? {
            finish(batch, lease.job).await?;
        }
        Ok(())
    }
}

pub(crate) fn second_digest() -> Refusal {
    let detail = "an output with another digest was delivered for this lease; a lease takes only one output";
    Refusal::new(ErrorCode::SecondDigest, detail)
}
