//! Jobs: from files and orders to a job, and its end.

use adit_core::assemble::{self, Run};
use adit_core::content_id::block_cid;
use adit_core::{Amount, Cid};
use adit_protocol::jobs::{FileContent, JobState};
use adit_protocol::{ErrorCode, TaskType};
use futures::future::BoxFuture;

use super::lease::{Ending, give_back};
use super::order::Order;
use crate::error::Refusal;
use crate::intake::{Format, IntakeError, Parsed};
use crate::store::db::DbError;
use crate::store::jobs::{self, Counted, JobRow, NewJob, unit_of};
use crate::store::log::corrupt;
use crate::store::{Batch, Db, Operation, WriteError, blocks, ledger};

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        let code = match error.code() {
            "npy_dtype" | "npy_not_float" | "tensor_dtype" => ErrorCode::InvalidDtype,
            "not_finite" | "float_overflow" | "value_range" | "csv_cell" | "weight_range" | "requant_range"
            | "sample_range" => ErrorCode::ValueOutOfRange,
            "bias_overflow" => ErrorCode::BiasOverflow,
            "inner_dimension_too_large" => ErrorCode::KTooLarge,
            "not_two_dimensional"
            | "csv_width"
            | "tensor_shape"
            | "empty"
            | "dimension_too_large"
            | "inputs_too_large"
            | "gradient_too_large"
            | "shape_mismatch"
            | "layer_count" => ErrorCode::InvalidShape,
            _ => ErrorCode::InvalidFile,
        };
        Refusal::new(code, error.to_string())
    }
}

/// What a parsed file holds.
pub(crate) fn describe(parsed: &Parsed) -> FileContent {
    match parsed {
        Parsed::Matrix(matrix) => FileContent::Matrix { rows: matrix.rows, cols: matrix.cols },
        Parsed::Samples(samples) => FileContent::Samples { rows: samples.rows, cols: samples.cols },
        Parsed::Model(model) => {
            let outputs = model.layers.iter().map(|layer| layer.n);
            FileContent::Model { dims: std::iter::once(model.inputs()).chain(outputs).collect() }
        }
        Parsed::Floats(floats) => FileContent::Floats { rows: floats.rows as u32, cols: floats.cols as u32 },
        Parsed::Data(data) => FileContent::Data {
            bytes: data.bytes.len() as u64,
            columns: data.table.as_ref().map(|(_, columns)| columns.len() as u32),
        },
        Parsed::Blocks(data) => FileContent::Blocks { blocks: data.panels.len() as u32, bytes: u64::from(data.rows) },
    }
}

/// Stores an uploaded file.
pub(crate) struct StoreFile {
    pub(crate) file: Cid,
    pub(crate) format: Format,
    pub(crate) bytes: Vec<u8>,
    /// The most that the database may hold.
    pub(crate) max_stored_bytes: u64,
}

impl Operation for StoreFile {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), WriteError>> {
        Box::pin(async move {
            refuse_if_full(batch.db, self.bytes.len() as u64, self.max_stored_bytes).await?;
            blocks::insert_file(batch.db, &self.file, self.format.name(), &self.bytes, batch.now_ms).await?;
            Ok(())
        })
    }
}

async fn refuse_if_full(db: &mut Db, bytes: u64, max: u64) -> Result<(), WriteError> {
    if blocks::stored_bytes(db).await?.saturating_add(bytes) > max {
        let detail = "the store is full; wait until older results are removed, or ask the operator for more room";
        return Err(Refusal::new(ErrorCode::StoreFull, detail).into());
    }
    Ok(())
}

/// Makes a job of an order.
pub(crate) struct Submit {
    pub(crate) order: Order,
    pub(crate) name: Option<String>,
    pub(crate) demo: bool,
    /// What the original calls it, where that is not the kind's usual name.
    pub(crate) task_type: Option<TaskType>,
    /// The requester's escrow; without it the job is sponsored.
    pub(crate) budget: Option<Amount>,
    /// Secret: the first coins.
    pub(crate) coin_seed: [u8; 32],
    /// The outputs, if the job was too small to delegate.
    pub(crate) inline: Option<Vec<(Run, Vec<u8>)>>,
    /// The most that the database may hold.
    pub(crate) max_stored_bytes: u64,
}

impl Operation for Submit {
    type Output = JobRow;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<JobRow, WriteError>> {
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
                name: self.name.clone(),
                kind: self.order.template.kind(),
                demo: self.demo,
                sponsored: self.budget.is_none(),
                template: self.order.template.clone(),
                panels: self.order.panels(),
                coin_seed: self.coin_seed,
                task_type: self.task_type,
                facts: self.order.facts.as_ref().map(ToString::to_string),
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
            Ok(jobs::job(batch.db, job).await?.ok_or(DbError::RowNotFound)?)
        })
    }
}

impl Submit {
    async fn store_inline(
        &self,
        batch: &mut Batch<'_>,
        job: i64,
        outputs: &[(Run, Vec<u8>)],
    ) -> Result<(), WriteError> {
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

async fn refuse_if_unissuable(db: &mut Db, budget: Amount) -> Result<(), WriteError> {
    let issued = ledger::issued(db).await?;
    let left = ledger::MAX_ISSUED.checked_sub(issued).unwrap_or(Amount::ZERO);
    if budget > left {
        let detail = format!("the budget is more than the ledger can issue: at most {left} NNET");
        return Err(Refusal::new(ErrorCode::ValueOutOfRange, detail).into());
    }
    Ok(())
}

/// Puts a job's budget into its escrow. The operator's account is filled by issuance as it is needed.
async fn fund(batch: &mut Batch<'_>, job: i64, budget: Amount) -> Result<(), WriteError> {
    if budget > Amount::ZERO {
        let (issue, fund) = (format!("job:{job}:issue"), format!("job:{job}:escrow"));
        ledger::transfer(batch.db, &issue, ledger::ISSUANCE, ledger::REQUESTER, budget, batch.now_ms).await?;
        let escrow = ledger::escrow_account(job);
        ledger::transfer(batch.db, &fund, ledger::REQUESTER, &escrow, budget, batch.now_ms).await?;
    }
    Ok(())
}

/// Marks a job whose panels are all done; the rest of its escrow goes back.
pub(crate) async fn finish(batch: &mut Batch<'_>, job: i64) -> Result<(), WriteError> {
    let runs: Vec<Run> = jobs::settled_units(batch.db, job).await?.iter().map(jobs::UnitRow::run).collect();
    let row = jobs::job(batch.db, job).await?.ok_or(DbError::RowNotFound)?;
    if !assemble::complete(&runs, row.panels as u32) {
        return Err(corrupt("a job's counters say done but its units do not cover it").into());
    }
    jobs::end(batch.db, job, JobState::Done.name(), batch.now_ms).await?;
    refund(batch, job).await
}

async fn refund(batch: &mut Batch<'_>, job: i64) -> Result<(), WriteError> {
    let escrow = ledger::escrow_account(job);
    let rest = ledger::balance(batch.db, &escrow).await?;
    if rest > Amount::ZERO {
        let id = format!("job:{job}:refund");
        ledger::transfer(batch.db, &id, &escrow, ledger::REQUESTER, rest, batch.now_ms).await?;
    }
    Ok(())
}

/// Ends a job before it is done. What was verified stays paid.
pub(crate) struct Cancel(pub(crate) i64);

impl Operation for Cancel {
    type Output = JobRow;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<JobRow, WriteError>> {
        Box::pin(async move {
            let job = jobs::job(batch.db, self.0).await?;
            let job = job.ok_or_else(|| Refusal::new(ErrorCode::NoSuchJob, "no job of this number"))?;
            if job.state != JobState::Active.name() {
                return Err(Refusal::new(ErrorCode::JobEnded, format!("the job is {}", job.state)).into());
            }
            for lease in crate::store::leases::live_of_job(batch.db, job.id).await? {
                give_back(batch, &lease, Ending::Dropped).await?;
            }
            jobs::end(batch.db, job.id, JobState::Cancelled.name(), batch.now_ms).await?;
            refund(batch, job.id).await?;
            Ok(jobs::job(batch.db, job.id).await?.ok_or(DbError::RowNotFound)?)
        })
    }
}
