//! The upper bound of the kernels' speed: their instructions on registers alone, without loads.
//!
//! The twelve sums are independent of each other, so that no instruction waits for the one before it, and each depends on its
//! last value, so that the compiler cannot compute it in advance. With an operand and a product they fit the 15 registers that
//! engines on x86-64 can allocate.

use std::arch::wasm32::*;

use wasm_bindgen::prelude::*;

/// Computes the sums. All values are zero, which the compiler does not know. They are separate variables because this crate
/// is compiled for size, which would leave an array in memory.
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

/// Adds sixteen int8 products to each of twelve sums, `turns` times.
#[wasm_bindgen]
pub fn integer_instructions(turns: u32) -> Vec<i32> {
    in_registers!(turns, add_integers, a b c d e f g h i j k l)
}

/// Adds four f32 products to each of twelve sums, `turns` times.
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
