//! SSE2: `pmaddwd` multiplies pairs of 16-bit values along k. Every x86-64 has it, back to 2003.
#![allow(unsafe_code, reason = "vector loads and stores through pointers")]

use std::arch::x86_64::*;

use super::registers::define_tile;
use super::{Panel, Tile};
use crate::packed::Packed;
use crate::wide;

/// Needs no detection on x86-64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sse2;

type Left = i16;
type Right = i16;
type Register = __m128i;
const LANES: usize = 4;
const GROUP: usize = 2;

impl Tile for Sse2 {
    type Left = Left;
    type Right = Right;
    const GROUP: usize = GROUP;
    const OFFSET: i32 = 0;
    // Sums take 12 of 16 registers.
    const PANELS: &'static [Panel<Left, Right>] = &[
        Panel { width: 8, tiles: &[(6, tile::<6, 2>), (3, tile::<3, 2>), (1, tile::<1, 2>)] },
        Panel { width: 4, tiles: &[(6, tile::<6, 1>), (3, tile::<3, 1>), (1, tile::<1, 1>)] },
    ];

    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
        wide::multiply(self, a, rows, b, c);
    }
}

define_tile!(#[target_feature(enable = "sse2")]);

#[target_feature(enable = "sse2")]
fn zero() -> Register {
    _mm_setzero_si128()
}

/// # Safety
/// The pointer is valid for reading 8 values.
#[target_feature(enable = "sse2")]
unsafe fn load_right(values: *const Right) -> Register {
    // SAFETY: this function's own contract.
    unsafe { _mm_loadu_si128(values.cast()) }
}

/// # Safety
/// The pointer is valid for reading 4 bytes.
#[target_feature(enable = "sse2")]
unsafe fn splat_left(values: *const Left) -> Register {
    // SAFETY: this function's own contract.
    _mm_set1_epi32(unsafe { values.cast::<i32>().read_unaligned() })
}

#[target_feature(enable = "sse2")]
fn multiply_add(sums: Register, left: Register, right: Register) -> Register {
    _mm_add_epi32(sums, _mm_madd_epi16(left, right))
}

/// # Safety
/// The pointers are valid for writing and for reading 4 values.
#[target_feature(enable = "sse2")]
unsafe fn store(values: *mut i32, start: *const i32, sums: Register) {
    // SAFETY: this function's own contract.
    unsafe { _mm_storeu_si128(values.cast(), _mm_add_epi32(_mm_loadu_si128(start.cast()), sums)) }
}
