//! The gradient of a whole job: the sum of its units' gradients.

use alloc::vec;
use alloc::vec::Vec;

use crate::kernel::between::{Between, scale};
use crate::kernel::bytes::from_le_bytes;
use crate::kernel::inputs::Rows;
use crate::kernel::layers::PackedLayer;
use crate::kernel::layout::{Layout, Tensor};

/// Sums over all rows of a job. They fit an i64: there are at most 2^24 rows of products below 2^14.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradientSum {
    layout: Layout,
    /// ∂/∂W_l, k_l × n_l row-major: Σ A_lᵀ · D_l.
    pub weights: Vec<Vec<i64>>,
    /// ∂/∂b_l: Σ D_l over the rows.
    pub biases: Vec<Vec<i64>>,
    /// Σ (P − T)² before clamping: twice the loss.
    pub squared_error: i64,
}

impl GradientSum {
    /// The empty sum for a model with these dimensions.
    pub fn new(layout: Layout) -> Self {
        let dims: Vec<_> = (0..layout.layers()).map(|layer| layout.dims(layer)).collect();
        let weights = dims.iter().map(|(k, n)| vec![0; k * n]).collect();
        let biases = dims.iter().map(|(_, n)| vec![0; *n]).collect();
        GradientSum { layout, weights, biases, squared_error: 0 }
    }

    /// Adds a unit's verified output.
    ///
    /// # Panics
    /// If the length of `output` does not follow from the rows and the model.
    pub fn add<Packed>(&mut self, layers: &[PackedLayer<Packed>], rows: &Rows, output: &[u8]) {
        let width = self.layout.row_width();
        let (of_rows, after) = output.split_at(4 * rows.count * width);
        for (layer, sums) in self.weights.iter_mut().enumerate() {
            let range = self.layout.range(Tensor::Weights(layer));
            let values = from_le_bytes(&after[4 * range.start..4 * range.end]);
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += i64::from(value));
        }
        let (k, n) = (self.layout.dims(0).0, self.layout.dims(layers.len() - 1).1);
        for (index, row) in of_rows.chunks_exact(4 * width).enumerate() {
            let (input, targets) = (&rows.input[index * k..][..k], &rows.targets[index * n..][..n]);
            let delivered = |tensor| {
                let range = self.layout.range(tensor);
                from_le_bytes(&row[4 * range.start..4 * range.end])
            };
            let between = Between::follow(layers, input, targets, delivered);
            for (sums, errors) in self.biases.iter_mut().zip(&between.errors) {
                sums.iter_mut().zip(errors).for_each(|(sum, error)| *sum += i64::from(*error));
            }
            let sums = delivered(Tensor::Sums(layers.len() - 1));
            self.squared_error += squared_error(&layers[layers.len() - 1], &sums, targets);
        }
    }
}

fn squared_error<Packed>(last: &PackedLayer<Packed>, sums: &[i32], targets: &[i8]) -> i64 {
    let Some(by) = last.requant else { return 0 };
    let differences = sums
        .iter()
        .zip(&last.bias)
        .zip(targets)
        .map(|((sum, bias), target)| i64::from(scale(sum.wrapping_add(*bias), by)) - i64::from(*target));
    differences.map(|difference| difference * difference).sum()
}
