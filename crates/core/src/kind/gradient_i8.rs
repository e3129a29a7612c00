//! `gradient_i8/1`: one batch of a quantised perceptron, forwards and backwards, with the squared error as loss.
//!
//! With A_0 = X, layers l = 0 … L−1 of k_l inputs and n_l outputs, targets T (i8):
//!
//! | product | operands | elementwise, recomputed by the checker |
//! |---|---|---|
//! | Z_l = A_l · W_l | rows × k_l, k_l × n_l | A_{l+1} = [`activate`](crate::kernel::activate)(Z_l + b_l), but for the last layer |
//! | | | D_{L−1} = clamp(P − T, ±127), P = [`scale`](crate::kernel::gradient::scale)(Z_{L−1} + b_{L−1}): the derivative of ½ Σ (P − T)² by P |
//! | G_l = D_l · W_lᵀ, l ≥ 1 | rows × n_l, n_l × k_l | D_{l−1} = scale(G_l) where 0 < A_l < 127, else 0 |
//! | V_l = A_lᵀ · D_l | k_l × rows, rows × n_l | |
//!
//! Backpropagation: Rumelhart, Hinton, Williams 1986, "Learning representations by back-propagating errors", equations 4
//! to 7. The derivative of a clamped activation is that of the straight-through estimator. All numbers are integers, so the bits
//! are the same everywhere. A batch has at most [`MAX_K`](crate::unit::MAX_K) rows, so every sum of V_l fits an i32.
//!
//! Output, i32: for each row Z_0 … Z_{L−1}, then G_{L−1} … G_1; after the rows V_0 … V_{L−1}, row-major. Tensors are
//! numbered in the order of that list, 0 … 3L − 2.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::facts::{Facts, MULTIPLY_ACCUMULATES, Primitive, ResultForm};
use super::int8::{self, Dimensions, Int8};
use super::name::Kind;
use super::workload::Workload;
use crate::amount::Amount;
use crate::content_id::Cid;
use crate::kernel::inputs::MissingBlock;
use crate::kernel::layout::Layout;
use crate::kernel::product::Product;
use crate::sign::LeaseId;
use crate::task_type::TaskType;
use crate::unit::error::UnitError;
use crate::unit::layer::{Layer, MAX_K, Scales, validate_layers};
use crate::unit::operand::{MAX_ROWS, Operand};
use crate::vectors::digest::digest;
use crate::vectors::product::Vector;

pub(crate) const FACTS: Facts = Facts {
    name: "gradient_i8/1",
    work_unit: MULTIPLY_ACCUMULATES,
    primitive: Primitive::Int8,
    price: Amount::from_nano(1_000),
    first_work: 1 << 26,
    slowest: 1 << 22,
    max_rows: MAX_K,
    task_type: TaskType::GradientCompute,
    other_task_types: &[],
    summary: "Gradient of a quantised perceptron's squared error over one batch",
    result: ResultForm::Gradient,
};

/// A batch's gradient.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GradientI8 {
    /// Activations, rows × inputs, 0..=127: a run of the job's panels.
    pub x: Operand,
    /// Targets, rows × outputs, −128..=127: panels of as many rows as x's.
    pub t: Operand,
    /// The model, shared by the job's units.
    pub layers: Vec<Layer>,
}

impl GradientI8 {
    /// Where the output has its tensors.
    pub fn layout(&self) -> Layout {
        int8::layout(&self.weights())
    }

    /// The products with a prepared operand: Z_l, then G_l.
    fn of_rows(&self) -> Vec<Dimensions> {
        let mut products = int8::forwards(self);
        let back: Vec<Dimensions> = products.iter().skip(1).map(|(m, k, n)| (*m, *n, *k)).collect();
        products.extend(back);
        products
    }

    /// The products of which no operand is prepared: V_l.
    fn of_weights(&self) -> Vec<Dimensions> {
        int8::forwards(self).into_iter().map(|(m, k, n)| (k, m, n)).collect()
    }
}

impl Workload for GradientI8 {
    const KIND: Kind = Kind::GradientI8;

    fn input(&self) -> &Operand {
        &self.x
    }

    fn targets(&self) -> Option<&Operand> {
        Some(&self.t)
    }

    fn layers(&self) -> &[Layer] {
        &self.layers
    }

    fn run(&self, first: u32, count: u32) -> Self {
        GradientI8 { x: self.x.run(first, count), t: self.t.run(first, count), layers: self.layers.clone() }
    }

    fn validate(&self) -> Result<(), UnitError> {
        let GradientI8 { x, t, layers } = self;
        x.validate(MAX_ROWS)?;
        let outputs = validate_layers(layers, x.cols, |index| Scales { requant: true, back: index > 0 })?;
        t.validate(MAX_ROWS)?;
        if (t.rows, t.panel_rows, t.cols) != (x.rows, x.panel_rows, outputs) {
            return Err(UnitError::Mismatch);
        }
        // Outputs and rows are inner dimensions of the products of the backward pass.
        if layers.iter().any(|layer| layer.weight.cols > MAX_K) || x.rows > MAX_K {
            return Err(UnitError::Dimension);
        }
        Ok(())
    }

    fn output_width(&self) -> u64 {
        self.layout().row_width() as u64
    }

    fn values_after_rows(&self) -> u64 {
        self.layout().weights_len() as u64
    }

    fn work(&self) -> u64 {
        int8::work(&self.of_rows()) + int8::work(&self.of_weights())
    }

    fn check_work(&self) -> u64 {
        let of_weights = self.of_weights().into_iter().map(|(k, m, n)| 2 * (m * n + m * k + k * n));
        int8::check_work(&self.of_rows()) + of_weights.sum::<u64>()
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

impl Int8 for GradientI8 {}

/// The start-up vectors. Edges: one layer backwards, more rows than a block has.
pub const VECTORS: &[Vector] = &[
    Vector {
        name: "gradient 7 rows 64-32-16-10",
        seed: 8,
        rows: 7,
        dims: &[64, 32, 16, 10],
        gradient: true,
        sha256: digest("a3cbc86b85b52f422931b096ef5b89b9c23902f694f974f7bc18ebd7159e6007"),
    },
    Vector {
        name: "gradient 33 rows 31-17",
        seed: 9,
        rows: 33,
        dims: &[31, 17],
        gradient: true,
        sha256: digest("e6d54d42cf3ec96063152de6941039e7a795b2f11b6467c39706e0852b9105fa"),
    },
    Vector {
        name: "gradient 130 rows 19-40-23",
        seed: 10,
        rows: 130,
        dims: &[19, 40, 23],
        gradient: true,
        sha256: digest("5efadb411f97664f6aea4cea6159f7d36e6a04b8aeb39abb61ac58fe79bbe2ee"),
    },
];
