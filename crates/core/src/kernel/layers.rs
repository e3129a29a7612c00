//! Shared operands of int8 products, packed for one backend.

use alloc::vec::Vec;

use super::bytes::from_le_bytes;
use super::inputs::{MissingBlock, gather};
use super::layout::{Layout, transpose};
use super::product::Product;
use crate::content_id::Cid;
use crate::unit::layer::{Layer, Requant};
use crate::unit::operand::Operand;

/// A unit's shared operands, packed for one backend: its layers in the order in which they are multiplied.
#[derive(Debug)]
pub struct PackedLayers<Packed> {
    /// The layers; a matrix product has one.
    pub layers: Vec<PackedLayer<Packed>>,
}

/// A unit's shared operands, row-major and not packed.
pub type Weights = PackedLayers<Vec<i8>>;

impl Weights {
    /// Gathers `weights` and the biases of `layers` from their blocks: see [`PackedLayers::new`].
    pub fn gather<'a>(
        weights: &[&Operand],
        layers: &[Layer],
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Self, MissingBlock> {
        PackedLayers::new(weights, layers, block, |weights, _, _| Ok(weights.to_vec()))
    }

    /// The same operands, packed by `product`.
    pub fn packed<P: Product>(&self, product: &P) -> PackedLayers<P::Packed> {
        let layer = |layer: &PackedLayer<Vec<i8>>| {
            let PackedLayer { packed, k, n, bias, requant, back } = layer;
            let (k, n) = (*k, *n);
            let back = back.as_ref().map(|back| {
                let transposed = product.pack(&back.transposed, n, k);
                PackedBack { transposed, scale: back.scale }
            });
            PackedLayer { packed: product.pack(packed, k, n), k, n, bias: bias.clone(), requant: *requant, back }
        };
        PackedLayers { layers: self.layers.iter().map(layer).collect() }
    }
}

/// One packed layer.
#[derive(Debug)]
pub struct PackedLayer<Packed> {
    /// The weights in the backend's layout.
    pub packed: Packed,
    /// Inputs: the rows of the weights.
    pub k: usize,
    /// Outputs: the columns of the weights.
    pub n: usize,
    /// The bias; empty for a single product.
    pub bias: Vec<i32>,
    /// How the sums become the next layer's activations, or a gradient's prediction.
    pub requant: Option<Requant>,
    /// How errors flow back through it. Only a gradient's layers have this, but not the first.
    pub back: Option<PackedBack<Packed>>,
}

/// A packed layer for errors that flow back.
#[derive(Debug)]
pub struct PackedBack<Packed> {
    /// The transposed weights, n × k.
    pub transposed: Packed,
    /// How the sums become the errors of the layer before.
    pub scale: Requant,
}

impl<Packed> PackedLayers<Packed> {
    /// Packs a unit's shared operands from their blocks with the backend's `pack`. `layers` is empty for a single product.
    pub fn new<'a, E: From<MissingBlock>>(
        weights: &[&Operand],
        layers: &[Layer],
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
        mut pack: impl FnMut(&[i8], usize, usize) -> Result<Packed, E>,
    ) -> Result<Self, E> {
        let mut packed = Vec::new();
        for (index, weight) in weights.iter().enumerate() {
            let (k, n) = (weight.rows as usize, weight.cols as usize);
            let values = gather(weight, &block)?;
            let (mut bias, mut requant, mut back) = (Vec::new(), None, None);
            if let Some(layer) = layers.get(index) {
                let bytes = block(&layer.bias).filter(|bytes| bytes.len() == 4 * n).ok_or(MissingBlock(layer.bias))?;
                (bias, requant) = (from_le_bytes(bytes), layer.requant);
                if let Some(scale) = layer.back {
                    back = Some(PackedBack { transposed: pack(&transpose(&values, k, n), n, k)?, scale });
                }
            }
            packed.push(PackedLayer { packed: pack(&values, k, n)?, k, n, bias, requant, back });
        }
        Ok(PackedLayers { layers: packed })
    }

    /// Whether these are a gradient's layers, whose last one has a scale for the prediction.
    pub fn is_gradient(&self) -> bool {
        self.layers.last().is_some_and(|layer| layer.requant.is_some())
    }

    /// Where a gradient's output has its tensors.
    pub fn layout(&self) -> Layout {
        Layout::new(self.layers.iter().map(|layer| (layer.k, layer.n)))
    }

    /// i32 values in one output row.
    pub fn output_width(&self) -> usize {
        if self.is_gradient() { self.layout().row_width() } else { self.layers.iter().map(|layer| layer.n).sum() }
    }

    /// Multiply-accumulates for one input row.
    pub fn work_per_row(&self) -> u64 {
        let forwards = |layer: &PackedLayer<Packed>| layer.k as u64 * layer.n as u64;
        let products = if self.is_gradient() { 2 } else { 1 };
        let back = |layer: &&PackedLayer<Packed>| layer.back.is_some();
        self.layers.iter().map(|layer| products * forwards(layer)).sum::<u64>()
            + self.layers.iter().filter(back).map(forwards).sum::<u64>()
    }
}

impl<Packed> PackedLayer<Packed> {
    /// The layer without its weights: what its elementwise steps need.
    pub fn without_weights(&self) -> PackedLayer<()> {
        let back = self.back.as_ref().map(|back| PackedBack { transposed: (), scale: back.scale });
        PackedLayer { packed: (), k: self.k, n: self.n, bias: self.bias.clone(), requant: self.requant, back }
    }
}
