//! Counterexamples: a wrong value and the right one, which anyone with the blocks can recompute.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::mismatch::Mismatch;
use crate::kernel::between::Between;
use crate::kernel::bytes::from_le_bytes;
use crate::kernel::inputs::Rows;
use crate::kernel::layers::{PackedLayer, Weights};
use crate::kernel::layout::{Layout, Tensor};

/// Columns that a search computes together. A column alone would load a cache line for each of its values.
const STRIP: usize = 256;

/// A wrong value of an output and the right one, which anyone with the blocks can recompute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// Which product is wrong: the layer's index, 0 for a single product, or the number of a gradient's tensor. For a tree, 0
    /// stands for the leaves and 1 for the root, both in rows of eight words.
    pub tensor: u32,
    /// Row of the tensor.
    pub i: u32,
    /// Column within the tensor: of an f32 product, that of the value which is furthest off.
    pub j: u32,
    /// The delivered value; the bits of an f32.
    pub got: i32,
    /// The right value, given the delivered sums before it; the bits of an f32, rounded from f64.
    pub want: i32,
}

impl Counterexample {
    /// Finds the wrong value behind `mismatch` by recomputing its row. `output` is what was delivered for `rows`.
    ///
    /// `None` if the row is right or was not delivered.
    pub fn find(weights: &Weights, rows: &Rows, output: &[u8], mismatch: Mismatch) -> Option<Self> {
        let row = ProductRow::delivered(weights, rows, output, mismatch)?;
        let at = |(j, (got, want)): (usize, (&i32, i32))| {
            let (tensor, i) = (mismatch.tensor as u32, mismatch.row as u32);
            (*got != want).then_some(Counterexample { tensor, i, j: j as u32, got: *got, want })
        };
        let wants = (0..row.sums.len()).step_by(STRIP).flat_map(|first| row.wants(first));
        row.sums.iter().zip(wants).enumerate().find_map(at)
    }

    /// Whether `got` was delivered, and `want` is right and differs from it.
    pub fn holds(&self, weights: &Weights, rows: &Rows, output: &[u8]) -> bool {
        let mismatch = Mismatch { row: self.i as usize, tensor: self.tensor as usize };
        let Some(row) = ProductRow::delivered(weights, rows, output, mismatch) else { return false };
        let Some(got) = row.sums.get(self.j as usize) else { return false };
        self.got == *got && self.want == row.want(self.j as usize) && self.got != self.want
    }
}

impl Mismatch {
    /// Where a counterexample points, or the beginning if there is none.
    pub(crate) fn shown_by(shown: Option<Counterexample>) -> Self {
        shown.map_or(Mismatch { row: 0, tensor: 0 }, |shown| Mismatch {
            row: shown.i as usize,
            tensor: shown.tensor as usize,
        })
    }
}

/// A delivered row of one product, with its operands as they follow from the sums before it.
struct ProductRow<'a> {
    left: Vec<i8>,
    /// `left.len()` × `sums.len()`, row-major.
    right: Cow<'a, [i8]>,
    sums: Vec<i32>,
}

impl<'a> ProductRow<'a> {
    /// The right values of up to [`STRIP`] columns from `first` on.
    fn wants(&self, first: usize) -> Vec<i32> {
        let n = self.sums.len();
        let mut wants = alloc::vec![0; STRIP.min(n - first)];
        for (left, right) in self.left.iter().zip(self.right.chunks_exact(n)) {
            for (want, right) in wants.iter_mut().zip(&right[first..]) {
                *want += i32::from(*left) * i32::from(*right);
            }
        }
        wants
    }

    fn want(&self, j: usize) -> i32 {
        let column = self.right[j..].iter().step_by(self.sums.len());
        self.left.iter().zip(column).map(|(left, right)| i32::from(*left) * i32::from(*right)).sum()
    }

    fn delivered(weights: &'a Weights, rows: &Rows, output: &[u8], at: Mismatch) -> Option<Self> {
        let output = Delivered { weights, rows, output, layout: weights.layout() };
        if !weights.is_gradient() {
            let layer = weights.layers.get(at.tensor)?;
            let (activations, sums) =
                (output.activations(at.row, at.tensor)?, output.row(at.row, Tensor::Sums(at.tensor))?);
            return Some(ProductRow { left: activations, right: Cow::Borrowed(&layer.packed), sums });
        }
        match output.layout.tensor(at.tensor)? {
            tensor @ Tensor::Sums(layer) => Some(ProductRow {
                left: output.between(at.row)?.activations.swap_remove(layer),
                right: Cow::Borrowed(&weights.layers[layer].packed),
                sums: output.row(at.row, tensor)?,
            }),
            tensor @ Tensor::Back(layer) => Some(ProductRow {
                left: output.between(at.row)?.errors.swap_remove(layer),
                right: Cow::Borrowed(&weights.layers[layer].back.as_ref()?.transposed),
                sums: output.row(at.row, tensor)?,
            }),
            Tensor::Weights(layer) => {
                let sums = output.weights_row(layer, at.row)?;
                let (mut left, mut right) = (Vec::new(), Vec::new());
                for sample in 0..rows.count {
                    let between = output.between(sample)?;
                    left.push(between.activations[layer][at.row]);
                    right.extend(&between.errors[layer]);
                }
                Some(ProductRow { left, right: Cow::Owned(right), sums })
            }
        }
    }
}

/// An output with its inputs.
struct Delivered<'a> {
    weights: &'a Weights,
    rows: &'a Rows,
    output: &'a [u8],
    layout: Layout,
}

impl Delivered<'_> {
    fn layer(&self, layer: usize) -> Option<&PackedLayer<Vec<i8>>> {
        self.weights.layers.get(layer)
    }

    /// Z_l or G_l of a row.
    fn row(&self, row: usize, tensor: Tensor) -> Option<Vec<i32>> {
        if row >= self.rows.count {
            return None;
        }
        let range = self.layout.range(tensor);
        let start = row.checked_mul(self.weights.output_width())?.checked_add(range.start)?;
        Some(from_le_bytes(self.output.get(4 * start..4 * (start + range.len()))?))
    }

    /// A row of V_l.
    fn weights_row(&self, layer: usize, row: usize) -> Option<Vec<i32>> {
        let (k, n) = self.layout.dims(layer);
        let after = self.rows.count * self.layout.row_width() + self.layout.range(Tensor::Weights(layer)).start;
        let start = (row < k).then_some(after + row * n)?;
        Some(from_le_bytes(self.output.get(4 * start..4 * (start + n))?))
    }

    /// The input row of a layer in a chain.
    fn activations(&self, row: usize, layer: usize) -> Option<Vec<i8>> {
        match layer.checked_sub(1) {
            Some(before) => Some(self.layer(before)?.activations(&self.row(row, Tensor::Sums(before))?)),
            None => {
                let k = self.layer(0)?.k;
                Some(self.rows.input.get(row * k..(row + 1) * k)?.to_vec())
            }
        }
    }

    /// A_l and D_l of a row of a gradient.
    fn between(&self, row: usize) -> Option<Between> {
        let layers = &self.weights.layers;
        let (k, n) = (layers.first()?.k, layers.last()?.n);
        let (input, targets) = (self.rows.input.get(row * k..)?.get(..k)?, self.rows.targets.get(row * n..)?.get(..n)?);
        // Rows are delivered whole, so one tensor of the row stands for all.
        self.row(row, Tensor::Sums(0))?;
        Some(Between::follow(layers, input, targets, |tensor| self.row(row, tensor).unwrap_or_default()))
    }
}
