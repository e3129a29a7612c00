//! Orders: turns parsed files into a job's blocks and one unit that covers the whole job.

use std::collections::HashMap;

use adit_core::assemble::Run;
use adit_core::content_id::{MAX_BLOCK_BYTES, block_cid};
use adit_core::kernel::MissingBlock;
use adit_core::kernel::float::{self, FloatMatrix};
use adit_core::kernel::gradient::Layout;
use adit_core::kernel::hash_tree::LEAF_BYTES;
use adit_core::kind::{GradientI8, HashTree, HashTree2, MatmulF32, MatmulI8, MlpI8};
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::sign::LeaseId;
use adit_core::split::{cut, whole_panel_rows};
use adit_core::unit::{MAX_OUTPUT_BYTES, Operand, UnitError, is_source};
use adit_core::{Cid, Kind, Unit};
use adit_cpu::Cpu;
use adit_protocol::jobs::{DataPlace, Estimate, JobRequest, JobWork};
use adit_protocol::{ErrorCode, TaskType};
use serde_json::{Value, json};

use crate::error::Refusal;
use crate::jobs::intake::{self, Column, DataSet, IntakeError, Parsed};
use crate::jobs::unit_of;

/// Delegate a unit only if computing it costs at least this many times what checking it costs.
const WORTH: u64 = 16;
/// The most work per run when computing inline.
const INLINE_WORK: u64 = 1 << 30;
/// Inline outputs have no lease.
const NO_LEASE: LeaseId = LeaseId([0; 16]);

/// A job cut into panels, ready to submit.
pub(crate) struct Order {
    /// The unit that would cover the whole job.
    pub(crate) template: Unit,
    /// The blocks that the coordinator holds.
    pub(crate) blocks: Vec<Vec<u8>>,
    /// Intake's findings about the input, for the result.
    pub(crate) facts: Option<Value>,
}

impl Order {
    pub(super) fn new(template: Unit, blocks: Vec<Vec<u8>>) -> Self {
        Order { template, blocks, facts: None }
    }

    /// Orders C = A · B.
    pub(crate) fn matmul(a: Parsed, b: Parsed) -> Result<Self, Refusal> {
        let (a, b) = intake::product(a, b)?;
        let a_rows = intake::input_panel_rows(a.rows, a.cols, u64::from(b.cols));
        let b_rows = whole_panel_rows(b.cols);
        let (b, mut blocks) = intake::operand_blocks(b, b_rows);
        let (a, panels) = intake::operand_blocks(a, a_rows);
        blocks.extend(panels);
        Ok(Order::new(Unit::MatmulI8(MatmulI8 { a, b }), blocks))
    }

    /// Orders the classes of samples.
    pub(crate) fn inference(model: Parsed, input: Parsed) -> Result<Self, Refusal> {
        let (model, input) = intake::inference(model, input)?;
        let rows = intake::input_panel_rows(input.rows, input.cols, model.output_width());
        let (layers, mut blocks) = intake::model_blocks(model);
        let (x, panels) = intake::operand_blocks(input, rows);
        blocks.extend(panels);
        Ok(Order::new(Unit::MlpI8(MlpI8 { x, layers }), blocks))
    }

    /// Orders a model's gradient over all samples.
    pub(crate) fn gradient(model: Parsed, input: Parsed, targets: Parsed) -> Result<Self, Refusal> {
        let (model, input, targets) = intake::gradient(model, input, targets)?;
        let layout = Layout::new(model.layers.iter().map(|layer| (layer.k as usize, layer.n as usize)));
        let rows = intake::input_panel_rows(input.rows, input.cols.max(targets.cols), layout.row_width() as u64);
        let (layers, mut blocks) = intake::model_blocks(model);
        let (x, panels) = intake::operand_blocks(input, rows);
        let (t, target_panels) = intake::operand_blocks(targets, rows);
        blocks.extend(panels);
        blocks.extend(target_panels);
        Ok(Order::new(Unit::GradientI8(GradientI8 { x, t, layers }), blocks))
    }

    /// Orders C = A · B in f32.
    pub(crate) fn floats(a: Parsed, b: Parsed) -> Result<Self, Refusal> {
        let (a, b) = intake::float_product(a, b)?;
        let bytes_of = |matrix: &FloatMatrix| 4 * matrix.cols as u32;
        let (a_cols, b_cols) = (bytes_of(&a), bytes_of(&b));
        let a_rows = intake::input_panel_rows(a.rows as u32, a_cols, b.cols as u64);
        let (b, mut blocks) = cut_bytes(&float::to_bytes(&b.values), b_cols, whole_panel_rows(b_cols));
        let (a, panels) = cut_bytes(&float::to_bytes(&a.values), a_cols, a_rows);
        blocks.extend(panels);
        Ok(Order::new(Unit::MatmulF32(MatmulF32 { a, b }), blocks))
    }

    /// Orders a check of a data set held here, with column statistics for a table.
    pub(crate) fn data(data: Parsed) -> Result<Self, Refusal> {
        let Parsed::Data(DataSet { bytes, table }) = data else {
            return Err(
                IntakeError::WrongInput { role: "the data set", wanted: "uploaded with format=data or table" }.into()
            );
        };
        let facts = table
            .map(|(rows, columns)| json!({ "rows": rows, "columns": columns.iter().map(column).collect::<Vec<_>>() }));
        Ok(Order { facts, ..Self::bytes(&bytes) })
    }

    /// Orders a check that `bytes` are intact.
    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        let (data, blocks) = cut_bytes(bytes, 1, data_panel_bytes(bytes.len() as u32));
        Order::new(Unit::HashTree(HashTree { data, source: None }), blocks)
    }

    /// Orders a check that the data set at `source` is present and intact.
    pub(crate) fn elsewhere(source: String, blocks: Parsed) -> Result<Self, Refusal> {
        let Parsed::Blocks(data) = blocks else {
            return Err(
                IntakeError::WrongInput { role: "the list of blocks", wanted: "uploaded with format=blocks" }.into()
            );
        };
        if !is_source(&source) {
            return Err(Refusal::new(ErrorCode::InvalidParameter, UnitError::Source.to_string()));
        }
        Ok(Order::new(Unit::HashTree2(HashTree2 { data, source }), Vec::new()))
    }

    /// The number of panels; a panel is the smallest unit that is leased.
    pub(crate) fn panels(&self) -> u32 {
        self.template.input().panels.len() as u32
    }

    /// Whether delegating costs more than it saves. Remote data is always delegated, because others must see it.
    pub(crate) fn too_small(&self) -> bool {
        self.template.source().is_none() && self.template.work() < WORTH * self.template.check_work()
    }

    /// Whether the result fits in memory, as inline computation requires.
    pub(crate) fn fits_inline(&self) -> bool {
        self.template.output_bytes() <= MAX_OUTPUT_BYTES
    }

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
            lanes: 0,
            units: self.panels(),
            expected_ms: None,
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
                let unit = unit_of(&self.template, run(first));
                Ok((run(first), unit.output(cpu, &NO_LEASE, find)?))
            })
            .collect()
    }
}

/// The size of a data set's blocks: about 64 of them, of whole leaves.
pub(super) fn data_panel_bytes(bytes: u32) -> u32 {
    bytes.div_ceil(64).next_multiple_of(LEAF_BYTES).min(MAX_BLOCK_BYTES as u32)
}

fn cut_bytes(bytes: &[u8], cols: u32, panel_rows: u32) -> (Operand, Vec<Vec<u8>>) {
    let (operand, blocks) = cut(bytes, (bytes.len() / cols as usize) as u32, cols, panel_rows);
    (operand, blocks.into_iter().map(<[u8]>::to_vec).collect())
}

/// A column's statistics as JSON. Numbers that may exceed 53 bits become strings.
fn column(Column { name, empty, other, integers }: &Column) -> Value {
    json!({
        "name": name, "empty": empty, "other": other, "integers": integers.count, "sum": integers.sum.to_string(),
        "min": integers.min.map(|least| least.to_string()), "max": integers.max.map(|most| most.to_string()),
        "sum_of_squares": integers.squares.map(|squares| squares.to_string()),
    })
}

/// NeoNet's task type for a job. Refuses one that does not fit the kind.
pub(crate) fn task_type(request: &JobRequest, kind: Kind) -> Result<Option<TaskType>, Refusal> {
    let of_log = matches!(&request.work, JobWork::HashTree { data: DataPlace::Log { .. } });
    let named = request.task_type.or(of_log.then_some(TaskType::NetworkProtection));
    match named {
        Some(named) if !named.fits(kind) => {
            let names: Vec<&str> = TaskType::ALL.into_iter().filter(|t| t.fits(kind)).map(TaskType::name).collect();
            let detail = format!("{kind} cannot be {} work: call it {}", named.name(), names.join(" or "));
            Err(Refusal::new(ErrorCode::InvalidParameter, detail))
        }
        named => Ok(named),
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        Refusal::new(error.error_code(), error.to_string())
    }
}
