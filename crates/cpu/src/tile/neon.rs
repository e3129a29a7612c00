//! NEON: `smull` multiplies bytes and `sadalp` adds pairs along k. Every 64-bit ARM processor has them.
#![allow(unsafe_code, reason = "vector loads and stores through pointers")]

use std::arch::aarch64::*;

use super::registers::define_tile;
use super::{Panel, Tile};
use crate::narrow::{self, copy};
use crate::packed::Packed;

/// Needs no detection on AArch64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon;

type Left = i8;
type Right = i8;
type Register = int32x4_t;
const LANES: usize = 4;
const GROUP: usize = 2;

impl Tile for Neon {
    type Left = Left;
    type Right = Right;
    const GROUP: usize = GROUP;
    const OFFSET: i32 = 0;
    // Sums take 24 of 32 registers.
    const PANELS: &'static [Panel<Left>] = &[
        Panel { width: 16, tiles: &[(6, tile::<6, 4>), (3, tile::<3, 4>), (1, tile::<1, 4>)] },
        Panel { width: 8, tiles: &[(6, tile::<6, 2>), (1, tile::<1, 2>)] },
        Panel { width: 4, tiles: &[(6, tile::<6, 1>), (1, tile::<1, 1>)] },
    ];

    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
        narrow::multiply(self, a, rows, b, c, copy);
    }
}

define_tile!(#[target_feature(enable = "neon")]);

#[target_feature(enable = "neon")]
fn zero() -> Register {
    vdupq_n_s32(0)
}

/// # Safety
/// The pointer is valid for reading 8 bytes.
#[target_feature(enable = "neon")]
unsafe fn load_right(values: *const i8) -> int8x8_t {
    // SAFETY: this function's own contract.
    unsafe { vld1_s8(values) }
}

/// # Safety
/// The pointer is valid for reading 2 bytes.
#[target_feature(enable = "neon")]
unsafe fn splat_left(values: *const Left) -> int8x8_t {
    // SAFETY: this function's own contract.
    vreinterpret_s8_s16(vdup_n_s16(unsafe { values.cast::<i16>().read_unaligned() }))
}

#[target_feature(enable = "neon")]
fn multiply_add(sums: Register, left: int8x8_t, right: int8x8_t) -> Register {
    vpadalq_s16(sums, vmull_s8(left, right))
}

/// # Safety
/// The pointers are valid for writing and for reading 4 values.
#[target_feature(enable = "neon")]
unsafe fn store(values: *mut i32, start: *const i32, sums: Register) {
    // SAFETY: this function's own contract.
    unsafe { vst1q_s32(values, vaddq_s32(vld1q_s32(start), sums)) }
}
