//! SHA-256 of four messages of one length at once, a message in each lane of a vector. Source: FIPS 180-4, sections 4.1.2,
//! 5.1.1, 5.3.3 and 6.2.2.
//!
//! For WebAssembly, which has vectors and no instructions for hashing. Where a processor has those, the `sha2` crate is
//! faster.

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

/// The first 32 bits of the fractions of the square roots of the first eight primes.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Those of the cube roots of the first 64.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

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
