//! What a refusal shows: one wrong value and the right one, which anyone who holds the blocks can recompute.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Mismatch;
use crate::kernel::{Weights, activate, from_le_bytes, matmul_i8};

/// One wrong value of an output, with the right one: anyone who holds the blocks can recompute it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// Which product: the layer's number from 0; 0 for a product alone.
    pub tensor: u32,
    /// Output row.
    pub i: u32,
    /// Column within the tensor.
    pub j: u32,
    /// The delivered value.
    pub got: i32,
    /// Σ_l A_il · W_lj of the delivered activations.
    pub want: i32,
}

impl Counterexample {
    /// Finds the wrong value behind `mismatch` by recomputing one row of one product: k · n multiply-accumulates.
    ///
    /// `input` holds the unit's rows, `output` what was delivered. `None` if that row of that product is right, or was not
    /// delivered.
    pub fn find(weights: &Weights, input: &[i8], output: &[u8], mismatch: Mismatch) -> Option<Self> {
        let Row { activations, sums } = Row::delivered(weights, input, output, mismatch.row, mismatch.layer)?;
        let layer = weights.layers.get(mismatch.layer)?;
        let want = matmul_i8(&activations, &layer.packed, 1, layer.k, layer.n);
        let j = (0..sums.len()).find(|j| sums[*j] != want[*j])?;
        let (tensor, i) = (mismatch.layer as u32, mismatch.row as u32);
        Some(Counterexample { tensor, i, j: j as u32, got: sums[j], want: want[j] })
    }

    /// Whether it names a delivered value and the right one beside it.
    pub fn holds(&self, weights: &Weights, input: &[i8], output: &[u8]) -> bool {
        let mismatch = Mismatch { row: self.i as usize, layer: self.tensor as usize };
        let Some(row) = Row::delivered(weights, input, output, mismatch.row, mismatch.layer) else { return false };
        let Some(layer) = weights.layers.get(mismatch.layer) else { return false };
        let Some(got) = row.sums.get(self.j as usize) else { return false };
        let column = layer.packed[self.j as usize..].iter().step_by(layer.n);
        let want: i32 = row.activations.iter().zip(column).map(|(a, w)| i32::from(*a) * i32::from(*w)).sum();
        self.got == *got && self.want == want && self.got != want
    }
}

/// One row of one product as it was delivered.
struct Row {
    /// What entered the product, as it follows from the sums before it.
    activations: Vec<i8>,
    sums: Vec<i32>,
}

impl Row {
    fn delivered(weights: &Weights, input: &[i8], output: &[u8], row: usize, layer: usize) -> Option<Self> {
        let output = from_le_bytes(output.chunks_exact(4 * weights.output_width().max(1)).nth(row)?);
        let inputs = weights.layers.first()?.k;
        let mut activations = input.get(inputs * row..inputs * (row + 1))?.to_vec();
        let mut rest = &output[..];
        for before in weights.layers.get(..layer)? {
            let sums;
            (sums, rest) = rest.split_at_checked(before.n)?;
            activations = vec![0; before.n];
            activate(sums, &before.bias, before.requant?, &mut activations);
        }
        let sums = rest.get(..weights.layers.get(layer)?.n)?.to_vec();
        Some(Row { activations, sums })
    }
}
