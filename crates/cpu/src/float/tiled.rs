//! The product in tiles of eight columns, for WebAssembly.
//!
//! For every block of k and of rows, A is copied so that the rows of a tile lie side by side, and panel after panel of B,
//! copied too, passes over it: a tile reads both from front to back through one pointer each. Packing B once a unit rather
//! than here gained 4 % at k = n = 2048 and nothing below, so operands stay as they are.

use adit_core::kernel::float::FloatMatrix;

use lanes::{Lanes, halves, multiply_add, splat, to_array};

/// Columns of a tile: two vectors.
const WIDTH: usize = 8;
/// Values of k in a block: a panel of B, 8 KiB, stays in a first-level cache.
const DEPTH: usize = 256;
/// Rows of A in a block: 512 KiB, in a second-level cache.
const ROWS: usize = 512;

/// C = A · B in tiles of `HEIGHT` rows. The lengths are checked.
pub(super) fn multiply<const HEIGHT: usize>(a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
    let (k, n) = (b.rows, b.cols);
    out.fill(0.0);
    let (mut left, mut panel) = (Vec::new(), Vec::with_capacity(DEPTH));
    for first in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - first);
        for top in (0..rows).step_by(ROWS) {
            let end = rows.min(top + ROWS);
            left.clear();
            for row in (top..end).step_by(HEIGHT) {
                // Rows past the end repeat the last one; their sums are dropped.
                let values: [&[f32]; HEIGHT] =
                    std::array::from_fn(|r| &a[(row + r).min(end - 1) * k + first..][..depth]);
                left.extend((0..depth).map(|l| values.map(|row| row[l])));
            }
            for column in (0..n).step_by(WIDTH) {
                let width = WIDTH.min(n - column);
                panel.clear();
                panel.extend((first..first + depth).map(|l| {
                    let mut values = [0.0; WIDTH];
                    values[..width].copy_from_slice(&b.row(l)[column..column + width]);
                    values
                }));
                for (left, row) in left.chunks_exact(depth).zip((top..end).step_by(HEIGHT)) {
                    let sums = tile::<HEIGHT>(left, &panel);
                    for (row, sums) in (row..end).zip(sums) {
                        let out = &mut out[row * n + column..][..width];
                        out.iter_mut().zip(sums.map(to_array).as_flattened()).for_each(|(out, sum)| *out += sum);
                    }
                }
            }
        }
    }
}

/// The sums of one tile. A function of its own, for an engine replaces slow code by fast code at the next call, never within
/// one.
#[inline(never)]
fn tile<const HEIGHT: usize>(left: &[[f32; HEIGHT]], panel: &[[f32; WIDTH]]) -> [[Lanes; 2]; HEIGHT] {
    let mut sums = [[splat(0.0); 2]; HEIGHT];
    for (left, right) in left.iter().zip(panel) {
        let right = halves(right);
        for (sums, left) in sums.iter_mut().zip(left) {
            let left = splat(*left);
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = multiply_add(left, right, *sum);
            }
        }
    }
    sums
}

/// Vectors of WebAssembly's.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    pub(super) use std::arch::wasm32::f32x4_splat as splat;
    use std::arch::wasm32::{f32x4, f32x4_extract_lane as lane, v128};

    pub(super) type Lanes = v128;

    pub(super) fn halves([a, b, c, d, e, f, g, h]: &[f32; 8]) -> [Lanes; 2] {
        [f32x4(*a, *b, *c, *d), f32x4(*e, *f, *g, *h)]
    }

    /// Rounded once or twice, as the engine likes: the check of this kind has a tolerance.
    #[cfg(target_feature = "relaxed-simd")]
    pub(super) use std::arch::wasm32::f32x4_relaxed_madd as multiply_add;

    #[cfg(not(target_feature = "relaxed-simd"))]
    pub(super) fn multiply_add(x: Lanes, y: Lanes, sum: Lanes) -> Lanes {
        std::arch::wasm32::f32x4_add(sum, std::arch::wasm32::f32x4_mul(x, y))
    }

    pub(super) fn to_array(x: Lanes) -> [f32; 4] {
        [lane::<0>(x), lane::<1>(x), lane::<2>(x), lane::<3>(x)]
    }
}

/// Their twin, for tests.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    pub(super) type Lanes = [f32; 4];

    pub(super) fn splat(x: f32) -> Lanes {
        [x; 4]
    }

    pub(super) fn halves([a, b, c, d, e, f, g, h]: &[f32; 8]) -> [Lanes; 2] {
        [[*a, *b, *c, *d], [*e, *f, *g, *h]]
    }

    pub(super) fn multiply_add(x: Lanes, y: Lanes, sum: Lanes) -> Lanes {
        std::array::from_fn(|lane| sum[lane] + x[lane] * y[lane])
    }

    pub(super) fn to_array(x: Lanes) -> [f32; 4] {
        x
    }
}
