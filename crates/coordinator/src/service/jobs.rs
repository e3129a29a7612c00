//! Orders: from uploaded files to a job, and from verified outputs to its result.

use std::collections::HashMap;

use adit_core::assemble::{self, Run};
use adit_core::content_id::block_cid;
use adit_core::kernel::gradient::Layout;
use adit_core::kernel::{self, MissingBlock};
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::split::whole_panel_rows;
use adit_core::unit::MAX_OUTPUT_BYTES;
use adit_core::{Amount, Cid, Unit};
use adit_cpu::Cpu;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{Estimate, FileContent, JobState};
use futures::future::BoxFuture;

use super::lease::{Ending, give_back};
use crate::error::Refusal;
use crate::intake::{self, Format, IntakeError, Parsed};
use crate::store::db::DbError;
use crate::store::jobs::{self, Counted, JobRow, NewJob, unit_of};
use crate::store::log::corrupt;
use crate::store::{Batch, Db, Operation, WriteError, blocks, ledger};

/// A unit is delegated only when computing it costs at least so many times what checking it costs.
const WORTH: u64 = 16;
/// Inline units are at most this much work at a time.
const INLINE_WORK: u64 = 1 << 30;

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        let code = match error.code() {
            "npy_dtype" | "tensor_dtype" => ErrorCode::InvalidDtype,
            "value_range" | "csv_cell" | "weight_range" | "requant_range" | "sample_range" => {
                ErrorCode::ValueOutOfRange
            }
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

/// A job cut into panels, ready to be submitted.
pub(crate) struct Order {
    /// The unit that would hold the whole job.
    pub(crate) template: Unit,
    /// Every block.
    pub(crate) blocks: Vec<Vec<u8>>,
}

impl Order {
    /// C = A · B.
    pub(crate) fn matmul(a: Parsed, b: Parsed) -> Result<Self, Refusal> {
        let (a, b) = intake::product(a, b)?;
        let a_rows = intake::input_panel_rows(a.rows, a.cols, u64::from(b.cols));
        let b_rows = whole_panel_rows(b.cols);
        let (b, mut blocks) = intake::operand_blocks(b, b_rows);
        let (a, panels) = intake::operand_blocks(a, a_rows);
        blocks.extend(panels);
        Ok(Order { template: Unit::MatmulI8 { a, b }, blocks })
    }

    /// Classes of samples.
    pub(crate) fn inference(model: Parsed, input: Parsed) -> Result<Self, Refusal> {
        let (model, input) = intake::inference(model, input)?;
        let rows = intake::input_panel_rows(input.rows, input.cols, model.output_width());
        let (layers, mut blocks) = intake::model_blocks(model);
        let (x, panels) = intake::operand_blocks(input, rows);
        blocks.extend(panels);
        Ok(Order { template: Unit::MlpI8 { x, layers }, blocks })
    }

    /// A model's gradient over all samples.
    pub(crate) fn gradient(model: Parsed, input: Parsed, targets: Parsed) -> Result<Self, Refusal> {
        let (model, input, targets) = intake::gradient(model, input, targets)?;
        let layout = Layout::new(model.layers.iter().map(|layer| (layer.k as usize, layer.n as usize)));
        let rows = intake::input_panel_rows(input.rows, input.cols.max(targets.cols), layout.row_width() as u64);
        let (layers, mut blocks) = intake::model_blocks(model);
        let (x, panels) = intake::operand_blocks(input, rows);
        let (t, target_panels) = intake::operand_blocks(targets, rows);
        blocks.extend(panels);
        blocks.extend(target_panels);
        Ok(Order { template: Unit::GradientI8 { x, t, layers }, blocks })
    }

    /// Panels, each the least that is leased alone.
    pub(crate) fn panels(&self) -> u32 {
        self.template.input().panels.len() as u32
    }

    /// Whether delegating costs more than it saves.
    pub(crate) fn too_small(&self) -> bool {
        self.template.work() < WORTH * self.template.check_work()
    }

    /// Whether its result can be held in memory, which computing it at once takes.
    pub(crate) fn fits_inline(&self) -> bool {
        self.template.output_bytes() <= MAX_OUTPUT_BYTES
    }

    /// What it would cost.
    pub(crate) fn estimate(&self) -> Estimate {
        let (kind, work) = (self.template.kind(), self.template.work());
        Estimate {
            kind,
            rows: self.template.input().rows,
            panels: self.panels(),
            work,
            check_work: self.template.check_work(),
            output_bytes: self.template.output_bytes(),
            price: base_reward(kind, work),
            price_version: PRICE_VERSION,
        }
    }

    /// Computes the whole job here, run by run.
    pub(crate) fn compute_inline(&self, cpu: &Cpu) -> Result<Vec<(Run, Vec<u8>)>, MissingBlock> {
        let named: HashMap<Cid, &[u8]> = self.blocks.iter().map(|block| (block_cid(block), block.as_slice())).collect();
        let find = |cid: &Cid| named.get(cid).copied();
        let panel_work = unit_of(&self.template, Run { first: 0, count: 1 }).work().max(1);
        let step = (INLINE_WORK / panel_work).clamp(1, u64::from(self.panels())) as usize;
        let run = |first: u32| Run { first, count: (self.panels() - first).min(step as u32) };
        (0..self.panels())
            .step_by(step)
            .map(|first| {
                let output = kernel::compute(cpu, &unit_of(&self.template, run(first)), find)?;
                Ok((run(first), kernel::to_le_bytes(&output)))
            })
            .collect()
    }
}

/// Makes a job of an order.
pub(crate) struct Submit {
    pub(crate) order: Order,
    pub(crate) name: Option<String>,
    pub(crate) demo: bool,
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
