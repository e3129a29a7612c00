//! Targets for the check of outputs, and for counterexamples.

use std::sync::LazyLock;

use adit_core::kernel::float::FloatMatrix;
use adit_core::kind::{HashTree, HashTree2, MatmulF32};
use adit_core::unit::Operand;
use adit_core::verify::{
    Counterexample, FloatCheck, FloatPlan, Fold, Judgement, LeafSample, Mismatch, ProductCheck, ProductPlan,
    ScalarFold, SourceSample, any_is_wrong, is_wrong,
};
use adit_core::{Cid, Found, Unit};
use adit_cpu::FastFold;

use crate::input::field;
use crate::samples::{LEASE, Sample, samples};

/// Public coins for the checks. Inputs are not crafted against them, so 64 bits are enough.
const SEED: [u8; 32] = [17; 32];

/// The coordinator's arithmetic for checks.
static FAST: LazyLock<FastFold> =
    LazyLock::new(|| FastFold::best().expect("this processor's arithmetic agrees with the vectors"));

/// Input: which sample, the size of pieces, and the output, either whole or as a difference to the correct one.
pub(super) fn outputs(mut bytes: &[u8]) {
    let [which, piece, differs] = field(&mut bytes);
    let sample = &samples()[usize::from(which) % samples().len()];
    let output = if differs & 1 == 0 { bytes.to_vec() } else { sample.differing(bytes) };
    match &sample.unit {
        Unit::HashTree(HashTree { data, source }) => return tree(sample, data, source.is_some(), &output),
        Unit::HashTree2(HashTree2 { data, .. }) => return states(sample, data, &output),
        Unit::MatmulF32(MatmulF32 { a, b }) => return floats(sample, a, b, &output, usize::from(piece) + 1),
        _ => {}
    }
    let verdict = sample.verdict(&ScalarFold, &output, output.len().max(1));
    assert_eq!(verdict.is_ok(), output == sample.output, "the check is wrong");
    let pieces = usize::from(piece) + 1;
    assert_eq!(sample.verdict(&ScalarFold, &output, pieces), verdict, "in pieces of {pieces} bytes");
    assert_eq!(sample.verdict(&*FAST, &output, pieces), verdict, "the fast check");
    if let (Err(mismatch), true) = (verdict, output.len() == sample.output.len()) {
        let (weights, rows) = sample.operands();
        let shown = Counterexample::find(&weights, &rows, &output, mismatch).expect("a wrong value is found");
        assert!(shown.holds(&weights, &rows, &output) && !shown.holds(&weights, &rows, &sample.output));
    }
}

/// Checks every leaf, so that every error is found, and a counterexample unless the length is wrong.
fn tree(sample: &Sample, data: &Operand, elsewhere: bool, output: &[u8]) {
    let all = LeafSample::whole(LEASE, data, elsewhere);
    assert!(all.blocks(data, output).iter().all(|cid| sample.block(cid).is_some()), "a block that is none");
    match all.check(data, output, |cid| sample.block(cid)) {
        Judgement::Right => assert_eq!(output, sample.output),
        Judgement::Undecided => assert!(elsewhere && output != sample.output),
        Judgement::Wrong(Some(shown)) => {
            assert!(all.holds(&shown, data, output, |cid| sample.block(cid)));
            assert!(!all.holds(&shown, data, &sample.output, |cid| sample.block(cid)));
        }
        Judgement::Wrong(None) => assert_ne!(output.len(), sample.output.len()),
        Judgement::Unreachable => panic!("of the first version"),
    }
}

/// The same for data elsewhere: the blocks that the sample lacks are absent.
fn states(sample: &Sample, data: &Operand, output: &[u8]) {
    let all = SourceSample::whole(LEASE, data);
    let found = |cid: &Cid| sample.block(cid).map_or(Found::Absent, Found::Present);
    match all.check(data, output, found) {
        Judgement::Right => assert_eq!(output, sample.output),
        Judgement::Undecided | Judgement::Wrong(None) => assert_ne!(output, sample.output),
        Judgement::Wrong(Some(shown)) => {
            assert!(all.holds(&shown, data, output, |cid| sample.block(cid)));
            assert!(!all.holds(&shown, data, &sample.output, |cid| sample.block(cid)));
        }
        Judgement::Unreachable => panic!("every block was looked for"),
    }
    assert!(sample.unit.work_done(output) <= sample.unit.work());
}

/// Asserts that the verdict does not depend on the pieces, and that the correct output passes.
fn floats(sample: &Sample, a: &Operand, b: &Operand, output: &[u8], piece: usize) {
    let gathered = |operand| FloatMatrix::gather(operand, |cid| sample.block(cid)).expect("every block is there");
    let (a, b) = (gathered(a), gathered(b));
    let plan = FloatPlan::new(&b, &SEED);
    let verdict = |piece: usize| {
        let mut check = FloatCheck::new(&plan, &a);
        output.chunks(piece).for_each(|piece| check.bytes(piece));
        check.finish()
    };
    assert_eq!(verdict(piece), verdict(output.len().max(1)), "in pieces of {piece} bytes");
    assert!(output != sample.output || verdict(piece).is_ok(), "the right output is refused");
    for mismatch in verdict(piece).err().into_iter().flatten() {
        let wrong = is_wrong(&a, &b, mismatch.row, output);
        assert!(!wrong || any_is_wrong(&a, &b, output) || output.len() > sample.output.len());
    }
}

impl Sample {
    /// The correct output, changed by these bytes.
    fn differing(&self, by: &[u8]) -> Vec<u8> {
        let by = by.iter().chain(std::iter::repeat(&0));
        self.output.iter().zip(by).map(|(byte, by)| byte ^ by).collect()
    }

    fn verdict<F: Fold + Clone>(&self, fold: &F, output: &[u8], piece: usize) -> Result<(), Mismatch> {
        let (weights, rows) = self.operands();
        let plan = ProductPlan::new(fold, &weights, &SEED);
        let mut check = ProductCheck::new(fold.clone(), &plan, &rows);
        output.chunks(piece).for_each(|piece| check.bytes(piece));
        check.finish()
    }
}

/// Input: a counterexample and an output, both of any bytes.
pub(super) fn counterexamples(mut bytes: &[u8]) {
    let [which, differs] = field(&mut bytes);
    let mut number = || u32::from_le_bytes(field(&mut bytes));
    let (tensor, i, j, got, want) = (number(), number(), number(), number() as i32, number() as i32);
    let sample = &samples()[usize::from(which) % samples().len()];
    if !sample.is_products() {
        return;
    }
    let output = if differs & 1 == 0 { bytes.to_vec() } else { sample.differing(bytes) };
    let (weights, rows) = sample.operands();
    let claimed = Counterexample { tensor, i, j, got, want };
    if claimed.holds(&weights, &rows, &output) {
        assert!(got != want && output != sample.output, "{claimed:?} of a right output");
    }
    let mismatch = Mismatch { row: i as usize, tensor: tensor as usize };
    if let Some(found) = Counterexample::find(&weights, &rows, &output, mismatch) {
        assert!(found.holds(&weights, &rows, &output), "{found:?}");
    }
}

pub(super) fn output_seeds() -> Vec<Vec<u8>> {
    let seeds = samples().iter().enumerate().flat_map(|(which, sample)| {
        let which = which as u8;
        let whole = [&[which, 6, 0][..], &sample.output].concat();
        [whole, vec![which, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1], vec![which, 255, 1]]
    });
    seeds.collect()
}

pub(super) fn counterexample_seeds() -> Vec<Vec<u8>> {
    let seed = |which: u8, tensor: u8| {
        let numbers = [u32::from(tensor), 1, 2, 3, 4].map(u32::to_le_bytes).concat();
        [&[which, 1][..], &numbers, &[1; 40]].concat()
    };
    (0..samples().len() as u8).flat_map(|which| (0..6).map(move |tensor| seed(which, tensor))).collect()
}
