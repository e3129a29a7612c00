//! Secret coins, and how surely a check with them catches a wrong output.

use alloc::vec::Vec;

use crate::kernel::bytes::from_le_bytes;

/// Independent rounds of coins for every product.
pub const ROUNDS: usize = 2;

/// Bits of soundness of a check that shares its coins with no other.
pub const SOUNDNESS_BITS: u32 = 64;

/// Bits of soundness where at most `concurrent` checks were under way with the same coins.
pub fn bits(concurrent: u32) -> u32 {
    SOUNDNESS_BITS - concurrent.max(1).next_power_of_two().trailing_zeros()
}

/// Secret coins of one product: two rounds of n signed 32-bit integers.
#[derive(Clone)]
pub struct Coins(pub [Vec<i32>; ROUNDS]);

impl Coins {
    /// Expands a secret seed with BLAKE3's extendable output. `layer` gives each product coins of its own.
    pub fn from_seed(seed: &[u8; 32], layer: u32, n: usize) -> Self {
        let mut stream = blake3::Hasher::new_keyed(seed).update(&layer.to_le_bytes()).finalize_xof();
        let mut round = || {
            let mut bytes = alloc::vec![0; 4 * n];
            stream.fill(&mut bytes);
            from_le_bytes(&bytes)
        };
        Coins([round(), round()])
    }
}

impl core::fmt::Debug for Coins {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Coins(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrent_checks_cost_bits() {
        assert_eq!([bits(0), bits(1), bits(2), bits(3), bits(256)], [64, 64, 63, 62, 56]);
    }

    /// Tries every coin on a small ring: 8-bit coins in Z/2^16 miss with probability at most 2^-8.
    #[test]
    fn the_bound_holds_exhaustively_on_a_small_ring() {
        for d in 1i32..256 {
            let missed = |c: i16| (-128i32..128).filter(|r| (d * r) as i16 == c).count();
            assert!((i16::MIN..=i16::MAX).step_by(7).all(|c| missed(c) <= 1), "{d}");
        }
    }
}
