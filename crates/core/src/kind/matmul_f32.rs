//! `matmul_f32/1`: C = A · B in f32, k ≤ 4096, within a tolerance. Outputs need not be equal bit for bit.
//!
//! The operands' rows hold little-endian f32, and so does the output. The reference adds at most
//! [`BLOCK`](crate::kernel::float::BLOCK) products of neighbouring l before they join the rest. A backend may sum in another
//! order if its error stays far below what [`crate::verify`] lets pass: at most 8 · u · √k · E_i, a quarter of it, on sums of
//! 4096 positive values, where rounding is worst. A plain sum reaches 12 there, blocks of 256 about 3 (Higham, "Accuracy and
//! Stability of Numerical Algorithms", section 4.2).

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::facts::{Facts, MULTIPLY_ACCUMULATES, Primitive, ResultForm};
use super::name::Kind;
use super::workload::{Verifiable, Workload};
use crate::amount::Amount;
use crate::content_id::Cid;
use crate::found::Found;
use crate::kernel::float::{self, FloatMatrix, FloatProduct, FloatStep, MAX_K};
use crate::kernel::inputs::MissingBlock;
use crate::kernel::product::Product;
use crate::sign::LeaseId;
use crate::task_type::TaskType;
use crate::unit::error::UnitError;
use crate::unit::layer;
use crate::unit::operand::{MAX_ROWS, Operand};
use crate::vectors::digest::digest;
use crate::vectors::float::FloatVector;
use crate::verify::counterexample::Counterexample;
use crate::verify::float::{ExactRows, FLOAT_ROUNDS, FloatCheck, FloatPlan, TOLERANCE};
use crate::verify::fold::Fold;
use crate::verify::judgement::{Claim, FinishedCheck, Judgement, Rechecked};
use crate::verify::method::Method;
use crate::verify::mismatch::Mismatch;
use crate::verify::output::{CheckInputs, CheckPlan};

/// The price follows from what a processor does in the same time: about four int8 products for one in f32.
pub(crate) const FACTS: Facts = Facts {
    name: "matmul_f32/1",
    work_unit: MULTIPLY_ACCUMULATES,
    primitive: Primitive::Float,
    price: Amount::from_nano(4_000),
    first_work: 1 << 24,
    slowest: 1 << 20,
    max_rows: layer::MAX_K,
    task_type: TaskType::MatrixOps,
    other_task_types: &[],
    summary: "Product of two float32 matrices",
    result: ResultForm::Floats,
};

/// C = A · B in f32: the operands' rows hold little-endian f32.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatmulF32 {
    /// m × k: a run of the job's panels.
    pub a: Operand,
    /// k × n, shared by the job's units.
    pub b: Operand,
}

impl MatmulF32 {
    fn dimensions(&self) -> (u64, u64, u64) {
        (u64::from(self.a.rows), u64::from(self.b.rows), u64::from(self.b.cols / 4))
    }
}

impl Workload for MatmulF32 {
    const KIND: Kind = Kind::MatmulF32;

    fn input(&self) -> &Operand {
        &self.a
    }

    fn weights(&self) -> Vec<&Operand> {
        vec![&self.b]
    }

    fn run(&self, first: u32, count: u32) -> Self {
        MatmulF32 { a: self.a.run(first, count), b: self.b.clone() }
    }

    fn validate(&self) -> Result<(), UnitError> {
        let MatmulF32 { a, b } = self;
        a.validate(MAX_ROWS)?;
        b.validate(MAX_ROWS)?;
        if b.rows.checked_mul(4) != Some(a.cols) {
            return Err(UnitError::Mismatch);
        }
        if b.rows > MAX_K || !b.cols.is_multiple_of(4) { Err(UnitError::Dimension) } else { Ok(()) }
    }

    fn output_width(&self) -> u64 {
        self.dimensions().2
    }

    fn work(&self) -> u64 {
        let (m, k, n) = self.dimensions();
        m * k * n
    }

    fn check_work(&self) -> u64 {
        let (m, k, n) = self.dimensions();
        FLOAT_ROUNDS as u64 * m * (k + n)
    }

    fn output<'a, P: Product>(
        &self,
        product: &P,
        _: &LeaseId,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Vec<u8>, MissingBlock> {
        let (a, b) = (FloatMatrix::gather(&self.a, &block)?, FloatMatrix::gather(&self.b, &block)?);
        let mut running = FloatProduct::new(a, b.cols, Vec::new());
        while let Some(FloatStep { left, rows, sums }) = running.step(usize::MAX) {
            product.multiply_f32(left, rows, &b, sums);
        }
        Ok(float::to_bytes(&running.into_output()))
    }
}

impl Verifiable for MatmulF32 {
    fn method(&self, _: u32) -> (Method, u32) {
        (Method::Statistical { rounds: FLOAT_ROUNDS as u32, tolerance: TOLERANCE }, 0)
    }

    fn plan<'a, F: Fold>(
        &self,
        _: &F,
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<CheckPlan<F>, MissingBlock> {
        Ok(CheckPlan::Floats(FloatPlan::new(&FloatMatrix::gather(&self.b, block)?, seed)))
    }

    fn check_inputs<'a>(&self, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<CheckInputs, MissingBlock> {
        Ok(CheckInputs::Floats(FloatMatrix::gather(&self.a, block)?))
    }

    fn evidence(&self, check: &FinishedCheck<'_>) -> Vec<Cid> {
        if check.mismatches.is_empty() { Vec::new() } else { self.b.panels.clone() }
    }

    /// Rows that failed under the coins are computed in f64: only that can tell bad luck from a wrong row.
    fn judge<'a>(
        &self,
        check: &FinishedCheck<'_>,
        inputs: &CheckInputs,
        block: impl Fn(&Cid) -> Found<&'a [u8]>,
    ) -> Result<Judgement, MissingBlock> {
        if check.mismatches.is_empty() {
            return Ok(Judgement::Right);
        }
        let CheckInputs::Floats(a) = inputs else { return Ok(Judgement::Undecided) };
        let b = FloatMatrix::gather(&self.b, |cid| block(cid).present())?;
        let exact = ExactRows::new(a, &b);
        let mut judged = check.mismatches.iter().map(|suspect| exact.judge(suspect.row, check.output));
        Ok(judged.find(|judgement| *judgement != Judgement::Undecided).unwrap_or(Judgement::Undecided))
    }

    /// Checks a refusal row by row in f64, and an acceptance with coins.
    fn recheck<'a>(
        &self,
        claim: &Claim,
        output: &[u8],
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]> + Copy,
    ) -> Result<Rechecked, MissingBlock> {
        let (a, b) = (FloatMatrix::gather(&self.a, block)?, FloatMatrix::gather(&self.b, block)?);
        let exact = ExactRows::new(&a, &b);
        let is_wrong = |row: &usize| exact.is_wrong(*row, output);
        let wrong = if claim.refused {
            (0..a.rows).find(is_wrong)
        } else {
            let plan = FloatPlan::new(&b, seed);
            let mut check = FloatCheck::new(&plan, &a);
            check.bytes(output);
            check.finish().err().into_iter().flatten().map(|suspect| suspect.row).find(is_wrong)
        };
        let holds = |shown: Counterexample| exact.judge(shown.i as usize, output) == Judgement::Wrong(Some(shown));
        let counterexample_holds = claim.counterexample.is_none_or(holds);
        Ok(Rechecked { mismatch: wrong.map(|row| Mismatch { row, tensor: 0 }), counterexample_holds })
    }
}

/// The start-up vectors. Edges: one value, k of one block of sums and of more, n that is no multiple of a vector.
pub const VECTORS: &[FloatVector] = &[
    FloatVector {
        name: "floats 1x1x1",
        seed: 11,
        rows: 1,
        k: 1,
        n: 1,
        sha256: digest("eaeb1cee48640b0ece3db1f7ab091a08b8e450d96a8465c0fb7b6773c7cfd2e2"),
    },
    FloatVector {
        name: "floats 3x33x17",
        seed: 12,
        rows: 3,
        k: 33,
        n: 17,
        sha256: digest("d75424f414f3987e34265c56adb06d28e48dc919927981284229221770e6e1af"),
    },
    FloatVector {
        name: "floats 21x1024x39",
        seed: 13,
        rows: 21,
        k: 1024,
        n: 39,
        sha256: digest("5bbbc8295d8354b254ad21bb7bafefc5b2d61a26eb3bc67f4d85c7f14c93a405"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::product::Scalar;
    use crate::split::cut;
    use crate::unit::Unit;

    fn operand(rows: u32, cols: u32, panel_rows: u32) -> Operand {
        cut(&vec![1u8; (rows * cols) as usize], rows, cols, panel_rows).0
    }

    #[test]
    fn four_bytes_make_one_float() {
        let floats = |a: Operand, b: Operand| Unit::MatmulF32(MatmulF32 { a, b });
        let unit = floats(operand(5, 16, 2), operand(4, 12, 4));
        assert_eq!((unit.validate(), unit.work(), unit.output_bytes()), (Ok(()), 60, 60));
        assert_eq!(floats(operand(5, 16, 2), operand(4, 13, 4)).validate(), Err(UnitError::Dimension));
        assert_eq!(floats(operand(5, 12, 2), operand(4, 12, 4)).validate(), Err(UnitError::Mismatch));
        let deep = floats(operand(1, 4 * 4_097, 1), operand(4_097, 4, 4_097));
        assert_eq!(deep.validate(), Err(UnitError::Dimension));
    }

    #[test]
    fn a_counterexample_is_the_worst_value_of_a_wrong_row() {
        let values = |count: u8| (1..=count).flat_map(|value| f32::from(value).to_le_bytes()).collect::<Vec<u8>>();
        let (left, right) = (values(8), values(12));
        let ((a, _), (b, _)) = (cut(&left, 2, 16, 2), cut(&right, 4, 12, 4));
        let unit = MatmulF32 { a, b };
        let block = |cid: &Cid| Some(if *cid == unit.a.panels[0] { &left[..] } else { &right[..] });
        let mut output = unit.output(&Scalar, &LeaseId([0; 16]), block).unwrap();
        let right = f32::from_le_bytes(output[16..20].try_into().unwrap());
        output[12..16].copy_from_slice(&(right * 1.1).to_le_bytes());
        output[16..20].copy_from_slice(&(right * 2.0).to_le_bytes());
        let inputs = unit.check_inputs(block).unwrap();
        let check = FinishedCheck {
            lease: LeaseId([0; 16]),
            seed: &[0; 32],
            mismatches: &[Mismatch { row: 0, tensor: 0 }, Mismatch { row: 1, tensor: 0 }],
            output: &output,
        };
        let (got, want) = ((right * 2.0).to_bits() as i32, right.to_bits() as i32);
        let shown = Counterexample { tensor: 0, i: 1, j: 1, got, want };
        assert_eq!(
            unit.judge(&check, &inputs, |cid| block(cid).map_or(Found::Unknown, Found::Present)).unwrap(),
            Judgement::Wrong(Some(shown))
        );
        let holds = |example| {
            let claim = Claim { lease: LeaseId([0; 16]), refused: true, counterexample: Some(example) };
            let rechecked = unit.recheck(&claim, &output, &[3; 32], block).unwrap();
            assert_eq!(rechecked.mismatch, Some(Mismatch { row: 1, tensor: 0 }));
            rechecked.counterexample_holds
        };
        assert!(holds(shown));
        let false_ones = [
            Counterexample { tensor: 1, ..shown },
            Counterexample { i: 0, ..shown },
            Counterexample { i: 2, ..shown },
            Counterexample { j: 0, ..shown },
            Counterexample { j: 3, ..shown },
            Counterexample { got: want, ..shown },
            Counterexample { want: want + 1, ..shown },
        ];
        for example in false_ones {
            assert!(!holds(example), "{example:?}");
        }
    }
}
