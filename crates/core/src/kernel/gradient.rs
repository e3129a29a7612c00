//! `gradient_i8/1`: one batch of a quantised perceptron, forwards and backwards, with the squared error as loss.
//!
//! With A_0 = X, layers l = 0 … L−1 of k_l inputs and n_l outputs, targets T (i8):
//!
//! | product | operands | elementwise, recomputed by whoever checks |
//! |---|---|---|
//! | Z_l = A_l · W_l | rows × k_l, k_l × n_l | A_{l+1} = [`activate`](super::activate)(Z_l + b_l), but for the last layer |
//! | | | D_{L−1} = clamp(P − T, ±127), P = [`scale`](Z_{L−1} + b_{L−1}): the derivative of ½ Σ (P − T)² by P |
//! | G_l = D_l · W_lᵀ, l ≥ 1 | rows × n_l, n_l × k_l | D_{l−1} = [`scale`](G_l) where 0 < A_l < 127, else 0 |
//! | V_l = A_lᵀ · D_l | k_l × rows, rows × n_l | |
//!
//! Backpropagation: Rumelhart, Hinton, Williams 1986, "Learning representations by back-propagating errors", equations 4
//! to 7; the derivative of a clamped activation is that of the straight-through estimator. Integers only, so the bits are
//! the same everywhere; a batch has at most [`MAX_K`](crate::unit::MAX_K) rows, so no sum of V_l leaves an i32.
//!
//! Output, i32: for each row Z_0 … Z_{L−1}, then G_{L−1} … G_1; after the rows V_0 … V_{L−1}, row-major. Tensors are
//! numbered in the order of that list, 0 … 3L − 2.

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;

use super::pass::Pass;
use super::{Prepared, PreparedLayer, Right, Step, activate};
use crate::unit::{MAX_ACTIVATION, Requant};

/// (x · multiplier + 2^(shift − 1)) >> shift in i64, clamped to −127..=127. |x · multiplier| < 2^62, so nothing overflows.
pub fn scale(x: i32, by: Requant) -> i8 {
    let scaled = (i64::from(x) * i64::from(by.multiplier) + (1 << (by.shift - 1))) >> by.shift;
    let highest = i64::from(MAX_ACTIVATION);
    scaled.clamp(-highest, highest) as i8
}

/// One row of D_{L−1}: clamp(scale(z + bias) − target, ±127).
pub fn errors(sums: &[i32], bias: &[i32], by: Requant, targets: &[i8], errors: &mut [i8]) {
    for (((error, sum), bias), target) in errors.iter_mut().zip(sums).zip(bias).zip(targets) {
        let difference = i16::from(scale(sum.wrapping_add(*bias), by)) - i16::from(*target);
        *error = difference.clamp(-127, 127) as i8;
    }
}

/// One row of D_{l−1} from one row of G_l and the activations A_l that it is about.
pub fn errors_before(sums: &[i32], by: Requant, activations: &[i8], errors: &mut [i8]) {
    for ((error, sum), activation) in errors.iter_mut().zip(sums).zip(activations) {
        *error = if (1..MAX_ACTIVATION).contains(activation) { scale(*sum, by) } else { 0 };
    }
}

/// Where the tensors of a gradient's output are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// k_l and n_l of every layer.
    dims: Vec<(usize, usize)>,
}

/// A tensor of a gradient's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tensor {
    /// Z_l.
    Sums(usize),
    /// G_l, l ≥ 1.
    Back(usize),
    /// V_l.
    Weights(usize),
}

impl Layout {
    /// Of a model with these k_l and n_l.
    pub fn new(dims: impl IntoIterator<Item = (usize, usize)>) -> Self {
        Layout { dims: dims.into_iter().collect() }
    }

    /// Layers.
    pub fn layers(&self) -> usize {
        self.dims.len()
    }

    /// k_l and n_l.
    pub fn dims(&self, layer: usize) -> (usize, usize) {
        self.dims[layer]
    }

    /// The tensors in the order of their numbers, which is the order in which they are computed.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor> + use<> {
        let layers = self.dims.len();
        let back = (1..layers).rev().map(Tensor::Back);
        (0..layers).map(Tensor::Sums).chain(back).chain((0..layers).map(Tensor::Weights))
    }

    /// A tensor's number.
    pub fn number(&self, tensor: Tensor) -> usize {
        let layers = self.dims.len();
        match tensor {
            Tensor::Sums(layer) => layer,
            Tensor::Back(layer) => 2 * layers - 1 - layer,
            Tensor::Weights(layer) => 2 * layers - 1 + layer,
        }
    }

    /// The tensor of a number.
    pub fn tensor(&self, number: usize) -> Option<Tensor> {
        self.tensors().nth(number)
    }

    /// Values of one row: every Z_l and G_l.
    pub fn row_width(&self) -> usize {
        self.dims.iter().map(|(_, n)| n).sum::<usize>() + self.dims.iter().skip(1).map(|(k, _)| k).sum::<usize>()
    }

    /// Values after the rows: every V_l.
    pub fn weights_len(&self) -> usize {
        self.dims.iter().map(|(k, n)| k * n).sum()
    }

    /// The columns of a row that hold Z_l or G_l; for V_l, its place among the values after the rows.
    pub fn range(&self, tensor: Tensor) -> core::ops::Range<usize> {
        let (start, len) = match tensor {
            Tensor::Sums(layer) => (self.dims[..layer].iter().map(|(_, n)| n).sum(), self.dims[layer].1),
            Tensor::Back(layer) => {
                let sums: usize = self.dims.iter().map(|(_, n)| n).sum();
                (sums + self.dims[layer + 1..].iter().map(|(k, _)| k).sum::<usize>(), self.dims[layer].0)
            }
            Tensor::Weights(layer) => {
                (self.dims[..layer].iter().map(|(k, n)| k * n).sum(), self.dims[layer].0 * self.dims[layer].1)
            }
        };
        start..start + len
    }
}

/// A batch under way: a few rows at a time through all products.
#[derive(Debug)]
pub struct Gradient<Packed> {
    prepared: Rc<Prepared<Packed>>,
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
    pub(super) fn new(prepared: Rc<Prepared<Packed>>, input: Vec<i8>, targets: Vec<i8>, rows: usize) -> Self {
        let layout = prepared.layout();
        let output = vec![0; rows * layout.row_width() + layout.weights_len()];
        Gradient { prepared, layout, input, targets, rows, done_rows: 0, slice: Slice::default(), output }
    }

    pub(super) fn prepared(&self) -> &Prepared<Packed> {
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

    pub(super) fn pass(&mut self, max_rows: usize) -> Option<Pass<'_, Packed>> {
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
        Some(Pass::new(&self.prepared, rows, input, &targets[..rows * n], sums, weights))
    }

    /// What follows elementwise from a product of rows.
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

/// What lies between the products of some rows, as it follows from their sums.
#[derive(Debug)]
pub struct Between {
    /// A_l.
    pub activations: Vec<Vec<i8>>,
    /// D_l.
    pub errors: Vec<Vec<i8>>,
}

impl Between {
    /// From the rows' input and targets, and their Z_l and G_l.
    pub fn follow<Packed>(
        layers: &[PreparedLayer<Packed>],
        input: &[i8],
        targets: &[i8],
        sums: impl Fn(Tensor) -> Vec<i32>,
    ) -> Self {
        let mut activations = vec![input.to_vec()];
        let mut errors: Vec<Vec<i8>> = vec![Vec::new(); layers.len()];
        for (index, layer) in layers.iter().enumerate() {
            let sums = sums(Tensor::Sums(index));
            if index + 1 == layers.len() {
                errors[index] = layer.errors(&sums, targets);
            } else {
                activations.push(layer.activations(&sums));
            }
        }
        for index in (1..layers.len()).rev() {
            errors[index - 1] = layers[index].errors_before(&sums(Tensor::Back(index)), &activations[index]);
        }
        Between { activations, errors }
    }
}

/// The transpose of `values`, rows × cols.
pub fn transpose(values: &[i8], rows: usize, cols: usize) -> Vec<i8> {
    let mut transposed = vec![0; values.len()];
    for (row, values) in values.chunks_exact(cols.max(1)).enumerate() {
        for (col, value) in values.iter().enumerate() {
            transposed[col * rows + row] = *value;
        }
    }
    transposed
}

impl<Packed> PreparedLayer<Packed> {
    /// Rows of A_{l+1} from rows of Z_l. Empty without requantisation.
    pub fn activations(&self, sums: &[i32]) -> Vec<i8> {
        let Some(requant) = self.requant else { return Vec::new() };
        self.by_row(sums, self.n, |_, sums, out| activate(sums, &self.bias, requant, out))
    }

    /// Rows of D_{L−1} from rows of Z_{L−1}. Empty without requantisation.
    pub fn errors(&self, sums: &[i32], targets: &[i8]) -> Vec<i8> {
        let Some(requant) = self.requant else { return Vec::new() };
        self.by_row(sums, self.n, |row, sums, out| errors(sums, &self.bias, requant, &targets[row * self.n..], out))
    }

    /// Rows of D_{l−1} from rows of G_l. Empty for a layer that nothing flows back through.
    pub fn errors_before(&self, sums: &[i32], activations: &[i8]) -> Vec<i8> {
        let Some(back) = &self.back else { return Vec::new() };
        self.by_row(sums, self.k, |row, sums, out| errors_before(sums, back.scale, &activations[row * self.k..], out))
    }

    fn by_row(&self, sums: &[i32], width: usize, mut each: impl FnMut(usize, &[i32], &mut [i8])) -> Vec<i8> {
        let mut values = vec![0; sums.len()];
        let rows = sums.chunks_exact(width).zip(values.chunks_exact_mut(width));
        rows.enumerate().for_each(|(row, (sums, out))| each(row, sums, out));
        values
    }
}
