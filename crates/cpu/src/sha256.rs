//! SHA-256 of messages of equal length, one in each of a vector's four lanes. Source: FIPS 180-4, sections 4.1.2,
//! 5.1.1, 5.3.3 and 6.2.2.
//!
//! For WebAssembly, which has vectors but no hash instructions. On processors with hash instructions the `sha2` crate
//! is faster.

use adit_core::content_id::sha256;
use adit_core::sha256::{INITIAL, ROUNDS};
use lanes::{Lanes, add, and, rotate_right, shift_right, splat, to_array, transpose, xor};

/// Bytes in a block.
const BLOCK: usize = 64;

/// The digests of the messages of `length` bytes each that `messages` concatenates.
///
/// ```
/// let mut digests = [[0; 32]; 3];
/// adit_cpu::sha256_each(b"one two six ", 4, &mut digests);
/// assert_eq!(digests[1], adit_core::content_id::sha256(b"two "));
/// ```
///
/// # Panics
/// If `messages` does not have `length` bytes for every digest.
pub fn sha256_each(messages: &[u8], length: usize, digests: &mut [[u8; 32]]) {
    assert_eq!(messages.len(), length * digests.len(), "not a message of this length for every digest");
    let each = if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) { in_fours } else { one_by_one };
    each(messages, length, digests);
}

fn one_by_one(messages: &[u8], length: usize, digests: &mut [[u8; 32]]) {
    for (index, digest) in digests.iter_mut().enumerate() {
        *digest = sha256(&messages[index * length..][..length]);
    }
}

fn in_fours(messages: &[u8], length: usize, digests: &mut [[u8; 32]]) {
    let (fours, rest) = digests.as_chunks_mut::<4>();
    let (left, right) = messages.split_at(4 * length * fours.len());
    for (index, four) in fours.iter_mut().enumerate() {
        let message = |lane: usize| &left[(4 * index + lane) * length..][..length];
        *four = four_of([&[]; 4], std::array::from_fn(message));
    }
    one_by_one(right, length, rest);
}

/// The digests of four messages, each a head followed by a tail.
///
/// # Panics
/// If heads or tails differ in length.
pub(crate) fn four_of(heads: [&[u8]; 4], tails: [&[u8]; 4]) -> [[u8; 32]; 4] {
    let (head, tail) = (heads[0].len(), tails[0].len());
    assert!(heads.iter().all(|other| other.len() == head) && tails.iter().all(|other| other.len() == tail));
    let end = (head + tail + 9).next_multiple_of(BLOCK);
    let mut state = INITIAL.map(splat);
    for from in (0..end).step_by(BLOCK) {
        if from >= head && from + BLOCK <= head + tail {
            compress(&mut state, transpose(tails.map(|tail| &tail[from - head..][..BLOCK])));
        } else {
            let edges: [_; 4] = std::array::from_fn(|lane| edge(heads[lane], tails[lane], from, end));
            compress(&mut state, transpose(edges.each_ref().map(|block| block.as_slice())));
        }
    }
    let words = state.map(to_array);
    std::array::from_fn(|lane| {
        let mut digest = [0; 32];
        let bytes = digest.as_chunks_mut().0;
        bytes.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word[lane].to_be_bytes());
        digest
    })
}

/// The block at byte `from` of the padded message, for blocks that do not lie wholly within `tail`.
fn edge(head: &[u8], tail: &[u8], from: usize, end: usize) -> [u8; BLOCK] {
    let (mut block, mut place, length) = ([0; BLOCK], from, head.len() + tail.len());
    for (part, begins) in [(head, 0), (tail, head.len()), (&[0x80], length)] {
        let piece = &part[place.saturating_sub(begins).min(part.len())..];
        let piece = &piece[..piece.len().min(from + BLOCK - place)];
        if !piece.is_empty() {
            block[place - from..][..piece.len()].copy_from_slice(piece);
            place += piece.len();
        }
    }
    if from + BLOCK == end {
        block[BLOCK - 8..].copy_from_slice(&(8 * length as u64).to_be_bytes());
    }
    block
}

fn compress(state: &mut [Lanes; 8], mut w: [Lanes; 16]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    // The majority of a, b and c is b where a and b agree, and c elsewhere.
    let mut b_or_c = xor(b, c);
    for (t, k) in ROUNDS.iter().enumerate() {
        if t >= 16 {
            let (near, far) = (w[(t + 14) % 16], w[(t + 1) % 16]);
            let s1 = xor(xor(rotate_right::<17>(near), rotate_right::<19>(near)), shift_right::<10>(near));
            let s0 = xor(xor(rotate_right::<7>(far), rotate_right::<18>(far)), shift_right::<3>(far));
            w[t % 16] = add(add(w[t % 16], s0), add(w[(t + 9) % 16], s1));
        }
        let s1 = xor(xor(rotate_right::<6>(e), rotate_right::<11>(e)), rotate_right::<25>(e));
        let choice = xor(g, and(e, xor(f, g)));
        let t1 = add(add(add(h, s1), add(choice, splat(*k))), w[t % 16]);
        let s0 = xor(xor(rotate_right::<2>(a), rotate_right::<13>(a)), rotate_right::<22>(a));
        let a_or_b = xor(a, b);
        let majority = xor(b, and(a_or_b, b_or_c));
        b_or_c = a_or_b;
        (h, g, f, e) = (g, f, e, add(d, t1));
        (d, c, b, a) = (c, b, a, add(t1, add(s0, majority)));
    }
    for (sum, word) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *sum = add(*sum, word);
    }
}

/// WebAssembly's vectors.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use std::arch::wasm32::{
        i8x16_shuffle, i32x4_shuffle, u32x4_extract_lane as lane, u32x4_shl, u32x4_shr, u32x4_splat, u64x2, v128,
        v128_or,
    };
    pub(super) use std::arch::wasm32::{u32x4_add as add, v128_and as and, v128_xor as xor};

    pub(super) type Lanes = v128;

    pub(super) fn splat(x: u32) -> Lanes {
        u32x4_splat(x)
    }

    pub(super) fn shift_right<const BITS: u32>(x: Lanes) -> Lanes {
        u32x4_shr(x, BITS)
    }

    pub(super) fn rotate_right<const BITS: u32>(x: Lanes) -> Lanes {
        v128_or(u32x4_shr(x, BITS), u32x4_shl(x, 32 - BITS))
    }

    /// For every t, a vector of the four blocks' words t.
    pub(super) fn transpose(blocks: [&[u8]; 4]) -> [Lanes; 16] {
        let blocks = blocks.map(|block| block.as_chunks::<16>().0);
        let mut words = [splat(0); 16];
        for (quarter, words) in words.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let [a, b, c, d] = blocks.map(|block| big_endian(&block[quarter]));
            let (ab, cd) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d));
            words[0] = i32x4_shuffle::<0, 1, 4, 5>(ab, cd);
            words[1] = i32x4_shuffle::<2, 3, 6, 7>(ab, cd);
            let (ab, cd) = (i32x4_shuffle::<2, 6, 3, 7>(a, b), i32x4_shuffle::<2, 6, 3, 7>(c, d));
            words[2] = i32x4_shuffle::<0, 1, 4, 5>(ab, cd);
            words[3] = i32x4_shuffle::<2, 3, 6, 7>(ab, cd);
        }
        words
    }

    fn big_endian(bytes: &[u8; 16]) -> v128 {
        let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[from + byte]));
        let words = u64x2(half(0), half(8));
        i8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(words, words)
    }

    pub(super) fn to_array(x: Lanes) -> [u32; 4] {
        [lane::<0>(x), lane::<1>(x), lane::<2>(x), lane::<3>(x)]
    }
}

/// The same vectors in plain Rust, for tests and other processors.
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

    pub(super) fn transpose(blocks: [&[u8]; 4]) -> [Lanes; 16] {
        let blocks = blocks.map(|block| block.as_chunks().0);
        std::array::from_fn(|t| blocks.map(|words| u32::from_be_bytes(words[t])))
    }

    pub(super) fn to_array(x: Lanes) -> [u32; 4] {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::random::SplitMix64;

    fn bytes(values: &mut SplitMix64, count: usize) -> Vec<u8> {
        values.signed(count).into_iter().map(|byte| byte as u8).collect()
    }

    #[test]
    fn many_digests_are_those_of_the_messages() {
        let mut values = SplitMix64::new(5);
        for length in 0..=200 {
            let messages = bytes(&mut values, 11 * length);
            let want: Vec<_> = (0..11).map(|index| sha256(&messages[index * length..][..length])).collect();
            for each in [sha256_each, in_fours, one_by_one] {
                let mut digests = vec![[0; 32]; 11];
                each(&messages, length, &mut digests);
                assert_eq!(digests, want, "{length}");
            }
        }
    }

    #[test]
    fn heads_of_any_length_stand_before_their_tails() {
        let mut values = SplitMix64::new(4);
        for length in (0..=130).chain([1_000, 16_413]) {
            let messages: [Vec<u8>; 4] = std::array::from_fn(|_| bytes(&mut values, length));
            let want = messages.each_ref().map(|message| sha256(message));
            for cut in [0, 1, 29, 63, 64, 65, 100].into_iter().filter(|cut| *cut <= length) {
                let (heads, tails) = (
                    messages.each_ref().map(|message| &message[..cut]),
                    messages.each_ref().map(|message| &message[cut..]),
                );
                assert_eq!(four_of(heads, tails), want, "{cut} of {length}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "for every digest")]
    fn a_message_too_few_is_refused() {
        sha256_each(&[0; 9], 5, &mut [[0; 32]; 2]);
    }
}
