//! AVX-VNNI: the byte products of AVX-512 VNNI in 256-bit registers, for the many processors without AVX-512.
#![allow(unsafe_code, reason = "vector loads and stores through pointers")]

use std::arch::x86_64::*;

use super::registers::define_tile;
use super::{Panel, Tile};
use crate::narrow::{self, add_128};
use crate::packed::Packed;

/// Proof that the processor has AVX-VNNI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AvxVnni(());

impl AvxVnni {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni")).then_some(Self(()))
    }
}

type Left = u8;
type Right = i8;
type Register = __m256i;
const LANES: usize = 8;
const GROUP: usize = 4;

impl Tile for AvxVnni {
    type Left = Left;
    type Right = Right;
    const GROUP: usize = GROUP;
    const OFFSET: i32 = 128;
    // Sums take 12 of 16 registers.
    const PANELS: &'static [Panel<Left>] = &[
        Panel { width: 16, tiles: &[(6, tile::<6, 2>), (3, tile::<3, 2>), (1, tile::<1, 2>)] },
        Panel { width: 8, tiles: &[(12, tile::<12, 1>), (4, tile::<4, 1>), (1, tile::<1, 1>)] },
    ];

    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
        narrow::multiply(self, a, rows, b, c, add_128);
    }
}

define_tile!(#[target_feature(enable = "avx2,avxvnni")]);

#[target_feature(enable = "avx2")]
fn zero() -> Register {
    _mm256_setzero_si256()
}

/// # Safety
/// The pointer is valid for reading 32 bytes.
#[target_feature(enable = "avx2")]
unsafe fn load_right(values: *const i8) -> Register {
    // SAFETY: this function's own contract.
    unsafe { _mm256_loadu_si256(values.cast()) }
}

/// # Safety
/// The pointer is valid for reading 4 bytes.
#[target_feature(enable = "avx2")]
unsafe fn splat_left(values: *const Left) -> Register {
    // SAFETY: this function's own contract.
    _mm256_set1_epi32(unsafe { values.cast::<i32>().read_unaligned() })
}

#[target_feature(enable = "avx2,avxvnni")]
fn multiply_add(sums: Register, left: Register, right: Register) -> Register {
    _mm256_dpbusd_avx_epi32(sums, left, right)
}

/// # Safety
/// The pointers are valid for writing and for reading 8 values.
#[target_feature(enable = "avx2")]
unsafe fn store(values: *mut i32, start: *const i32, sums: Register) {
    // SAFETY: this function's own contract.
    unsafe { _mm256_storeu_si256(values.cast(), _mm256_add_epi32(_mm256_loadu_si256(start.cast()), sums)) }
}
