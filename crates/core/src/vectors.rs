//! The start-up set: from a seed to a digest, so that a backend that disagrees is switched off before it costs anybody a unit.
//!
//! The digests were computed by an independent implementation (tests/vectors/kernels.py) and are frozen.

mod others;

use alloc::vec::Vec;
use core::convert::Infallible;

pub use others::{FLOATS, FloatVector, RoundingCase, TREES, TreeVector};

use crate::kernel::gradient::transpose;
use crate::kernel::{Prepared, PreparedBack, PreparedLayer, Right, Rows, Running, Step, to_le_bytes};
use crate::random::SplitMix64;
use crate::unit::Requant;

/// One self-test: a chain of products on generated data, and the SHA-256 of its output.
#[derive(Clone, Copy, Debug)]
pub struct Vector {
    /// A name for messages.
    pub name: &'static str,
    /// Seed of the generated operands: the input, then for every layer weights and bias, then a gradient's targets.
    pub seed: u64,
    /// Input rows.
    pub rows: usize,
    /// Inner dimension of the first layer, then the outputs of each. Two entries: a product alone, of full-range values.
    pub dims: &'static [usize],
    /// Whether it is a gradient.
    pub gradient: bool,
    /// SHA-256 of the output, little-endian i32.
    pub sha256: [u8; 32],
}

/// Every scale in the start-up set: hidden layers' requantisation, a gradient's prediction and its errors.
const REQUANT: Requant = Requant { multiplier: 1_518_500_250, shift: 40 };

impl Vector {
    /// Computes the vector with a backend's `pack` and `multiply` and says whether it agrees.
    pub fn agrees<Packed>(
        &self,
        mut pack: impl FnMut(&[i8], usize, usize) -> Packed,
        mut multiply: impl FnMut(&[i8], usize, &Packed, &mut [i32]),
    ) -> bool {
        let (prepared, rows) = self.prepare(&mut pack);
        let mut running = Running::new(alloc::rc::Rc::new(prepared), rows);
        while let Some(Step { left, rows, right, sums }) = running.step(self.rows) {
            match right {
                Right::Packed(packed) => multiply(left, rows, packed, sums),
                Right::Fresh { values, k, n } => multiply(left, rows, &pack(values, k, n), sums),
            }
            running.advance();
        }
        self.matches(&running.into_output())
    }

    /// The packed operands and the unit's rows.
    pub fn prepare<Packed>(&self, mut pack: impl FnMut(&[i8], usize, usize) -> Packed) -> (Prepared<Packed>, Rows) {
        let Ok(prepared) = self.try_prepare(|b, k, n| Ok::<_, Infallible>(pack(b, k, n)));
        prepared
    }

    /// The same for a `pack` that can fail.
    pub fn try_prepare<Packed, E>(
        &self,
        mut pack: impl FnMut(&[i8], usize, usize) -> Result<Packed, E>,
    ) -> Result<(Prepared<Packed>, Rows), E> {
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
                back = Some(PreparedBack { transposed: pack(&transpose(&weights, k, n), n, k)?, scale: REQUANT });
            }
            layers.push(PreparedLayer { packed: pack(&weights, k, n)?, k, n, bias, requant, back });
        }
        let outputs = self.dims.last().copied().unwrap_or_default();
        let targets = if self.gradient { values.weights(self.rows * outputs) } else { Vec::new() };
        Ok((Prepared { layers }, Rows { count: self.rows, input, targets }))
    }

    /// Whether `output` is the right one.
    pub fn matches(&self, output: &[i32]) -> bool {
        crate::content_id::sha256(&to_le_bytes(output)) == self.sha256
    }
}

/// Runs the whole start-up set: the name of the first vector that a backend gets wrong.
pub fn first_disagreement<Packed>(
    mut pack: impl FnMut(&[i8], usize, usize) -> Packed,
    mut multiply: impl FnMut(&[i8], usize, &Packed, &mut [i32]),
) -> Option<&'static str> {
    START_UP.iter().find(|vector| !vector.agrees(&mut pack, &mut multiply)).map(|vector| vector.name)
}

/// The start-up set. Edges: k odd, one row, one column, k over several cache blocks, three layers, one layer
/// backwards, more rows than a block has.
pub const START_UP: &[Vector] = &[
    Vector {
        name: "matmul 1x1x1",
        seed: 1,
        rows: 1,
        dims: &[1, 1],
        gradient: false,
        sha256: digest("74918fd46bdeaf3aebace99f5aabde93b8e39bce81ddef0300ced53eedf28910"),
    },
    Vector {
        name: "matmul 3x7x5",
        seed: 2,
        rows: 3,
        dims: &[7, 5],
        gradient: false,
        sha256: digest("d95426a435c608a2c7fafa0c2b160089816f0dfcdfae5b427ad3dda1ef4a4fd2"),
    },
    Vector {
        name: "matmul 1x129x1",
        seed: 3,
        rows: 1,
        dims: &[129, 1],
        gradient: false,
        sha256: digest("3a898023ad310307f8835797bd5a9b4eee31fe6564f3915f4a55fd22124b2626"),
    },
    Vector {
        name: "matmul 33x257x65",
        seed: 4,
        rows: 33,
        dims: &[257, 65],
        gradient: false,
        sha256: digest("7ada9d3fc1189d28cf1300d50930eae17b95270eb09fcebb51481efe47021899"),
    },
    Vector {
        name: "matmul 5x1024x40",
        seed: 5,
        rows: 5,
        dims: &[1024, 40],
        gradient: false,
        sha256: digest("42e292708708ab671af1f002d9373810ccf0ec7f18803a89f619fda4de987c23"),
    },
    Vector {
        name: "mlp 7 rows 64-32-16-10",
        seed: 6,
        rows: 7,
        dims: &[64, 32, 16, 10],
        gradient: false,
        sha256: digest("ce748bc7f2d276f61cea3f9332b105798ce1fe4b33f2b24ad83aa082eac7ec6b"),
    },
    Vector {
        name: "mlp 33 rows 31-17-9",
        seed: 7,
        rows: 33,
        dims: &[31, 17, 9],
        gradient: false,
        sha256: digest("cf77d79fb370c865a1defdb5f0b3f3b15b0c20f372f09e12a2c4d1990f36d067"),
    },
    Vector {
        name: "gradient 7 rows 64-32-16-10",
        seed: 8,
        rows: 7,
        dims: &[64, 32, 16, 10],
        gradient: true,
        sha256: digest("a3cbc86b85b52f422931b096ef5b89b9c23902f694f974f7bc18ebd7159e6007"),
    },
    Vector {
        name: "gradient 33 rows 31-17",
        seed: 9,
        rows: 33,
        dims: &[31, 17],
        gradient: true,
        sha256: digest("e6d54d42cf3ec96063152de6941039e7a795b2f11b6467c39706e0852b9105fa"),
    },
    Vector {
        name: "gradient 130 rows 19-40-23",
        seed: 10,
        rows: 130,
        dims: &[19, 40, 23],
        gradient: true,
        sha256: digest("5efadb411f97664f6aea4cea6159f7d36e6a04b8aeb39abb61ac58fe79bbe2ee"),
    },
];

const fn digest(text: &str) -> [u8; 32] {
    let (text, mut bytes, mut index) = (text.as_bytes(), [0; 32], 0);
    while index < 32 {
        bytes[index] = nibble(text[2 * index]) << 4 | nibble(text[2 * index + 1]);
        index += 1;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    if digit >= b'a' { digit - b'a' + 10 } else { digit - b'0' }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Product, Scalar};

    #[test]
    fn the_reference_agrees() {
        assert_eq!(
            first_disagreement(|b, k, n| Scalar.pack(b, k, n), |a, m, b, out| Scalar.multiply(a, m, b, out)),
            None
        );
    }

    #[test]
    fn one_wrong_value_is_noticed() {
        let spoiled = first_disagreement(
            |b, k, n| Scalar.pack(b, k, n),
            |a, m, b, out| {
                Scalar.multiply(a, m, b, out);
                out[out.len() - 1] ^= 1;
            },
        );
        assert_eq!(spoiled, Some(START_UP[0].name));
    }
}
