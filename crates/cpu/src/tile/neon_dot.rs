//! NEON with the dot product of ARMv8.2: `sdot` multiplies signed bytes, four neighbours along k at once.
//!
//! Inline assembly, because the intrinsic is not stable.
#![allow(unsafe_code, reason = "vector loads and stores through pointers, and one instruction by assembly")]

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

use super::registers::define_tile;
use super::{Panel, Tile};
use crate::narrow::{self, copy};
use crate::packed::Packed;

/// Proof that the processor has the dot product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NeonDot(());

impl NeonDot {
    pub(super) fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("dotprod").then_some(Self(()))
    }
}

type Left = i8;
type Right = i8;
type Register = int32x4_t;
const LANES: usize = 4;
const GROUP: usize = 4;

impl Tile for NeonDot {
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

define_tile!(#[target_feature(enable = "neon,dotprod")]);

#[target_feature(enable = "neon")]
fn zero() -> Register {
    vdupq_n_s32(0)
}

/// # Safety
/// The pointer is valid for reading 16 bytes.
#[target_feature(enable = "neon")]
unsafe fn load_right(values: *const i8) -> int8x16_t {
    // SAFETY: this function's own contract.
    unsafe { vld1q_s8(values) }
}

/// # Safety
/// The pointer is valid for reading 4 bytes.
#[target_feature(enable = "neon")]
unsafe fn splat_left(values: *const Left) -> int8x16_t {
    // SAFETY: this function's own contract.
    vreinterpretq_s8_s32(vdupq_n_s32(unsafe { values.cast::<i32>().read_unaligned() }))
}

#[target_feature(enable = "neon,dotprod")]
fn multiply_add(mut sums: Register, left: int8x16_t, right: int8x16_t) -> Register {
    // SAFETY: the target feature ensures that the instruction exists, and it accesses only registers.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {left:v}.16b, {right:v}.16b",
            sums = inout(vreg) sums,
            left = in(vreg) left,
            right = in(vreg) right,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sums
}

/// # Safety
/// The pointers are valid for writing and for reading 4 values.
#[target_feature(enable = "neon")]
unsafe fn store(values: *mut i32, start: *const i32, sums: Register) {
    // SAFETY: this function's own contract.
    unsafe { vst1q_s32(values, vaddq_s32(vld1q_s32(start), sums)) }
}
