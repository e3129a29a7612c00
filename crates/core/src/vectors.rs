//! The start-up set: from a seed to a digest, so that a backend that disagrees is switched off before it costs anybody a unit.
//!
//! The digests were computed by an independent implementation (tests/vectors/kernels.py) and are frozen.

use alloc::vec::Vec;

use crate::kernel::{Prepared, PreparedLayer, Running, to_le_bytes};
use crate::unit::Requant;

/// SplitMix64 (Steele, Lea, Flood 2014): test data from a seed. Not for secrets.
#[derive(Clone, Debug)]
pub struct Generator(u64);

impl Generator {
    /// A stream for `seed`.
    pub fn new(seed: u64) -> Self {
        Generator(seed)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `count` values of −128 ..= 127: the top byte of each draw.
    pub fn signed(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| (self.draw() >> 56) as i8).collect()
    }

    /// `count` weights of −127 ..= 127: −128 becomes −127.
    pub fn weights(&mut self, count: usize) -> Vec<i8> {
        self.signed(count).into_iter().map(|value| value.max(-127)).collect()
    }

    /// `count` activations of 0 ..= 127: the top seven bits of each draw.
    pub fn activations(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| (self.draw() >> 57) as i8).collect()
    }
}

/// One self-test: a chain of products on generated data, and the SHA-256 of its output.
#[derive(Clone, Copy, Debug)]
pub struct Vector {
    /// A name for messages.
    pub name: &'static str,
    /// Seed of the generated operands: the input, then for every layer weights and bias.
    pub seed: u64,
    /// Input rows.
    pub rows: usize,
    /// Inner dimension of the first layer, then the outputs of each. Two entries: a product alone, of full-range values.
    pub dims: &'static [usize],
    /// SHA-256 of the output, little-endian i32.
    pub sha256: [u8; 32],
}

/// Requantisation of every hidden layer in the start-up set.
const REQUANT: Requant = Requant { multiplier: 1_518_500_250, shift: 40 };

impl Vector {
    /// Computes the vector with a backend's `pack` and `multiply` and says whether it agrees.
    pub fn agrees<Packed>(
        &self,
        mut pack: impl FnMut(&[i8], usize, usize) -> Packed,
        mut multiply: impl FnMut(&[i8], usize, &Packed, &mut [i32]),
    ) -> bool {
        let (prepared, input) = self.prepare(&mut pack);
        let mut running = Running::new(alloc::rc::Rc::new(prepared), input, self.rows);
        while let Some(step) = running.step(self.rows) {
            multiply(step.activations, step.rows, step.packed, step.sums);
            running.advance();
        }
        self.matches(&running.into_output())
    }

    /// The packed operands and the input, for backends that multiply asynchronously.
    pub fn prepare<Packed>(&self, mut pack: impl FnMut(&[i8], usize, usize) -> Packed) -> (Prepared<Packed>, Vec<i8>) {
        let mut values = Generator::new(self.seed);
        let product_alone = self.dims.len() == 2;
        let count = self.rows * self.dims[0];
        let input = if product_alone { values.signed(count) } else { values.activations(count) };
        let mut layers = Vec::new();
        for (index, pair) in self.dims.windows(2).enumerate() {
            let (k, n) = (pair[0], pair[1]);
            let weights = if product_alone { values.signed(k * n) } else { values.weights(k * n) };
            let bias =
                if product_alone { Vec::new() } else { values.signed(n).iter().map(|b| i32::from(*b) * 64).collect() };
            let requant = (index + 2 < self.dims.len()).then_some(REQUANT);
            layers.push(PreparedLayer { packed: pack(&weights, k, n), k, n, bias, requant });
        }
        (Prepared { layers }, input)
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

/// The start-up set. Edges: k odd, one row, one column, k over several cache blocks, three layers.
pub const START_UP: &[Vector] = &[
    Vector {
        name: "matmul 1x1x1",
        seed: 1,
        rows: 1,
        dims: &[1, 1],
        sha256: digest("74918fd46bdeaf3aebace99f5aabde93b8e39bce81ddef0300ced53eedf28910"),
    },
    Vector {
        name: "matmul 3x7x5",
        seed: 2,
        rows: 3,
        dims: &[7, 5],
        sha256: digest("d95426a435c608a2c7fafa0c2b160089816f0dfcdfae5b427ad3dda1ef4a4fd2"),
    },
    Vector {
        name: "matmul 1x129x1",
        seed: 3,
        rows: 1,
        dims: &[129, 1],
        sha256: digest("3a898023ad310307f8835797bd5a9b4eee31fe6564f3915f4a55fd22124b2626"),
    },
    Vector {
        name: "matmul 33x257x65",
        seed: 4,
        rows: 33,
        dims: &[257, 65],
        sha256: digest("7ada9d3fc1189d28cf1300d50930eae17b95270eb09fcebb51481efe47021899"),
    },
    Vector {
        name: "matmul 5x1024x40",
        seed: 5,
        rows: 5,
        dims: &[1024, 40],
        sha256: digest("42e292708708ab671af1f002d9373810ccf0ec7f18803a89f619fda4de987c23"),
    },
    Vector {
        name: "mlp 7 rows 64-32-16-10",
        seed: 6,
        rows: 7,
        dims: &[64, 32, 16, 10],
        sha256: digest("ce748bc7f2d276f61cea3f9332b105798ce1fe4b33f2b24ad83aa082eac7ec6b"),
    },
    Vector {
        name: "mlp 33 rows 31-17-9",
        seed: 7,
        rows: 33,
        dims: &[31, 17, 9],
        sha256: digest("cf77d79fb370c865a1defdb5f0b3f3b15b0c20f372f09e12a2c4d1990f36d067"),
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
