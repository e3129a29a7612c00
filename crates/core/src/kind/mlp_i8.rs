//! `mlp_i8/1`: inference of a quantised multilayer perceptron.
//!
//! A_0 = X; Z_l = A_{l−1} · W_l; A_l = requant(Z_l + b_l) for every layer but the last. The output holds a row for each
//! input row: Z_1 … Z_L one after the other, i32 little-endian, so that a row is checked as it arrives. Rounding and
//! clamping: [`activate`](crate::kernel::activate). Source: Jacob et al. 2018, "Quantization and Training of Neural Networks
//! for Efficient Integer-Arithmetic-Only Inference", section 2.2, with round-half-up instead of doubling-high.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::facts::{Facts, MULTIPLY_ACCUMULATES, Primitive, ResultForm};
use super::int8::{self, Int8};
use super::name::Kind;
use super::workload::Workload;
use crate::amount::Amount;
use crate::content_id::Cid;
use crate::kernel::inputs::MissingBlock;
use crate::kernel::product::Product;
use crate::sign::LeaseId;
use crate::task_type::TaskType;
use crate::unit::error::UnitError;
use crate::unit::layer::{Layer, MAX_K, Scales, validate_layers};
use crate::unit::operand::{MAX_ROWS, Operand};
use crate::vectors::digest::digest;
use crate::vectors::product::Vector;

pub(crate) const FACTS: Facts = Facts {
    name: "mlp_i8/1",
    work_unit: MULTIPLY_ACCUMULATES,
    primitive: Primitive::Int8,
    price: Amount::from_nano(1_000),
    first_work: 1 << 26,
    slowest: 1 << 22,
    max_rows: MAX_K,
    task_type: TaskType::Inference,
    other_task_types: &[TaskType::FraudDetection],
    summary: "Inference of a quantised perceptron",
    result: ResultForm::Classes,
};

/// Inference with a quantised perceptron.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MlpI8 {
    /// Activations, rows × inputs, 0..=127: a run of the job's panels.
    pub x: Operand,
    /// The model, shared by the job's units.
    pub layers: Vec<Layer>,
}

impl Workload for MlpI8 {
    const KIND: Kind = Kind::MlpI8;

    fn input(&self) -> &Operand {
        &self.x
    }

    fn layers(&self) -> &[Layer] {
        &self.layers
    }

    fn run(&self, first: u32, count: u32) -> Self {
        MlpI8 { x: self.x.run(first, count), layers: self.layers.clone() }
    }

    fn validate(&self) -> Result<(), UnitError> {
        self.x.validate(MAX_ROWS)?;
        let last = self.layers.len().saturating_sub(1);
        validate_layers(&self.layers, self.x.cols, |index| Scales { requant: index < last, back: false })?;
        Ok(())
    }

    fn output_width(&self) -> u64 {
        self.layers.iter().map(|layer| u64::from(layer.weight.cols)).sum()
    }

    fn work(&self) -> u64 {
        int8::work(&int8::forwards(self))
    }

    fn check_work(&self) -> u64 {
        int8::check_work(&int8::forwards(self))
    }

    fn output<'a, P: Product>(
        &self,
        product: &P,
        _: &LeaseId,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Vec<u8>, MissingBlock> {
        int8::output(self, product, block)
    }
}

impl Int8 for MlpI8 {}

/// The start-up vectors: three layers, two layers.
pub const VECTORS: &[Vector] = &[
    Vector {
        name: "mlp 7 rows 64-32-16-10",
        seed: 6,
        rows: 7,
        dims: &[64, 32, 16, 10],
        gradient: false,
        sha256: digest("ce748bc7f2d276f61cea3f9332b105798ce1fe4b33f2b24ad83aa082eac7ec6b"),
    },
    Vector {
        name: "mlp 33 rows 31-17-9",
        seed: 7,
        rows: 33,
        dims: &[31, 17, 9],
        gradient: false,
        sha256: digest("cf77d79fb370c865a1defdb5f0b3f3b15b0c20f372f09e12a2c4d1990f36d067"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::ones;
    use crate::unit::{Requant, Unit};
    use alloc::vec;

    #[test]
    fn every_layer_but_the_last_needs_a_valid_requant() {
        let bias = crate::content_id::block_cid(&[0; 12]);
        let layer = |requant| Layer { weight: ones(3, 3, 3), bias, requant, back: None };
        let good = Requant { multiplier: 1, shift: 1 };
        let unit = |layers| Unit::MlpI8(MlpI8 { x: ones(2, 3, 2), layers }).validate();
        assert_eq!(unit(vec![layer(Some(good)), layer(None)]), Ok(()));
        assert_eq!(unit(vec![layer(None), layer(None)]), Err(UnitError::Requant));
        assert_eq!(unit(vec![layer(Some(good))]), Err(UnitError::Requant));
        assert_eq!(unit(vec![]), Err(UnitError::Layers));
        for bad in [
            Requant { multiplier: 0, shift: 1 },
            Requant { multiplier: 1 << 31, shift: 1 },
            Requant { multiplier: 1, shift: 63 },
        ] {
            assert_eq!(unit(vec![layer(Some(bad)), layer(None)]), Err(UnitError::Requant));
        }
    }
}
