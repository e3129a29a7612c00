//! What a lane runs: units cut into slices, operands kept packed, rests between slices.
//!
//! A host's thread or worker owns a [`LaneRunner`], passes commands on, and calls [`LaneRunner::slice`] until there is
//! nothing to do, resting as it is told. The time comes in as a closure, so that this runs anywhere.

use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use adit_core::kernel::{self, MissingBlock, Prepared, Product, Right, Rows, Running, Step};
use adit_core::sign::{Digest, LeaseId};
use adit_core::{Cid, Unit, encoding};

use crate::lane::{BlockBytes, LaneCommand, LaneEvent};
use crate::throttle::Throttle;

/// What multiplies: a processor at once, a graphics adapter when it is done.
pub trait Engine {
    /// An operand in the layout that the engine likes.
    type Packed;
    /// How long one call of [`multiply`](Engine::multiply) should take, in milliseconds.
    const SLICE_MS: f64;
    /// Packs row-major `b`, k × n.
    fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<Self::Packed, EngineError>;
    /// Writes rows × n sums of row-major `a` (rows × k) times the packed operand.
    fn multiply(
        &self,
        a: &[i8],
        rows: usize,
        b: &Self::Packed,
        out: &mut [i32],
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// Computes the product of a step.
    fn carry_out(&self, step: Step<'_, Self::Packed>) -> impl Future<Output = Result<(), EngineError>> {
        let Step { left, rows, right, sums } = step;
        async move {
            match right {
                Right::Packed(packed) => self.multiply(left, rows, packed, sums).await,
                Right::Fresh { values, k, n } => self.multiply(left, rows, &self.pack(values, k, n)?, sums).await,
            }
        }
    }
}

/// The engine gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub String);

impl From<MissingBlock> for EngineError {
    fn from(missing: MissingBlock) -> Self {
        EngineError(missing.to_string())
    }
}

/// A processor as an engine: its futures are ready at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processor<P>(pub P);

impl<P: Product> Engine for Processor<P> {
    type Packed = P::Packed;
    const SLICE_MS: f64 = 30.0;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<P::Packed, EngineError> {
        Ok(self.0.pack(b, k, n))
    }

    async fn multiply(&self, a: &[i8], rows: usize, b: &P::Packed, out: &mut [i32]) -> Result<(), EngineError> {
        self.0.multiply(a, rows, b, out);
        Ok(())
    }
}

/// A lane's backend with the unit under way.
#[derive(Debug)]
pub struct LaneRunner<E: Engine> {
    engine: E,
    shared: Shared<E::Packed>,
    unit: Option<UnderWay<E::Packed>>,
    throttle: Throttle,
    /// Multiply-accumulates a millisecond, as measured.
    speed: f64,
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
    Run(Running<Packed>, u64),
    Finished(Vec<u8>, Digest),
}

/// Slow enough for the first slice of the slowest host: multiply-accumulates a millisecond.
const FIRST_SPEED: f64 = 2e4;
/// Progress is told this often.
const TELL_MS: f64 = 200.0;

impl<E: Engine> LaneRunner<E> {
    /// A lane at full duty with nothing to do.
    pub fn new(engine: E) -> Self {
        LaneRunner { engine, shared: Shared(Vec::new()), unit: None, throttle: Throttle::new(), speed: FIRST_SPEED }
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
        let worked = self.work(stage, started_ms, &now_ms).await;
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
        stage: Stage<E::Packed>,
        started_ms: f64,
        now_ms: &impl Fn() -> f64,
    ) -> Result<Stage<E::Packed>, EngineError> {
        let (mut running, work_per_row) = match stage {
            Stage::Prepare(unit, blocks) => return self.prepare(&unit, &blocks),
            Stage::Run(running, work_per_row) => (running, work_per_row),
            finished @ Stage::Finished(..) => return Ok(finished),
        };
        // Small layers are gone through quickly: several steps make a slice. There is always one, whatever the clock says.
        loop {
            let max_rows = self.speed * E::SLICE_MS / work_per_row.max(1) as f64;
            let Some(step) = running.step(max_rows as usize) else {
                let output = kernel::to_le_bytes(&running.into_output());
                let digest = Digest(*blake3::hash(&output).as_bytes());
                return Ok(Stage::Finished(output, digest));
            };
            let work = step.left.len() as f64 * (step.sums.len() / step.rows.max(1)) as f64;
            let before_ms = now_ms();
            self.engine.carry_out(step).await?;
            running.advance();
            self.learn(work, now_ms() - before_ms);
            if now_ms() - started_ms >= E::SLICE_MS / 2.0 {
                return Ok(Stage::Run(running, work_per_row));
            }
        }
    }

    fn prepare(&mut self, unit: &Unit, blocks: &[(Cid, BlockBytes)]) -> Result<Stage<E::Packed>, EngineError> {
        let by_cid: BTreeMap<Cid, &[u8]> = blocks.iter().map(|(cid, block)| (*cid, block.as_slice())).collect();
        let block = |cid: &Cid| by_cid.get(cid).copied();
        let prepared = self.shared.get_or_pack(&self.engine, unit, block)?;
        let work_per_row = prepared.work_per_row();
        Ok(Stage::Run(Running::new(prepared, Rows::gather(unit, block)?), work_per_row))
    }

    /// Follows the speed at once downwards and step by step upwards, so that slices rarely take too long.
    fn learn(&mut self, work: f64, took_ms: f64) {
        let speed = work / took_ms.max(0.01);
        self.speed = speed.min(self.speed * 2.0).max(1.0);
    }
}

fn progress<Packed>(lease: LeaseId, stage: &Stage<Packed>) -> Option<LaneEvent> {
    let Stage::Run(running, _) = stage else { return None };
    Some(LaneEvent::Progress { lease, done_rows: running.done_rows() as u32, rows: running.rows() as u32 })
}

/// Shared operands, kept packed for the next unit of their job: least recently used first.
#[derive(Debug)]
struct Shared<Packed>(Vec<KeptOperands<Packed>>);

#[derive(Debug)]
struct KeptOperands<Packed> {
    name: Cid,
    bytes: u64,
    prepared: Rc<Prepared<Packed>>,
}

/// Operands that are kept packed, by the bytes of their blocks.
const KEPT_BYTES: u64 = 256 << 20;

impl<Packed> Shared<Packed> {
    fn get_or_pack<'a, E: Engine<Packed = Packed>>(
        &mut self,
        engine: &E,
        unit: &Unit,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Rc<Prepared<Packed>>, EngineError> {
        let name = shared_name(unit);
        if let Some(place) = self.0.iter().position(|kept| kept.name == name) {
            let kept = self.0.remove(place);
            let prepared = kept.prepared.clone();
            self.0.push(kept);
            return Ok(prepared);
        }
        let bytes = unit.weights().iter().map(|weight| weight.bytes()).sum();
        while !self.0.is_empty() && self.0.iter().map(|kept| kept.bytes).sum::<u64>() + bytes > KEPT_BYTES {
            self.0.remove(0);
        }
        let prepared = Rc::new(Prepared::new(unit, block, |b, k, n| engine.pack(b, k, n))?);
        self.0.push(KeptOperands { name, bytes, prepared: prepared.clone() });
        Ok(prepared)
    }
}

/// What a unit shares with others of its job, as a name.
fn shared_name(unit: &Unit) -> Cid {
    match unit {
        Unit::MatmulI8 { b, .. } => encoding::cid_of(b),
        // A gradient's layers have scales that a perceptron's have not, so their names differ.
        Unit::MlpI8 { layers, .. } | Unit::GradientI8 { layers, .. } => encoding::cid_of(layers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kernel::Scalar;
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
