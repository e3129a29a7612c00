//! Elementwise steps after an int8 product: the next layer's activations, and classes.
//!
//! Compilers vectorise this loop, except when they optimise for size, as the browser's packages do. For those, the vectors are
//! written by hand.
#![cfg_attr(target_feature = "simd128", allow(unsafe_code, reason = "vector loads and stores through pointers"))]

use crate::unit::layer::{MAX_ACTIVATION, Requant};

/// One row of activations from one row of sums: clamp(((z + bias) · multiplier + 2^(shift − 1)) >> shift, 0, 127).
///
/// z + bias fits an i32 because intake checks 127 · Σ|W_ij| + |b_j| ≤ 2^31 − 1 for every column. The product stays below
/// 2^62 and the rounding term at most 2^61, so i64 holds both.
///
/// The formula is monotonic in x = z + bias and gives 0 for x = 0. So x is first clamped to the range that gives 0 to 127; the
/// factors then fit unsigned 32-bit integers, of which a processor multiplies several at a time.
pub fn activate(sums: &[i32], bias: &[i32], requant: Requant, activations: &mut [i8]) {
    let (multiplier, half) = (u64::from(requant.multiplier), 1u64 << (requant.shift - 1));
    let highest = saturates_at(requant);
    let (sums, bias, activations) = vectors(sums, bias, requant, highest, activations);
    for ((activation, sum), bias) in activations.iter_mut().zip(sums).zip(bias) {
        let x = sum.wrapping_add(*bias).clamp(0, highest) as u32;
        let scaled = (u64::from(x) * multiplier + half) >> requant.shift;
        // A step of x adds less than 2^31, so the value exceeds 127 by less than that.
        *activation = (scaled as i32).min(i32::from(MAX_ACTIVATION)) as i8;
    }
}

/// The least x whose activation is 127, or the largest x there is.
fn saturates_at(requant: Requant) -> i32 {
    // x · multiplier + 2^(shift − 1) stays below 127 · 2^57.
    if requant.shift >= 57 {
        return i32::MAX;
    }
    let needed = ((MAX_ACTIVATION as u64) << requant.shift) - (1 << (requant.shift - 1));
    needed.div_ceil(u64::from(requant.multiplier.max(1))).min(i32::MAX as u64) as i32
}

/// Leaves everything to the scalar loop, which the compiler vectorises.
#[cfg(not(target_feature = "simd128"))]
fn vectors<'a>(
    sums: &'a [i32],
    bias: &'a [i32],
    _: Requant,
    _: i32,
    activations: &'a mut [i8],
) -> (&'a [i32], &'a [i32], &'a mut [i8]) {
    (sums, bias, activations)
}

/// Computes whole vectors of four for WebAssembly, and returns the rest. Narrowing saturates at 127.
#[cfg(target_feature = "simd128")]
fn vectors<'a>(
    sums: &'a [i32],
    bias: &'a [i32],
    requant: Requant,
    highest: i32,
    activations: &'a mut [i8],
) -> (&'a [i32], &'a [i32], &'a mut [i8]) {
    use core::arch::wasm32::*;
    let length = activations.len().min(sums.len()).min(bias.len());
    let (sums, rest_of_sums) = sums[..length].as_chunks::<4>();
    let (biases, rest_of_bias) = bias[..length].as_chunks::<4>();
    let (fours, rest) = activations[..length].as_chunks_mut::<4>();
    let (zero, highest, multiplier) = (i32x4_splat(0), i32x4_splat(highest), u32x4_splat(requant.multiplier));
    // Read again for every four: otherwise the compiler widens it before the loop and multiplies 64-bit factors.
    // SAFETY: a reference is valid to read.
    let multiplier = || unsafe { core::ptr::read_volatile(&multiplier) };
    let half = u64x2_splat(1 << (requant.shift - 1));
    let scale = |product: v128| u64x2_shr(u64x2_add(product, half), requant.shift.into());
    for ((four, sum), bias) in fours.iter_mut().zip(sums).zip(biases) {
        // SAFETY: a chunk has four values.
        let x = unsafe { i32x4_add(v128_load(sum.as_ptr().cast()), v128_load(bias.as_ptr().cast())) };
        let x = i32x4_min(i32x4_max(x, zero), highest);
        let multiplier = multiplier();
        let (low, high) = (u64x2_extmul_low_u32x4(x, multiplier), u64x2_extmul_high_u32x4(x, multiplier));
        let scaled = i32x4_shuffle::<0, 2, 4, 6>(scale(low), scale(high));
        let halves = i16x8_narrow_i32x4(scaled, scaled);
        let bytes = i8x16_narrow_i16x8(halves, halves);
        // SAFETY: as above.
        unsafe { v128_store32_lane::<0>(bytes, four.as_mut_ptr().cast()) };
    }
    (rest_of_sums, rest_of_bias, rest)
}

/// The class of one row: the index of the largest z + bias, ties to the lowest index.
pub fn argmax(sums: &[i32], bias: &[i32]) -> usize {
    let logit = |index: usize| sums[index].wrapping_add(bias.get(index).copied().unwrap_or(0));
    (1..sums.len()).fold(0, |best, index| if logit(index) > logit(best) { index } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn ties_go_to_the_lowest_index() {
        assert_eq!(argmax(&[1, 5, 5, 2], &[0, 0, 0, 3]), 1);
        assert_eq!(argmax(&[-3], &[0]), 0);
        assert_eq!(argmax(&[4, 0], &[0, 5]), 1);
    }

    #[test]
    fn requantisation_rounds_half_up_and_clamps() {
        let requant = Requant { multiplier: 3, shift: 2 };
        let mut activations = [0; 6];
        // (x·3 + 2) >> 2 for 1, 2, 3, −1, 1000 and, once its bias is added, i32::MAX.
        activate(&[1, 2, 3, -1, 1000, i32::MAX - 1], &[0, 0, 0, 0, 0, 1], requant, &mut activations);
        assert_eq!(activations, [1, 2, 2, 0, 127, 127]);
        let extreme = Requant { multiplier: i32::MAX as u32, shift: 62 };
        let mut one = [0; 2];
        activate(&[i32::MAX, i32::MIN], &[0, 0], extreme, &mut one);
        assert_eq!(one, [1, 0]);
    }

    /// The formula of [`activate`], in integers that cannot overflow.
    fn by_formula(x: i32, requant: Requant) -> i8 {
        let scaled = (i128::from(x) * i128::from(requant.multiplier) + (1i128 << (requant.shift - 1))) >> requant.shift;
        scaled.clamp(0, 127) as i8
    }

    fn edge() -> impl Strategy<Value = i32> {
        prop_oneof![Just(i32::MIN), Just(i32::MAX), -300..300i32, any::<i32>()]
    }

    fn multiplier() -> impl Strategy<Value = u32> {
        prop_oneof![Just(1), Just(i32::MAX as u32), 1..300u32, 1..=i32::MAX as u32]
    }

    proptest! {
        #[test]
        fn activations_follow_the_formula(x in prop::collection::vec(edge(), 33), multiplier in multiplier(), shift in 1u8..=62) {
            let requant = Requant { multiplier, shift };
            let saturated = saturates_at(requant);
            let x = [x, [-1, 0, 1].map(|step| saturated.saturating_add(step)).to_vec()].concat();
            let mut activations = vec![99; x.len()];
            activate(&x, &vec![0; x.len()], requant, &mut activations);
            let expected: Vec<i8> = x.iter().map(|x| by_formula(*x, requant)).collect();
            prop_assert_eq!(activations, expected);
        }
    }
}
