use super::*;
use adit_core::kernel::engine::Processor;
use adit_core::kernel::hash_tree::Leaves;
use adit_core::kernel::pass::{self, RowPass};
use adit_core::kernel::{PackedLayer, Product, Scalar};
use adit_core::kind::{HashTree, HashTree2, MatmulF32, MatmulI8};
use adit_core::log::Hash;
use adit_core::random::SplitMix64;
use adit_core::split::cut;
use futures::executor::block_on;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

struct Task {
    unit: Unit,
    blocks: Vec<(Cid, BlockBytes)>,
}

fn task(seed: u64, rows: u32, k: u32, n: u32) -> Task {
    let mut values = SplitMix64::new(seed);
    let mut operand = |rows: u32, cols: u32| {
        let bytes: Vec<u8> = values.signed((rows * cols) as usize).into_iter().map(|value| value as u8).collect();
        let (operand, blocks) = cut(&bytes, rows, cols, 7);
        let named: Vec<(Cid, BlockBytes)> =
            operand.panels.iter().zip(blocks).map(|(cid, block)| (*cid, Arc::new(block.to_vec()))).collect();
        (operand, named)
    };
    let ((a, a_blocks), (b, b_blocks)) = (operand(rows, k), operand(k, n));
    Task { unit: Unit::MatmulI8(MatmulI8 { a, b }), blocks: [b_blocks, a_blocks].concat() }
}

fn start(task: &Task) -> LaneCommand {
    LaneCommand::Start { lease: LeaseId([1; 16]), unit: task.unit.clone(), blocks: task.blocks.clone() }
}

/// A clock that advances by 20 ms whenever it is read.
fn slow_clock() -> impl Fn() -> f64 {
    let now = Cell::new(0.0);
    move || now.replace(now.get() + 20.0)
}

/// Runs a unit to its end and returns the events and the sum of the rests.
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
        let right = task.unit.output(&Scalar, &LeaseId([0; 16]), block).unwrap();
        assert_eq!(*output, right);
        assert_eq!(digest.0, *blake3::hash(output).as_bytes());
        assert!(seed > 0 || events.len() > 1, "a slow unit tells its progress");
    }
}

/// A lane writes its outputs to the buffers of those before, which hold other values and have another length.
#[test]
fn every_byte_of_a_used_buffer_is_overwritten() {
    let mut runner = LaneRunner::new(Processor(Scalar));
    for (seed, (rows, n), held) in [(1, (70, 90), 0), (2, (70, 90), 70 * 90), (3, (20, 31), 70 * 90), (4, (99, 90), 7)]
    {
        runner.buffers.poison(held);
        let task = task(seed, rows, 40, n);
        runner.obey(start(&task));
        let (events, _) = run(&mut runner);
        let Some(LaneEvent::Done { output, digest, .. }) = events.last() else { panic!("{events:?}") };
        let block = |cid: &Cid| task.blocks.iter().find(|(known, _)| known == cid).map(|(_, block)| &block[..]);
        assert!(*output == task.unit.output(&Scalar, &LeaseId([0; 16]), block).unwrap(), "{rows} x {n} in {held}");
        assert_eq!(digest.0, *blake3::hash(output).as_bytes());
    }
}

#[test]
fn a_lane_keeps_its_buffers_up_to_a_cap_until_it_is_told_to_free_them() {
    let mut runner = LaneRunner::new(Processor(Scalar));
    let mut place = None;
    for seed in 0..4 {
        runner.obey(start(&task(seed, 30, 40, 50)));
        let mut events = run(&mut runner).0;
        let Some(LaneEvent::Done { output, .. }) = events.pop() else { panic!("{events:?}") };
        assert!(place.is_none_or(|place| place == output.as_ptr()), "the output has a buffer of its own");
        place = Some(output.as_ptr());
        runner.obey(LaneCommand::Reuse(output));
        assert_eq!(runner.buffers.held_bytes(), 2 * 4 * 30 * 50);
    }
    runner.obey(LaneCommand::Reuse(Vec::with_capacity((64 << 20) + 1)));
    assert_eq!(runner.buffers.held_bytes(), 2 * 4 * 30 * 50);
    runner.free_buffers();
    assert_eq!(runner.buffers.held_bytes(), 0);
}

#[test]
fn trees_and_floats_are_sliced_too() {
    let bytes: Vec<u8> = SplitMix64::new(8).signed(400_000).into_iter().map(|byte| byte as u8).collect();
    let named = |rows: u32, cols: u32, from: usize| {
        let (operand, blocks) = cut(&bytes[from..][..(rows * cols) as usize], rows, cols, (60_000 / cols).max(1));
        let pairs: Vec<(Cid, BlockBytes)> =
            operand.panels.iter().zip(blocks).map(|(cid, block)| (*cid, Arc::new(block.to_vec()))).collect();
        (operand, pairs)
    };
    let (data, blocks) = named(400_000, 1, 0);
    let tree = Task { unit: Unit::HashTree(HashTree { data, source: None }), blocks };
    let ((a, a_blocks), (b, b_blocks)) = (named(300, 400, 0), named(100, 2_000, 120_000));
    let floats = Task { unit: Unit::MatmulF32(MatmulF32 { a, b }), blocks: [b_blocks, a_blocks].concat() };
    for task in [tree, floats] {
        let mut runner = LaneRunner::new(Processor(Scalar));
        runner.buffers.poison(300 * 500 + 1);
        runner.obey(start(&task));
        let (events, _) = run(&mut runner);
        let Some(LaneEvent::Done { lease, output, .. }) = events.last() else { panic!("{events:?}") };
        let block = |cid: &Cid| task.blocks.iter().find(|(known, _)| known == cid).map(|(_, block)| &block[..]);
        // Arbitrary bytes include NaNs, so outputs are compared bit by bit.
        assert!(*output == task.unit.output(&Scalar, lease, block).unwrap());
    }
}

/// A block that is empty is absent, one that is left out is unknown.
#[test]
fn a_lane_says_what_was_found_at_a_source() {
    let bytes = vec![7; 100_000];
    let (data, blocks) = cut(&bytes, 100_000, 1, 40_000);
    let unit = Unit::HashTree2(HashTree2 { data, source: "https://gateway.example".into() });
    let cids: Vec<Cid> = unit.blocks().into_iter().map(|(cid, _)| cid).collect();
    // The first two blocks are the same.
    let here = Arc::new(blocks[0].to_vec());
    for (last, state) in [(Some(BlockBytes::default()), 2), (Some(Arc::new(blocks[2].to_vec())), 1), (None, 3)] {
        let mut given = vec![(cids[0], here.clone()), (cids[1], here.clone())];
        given.extend(last.map(|block| (cids[2], block)));
        let mut runner = LaneRunner::new(Processor(Scalar));
        runner.obey(start(&Task { unit: unit.clone(), blocks: given }));
        let (events, _) = run(&mut runner);
        let Some(LaneEvent::Done { output, .. }) = events.last() else { panic!("{events:?}") };
        assert_eq!((&output[..3], output.len() as u64), (&[1, 1, state][..], unit.output_bytes()));
        assert_eq!(output[3 + 32 * 6..][..32] == [0; 32], state != 1);
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

/// Multiplies with the reference, counts packed operands, and is lost a given number of times.
#[derive(Default)]
struct Fragile {
    packed: Cell<u32>,
    losses: Cell<u32>,
    lost: Cell<bool>,
    passes: bool,
}

impl Fragile {
    fn works(&self) -> Result<(), EngineError> {
        if self.losses.get() > 0 {
            self.losses.set(self.losses.get() - 1);
            self.lost.set(true);
        }
        if self.lost.get() { Err(EngineError::Lost("unplugged".into())) } else { Ok(()) }
    }
}

impl Engine for Fragile {
    type Packed = <Scalar as Product>::Packed;
    type PackedFloats = FloatMatrix;
    const SLICE_MS: f64 = 30.0;
    const LEAVES: usize = 1;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<Self::Packed, EngineError> {
        self.packed.set(self.packed.get() + 1);
        Ok(Scalar.pack(b, k, n))
    }

    async fn multiply(&self, a: &[i8], rows: usize, b: &Self::Packed, c: &mut [i32]) -> Result<(), EngineError> {
        self.works()?;
        Scalar.multiply(a, rows, b, c);
        Ok(())
    }

    fn passes(&self, _: &[PackedLayer<Self::Packed>]) -> bool {
        self.passes
    }

    async fn pass(&self, pass: RowPass<'_, Self::Packed>) -> Result<(), EngineError> {
        self.works()?;
        pass::compute(&Scalar, pass);
        Ok(())
    }

    fn pack_floats(&self, b: FloatMatrix) -> Result<FloatMatrix, EngineError> {
        Ok(b)
    }

    async fn multiply_floats(&self, a: &[f32], rows: usize, b: &FloatMatrix, c: &mut [f32]) -> Result<(), EngineError> {
        Scalar.multiply_f32(a, rows, b, c);
        Ok(())
    }

    async fn hash(&self, leaves: Leaves<'_>) -> Result<Vec<Hash>, EngineError> {
        Ok(leaves.digests())
    }

    async fn recover(&self) -> Result<(), EngineError> {
        self.lost.set(false);
        Ok(())
    }
}

fn last_event(runner: &mut LaneRunner<Fragile>) -> Option<LaneEvent> {
    let (clock, mut last) = (slow_clock(), None);
    while let Some(slice) = block_on(runner.slice(&clock)) {
        last = slice.event.or(last);
    }
    last
}

#[test]
fn shared_operands_are_packed_once() {
    let mut runner = LaneRunner::new(Fragile::default());
    for seed in [1, 1, 2, 1, 2] {
        runner.obey(start(&task(seed, 9, 8, 8)));
        last_event(&mut runner);
    }
    assert_eq!(runner.engine().packed.get(), 2);
}

#[test]
fn a_lost_engine_recovers_and_begins_the_unit_again() {
    for passes in [false, true] {
        for (losses, survives) in [(1, true), (MOST_LOSSES, true), (MOST_LOSSES + 1, false)] {
            let task = task(5, 300, 70, 40);
            let engine = Fragile { losses: Cell::new(losses), passes, ..Fragile::default() };
            let mut runner = LaneRunner::new(engine);
            runner.obey(start(&task));
            match last_event(&mut runner) {
                Some(LaneEvent::Done { output, .. }) if survives => {
                    let block =
                        |cid: &Cid| task.blocks.iter().find(|(known, _)| known == cid).map(|(_, block)| &block[..]);
                    let right = task.unit.output(&Scalar, &LeaseId([0; 16]), block).unwrap();
                    assert_eq!(output, right);
                }
                Some(LaneEvent::Failed { .. }) if !survives => {}
                other => panic!("{losses} losses: {other:?}"),
            }
            // The engine has recovered for the next unit.
            runner.obey(start(&task));
            assert!(matches!(last_event(&mut runner), Some(LaneEvent::Done { .. })));
            assert_eq!(runner.engine().packed.get(), losses + 1);
        }
    }
}

/// Multiplies with the reference and takes its time by a clock of its own, as where the right operand comes from memory.
struct Timed {
    now_ms: Rc<Cell<f64>>,
    calls: Rc<RefCell<Vec<usize>>>,
}

impl Product for Timed {
    type Packed = <Scalar as Product>::Packed;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Self::Packed {
        Scalar.pack(b, k, n)
    }

    fn multiply(&self, a: &[i8], rows: usize, b: &Self::Packed, out: &mut [i32]) {
        self.now_ms.set(self.now_ms.get() + 25.0 + 0.9 * rows as f64);
        self.calls.borrow_mut().push(rows);
        Scalar.multiply(a, rows, b, out);
    }
}

#[test]
fn a_wide_product_goes_by_many_rows() {
    let (now_ms, calls) = (Rc::new(Cell::new(0.0)), Rc::default());
    let mut runner = LaneRunner::new(Processor(Timed { now_ms: now_ms.clone(), calls: Rc::clone(&calls) }));
    runner.obey(start(&task(7, 500, 800, 800)));
    let mut longest_ms = 0.0_f64;
    loop {
        let before_ms = now_ms.get();
        if block_on(runner.slice(|| now_ms.get())).is_none() {
            break;
        }
        longest_ms = longest_ms.max(now_ms.get() - before_ms);
    }
    let calls = calls.borrow();
    assert!(calls[0] == 1 && calls[7..calls.len() - 1].iter().all(|rows| *rows > 60), "{calls:?}");
    assert_eq!(calls.iter().sum::<usize>(), 500);
    assert!(longest_ms < 100.0, "{longest_ms}");
}
