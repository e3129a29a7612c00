//! WebAssembly SIMD: `i32x4.dot_i16x8_s` multiplies pairs of 16-bit values along k, with the same result on every
//! engine.
#![allow(unsafe_code, reason = "vector loads and stores through pointers")]

use std::arch::wasm32::*;

use super::registers::define_tile;
use super::{Panel, Tile};
use crate::packed::Packed;
use crate::wide;

/// Needs no detection: engines without these instructions refuse the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simd128;

type Left = i16;
type Right = i16;
type Register = v128;
const LANES: usize = 4;
const GROUP: usize = 2;

impl Tile for Simd128 {
    type Left = Left;
    type Right = Right;
    const GROUP: usize = GROUP;
    const OFFSET: i32 = 0;
    // 8 sums, 4 vectors of B, one of A and a product fit the 15 registers that engines offer on x86-64. Tiles are wider
    // than tall, so that fewer row pointers advance and fewer columns of C share a cache set.
    const PANELS: &'static [Panel<Left, Right>] = &[
        Panel { width: 16, tiles: &[(2, tile::<2, 4>), (1, tile::<1, 4>)] },
        Panel { width: 8, tiles: &[(4, tile::<4, 2>), (1, tile::<1, 2>)] },
        Panel { width: 4, tiles: &[(4, tile::<4, 1>), (1, tile::<1, 1>)] },
    ];

    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
        wide::multiply(self, a, rows, b, c);
    }
}

define_tile!();

fn zero() -> Register {
    i32x4_splat(0)
}

/// # Safety
/// The pointer is valid for reading 8 values.
unsafe fn load_right(values: *const Right) -> Register {
    // SAFETY: this function's own contract.
    unsafe { v128_load(values.cast()) }
}

/// # Safety
/// The pointer is valid for reading 4 bytes.
unsafe fn splat_left(values: *const Left) -> Register {
    // SAFETY: this function's own contract.
    unsafe { v128_load32_splat(values.cast()) }
}

fn multiply_add(sums: Register, left: Register, right: Register) -> Register {
    i32x4_add(sums, i32x4_dot_i16x8(left, right))
}

/// # Safety
/// The pointers are valid for writing and for reading 4 values.
unsafe fn store(values: *mut i32, start: *const i32, sums: Register) {
    // SAFETY: this function's own contract.
    unsafe { v128_store(values.cast(), i32x4_add(v128_load(start.cast()), sums)) }
}
