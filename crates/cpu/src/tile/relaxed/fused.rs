//! The relaxed product and its addition as one WebAssembly instruction.

use std::arch::wasm32::i32x4_relaxed_dot_i8x16_i7x16_add;

use super::{GROUP, LANES, Left, Register, Right, load_right, splat_left, store, zero};
use crate::narrow::{self, copy};
use crate::packed::Packed;
use crate::tile::registers::define_tile;
use crate::tile::{Panel, Tile};

/// Reads operands packed for [`Relaxed`](super::Relaxed).
#[derive(Clone, Copy, Debug)]
pub(super) struct Fused;

impl Tile for Fused {
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
        narrow::multiply(self, a, rows, b, c, copy);
    }
}

define_tile!();

fn multiply_add(sums: Register, left: Register, right: Register) -> Register {
    i32x4_relaxed_dot_i8x16_i7x16_add(right, left, sums)
}
