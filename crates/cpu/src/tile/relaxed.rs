//! WebAssembly's relaxed SIMD: one instruction multiplies four neighbours along k, bytes by seven-bit values.
//!
//! `i32x4.relaxed_dot_i8x16_i7x16_add_s` is implementation-defined if a value of its second operand has its top bit set
//! or if a pair of products overflows 16 bits. With the second operand in 0..=127 neither happens (127 · 127 · 2 and
//! −128 · 127 · 2 fit), so every engine gives the same sums. Source: WebAssembly relaxed SIMD, Overview.
//!
//! Activations have seven bits. Other rows of A go to [`Simd128`](super::simd128), for which B is packed again when the
//! first such row arrives. Splitting them into seven bits and one doubles the work, and ran at half the speed on
//! engines without a single instruction for the relaxed product.
//!
//! Where the processor has that instruction (ARM's dot product, AVX-VNNI), [fusing product and addition](fused) is
//! faster; elsewhere separate multiplications and additions are, because they leave the engine free registers. So both
//! are raced.
#![allow(unsafe_code, reason = "vector loads and stores through pointers")]

mod fused;

use std::arch::wasm32::*;
use std::sync::OnceLock;

use super::registers::define_tile;
use super::simd128::Simd128;
use super::{AnyTile, Panel, Tile};
use crate::narrow::{self, copy};
use crate::packed::{Packed, pack, unpack};
use crate::race;
use fused::Fused;

/// Needs no detection: engines without these instructions refuse the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relaxed;

type Left = i8;
type Right = i8;
type Register = v128;
const LANES: usize = 4;
const GROUP: usize = 4;

impl Tile for Relaxed {
    type Left = Left;
    type Right = Right;
    const GROUP: usize = GROUP;
    const OFFSET: i32 = 0;
    const PANELS: &'static [Panel<Left>] = &[
        Panel { width: 16, tiles: &[(2, tile::<2, 4>), (1, tile::<1, 4>)] },
        Panel { width: 8, tiles: &[(4, tile::<4, 2>), (1, tile::<1, 2>)] },
        Panel { width: 4, tiles: &[(4, tile::<4, 1>), (1, tile::<1, 1>)] },
    ];

    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
        if has_seven_bits(a) {
            return fastest()(a, rows, b, c);
        }
        let strict = |b: &Packed| pack(Simd128, AnyTile::Simd128(Simd128), &unpack(self, b), b.k, b.n);
        Simd128.product(a, rows, b.other.get_or_init(|| Box::new(strict(b))), c);
    }
}

/// C = A · B. Both implementations read the same panels.
type Multiply = fn(&[i8], usize, &Packed, &mut [i32]);

const WAYS: [Multiply; 2] = [
    |a, rows, b, c| narrow::multiply(Relaxed, a, rows, b, c, copy),
    |a, rows, b, c| narrow::multiply(Fused, a, rows, b, c, copy),
];

/// The faster implementation, found by a race at the first product.
fn fastest() -> Multiply {
    const SIZE: usize = 256;
    static FASTEST: OnceLock<Multiply> = OnceLock::new();
    *FASTEST.get_or_init(|| {
        let a: Vec<i8> = (0..SIZE * SIZE).map(|index| (index % 127) as i8).collect();
        let b = pack(Relaxed, AnyTile::Relaxed(Relaxed), &a, SIZE, SIZE);
        let mut c = vec![0; SIZE * SIZE];
        race::fastest(&WAYS, |way| way(&a, SIZE, &b, &mut c), race::clock())
    })
}

/// Whether no value is negative. Tests eight at a time, because code compiled for size is not vectorized.
fn has_seven_bits(values: &[i8]) -> bool {
    let (eights, rest) = values.as_chunks::<8>();
    let signs = eights.iter().fold(0, |signs, eight| signs | u64::from_le_bytes(eight.map(|value| value as u8)));
    signs & 0x8080_8080_8080_8080 == 0 && rest.iter().all(|value| *value >= 0)
}

define_tile!();

fn zero() -> Register {
    i32x4_splat(0)
}

/// # Safety
/// The pointer is valid for reading 16 bytes.
unsafe fn load_right(values: *const i8) -> Register {
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
    i32x4_add(sums, i32x4_dot_i16x8(i16x8_relaxed_dot_i8x16_i7x16(right, left), i16x8_splat(1)))
}

/// # Safety
/// The pointers are valid for writing and for reading 4 values.
unsafe fn store(values: *mut i32, start: *const i32, sums: Register) {
    // SAFETY: this function's own contract.
    unsafe { v128_store(values.cast(), i32x4_add(v128_load(start.cast()), sums)) }
}
