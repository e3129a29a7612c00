//! What a gradient computes elementwise, between its products: see [`crate::kind::gradient_i8`].

use alloc::vec;
use alloc::vec::Vec;

use super::activate::activate;
use super::layers::PackedLayer;
use super::layout::Tensor;
use crate::unit::layer::{MAX_ACTIVATION, Requant};

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

/// One row of D_{l−1} from one row of G_l and the same row of A_l.
pub fn errors_before(sums: &[i32], by: Requant, activations: &[i8], errors: &mut [i8]) {
    for ((error, sum), activation) in errors.iter_mut().zip(sums).zip(activations) {
        *error = if (1..MAX_ACTIVATION).contains(activation) { scale(*sum, by) } else { 0 };
    }
}

/// What lies between the products of some rows, computed from their sums.
#[derive(Debug)]
pub struct Between {
    /// A_l.
    pub activations: Vec<Vec<i8>>,
    /// D_l.
    pub errors: Vec<Vec<i8>>,
}

impl Between {
    /// Follows from the rows' input and targets, and from their Z_l and G_l.
    pub fn follow<Packed>(
        layers: &[PackedLayer<Packed>],
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

impl<Packed> PackedLayer<Packed> {
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

    /// Rows of D_{l−1} from rows of G_l. Empty for a layer through which no errors flow back.
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
