//! Vectors of int8 products.

use alloc::vec::Vec;
use core::convert::Infallible;

use crate::content_id::sha256;
use crate::kernel::bytes::to_le_bytes;
use crate::kernel::inputs::Rows;
use crate::kernel::layers::{PackedBack, PackedLayer, PackedLayers};
use crate::kernel::layout::transpose;
use crate::kernel::running::Running;
use crate::kernel::step::{Right, Step};
use crate::random::SplitMix64;
use crate::unit::layer::Requant;

/// A start-up vector: a unit of int8 products on generated data, and the SHA-256 of its output.
#[derive(Clone, Copy, Debug)]
pub struct Vector {
    /// A name for messages.
    pub name: &'static str,
    /// The seed of the operands: the input, the weights and bias of every layer, then a gradient's targets.
    pub seed: u64,
    /// Input rows.
    pub rows: usize,
    /// The inputs of the first layer, then the outputs of every layer. Two entries without `gradient` are a single product of
    /// full-range values.
    pub dims: &'static [usize],
    /// Whether it is a gradient.
    pub gradient: bool,
    /// SHA-256 of the output, little-endian i32.
    pub sha256: [u8; 32],
}

/// The scale of every requantisation, prediction and error in the start-up set.
const REQUANT: Requant = Requant { multiplier: 1_518_500_250, shift: 40 };

/// A value that is in a buffer before it is used again.
const USED: i32 = 0x5a5a_5a5a;

impl Vector {
    /// Computes the vector with a backend's `pack` and `multiply`, and returns whether it agrees. The output's buffer holds other
    /// values before, so a value that is not written is noticed.
    pub fn agrees<Packed>(
        &self,
        mut pack: impl FnMut(&[i8], usize, usize) -> Packed,
        mut multiply: impl FnMut(&[i8], usize, &Packed, &mut [i32]),
    ) -> bool {
        let (prepared, rows) = self.prepare(&mut pack);
        let weights = if self.gradient { prepared.layout().weights_len() } else { 0 };
        let used = alloc::vec![USED; rows.count * prepared.output_width() + weights];
        let mut running = Running::new(alloc::rc::Rc::new(prepared), rows, used);
        while let Some(Step { left, rows, right, sums }) = running.step(self.rows) {
            match right {
                Right::Packed(packed) => multiply(left, rows, packed, sums),
                Right::Fresh { values, k, n } => multiply(left, rows, &pack(values, k, n), sums),
            }
            running.advance();
        }
        self.matches(&running.into_output())
    }

    /// The packed layers and the unit's rows.
    pub fn prepare<Packed>(&self, mut pack: impl FnMut(&[i8], usize, usize) -> Packed) -> (PackedLayers<Packed>, Rows) {
        let Ok(prepared) = self.try_prepare(|b, k, n| Ok::<_, Infallible>(pack(b, k, n)));
        prepared
    }

    /// As [`prepare`](Vector::prepare), for a `pack` that can fail.
    pub fn try_prepare<Packed, E>(
        &self,
        mut pack: impl FnMut(&[i8], usize, usize) -> Result<Packed, E>,
    ) -> Result<(PackedLayers<Packed>, Rows), E> {
        let mut values = SplitMix64::new(self.seed);
        let product_alone = self.dims.len() == 2 && !self.gradient;
        let count = self.rows * self.dims[0];
        let input = if product_alone { values.signed(count) } else { values.activations(count) };
        let mut layers = Vec::new();
        for (index, pair) in self.dims.windows(2).enumerate() {
            let (k, n) = (pair[0], pair[1]);
            let weights = if product_alone { values.signed(k * n) } else { values.weights(k * n) };
            let bias =
                if product_alone { Vec::new() } else { values.signed(n).iter().map(|b| i32::from(*b) * 64).collect() };
            let requant = (self.gradient || index + 2 < self.dims.len()).then_some(REQUANT);
            let mut back = None;
            if self.gradient && index > 0 {
                back = Some(PackedBack { transposed: pack(&transpose(&weights, k, n), n, k)?, scale: REQUANT });
            }
            layers.push(PackedLayer { packed: pack(&weights, k, n)?, k, n, bias, requant, back });
        }
        let outputs = self.dims.last().copied().unwrap_or_default();
        let targets = if self.gradient { values.weights(self.rows * outputs) } else { Vec::new() };
        Ok((PackedLayers { layers }, Rows { count: self.rows, input, targets }))
    }

    /// Whether `output` is right.
    pub fn matches(&self, output: &[i32]) -> bool {
        sha256(&to_le_bytes(output)) == self.sha256
    }
}
