//! Where the tensors of a gradient's output are: see [`crate::kind::gradient_i8`].

use alloc::vec;
use alloc::vec::Vec;

/// The layout of a gradient's output.
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
    /// The layout for a model with these k_l and n_l.
    pub fn new(dims: impl IntoIterator<Item = (usize, usize)>) -> Self {
        Layout { dims: dims.into_iter().collect() }
    }

    /// The number of layers.
    pub fn layers(&self) -> usize {
        self.dims.len()
    }

    /// k_l and n_l.
    pub fn dims(&self, layer: usize) -> (usize, usize) {
        self.dims[layer]
    }

    /// The tensors in the order of their numbers, in which they are also computed.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor> + use<> {
        let layers = self.dims.len();
        let back = (1..layers).rev().map(Tensor::Back);
        (0..layers).map(Tensor::Sums).chain(back).chain((0..layers).map(Tensor::Weights))
    }

    /// The number of a tensor.
    pub fn number(&self, tensor: Tensor) -> usize {
        let layers = self.dims.len();
        match tensor {
            Tensor::Sums(layer) => layer,
            Tensor::Back(layer) => 2 * layers - 1 - layer,
            Tensor::Weights(layer) => 2 * layers - 1 + layer,
        }
    }

    /// The tensor with this number.
    pub fn tensor(&self, number: usize) -> Option<Tensor> {
        self.tensors().nth(number)
    }

    /// Values in one row: every Z_l and G_l.
    pub fn row_width(&self) -> usize {
        self.dims.iter().map(|(_, n)| n).sum::<usize>() + self.dims.iter().skip(1).map(|(k, _)| k).sum::<usize>()
    }

    /// Values after the rows: every V_l.
    pub fn weights_len(&self) -> usize {
        self.dims.iter().map(|(k, n)| k * n).sum()
    }

    /// The columns of a row that hold Z_l or G_l; for V_l, the range of the values after the rows.
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
