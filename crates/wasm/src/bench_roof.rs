//! What the vector units could do if there was nothing to load: the instructions of the kernels on registers alone.
//!
//! Twelve sums are independent of each other, so that no instruction waits for the one before it, and every sum depends on
//! its last value, so that no compiler computes it beforehand. With an operand and a product they fit the 15 registers that
//! engines on x86-64 have to give.

use std::arch::wasm32::*;

use wasm_bindgen::prelude::*;

/// The sums, which are zeros: what they begin with, and what is multiplied, is hidden from the compiler. Written out, for this
/// crate is compiled for size and an array would lie in memory.
macro_rules! in_registers {
    ($turns:ident, $step:ident, $($sum:ident)*) => {{
        let value = i32x4_splat(std::hint::black_box(0));
        $(let mut $sum = i32x4_splat(std::hint::black_box(0));)*
        for _ in 0..$turns {
            $($sum = $step($sum, value);)*
        }
        vec![$(i32x4_extract_lane::<0>($sum)),*]
    }};
}

/// Adds sixteen int8 products to each of twelve sums, so many times.
#[wasm_bindgen]
pub fn integer_instructions(turns: u32) -> Vec<i32> {
    in_registers!(turns, add_integers, a b c d e f g h i j k l)
}

/// Adds four f32 products to each of twelve sums, so many times.
#[wasm_bindgen]
pub fn float_instructions(turns: u32) -> Vec<i32> {
    in_registers!(turns, add_floats, a b c d e f g h i j k l)
}

/// Sixteen products.
#[inline(always)]
#[cfg(target_feature = "relaxed-simd")]
fn add_integers(sum: v128, value: v128) -> v128 {
    i32x4_add(sum, i32x4_dot_i16x8(i16x8_relaxed_dot_i8x16_i7x16(sum, value), i16x8_splat(1)))
}

/// Sixteen products.
#[inline(always)]
#[cfg(not(target_feature = "relaxed-simd"))]
fn add_integers(sum: v128, value: v128) -> v128 {
    let sum = i32x4_add(sum, i32x4_dot_i16x8(sum, value));
    i32x4_add(sum, i32x4_dot_i16x8(sum, value))
}

/// Four products.
#[inline(always)]
#[cfg(target_feature = "relaxed-simd")]
fn add_floats(sum: v128, value: v128) -> v128 {
    f32x4_relaxed_madd(sum, value, sum)
}

/// Four products.
#[inline(always)]
#[cfg(not(target_feature = "relaxed-simd"))]
fn add_floats(sum: v128, value: v128) -> v128 {
    f32x4_add(sum, f32x4_mul(sum, value))
}
