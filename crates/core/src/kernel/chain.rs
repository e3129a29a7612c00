//! A chain of products, row by row: `matmul_i8` has one product, `mlp_i8` one for each layer.

use alloc::rc::Rc;
use alloc::vec::Vec;

use super::activate::activate;
use super::buffer::sized;
use super::layers::PackedLayers;
use super::pass::RowPass;
use super::step::{Right, Step};

/// A chain under way: a few rows at a time through all layers.
#[derive(Debug)]
pub struct Chain<Packed> {
    prepared: Rc<PackedLayers<Packed>>,
    input: Vec<i8>,
    rows: usize,
    done_rows: usize,
    slice: Slice,
    output: Vec<i32>,
}

#[derive(Debug, Default)]
struct Slice {
    rows: usize,
    layer: usize,
    activations: Vec<i8>,
    sums: Vec<i32>,
}

impl<Packed> Chain<Packed> {
    /// Starts on the rows of `input` (rows × k of the first layer). Every value of `output` is written.
    pub(super) fn new(prepared: Rc<PackedLayers<Packed>>, input: Vec<i8>, rows: usize, output: Vec<i32>) -> Self {
        let output = sized(output, rows * prepared.output_width());
        Chain { prepared, input, rows, done_rows: 0, slice: Slice::default(), output }
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
        let slice = &mut self.slice;
        if slice.rows == 0 {
            slice.rows = max_rows.clamp(1, self.rows - self.done_rows);
            slice.layer = 0;
        }
        let layer = &self.prepared.layers[slice.layer];
        let left = if slice.layer == 0 {
            &self.input[self.done_rows * layer.k..][..slice.rows * layer.k]
        } else {
            &slice.activations[..]
        };
        // A single product writes directly to the output. A model's layers go through a buffer, because their rows interleave.
        let sums = if self.prepared.layers.len() == 1 {
            &mut self.output[self.done_rows * layer.n..][..slice.rows * layer.n]
        } else {
            let sums = slice.rows * layer.n;
            if slice.sums.len() < sums {
                slice.sums = alloc::vec![0; sums];
            }
            &mut slice.sums[..sums]
        };
        Some(Step { left, rows: slice.rows, right: Right::Packed(&layer.packed), sums })
    }

    pub(super) fn advance(&mut self) {
        let slice = &mut self.slice;
        if self.prepared.layers.len() > 1 {
            let before: usize = self.prepared.layers[..slice.layer].iter().map(|layer| layer.n).sum();
            let layer = &self.prepared.layers[slice.layer];
            let width = self.prepared.output_width();
            let sums = &slice.sums[..slice.rows * layer.n];
            for (row, sums) in sums.chunks_exact(layer.n).enumerate() {
                let start = (self.done_rows + row) * width + before;
                self.output[start..start + layer.n].copy_from_slice(sums);
            }
            if let Some(requant) = layer.requant {
                slice.activations.resize(slice.rows * layer.n, 0);
                let rows = sums.chunks_exact(layer.n).zip(slice.activations.chunks_exact_mut(layer.n));
                for (sums, activations) in rows {
                    activate(sums, &layer.bias, requant, activations);
                }
            }
        }
        slice.layer += 1;
        if slice.layer == self.prepared.layers.len() {
            self.done_rows += slice.rows;
            slice.rows = 0;
        }
    }

    pub(super) fn pass(&mut self, max_rows: usize) -> Option<RowPass<'_, Packed>> {
        let rows = max_rows.max(1).min(self.rows - self.done_rows);
        if rows == 0 {
            return None;
        }
        let (k, width) = (self.prepared.layers[0].k, self.prepared.output_width());
        let input = &self.input[self.done_rows * k..][..rows * k];
        let sums = &mut self.output[self.done_rows * width..][..rows * width];
        self.done_rows += rows;
        Some(RowPass::new(&self.prepared, rows, input, &[], sums, &mut []))
    }

    pub(super) fn into_output(self) -> Vec<i32> {
        self.output
    }
}
