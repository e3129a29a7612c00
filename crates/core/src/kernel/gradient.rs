//! A gradient under way, product by product: see [`crate::kind::gradient_i8`].

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;

use super::buffer::sized;
use super::inputs::Rows;
use super::layers::PackedLayers;
use super::pass::RowPass;
use super::step::{Right, Step};

pub use super::between::{Between, errors, errors_before, scale};
pub use super::layout::{Layout, Tensor, transpose};

/// A batch under way, a few rows at a time through all products.
#[derive(Debug)]
pub struct Gradient<Packed> {
    prepared: Rc<PackedLayers<Packed>>,
    layout: Layout,
    input: Vec<i8>,
    targets: Vec<i8>,
    rows: usize,
    done_rows: usize,
    slice: Slice,
    output: Vec<i32>,
}

#[derive(Debug, Default)]
struct Slice {
    rows: usize,
    number: usize,
    /// A_l and D_l.
    activations: Vec<Vec<i8>>,
    errors: Vec<Vec<i8>>,
    /// A_lᵀ.
    transposed: Vec<i8>,
    sums: Vec<i32>,
}

impl<Packed> Gradient<Packed> {
    /// Starts on the rows of `input` (rows × k_0) and `targets` (rows × n_{L−1}).
    pub(super) fn new(
        prepared: Rc<PackedLayers<Packed>>,
        Rows { count: rows, input, targets }: Rows,
        output: Vec<i32>,
    ) -> Self {
        let layout = prepared.layout();
        let of_rows = rows * layout.row_width();
        let mut output = sized(output, of_rows + layout.weights_len());
        // What comes from the rows is written, but to the weights' gradients every slice adds.
        output[of_rows..].fill(0);
        Gradient { prepared, layout, input, targets, rows, done_rows: 0, slice: Slice::default(), output }
    }

    pub(super) fn packed(&self) -> &PackedLayers<Packed> {
        &self.prepared
    }

    pub(super) fn done_rows(&self) -> usize {
        self.done_rows
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn step(&mut self, max_rows: usize) -> Option<Step<'_, Packed>> {
        if self.done_rows == self.rows {
            return None;
        }
        if self.slice.rows == 0 {
            self.begin_slice(max_rows);
        }
        let tensor = self.layout.tensor(self.slice.number)?;
        let Slice { rows, activations, errors, transposed, sums, .. } = &mut self.slice;
        let layers = &self.prepared.layers;
        let (left, left_rows, right, width): (&[i8], usize, Right<'_, Packed>, usize) = match tensor {
            Tensor::Sums(layer) => {
                let weights = &layers[layer];
                (&activations[layer], *rows, Right::Packed(&weights.packed), weights.n)
            }
            Tensor::Back(layer) => {
                let back = layers[layer].back.as_ref()?;
                (&errors[layer], *rows, Right::Packed(&back.transposed), layers[layer].k)
            }
            Tensor::Weights(layer) => {
                let (k, n) = self.layout.dims(layer);
                *transposed = transpose(&activations[layer], *rows, k);
                (transposed, k, Right::Fresh { values: &errors[layer], k: *rows, n }, n)
            }
        };
        sums.resize(left_rows * width, 0);
        Some(Step { left, rows: left_rows, right, sums })
    }

    fn begin_slice(&mut self, max_rows: usize) {
        let rows = max_rows.clamp(1, self.rows - self.done_rows);
        let k = self.layout.dims(0).0;
        let layers = self.layout.layers();
        self.slice.activations = vec![Vec::new(); layers];
        self.slice.errors = vec![Vec::new(); layers];
        self.slice.activations[0] = self.input[self.done_rows * k..][..rows * k].to_vec();
        (self.slice.rows, self.slice.number) = (rows, 0);
    }

    pub(super) fn advance(&mut self) {
        let Some(tensor) = self.layout.tensor(self.slice.number) else { return };
        let (range, width) = (self.layout.range(tensor), self.layout.row_width());
        if let Tensor::Weights(_) = tensor {
            let after = &mut self.output[self.rows * width..][range];
            after.iter_mut().zip(&self.slice.sums).for_each(|(value, sum)| *value += sum);
        } else {
            let rows = self.output[self.done_rows * width..].chunks_exact_mut(width);
            for (row, sums) in rows.zip(self.slice.sums.chunks_exact(range.len())) {
                row[range.clone()].copy_from_slice(sums);
            }
            self.follow(tensor);
        }
        self.slice.number += 1;
        if self.slice.number == self.layout.number(Tensor::Weights(self.layout.layers() - 1)) + 1 {
            self.done_rows += self.slice.rows;
            self.slice.rows = 0;
        }
    }

    pub(super) fn pass(&mut self, max_rows: usize) -> Option<RowPass<'_, Packed>> {
        let rows = max_rows.max(1).min(self.rows - self.done_rows);
        if rows == 0 {
            return None;
        }
        let (k, n) = (self.layout.dims(0).0, self.layout.dims(self.layout.layers() - 1).1);
        let width = self.layout.row_width();
        let (input, targets) = (&self.input[self.done_rows * k..][..rows * k], &self.targets[self.done_rows * n..]);
        let (of_rows, weights) = self.output.split_at_mut(self.rows * width);
        let sums = &mut of_rows[self.done_rows * width..][..rows * width];
        self.done_rows += rows;
        Some(RowPass::new(&self.prepared, rows, input, &targets[..rows * n], sums, weights))
    }

    /// Computes what follows elementwise from a product of rows.
    fn follow(&mut self, tensor: Tensor) {
        let Slice { activations, errors, sums, rows, .. } = &mut self.slice;
        match tensor {
            Tensor::Sums(layer) if layer + 1 < self.layout.layers() => {
                activations[layer + 1] = self.prepared.layers[layer].activations(sums);
            }
            Tensor::Sums(layer) => {
                let n = self.layout.dims(layer).1;
                let targets = &self.targets[self.done_rows * n..][..*rows * n];
                errors[layer] = self.prepared.layers[layer].errors(sums, targets);
            }
            Tensor::Back(layer) => {
                errors[layer - 1] = self.prepared.layers[layer].errors_before(sums, &activations[layer]);
            }
            Tensor::Weights(_) => {}
        }
    }

    pub(super) fn into_output(self) -> Vec<i32> {
        self.output
    }
}
