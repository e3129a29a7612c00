//! What a lane runs: units cut into slices, operands kept packed, rests between slices.
//!
//! A host's thread or worker owns a [`LaneRunner`], passes commands on, and calls [`LaneRunner::slice`] until there is
//! nothing to do, resting as it is told. The time comes in as a closure, so that this runs anywhere.

mod engine;
mod operands;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use adit_core::kernel::float::{FloatMatrix, FloatProduct, FloatStep};
use adit_core::kernel::hash_tree::HashTree;
use adit_core::kernel::{self, Rows, Running};
use adit_core::sign::{Digest, LeaseId};
use adit_core::{Cid, Unit};

use crate::lane::{BlockBytes, LaneCommand, LaneEvent};
use crate::throttle::Throttle;

pub use engine::{Engine, EngineError, Processor};
use operands::{Operands, Shared};

/// A lane's backend with the unit under way.
#[derive(Debug)]
pub struct LaneRunner<E: Engine> {
    engine: E,
    shared: Shared<E::Packed>,
    unit: Option<UnderWay<E::Packed>>,
    throttle: Throttle,
    speeds: Speeds,
}

/// As measured.
#[derive(Debug)]
struct Speeds {
    products: Speed,
    floats: Speed,
    bytes: Speed,
}

/// Multiply-accumulates, or bytes, a millisecond.
#[derive(Clone, Copy, Debug)]
struct Speed(f64);

impl Speed {
    /// Follows the speed at once downwards and step by step upwards, so that slices rarely take too long.
    fn learn(&mut self, work: f64, took_ms: f64) {
        let speed = work / took_ms.max(0.01);
        self.0 = speed.min(self.0 * 2.0).max(1.0);
    }
}

/// What a slice came to.
#[derive(Debug)]
pub struct Slice {
    /// To be told.
    pub event: Option<LaneEvent>,
    /// Rest for so long before the next slice, unless a command comes.
    pub rest_ms: f64,
}

#[derive(Debug)]
struct UnderWay<Packed> {
    lease: LeaseId,
    busy_ms: f64,
    told_ms: f64,
    stage: Stage<Packed>,
}

#[derive(Debug)]
enum Stage<Packed> {
    Prepare(Box<Unit>, Vec<(Cid, BlockBytes)>),
    /// With the multiply-accumulates of one input row.
    Products(Running<Packed>, u64),
    Floats(FloatProduct<Rc<FloatMatrix>>),
    Hash(HashTree<Block>),
    Finished(Vec<u8>, Digest),
}

/// A block that a tree under way holds.
#[derive(Debug)]
struct Block(BlockBytes);

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Slow enough for the first slice of the slowest host.
const FIRST_SPEED: Speed = Speed(2e4);
/// Progress is told this often.
const TELL_MS: f64 = 200.0;

impl<E: Engine> LaneRunner<E> {
    /// A lane at full duty with nothing to do.
    pub fn new(engine: E) -> Self {
        let speeds = Speeds { products: FIRST_SPEED, floats: FIRST_SPEED, bytes: FIRST_SPEED };
        LaneRunner { engine, shared: Shared::new(), unit: None, throttle: Throttle::new(), speeds }
    }

    /// The engine.
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// Does as told; what there is to compute is computed by the next slices.
    pub fn obey(&mut self, command: LaneCommand) {
        match command {
            LaneCommand::Start { lease, unit, blocks } => {
                let stage = Stage::Prepare(Box::new(unit), blocks);
                self.unit = Some(UnderWay { lease, busy_ms: 0.0, told_ms: 0.0, stage });
            }
            LaneCommand::Duty(duty) => self.throttle.set(duty),
            LaneCommand::Abandon => self.unit = None,
        }
    }

    /// Whether there is nothing to do until the next command.
    pub fn is_idle(&self) -> bool {
        self.unit.is_none() || self.throttle.pauses()
    }

    /// Works for about [`Engine::SLICE_MS`]. `now_ms` is any clock that does not run backwards. `None` when idle.
    pub async fn slice(&mut self, now_ms: impl Fn() -> f64) -> Option<Slice> {
        if self.is_idle() {
            return None;
        }
        let UnderWay { lease, busy_ms, told_ms, stage } = self.unit.take()?;
        let started_ms = now_ms();
        let worked = self.work(lease, stage, started_ms, &now_ms).await;
        let ended_ms = now_ms();
        let busy_ms = busy_ms + (ended_ms - started_ms).max(0.0);
        let event = match worked {
            Err(EngineError(reason)) => Some(LaneEvent::Failed { lease, reason }),
            Ok(Stage::Finished(output, digest)) => Some(LaneEvent::Done { lease, output, digest, busy_ms }),
            Ok(stage) => {
                let event = progress(lease, &stage).filter(|_| busy_ms - told_ms >= TELL_MS);
                let told_ms = if event.is_some() { busy_ms } else { told_ms };
                self.unit = Some(UnderWay { lease, busy_ms, told_ms, stage });
                event
            }
        };
        Some(Slice { event, rest_ms: self.throttle.rest_ms(started_ms, ended_ms) })
    }

    async fn work(
        &mut self,
        lease: LeaseId,
        stage: Stage<E::Packed>,
        started_ms: f64,
        now_ms: &impl Fn() -> f64,
    ) -> Result<Stage<E::Packed>, EngineError> {
        // Small steps are gone through quickly: several make a slice. There is always one, whatever the clock says.
        let is_over = || now_ms() - started_ms >= E::SLICE_MS / 2.0;
        match stage {
            Stage::Prepare(unit, blocks) => self.prepare(lease, &unit, &blocks),
            finished @ Stage::Finished(..) => Ok(finished),
            Stage::Products(mut running, work_per_row) => loop {
                let max_rows = self.speeds.products.0 * E::SLICE_MS / work_per_row.max(1) as f64;
                let Some(step) = running.step(max_rows as usize) else {
                    return Ok(finished(kernel::to_le_bytes(&running.into_output())));
                };
                let work = step.left.len() as f64 * (step.sums.len() / step.rows.max(1)) as f64;
                let before_ms = now_ms();
                self.engine.carry_out(step).await?;
                running.advance();
                self.speeds.products.learn(work, now_ms() - before_ms);
                if is_over() {
                    return Ok(Stage::Products(running, work_per_row));
                }
            },
            Stage::Floats(mut product) => loop {
                let (work_per_row, right) = (product.work_per_row() as f64, product.right().clone());
                let max_rows = self.speeds.floats.0 * E::SLICE_MS / work_per_row.max(1.0);
                let Some(FloatStep { left, rows, sums }) = product.step(max_rows as usize) else {
                    return Ok(finished(product.into_output()));
                };
                let before_ms = now_ms();
                self.engine.multiply_f32(left, rows, &right, sums).await?;
                self.speeds.floats.learn(rows as f64 * work_per_row, now_ms() - before_ms);
                if is_over() {
                    return Ok(Stage::Floats(product));
                }
            },
            Stage::Hash(mut tree) => loop {
                let (before_ms, before) = (now_ms(), tree.done_bytes());
                let engine = &self.engine;
                let four = |lease: &LeaseId, first, bytes: [&[u8]; 4]| engine.four_leaves(lease, first, bytes);
                if !tree.step((self.speeds.bytes.0 * E::SLICE_MS) as u64, four) {
                    return Ok(finished(tree.into_output()));
                }
                self.speeds.bytes.learn((tree.done_bytes() - before) as f64, now_ms() - before_ms);
                if is_over() {
                    return Ok(Stage::Hash(tree));
                }
            },
        }
    }

    fn prepare(
        &mut self,
        lease: LeaseId,
        unit: &Unit,
        blocks: &[(Cid, BlockBytes)],
    ) -> Result<Stage<E::Packed>, EngineError> {
        let by_cid: BTreeMap<Cid, &BlockBytes> = blocks.iter().map(|(cid, block)| (*cid, block)).collect();
        let block = |cid: &Cid| by_cid.get(cid).map(|block| block.as_slice());
        Ok(match unit {
            Unit::HashTree { data, .. } => {
                let held = |cid: &Cid| by_cid.get(cid).map(|block| Block(Arc::clone(block)));
                Stage::Hash(HashTree::new(lease, data, held))
            }
            _ => match self.shared.get_or_pack(&self.engine, unit, block)? {
                Operands::Packed(prepared) => {
                    let work_per_row = prepared.work_per_row();
                    Stage::Products(Running::new(prepared, Rows::gather(unit, block)?), work_per_row)
                }
                Operands::Floats(matrix) => {
                    Stage::Floats(FloatProduct::new(FloatMatrix::gather(unit.input(), block)?, matrix))
                }
            },
        })
    }
}

fn finished<Packed>(output: Vec<u8>) -> Stage<Packed> {
    let digest = Digest(*blake3::hash(&output).as_bytes());
    Stage::Finished(output, digest)
}

fn progress<Packed>(lease: LeaseId, stage: &Stage<Packed>) -> Option<LaneEvent> {
    let (done, all) = match stage {
        Stage::Products(running, _) => (running.done_rows(), running.rows()),
        Stage::Floats(product) => (product.done_rows(), product.rows()),
        Stage::Hash(tree) => (tree.done_bytes() as usize, tree.bytes() as usize),
        Stage::Prepare(..) | Stage::Finished(..) => return None,
    };
    Some(LaneEvent::Progress { lease, done_rows: done as u32, rows: all as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kernel::{Product, Scalar};
    use adit_core::split::cut;
    use adit_core::vectors::Generator;
    use futures::executor::block_on;
    use std::cell::Cell;
    use std::sync::Arc;

    struct Task {
        unit: Unit,
        blocks: Vec<(Cid, BlockBytes)>,
    }

    fn task(seed: u64, rows: u32, k: u32, n: u32) -> Task {
        let mut values = Generator::new(seed);
        let mut operand = |rows: u32, cols: u32| {
            let bytes: Vec<u8> = values.signed((rows * cols) as usize).into_iter().map(|value| value as u8).collect();
            let (operand, blocks) = cut(&bytes, rows, cols, 7);
            let named: Vec<(Cid, BlockBytes)> =
                operand.panels.iter().zip(blocks).map(|(cid, block)| (*cid, Arc::new(block.to_vec()))).collect();
            (operand, named)
        };
        let ((a, a_blocks), (b, b_blocks)) = (operand(rows, k), operand(k, n));
        Task { unit: Unit::MatmulI8 { a, b }, blocks: [b_blocks, a_blocks].concat() }
    }

    fn start(task: &Task) -> LaneCommand {
        LaneCommand::Start { lease: LeaseId([1; 16]), unit: task.unit.clone(), blocks: task.blocks.clone() }
    }

    /// A clock on which everything takes 20 ms.
    fn slow_clock() -> impl Fn() -> f64 {
        let now = Cell::new(0.0);
        move || now.replace(now.get() + 20.0)
    }

    /// Runs a unit to its end, with every rest that is asked for: what happened, and how long it was not worked.
    fn run(runner: &mut LaneRunner<Processor<Scalar>>) -> (Vec<LaneEvent>, f64) {
        let (mut events, mut rest_ms, now_ms) = (Vec::new(), 0.0, Cell::new(0.0));
        while let Some(slice) = block_on(runner.slice(|| now_ms.replace(now_ms.get() + 20.0))) {
            events.extend(slice.event);
            now_ms.set(now_ms.get() + slice.rest_ms);
            rest_ms += 20.0 + slice.rest_ms;
        }
        (events, rest_ms)
    }

    #[test]
    fn slices_give_the_reference_output_and_its_digest() {
        let mut runner = LaneRunner::new(Processor(Scalar));
        for seed in 0..3 {
            let task = task(seed, 400, 300, 90);
            runner.obey(start(&task));
            let (events, _) = run(&mut runner);
            let Some(LaneEvent::Done { output, digest, .. }) = events.last() else { panic!("{events:?}") };
            let block = |cid: &Cid| task.blocks.iter().find(|(known, _)| known == cid).map(|(_, block)| &block[..]);
            let right = kernel::compute(&Scalar, &task.unit, block).unwrap();
            assert_eq!(*output, kernel::to_le_bytes(&right));
            assert_eq!(digest.0, *blake3::hash(output).as_bytes());
            assert!(seed > 0 || events.len() > 1, "a slow unit tells its progress");
        }
    }

    #[test]
    fn trees_and_floats_are_sliced_too() {
        let bytes: Vec<u8> = Generator::new(8).signed(400_000).into_iter().map(|byte| byte as u8).collect();
        let named = |rows: u32, cols: u32, from: usize| {
            let (operand, blocks) = cut(&bytes[from..][..(rows * cols) as usize], rows, cols, (60_000 / cols).max(1));
            let pairs: Vec<(Cid, BlockBytes)> =
                operand.panels.iter().zip(blocks).map(|(cid, block)| (*cid, Arc::new(block.to_vec()))).collect();
            (operand, pairs)
        };
        let (data, blocks) = named(400_000, 1, 0);
        let tree = Task { unit: Unit::HashTree { data, source: None }, blocks };
        let ((a, a_blocks), (b, b_blocks)) = (named(300, 400, 0), named(100, 2_000, 120_000));
        let floats = Task { unit: Unit::MatmulF32 { a, b }, blocks: [b_blocks, a_blocks].concat() };
        for task in [tree, floats] {
            let mut runner = LaneRunner::new(Processor(Scalar));
            runner.obey(start(&task));
            let (events, _) = run(&mut runner);
            let Some(LaneEvent::Done { lease, output, .. }) = events.last() else { panic!("{events:?}") };
            let block = |cid: &Cid| task.blocks.iter().find(|(known, _)| known == cid).map(|(_, block)| &block[..]);
            // Arbitrary bytes hold numbers that are none; bit for bit they are the same all the same.
            assert!(*output == kernel::output(&Scalar, &task.unit, lease, block).unwrap());
        }
    }

    #[test]
    fn rests_follow_from_the_duty_and_zero_pauses() {
        let mut runner = LaneRunner::new(Processor(Scalar));
        runner.obey(LaneCommand::Duty(0.25));
        runner.obey(start(&task(1, 20, 50, 50)));
        let (events, rest_ms) = run(&mut runner);
        let Some(LaneEvent::Done { busy_ms, .. }) = events.last() else { panic!("{events:?}") };
        assert!((rest_ms - 3.0 * busy_ms).abs() <= 20.0, "{rest_ms} ms of rest after {busy_ms} ms");
        runner.obey(start(&task(1, 20, 50, 50)));
        runner.obey(LaneCommand::Duty(0.0));
        assert!(runner.is_idle() && block_on(runner.slice(slow_clock())).is_none());
        runner.obey(LaneCommand::Duty(1.0));
        assert!(matches!(run(&mut runner).0.last(), Some(LaneEvent::Done { .. })));
    }

    #[test]
    fn a_missing_block_fails_the_unit_and_not_the_lane() {
        let mut runner = LaneRunner::new(Processor(Scalar));
        let mut incomplete = task(1, 20, 10, 10);
        incomplete.blocks.pop();
        runner.obey(start(&incomplete));
        assert!(matches!(run(&mut runner).0[..], [LaneEvent::Failed { .. }]));
        runner.obey(start(&task(2, 20, 10, 10)));
        assert!(matches!(run(&mut runner).0.last(), Some(LaneEvent::Done { .. })));
        runner.obey(start(&task(2, 20, 10, 10)));
        runner.obey(LaneCommand::Abandon);
        assert!(runner.is_idle());
    }

    #[test]
    fn shared_operands_are_packed_once() {
        struct Counting(Cell<u32>);
        impl Engine for Counting {
            type Packed = <Scalar as Product>::Packed;
            const SLICE_MS: f64 = 30.0;
            fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<Self::Packed, EngineError> {
                self.0.set(self.0.get() + 1);
                Ok(Scalar.pack(b, k, n))
            }
            async fn multiply(
                &self,
                a: &[i8],
                rows: usize,
                b: &Self::Packed,
                c: &mut [i32],
            ) -> Result<(), EngineError> {
                Scalar.multiply(a, rows, b, c);
                Ok(())
            }
        }
        let mut runner = LaneRunner::new(Counting(Cell::new(0)));
        for seed in [1, 1, 2, 1, 2] {
            runner.obey(start(&task(seed, 9, 8, 8)));
            while block_on(runner.slice(slow_clock())).is_some() {}
        }
        assert_eq!(runner.engine().0.get(), 2);
    }
}
