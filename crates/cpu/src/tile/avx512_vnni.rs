//! AVX-512 VNNI: `vpdpbusd` multiplies unsigned by signed bytes, four neighbours along k at once, without saturation.
//!
//! A is signed, so 128 is added to it, and every sum starts at −128 · Σ_l B_lj.
#![allow(unsafe_code, reason = "vector loads and stores through pointers")]

use std::arch::x86_64::*;

use super::registers::define_tile;
use super::{Panel, Tile};
use crate::narrow::{self, add_128};
use crate::packed::Packed;

/// Proof that the processor has AVX-512 VNNI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512Vnni(());

impl Avx512Vnni {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")).then_some(Self(()))
    }
}

type Left = u8;
type Right = i8;
type Register = __m512i;
const LANES: usize = 16;
const GROUP: usize = 4;

impl Tile for Avx512Vnni {
    type Left = Left;
    type Right = Right;
    const GROUP: usize = GROUP;
    const OFFSET: i32 = 128;
    // Sums take 24 of 32 registers. Every tile but the lowest has at least the ten independent sums that hide the
    // latency.
    const PANELS: &'static [Panel<Left>] = &[
        Panel { width: 64, tiles: &[(6, tile::<6, 4>), (3, tile::<3, 4>), (1, tile::<1, 4>)] },
        Panel { width: 32, tiles: &[(12, tile::<12, 2>), (4, tile::<4, 2>), (1, tile::<1, 2>)] },
        Panel { width: 16, tiles: &[(12, tile::<12, 1>), (4, tile::<4, 1>), (1, tile::<1, 1>)] },
    ];

    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
        narrow::multiply(self, a, rows, b, c, add_128);
    }
}

define_tile!(#[target_feature(enable = "avx512f,avx512vnni")]);

#[target_feature(enable = "avx512f")]
fn zero() -> Register {
    _mm512_setzero_si512()
}

/// # Safety
/// The pointer is valid for reading 64 bytes.
#[target_feature(enable = "avx512f")]
unsafe fn load_right(values: *const i8) -> Register {
    // SAFETY: this function's own contract.
    unsafe { _mm512_loadu_si512(values.cast()) }
}

/// # Safety
/// The pointer is valid for reading 4 bytes.
#[target_feature(enable = "avx512f")]
unsafe fn splat_left(values: *const Left) -> Register {
    // SAFETY: this function's own contract.
    _mm512_set1_epi32(unsafe { values.cast::<i32>().read_unaligned() })
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn multiply_add(sums: Register, left: Register, right: Register) -> Register {
    _mm512_dpbusd_epi32(sums, left, right)
}

/// # Safety
/// The pointers are valid for writing and for reading 16 values.
#[target_feature(enable = "avx512f")]
unsafe fn store(values: *mut i32, start: *const i32, sums: Register) {
    // SAFETY: this function's own contract.
    unsafe { _mm512_storeu_si512(values.cast(), _mm512_add_epi32(_mm512_loadu_si512(start.cast()), sums)) }
}
