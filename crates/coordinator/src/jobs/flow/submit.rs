//! Stores new jobs and uploaded files.

use adit_core::assemble::Run;
use adit_core::content_id::block_cid;
use adit_core::{Amount, Cid};
use adit_protocol::jobs::Priority;
use adit_protocol::{ErrorCode, TaskType};
use futures::future::BoxFuture;

use super::end::finish;
use super::view;
use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::jobs::intake::Reading;
use crate::jobs::order::Order;
use crate::jobs::store::{self as jobs, Counted, NewJob, Words, blocks};
use crate::jobs::unit_of;
use crate::money::store as ledger;
use crate::store::Db;

pub(crate) struct StoreFile {
    pub(crate) file: Cid,
    /// How the file is to be read.
    pub(crate) reading: Reading,
    pub(crate) bytes: Vec<u8>,
    /// The most bytes the database may hold.
    pub(crate) max_stored_bytes: u64,
}

impl Operation for StoreFile {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            refuse_if_full(batch.db, self.bytes.len() as u64, self.max_stored_bytes).await?;
            let reading = self.reading.to_string();
            blocks::insert_file(batch.db, &self.file, &reading, &self.bytes, batch.now_ms).await?;
            Ok(())
        })
    }
}

async fn refuse_if_full(db: &mut Db, bytes: u64, max: u64) -> Result<(), Failure> {
    if db.stored_bytes()?.saturating_add(bytes) > max {
        let detail = "the store is full; wait until older results are removed, or ask the operator for more room";
        return Err(Refusal::new(ErrorCode::StoreFull, detail).into());
    }
    Ok(())
}

/// A job's outputs, run by run.
pub(crate) type Outputs = Vec<(Run, Vec<u8>)>;

/// Creates a job from an order.
pub(crate) struct Submit {
    pub(crate) order: Order,
    pub(crate) words: Words,
    pub(crate) demo: bool,
    /// NeoNet's name for the task, if not the kind's usual one.
    pub(crate) task_type: Option<TaskType>,
    /// The requester's escrow; `None` for a sponsored job.
    pub(crate) budget: Option<Amount>,
    pub(crate) priority: Priority,
    /// Secret seed of the first coins.
    pub(crate) coin_seed: [u8; 32],
    /// The outputs, if the job was too small to delegate.
    pub(crate) inline: Option<Outputs>,
    /// The most bytes the database may hold.
    pub(crate) max_stored_bytes: u64,
}

impl Operation for Submit {
    type Output = i64;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<i64, Failure>> {
        Box::pin(async move {
            let size = self.order.blocks.iter().map(|block| block.len() as u64).sum();
            refuse_if_full(batch.db, size, self.max_stored_bytes).await?;
            let price = self.order.estimate().price;
            if self.budget.is_some_and(|budget| budget < price) {
                let detail = format!("the budget does not cover the job: its units cost {price} NNET");
                return Err(Refusal::new(ErrorCode::BudgetTooSmall, detail).into());
            }
            if let Some(budget) = self.budget {
                refuse_if_unissuable(batch.db, budget).await?;
            }
            let new = NewJob {
                words: self.words.clone(),
                kind: self.order.template.kind(),
                demo: self.demo,
                sponsored: self.budget.is_none(),
                template: self.order.template.clone(),
                panels: self.order.panels(),
                coin_seed: self.coin_seed,
                task_type: self.task_type,
                facts: self.order.facts.as_ref().map(ToString::to_string),
                priority: self.priority,
                size: view::size(&self.order.template),
            };
            let job = jobs::insert(batch.db, &new, batch.now_ms).await?;
            for block in &self.order.blocks {
                blocks::insert(batch.db, job, &block_cid(block), block).await?;
            }
            if let Some(budget) = self.budget {
                fund(batch, job, budget).await?;
            }
            if let Some(outputs) = &self.inline {
                self.store_inline(batch, job, outputs).await?;
            }
            Ok(job)
        })
    }
}

impl Submit {
    async fn store_inline(&self, batch: &mut Batch<'_>, job: i64, outputs: &[(Run, Vec<u8>)]) -> Result<(), Failure> {
        for (run, output) in outputs {
            let cid = unit_of(&self.order.template, *run).cid();
            let unit = jobs::insert_inline_unit(batch.db, job, *run, &cid).await?;
            blocks::insert_output(batch.db, unit, output).await?;
            let change = Counted { done: i64::from(run.count), ..Counted::default() };
            if jobs::count(batch.db, job, change).await? {
                finish(batch, job).await?;
            }
        }
        Ok(())
    }
}

async fn refuse_if_unissuable(db: &mut Db, budget: Amount) -> Result<(), Failure> {
    let issued = ledger::issued(db).await?;
    let left = ledger::MAX_ISSUED.checked_sub(issued).unwrap_or(Amount::ZERO);
    if budget > left {
        let detail = format!("the budget is more than the ledger can issue: at most {left} NNET");
        return Err(Refusal::new(ErrorCode::ValueOutOfRange, detail).into());
    }
    Ok(())
}

/// Moves a job's budget into escrow. Issuance tops up the operator's account as needed.
async fn fund(batch: &mut Batch<'_>, job: i64, budget: Amount) -> Result<(), Failure> {
    if budget > Amount::ZERO {
        let (issue, fund) = (format!("job:{job}:issue"), format!("job:{job}:escrow"));
        ledger::transfer(batch.db, &issue, ledger::ISSUANCE, ledger::REQUESTER, budget, batch.now_ms).await?;
        let escrow = ledger::escrow_account(job);
        ledger::transfer(batch.db, &fund, ledger::REQUESTER, &escrow, budget, batch.now_ms).await?;
    }
    Ok(())
}
