//! Deterministic pseudorandom numbers, for test data and for choices that need no secrecy.

use alloc::vec::Vec;

/// The generator SplitMix64 (Steele, Lea, Flood 2014). A few outputs reveal all others, so it must not make secrets.
///
/// Frozen vectors depend on its sequence.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        SplitMix64(seed)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers for seed 1234567, from the authors' reference implementation.
    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = SplitMix64::new(1_234_567);
        assert_eq!([random.draw(), random.draw()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }
}
