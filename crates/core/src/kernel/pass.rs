//! Passes: some rows through all products of a unit at once, for backends that compute without the host in between.

use alloc::vec;
use alloc::vec::Vec;

use super::between::Between;
use super::layers::{PackedLayer, PackedLayers};
use super::layout::{Layout, Tensor, transpose};
use super::product::Product;

/// Some rows, the layers that they go through, and where the sums go.
#[derive(Debug)]
pub struct RowPass<'a, Packed> {
    /// The layers.
    pub layers: &'a [PackedLayer<Packed>],
    /// The number of rows.
    pub rows: usize,
    /// The rows' input, row-major.
    pub input: &'a [i8],
    /// A gradient's targets, row-major; empty for other kinds.
    pub targets: &'a [i8],
    layout: Layout,
    gradient: bool,
    width: usize,
    of_rows: &'a mut [i32],
    weights: &'a mut [i32],
}

impl<'a, Packed> RowPass<'a, Packed> {
    pub(super) fn new(
        prepared: &'a PackedLayers<Packed>,
        rows: usize,
        input: &'a [i8],
        targets: &'a [i8],
        of_rows: &'a mut [i32],
        weights: &'a mut [i32],
    ) -> Self {
        let (layers, gradient) = (&prepared.layers[..], prepared.is_gradient());
        let (layout, width) = (prepared.layout(), prepared.output_width());
        RowPass { layers, rows, input, targets, layout, gradient, width, of_rows, weights }
    }

    /// Whether errors flow back.
    pub fn is_gradient(&self) -> bool {
        self.gradient
    }

    /// The tensors that must be [taken](RowPass::take), in the order in which they are computed.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor> + use<Packed> {
        let gradient = self.gradient;
        self.layout.tensors().filter(move |tensor| gradient || matches!(tensor, Tensor::Sums(_)))
    }

    /// Rows and columns of a tensor. Z and G have the pass's rows, V has a row for each of the layer's inputs.
    pub fn shape(&self, tensor: Tensor) -> (usize, usize) {
        let dims = |layer| self.layout.dims(layer);
        match tensor {
            Tensor::Sums(layer) => (self.rows, dims(layer).1),
            Tensor::Back(layer) => (self.rows, dims(layer).0),
            Tensor::Weights(layer) => dims(layer),
        }
    }

    /// Takes row `row` of a tensor. Rows of V are added up, so they may come in parts.
    pub fn take(&mut self, tensor: Tensor, row: usize, sums: impl Iterator<Item = i32>) {
        let range = self.layout.range(tensor);
        if let Tensor::Weights(layer) = tensor {
            let n = self.layout.dims(layer).1;
            self.weights[range][row * n..][..n].iter_mut().zip(sums).for_each(|(value, sum)| *value += sum);
        } else {
            self.of_rows[row * self.width..][range].iter_mut().zip(sums).for_each(|(value, sum)| *value = sum);
        }
    }
}

/// The reference, product by product.
pub fn compute<P: Product>(product: &P, mut pass: RowPass<'_, P::Packed>) {
    let mut sums: Vec<Vec<i32>> = Vec::new();
    for tensor in pass.tensors() {
        let known = |tensor| sums.get(pass.layout.number(tensor)).cloned().unwrap_or_default();
        // Sums that are not known yet are empty, and so is what follows from them.
        let Between { activations, errors } = Between::follow(pass.layers, pass.input, pass.targets, known);
        let (rows, width) = pass.shape(tensor);
        let mut result = vec![0; rows * width];
        match tensor {
            Tensor::Sums(layer) => {
                product.multiply(&activations[layer], rows, &pass.layers[layer].packed, &mut result);
            }
            Tensor::Back(layer) => {
                let back = pass.layers[layer].back.as_ref();
                back.into_iter().for_each(|back| product.multiply(&errors[layer], rows, &back.transposed, &mut result));
            }
            Tensor::Weights(layer) => {
                let left = transpose(&activations[layer], pass.rows, rows);
                product.multiply(&left, rows, &product.pack(&errors[layer], pass.rows, width), &mut result);
            }
        }
        for (row, sums) in result.chunks_exact(width).enumerate() {
            pass.take(tensor, row, sums.iter().copied());
        }
        sums.push(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Running, Scalar};
    use crate::vectors;
    use alloc::rc::Rc;

    #[test]
    fn passes_of_any_size_match_the_vectors() {
        for vector in vectors::products() {
            let (prepared, rows) = vector.prepare(|b, k, n| Scalar.pack(b, k, n));
            let prepared = Rc::new(prepared);
            for most in [1, 5, usize::MAX] {
                let mut running = Running::new(prepared.clone(), rows.clone(), Vec::new());
                while let Some(pass) = running.pass(most) {
                    compute(&Scalar, pass);
                }
                assert!(vector.matches(&running.into_output()), "{}: {most} rows at once", vector.name);
            }
        }
    }
}
