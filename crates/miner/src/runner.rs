//! Computes a lane's units slice by slice, keeps shared operands packed, and rests between slices.
//!
//! A host's thread or worker owns a [`LaneRunner`], passes commands to it, and calls [`LaneRunner::slice`] until there is nothing
//! left to do, resting for as long as each slice says. The clock is a closure, so that this runs anywhere.

mod buffers;
mod operands;
mod slices;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use adit_core::kernel::engine::{Engine, EngineError};
use adit_core::kernel::float::{FloatMatrix, FloatProduct, FloatStep};
use adit_core::kernel::hash_tree::{LEAF_BYTES, TreeHasher};
use adit_core::kernel::{Rows, Running};
use adit_core::kind::{HashTree, HashTree2, MatmulF32};
use adit_core::sign::{Digest, LeaseId};
use adit_core::{Cid, Found, Unit};

use crate::lane::{BlockBytes, LaneCommand, LaneEvent};
use crate::throttle::Throttle;

use buffers::Buffers;
use operands::Shared;
use slices::Slices;

/// A lane's engine, with the unit that it computes.
pub struct LaneRunner<E: Engine> {
    engine: E,
    shared: Shared<E>,
    buffers: Buffers,
    unit: Option<UnderWay<E>>,
    throttle: Throttle,
    learnt: Primitives,
    /// Whether the engine is lost and has to recover first.
    lost: bool,
}

/// What was learnt of each primitive.
#[derive(Debug)]
struct Primitives {
    products: Slices,
    floats: Slices,
    bytes: Slices,
}

/// The result of a slice.
#[derive(Debug)]
pub struct Slice {
    /// What to report to the driver.
    pub event: Option<LaneEvent>,
    /// How long to rest before the next slice, unless a command comes.
    pub rest_ms: f64,
}

struct UnderWay<E: Engine> {
    lease: LeaseId,
    unit: Unit,
    blocks: Vec<(Cid, BlockBytes)>,
    busy_ms: f64,
    told_ms: f64,
    /// How often the engine was lost on this unit.
    losses: u32,
    stage: Stage<E>,
}

enum Stage<E: Engine> {
    Prepare,
    Products(Running<E::Packed>),
    Floats(FloatProduct, Rc<E::PackedFloats>),
    Hash(TreeHasher<HeldBlock>),
}

/// A block, held by the tree that is being hashed.
#[derive(Debug)]
struct HeldBlock(BlockBytes);

impl AsRef<[u8]> for HeldBlock {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// How long an idle lane keeps its buffers for its next unit.
pub const KEPT_IDLE_MS: u64 = 30_000;

/// A first guess at the multiply-accumulates, or bytes, per millisecond: slow enough for the slowest host.
const FIRST_SPEED: f64 = 2e4;
/// How often progress is reported.
const TELL_MS: f64 = 200.0;

/// A unit fails after the engine was lost on it this many times.
const MOST_LOSSES: u32 = 3;
/// The rest after the first loss on a unit; it doubles with each further loss.
const RECOVERY_MS: f64 = 250.0;

impl<E: Engine> LaneRunner<E> {
    /// A runner at full duty with nothing to do.
    pub fn new(engine: E) -> Self {
        let slices = Slices::new(E::SLICE_MS, FIRST_SPEED * E::SLICE_MS);
        let learnt = Primitives { products: slices, floats: slices, bytes: slices };
        let (shared, buffers, throttle) = (Shared::new(), Buffers::default(), Throttle::new());
        LaneRunner { engine, shared, buffers, unit: None, throttle, learnt, lost: false }
    }

    /// The engine.
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// Takes a command. Units are computed by the slices that follow.
    pub fn obey(&mut self, command: LaneCommand) {
        match command {
            LaneCommand::Start { lease, unit, blocks } => {
                let stage = Stage::Prepare;
                self.unit = Some(UnderWay { lease, unit, blocks, busy_ms: 0.0, told_ms: 0.0, losses: 0, stage });
            }
            LaneCommand::Duty(duty) => self.throttle.set(duty),
            LaneCommand::Abandon => self.unit = None,
            LaneCommand::Reuse(output) => self.buffers.keep_bytes(output),
        }
    }

    /// Frees the buffers that it keeps for its next unit. Hosts call this after [`KEPT_IDLE_MS`] without one.
    pub fn free_buffers(&mut self) {
        self.buffers = Buffers::default();
    }

    /// Whether it has nothing to do until the next command.
    pub fn is_idle(&self) -> bool {
        self.unit.is_none() || self.throttle.pauses()
    }

    /// Works for about [`Engine::SLICE_MS`]; `None` when idle. `now_ms` is any clock that does not run backwards.
    pub async fn slice(&mut self, now_ms: impl Fn() -> f64) -> Option<Slice> {
        if self.is_idle() {
            return None;
        }
        let mut unit = self.unit.take()?;
        let started_ms = now_ms();
        let worked = self.work(&mut unit, started_ms, &now_ms).await;
        let ended_ms = now_ms();
        unit.busy_ms += (ended_ms - started_ms).max(0.0);
        let mut rest_ms = self.throttle.rest_ms(started_ms, ended_ms);
        if matches!(worked, Err(EngineError::Lost(_))) {
            // The packed operands are lost with the engine.
            (self.shared, self.lost) = (Shared::new(), true);
        }
        let event = match worked {
            Ok(Some((output, digest))) => {
                Some(LaneEvent::Done { lease: unit.lease, output, digest, busy_ms: unit.busy_ms })
            }
            Ok(None) => {
                let event = unit.progress().filter(|_| unit.busy_ms - unit.told_ms >= TELL_MS);
                unit.told_ms = if event.is_some() { unit.busy_ms } else { unit.told_ms };
                self.unit = Some(unit);
                event
            }
            Err(EngineError::Lost(_)) if unit.losses < MOST_LOSSES => {
                rest_ms = rest_ms.max(RECOVERY_MS * f64::from(1 << unit.losses));
                (unit.stage, unit.losses) = (Stage::Prepare, unit.losses + 1);
                self.unit = Some(unit);
                None
            }
            Err(error) => Some(LaneEvent::Failed { lease: unit.lease, reason: error.to_string() }),
        };
        Some(Slice { event, rest_ms })
    }

    /// Works on `unit`; returns the output with its digest once it is whole.
    async fn work(
        &mut self,
        unit: &mut UnderWay<E>,
        started_ms: f64,
        now_ms: &impl Fn() -> f64,
    ) -> Result<Option<(Vec<u8>, Digest)>, EngineError> {
        if self.lost {
            self.engine.recover().await?;
            self.lost = false;
        }
        let LaneRunner { engine, shared, buffers, learnt, .. } = self;
        // Small steps are quick, so a slice may take several. It takes at least one, whatever the clock says.
        let is_over = || now_ms() - started_ms >= E::SLICE_MS / 2.0;
        match &mut unit.stage {
            Stage::Prepare => unit.stage = prepare(engine, shared, buffers, unit)?,
            Stage::Products(running) => loop {
                let before_ms = now_ms();
                let max_rows = learnt.products.next(running.work_per_row());
                let Some((rows, work_per_row)) = multiply(engine, running, max_rows).await? else {
                    return Ok(Some(unit.finish(buffers)));
                };
                learnt.products.learn(rows, work_per_row, now_ms() - before_ms);
                if is_over() {
                    break;
                }
            },
            Stage::Floats(product, right) => loop {
                let (before_ms, work_per_row) = (now_ms(), product.work_per_row());
                let Some(FloatStep { left, rows, sums }) = product.step(learnt.floats.next(work_per_row)) else {
                    return Ok(Some(unit.finish(buffers)));
                };
                engine.multiply_floats(left, rows, right, sums).await?;
                learnt.floats.learn(rows, work_per_row as f64, now_ms() - before_ms);
                if is_over() {
                    break;
                }
            },
            Stage::Hash(tree) => loop {
                let (before_ms, before) = (now_ms(), tree.done_bytes());
                let Some(leaves) = tree.next(learnt.bytes.next(LEAF_BYTES.into()).min(E::LEAVES)) else {
                    return Ok(Some(unit.finish(buffers)));
                };
                let digests = engine.hash(leaves).await?;
                tree.take(&digests);
                let leaves = (tree.done_bytes() - before).div_ceil(LEAF_BYTES.into());
                learnt.bytes.learn(leaves as usize, LEAF_BYTES.into(), now_ms() - before_ms);
                if is_over() {
                    break;
                }
            },
        }
        Ok(None)
    }
}

/// Begins a unit: the one place where an engine tells the kinds apart.
fn prepare<E: Engine>(
    engine: &E,
    shared: &mut Shared<E>,
    buffers: &mut Buffers,
    task: &UnderWay<E>,
) -> Result<Stage<E>, EngineError> {
    let UnderWay { lease, unit, blocks, .. } = task;
    let by_cid: BTreeMap<Cid, &BlockBytes> = blocks.iter().map(|(cid, block)| (*cid, block)).collect();
    let block = |cid: &Cid| by_cid.get(cid).map(|block| block.as_slice());
    Ok(match unit {
        Unit::HashTree(HashTree { data, .. }) => {
            let held = |cid: &Cid| by_cid.get(cid).map(|block| HeldBlock(Arc::clone(block)));
            Stage::Hash(TreeHasher::new(*lease, data, held))
        }
        Unit::HashTree2(HashTree2 { data, .. }) => {
            let found = |cid: &Cid| match by_cid.get(cid) {
                Some(block) if block.is_empty() => Found::Absent,
                Some(block) => Found::Present(HeldBlock(Arc::clone(block))),
                None => Found::Unknown,
            };
            Stage::Hash(TreeHasher::elsewhere(*lease, data, found))
        }
        Unit::MatmulF32(MatmulF32 { a, b }) => {
            let right = shared.floats(engine, unit, b, block)?;
            let (a, n) = (FloatMatrix::gather(a, block)?, b.cols as usize / 4);
            Stage::Floats(FloatProduct::new(a, n, buffers.take_floats()), right)
        }
        Unit::MatmulI8(_) | Unit::MlpI8(_) | Unit::GradientI8(_) => {
            let rows = Rows::gather(unit.input(), unit.targets(), block)?;
            Stage::Products(Running::new(shared.integers(engine, unit, block)?, rows, buffers.take_sums()))
        }
    })
}

/// Takes a unit of int8 products one step or pass further. Returns the rows and the multiply-accumulates for each; `None`
/// when it is finished.
async fn multiply<E: Engine>(
    engine: &E,
    running: &mut Running<E::Packed>,
    max_rows: usize,
) -> Result<Option<(usize, f64)>, EngineError> {
    if engine.passes(&running.packed().layers) {
        let work_per_row = running.work_per_row() as f64;
        let Some(pass) = running.pass(max_rows) else { return Ok(None) };
        let rows = pass.rows;
        engine.pass(pass).await?;
        return Ok(Some((rows, work_per_row)));
    }
    let Some(step) = running.step(max_rows) else { return Ok(None) };
    let rows = step.rows.max(1);
    let work_per_row = step.left.len() as f64 * step.sums.len() as f64 / (rows * rows) as f64;
    engine.carry_out(step).await?;
    running.advance();
    Ok(Some((rows, work_per_row)))
}

impl<E: Engine> UnderWay<E> {
    fn finish(&mut self, buffers: &mut Buffers) -> (Vec<u8>, Digest) {
        let output = match std::mem::replace(&mut self.stage, Stage::Prepare) {
            Stage::Prepare => Vec::new(),
            Stage::Products(running) => return buffers.sums_delivered(running.into_output()),
            Stage::Floats(product, _) => return buffers.floats_delivered(product.into_output()),
            Stage::Hash(tree) => tree.into_output(),
        };
        let digest = Digest(*blake3::hash(&output).as_bytes());
        (output, digest)
    }

    fn progress(&self) -> Option<LaneEvent> {
        let (done, all) = match &self.stage {
            Stage::Products(running) => (running.done_rows(), running.rows()),
            Stage::Floats(product, _) => (product.done_rows(), product.rows()),
            Stage::Hash(tree) => (tree.done_bytes() as usize, tree.bytes() as usize),
            Stage::Prepare => return None,
        };
        Some(LaneEvent::Progress { lease: self.lease, done_rows: done as u32, rows: all as u32 })
    }
}

#[cfg(test)]
mod tests;
