//! The f32 product in tiles of a few rows and vectors, for WebAssembly.
//!
//! For every block of k and of rows, A is copied so that a tile's rows are contiguous, and each panel of B is copied
//! and multiplied with it: a tile reads both from front to back through one pointer each. Packing B once per unit
//! instead gained 4 % at k = n = 2048 and nothing at smaller sizes, so B stays unpacked.

use std::ops::Range;

use adit_core::kernel::float::FloatMatrix;

use lanes::{Lanes, add, load, multiply_add, splat, store};

/// Columns in a vector.
const LANES: usize = 4;
/// Length of a block along k: a panel of B with 16 columns, 16 KiB, fits the first-level cache.
const DEPTH: usize = 256;
/// Rows of A in a block: 512 KiB, which fits the second-level cache.
const ROWS: usize = 512;

/// C = A · B in tiles of `HEIGHT` rows and `VECTORS` · 4 columns. The caller has checked the lengths.
///
/// Partial sums are stored tile by tile until the last block of k: rows of C can be a page apart, where prefetching
/// fails, and reading them took a sixth of the time at n = 1024.
pub(super) fn multiply<const HEIGHT: usize, const VECTORS: usize>(
    a: &[f32],
    rows: usize,
    b: &FloatMatrix,
    out: &mut [f32],
) {
    let (k, n) = (b.rows, b.cols);
    if k == 0 {
        out.fill(0.0);
    }
    let (mut left, mut panel, mut waiting) = (Vec::new(), Vec::with_capacity(DEPTH), Vec::new());
    for top in (0..rows).step_by(ROWS) {
        let end = rows.min(top + ROWS);
        for first in (0..k).step_by(DEPTH) {
            let depth = DEPTH.min(k - first);
            pack_rows(&mut left, a, k, top..end, first..first + depth);
            let mut tiles = 0..;
            for column in (0..n).step_by(VECTORS * LANES) {
                pack_columns(&mut panel, b, first..first + depth, column);
                for ((left, row), index) in left.chunks_exact(depth).zip((top..end).step_by(HEIGHT)).zip(&mut tiles) {
                    let mut sums = tile::<HEIGHT, VECTORS>(left, &panel);
                    if first > 0 {
                        add_to(&mut sums, &waiting[index]);
                    }
                    if first + depth == k {
                        for (row, sums) in (row..end).zip(&sums) {
                            put(&mut out[row * n..][column..n], sums);
                        }
                    } else if let Some(place) = waiting.get_mut(index) {
                        *place = sums;
                    } else {
                        waiting.push(sums);
                    }
                }
            }
        }
    }
}

/// Copies a block of A so that each tile's rows are contiguous. Rows past the end repeat the last one, and their sums
/// are dropped.
fn pack_rows<const HEIGHT: usize>(
    left: &mut Vec<[f32; HEIGHT]>,
    a: &[f32],
    k: usize,
    rows: Range<usize>,
    block: Range<usize>,
) {
    left.clear();
    for top in rows.clone().step_by(HEIGHT) {
        let values: [&[f32]; HEIGHT] = std::array::from_fn(|r| &a[(top + r).min(rows.end - 1) * k..][block.clone()]);
        left.extend((0..block.len()).map(|l| values.map(|row| row[l])));
    }
}

/// Copies the panel of B that begins at `column`.
fn pack_columns<const VECTORS: usize>(
    panel: &mut Vec<[[f32; LANES]; VECTORS]>,
    b: &FloatMatrix,
    block: Range<usize>,
    column: usize,
) {
    panel.clear();
    let rows = block.map(|l| &b.row(l)[column..]);
    if b.cols - column >= VECTORS * LANES {
        panel.extend(rows.map(whole));
    } else {
        panel.extend(rows.map(padded));
    }
}

/// The first values of a row. Separate from [`padded`] because a copy of variable length is a call out of WebAssembly,
/// and this one compiles to loads and stores.
fn whole<const VECTORS: usize>(row: &[f32]) -> [[f32; LANES]; VECTORS] {
    row.as_chunks().0.first_chunk().copied().unwrap_or([[0.0; LANES]; VECTORS])
}

/// The values of a row, padded with zeros.
fn padded<const VECTORS: usize>(row: &[f32]) -> [[f32; LANES]; VECTORS] {
    let mut values = [[0.0; LANES]; VECTORS];
    values.as_flattened_mut()[..row.len()].copy_from_slice(row);
    values
}

/// Adds one tile to another.
fn add_to<const HEIGHT: usize, const VECTORS: usize>(
    sums: &mut [[Lanes; VECTORS]; HEIGHT],
    others: &[[Lanes; VECTORS]; HEIGHT],
) {
    let pairs = sums.as_flattened_mut().iter_mut().zip(others.as_flattened());
    pairs.for_each(|(sum, other)| *sum = add(*other, *sum));
}

/// Writes sums to the beginning of a row, as many as fit.
fn put<const VECTORS: usize>(row: &mut [f32], sums: &[Lanes; VECTORS]) {
    let (whole, rest) = row.as_chunks_mut::<LANES>();
    whole.iter_mut().zip(sums).for_each(|(values, sum)| store(*sum, values));
    if let Some(sum) = sums.get(whole.len()) {
        let mut values = [0.0; LANES];
        store(*sum, &mut values);
        rest.copy_from_slice(&values[..rest.len()]);
    }
}

/// The sums of one tile. A separate function, because engines switch to optimized code at the next call, never within
/// one.
#[inline(never)]
fn tile<const HEIGHT: usize, const VECTORS: usize>(
    left: &[[f32; HEIGHT]],
    panel: &[[[f32; LANES]; VECTORS]],
) -> [[Lanes; VECTORS]; HEIGHT] {
    let mut sums = [[splat(0.0); VECTORS]; HEIGHT];
    for (left, right) in left.iter().zip(panel) {
        let right = right.each_ref().map(load);
        for (sums, left) in sums.iter_mut().zip(left) {
            let left = splat(*left);
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = multiply_add(left, right, *sum);
            }
        }
    }
    sums
}

/// WebAssembly's vectors.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use std::arch::wasm32::{f32x4, v128, v128_store};
    pub(super) use std::arch::wasm32::{f32x4_add as add, f32x4_splat as splat};

    pub(super) type Lanes = v128;

    pub(super) fn load([a, b, c, d]: &[f32; 4]) -> Lanes {
        f32x4(*a, *b, *c, *d)
    }

    /// Engines may round once or twice. Both are within the check's tolerance.
    #[cfg(target_feature = "relaxed-simd")]
    pub(super) use std::arch::wasm32::f32x4_relaxed_madd as multiply_add;

    #[cfg(not(target_feature = "relaxed-simd"))]
    pub(super) fn multiply_add(x: Lanes, y: Lanes, sum: Lanes) -> Lanes {
        std::arch::wasm32::f32x4_add(sum, std::arch::wasm32::f32x4_mul(x, y))
    }

    #[allow(unsafe_code, reason = "a store through a pointer")]
    pub(super) fn store(x: Lanes, values: &mut [f32; 4]) {
        // SAFETY: the array has 16 bytes, which is what the store writes.
        unsafe { v128_store(values.as_mut_ptr().cast(), x) }
    }
}

/// The same vectors in plain Rust, for tests.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    pub(super) type Lanes = [f32; 4];

    pub(super) fn splat(x: f32) -> Lanes {
        [x; 4]
    }

    pub(super) fn load(values: &[f32; 4]) -> Lanes {
        *values
    }

    pub(super) fn multiply_add(x: Lanes, y: Lanes, sum: Lanes) -> Lanes {
        std::array::from_fn(|lane| sum[lane] + x[lane] * y[lane])
    }

    pub(super) fn add(x: Lanes, y: Lanes) -> Lanes {
        std::array::from_fn(|lane| x[lane] + y[lane])
    }

    pub(super) fn store(x: Lanes, values: &mut [f32; 4]) {
        *values = x;
    }
}
