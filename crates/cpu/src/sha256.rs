//! SHA-256 of four messages of one length at once, a message in each lane of a vector. Source: FIPS 180-4, sections 4.1.2,
//! 5.1.1, 5.3.3 and 6.2.2.
//!
//! For WebAssembly, which has vectors and no instructions for hashing. Where a processor has those, the `sha2` crate is
//! faster.

use adit_core::sha256::{INITIAL, ROUNDS};
use lanes::{Lanes, add, and, and_not, be, rotate_right, shift_right, splat, to_array, xor};

/// Bytes of a block.
const BLOCK: usize = 64;

/// The digests of four messages that are `head` and then `tail`, each of the lengths of the first.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn four(heads: [&[u8]; 4], tails: [&[u8]; 4], scratch: &mut [Vec<u8>; 4]) -> [[u8; 32]; 4] {
    let length = heads[0].len() + tails[0].len();
    for ((padded, head), tail) in scratch.iter_mut().zip(heads).zip(tails) {
        assert_eq!(head.len() + tail.len(), length, "four messages of one length");
        padded.clear();
        padded.extend_from_slice(head);
        padded.extend_from_slice(tail);
        padded.push(0x80);
        padded.resize((length + 9).next_multiple_of(BLOCK) - 8, 0);
        padded.extend_from_slice(&(8 * length as u64).to_be_bytes());
    }
    let mut state = [splat(0); 8];
    state.iter_mut().zip(INITIAL).for_each(|(lanes, word)| *lanes = splat(word));
    for block in 0..scratch[0].len() / BLOCK {
        compress(&mut state, scratch.each_ref().map(|message| &message[block * BLOCK..][..BLOCK]));
    }
    let words = state.map(to_array);
    std::array::from_fn(|lane| {
        let mut digest = [0; 32];
        digest
            .chunks_exact_mut(4)
            .zip(words)
            .for_each(|(bytes, word)| bytes.copy_from_slice(&word[lane].to_be_bytes()));
        digest
    })
}

fn compress(state: &mut [Lanes; 8], blocks: [&[u8]; 4]) {
    let mut w: [Lanes; 16] = std::array::from_fn(|t| be(blocks, 4 * t));
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (t, k) in ROUNDS.iter().enumerate() {
        if t >= 16 {
            let (near, far) = (w[(t + 14) % 16], w[(t + 1) % 16]);
            let s1 = xor(xor(rotate_right::<17>(near), rotate_right::<19>(near)), shift_right::<10>(near));
            let s0 = xor(xor(rotate_right::<7>(far), rotate_right::<18>(far)), shift_right::<3>(far));
            w[t % 16] = add(add(w[t % 16], s0), add(w[(t + 9) % 16], s1));
        }
        let s1 = xor(xor(rotate_right::<6>(e), rotate_right::<11>(e)), rotate_right::<25>(e));
        let choice = xor(and(e, f), and_not(g, e));
        let t1 = add(add(add(h, s1), add(choice, splat(*k))), w[t % 16]);
        let s0 = xor(xor(rotate_right::<2>(a), rotate_right::<13>(a)), rotate_right::<22>(a));
        let majority = xor(xor(and(a, b), and(a, c)), and(b, c));
        (h, g, f, e) = (g, f, e, add(d, t1));
        (d, c, b, a) = (c, b, a, add(t1, add(s0, majority)));
    }
    for (sum, word) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *sum = add(*sum, word);
    }
}

/// A vector of WebAssembly's.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use std::arch::wasm32::{u32x4, u32x4_extract_lane, u32x4_shl, u32x4_shr, v128, v128_or};
    pub(super) use std::arch::wasm32::{
        u32x4_add as add, u32x4_splat as splat, v128_and as and, v128_andnot as and_not, v128_xor as xor,
    };

    pub(super) type Lanes = v128;

    pub(super) fn shift_right<const BITS: u32>(x: Lanes) -> Lanes {
        u32x4_shr(x, BITS)
    }

    pub(super) fn rotate_right<const BITS: u32>(x: Lanes) -> Lanes {
        v128_or(u32x4_shr(x, BITS), u32x4_shl(x, 32 - BITS))
    }

    pub(super) fn be(blocks: [&[u8]; 4], at: usize) -> Lanes {
        let [a, b, c, d] = blocks.map(|block| super::word(block, at));
        u32x4(a, b, c, d)
    }

    pub(super) fn to_array(x: Lanes) -> [u32; 4] {
        [u32x4_extract_lane::<0>(x), u32x4_extract_lane::<1>(x), u32x4_extract_lane::<2>(x), u32x4_extract_lane::<3>(x)]
    }
}

/// Its twin, for tests and for processors without.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    pub(super) type Lanes = [u32; 4];

    fn each(x: Lanes, y: Lanes, of: impl Fn(u32, u32) -> u32) -> Lanes {
        std::array::from_fn(|lane| of(x[lane], y[lane]))
    }

    pub(super) fn add(x: Lanes, y: Lanes) -> Lanes {
        each(x, y, u32::wrapping_add)
    }

    pub(super) fn and(x: Lanes, y: Lanes) -> Lanes {
        each(x, y, |x, y| x & y)
    }

    /// x and not y.
    pub(super) fn and_not(x: Lanes, y: Lanes) -> Lanes {
        each(x, y, |x, y| x & !y)
    }

    pub(super) fn xor(x: Lanes, y: Lanes) -> Lanes {
        each(x, y, |x, y| x ^ y)
    }

    pub(super) fn splat(x: u32) -> Lanes {
        [x; 4]
    }

    pub(super) fn shift_right<const BITS: u32>(x: Lanes) -> Lanes {
        x.map(|x| x >> BITS)
    }

    pub(super) fn rotate_right<const BITS: u32>(x: Lanes) -> Lanes {
        x.map(|x| x.rotate_right(BITS))
    }

    pub(super) fn be(blocks: [&[u8]; 4], at: usize) -> Lanes {
        blocks.map(|block| super::word(block, at))
    }

    pub(super) fn to_array(x: Lanes) -> [u32; 4] {
        x
    }
}

fn word(block: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::content_id::sha256;
    use adit_core::vectors::Generator;

    #[test]
    fn four_digests_are_those_of_the_messages() {
        let mut values = Generator::new(4);
        let mut scratch = Default::default();
        for length in [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1_000, 16_413] {
            let messages: [Vec<u8>; 4] =
                std::array::from_fn(|_| values.signed(length).into_iter().map(|byte| byte as u8).collect());
            let cut = length / 3;
            let (heads, tails) = (
                messages.each_ref().map(|message| &message[..cut]),
                messages.each_ref().map(|message| &message[cut..]),
            );
            assert_eq!(
                four(heads, tails, &mut scratch),
                messages.each_ref().map(|message| sha256(message)),
                "{length}"
            );
        }
    }
}
