//! The loops around tiles that multiply bytes, blocked for the caches.
//!
//! For every block of rows and of k, A is copied into the form that tiles read, every panel of B is multiplied with it,
//! and the sums go to C in place: the first block of k writes them, later ones add theirs. A's block, a panel and the
//! rows of C fit the second-level cache, a tile's part of A the first. Source: Goto and van de Geijn 2008, "Anatomy of
//! High-Performance Matrix Multiplication", section 4.

use crate::blocks::Block;
use crate::packed::{DEPTH, Packed, panels};
use crate::tile::Tile;

/// Rows of A in a block, a multiple of every tile's height. With 1,024 values of k they leave room in the second-level
/// cache for their rows of C and for a panel of B.
const ROWS: usize = 96;

/// C = A · B. `take` converts values of A to the form that the instructions need.
pub(crate) fn multiply<T: Tile<Right = i8>>(
    tile: T,
    a: &[i8],
    rows: usize,
    b: &Packed,
    c: &mut [i32],
    take: impl Fn(&[i8], &mut [T::Left]),
) {
    // The lowest tile always reads its full height, even past the last row.
    let most_rows = ROWS.min(rows).next_multiple_of(lowest::<T>());
    let mut left = vec![T::Left::default(); most_rows * DEPTH.min(b.k).next_multiple_of(T::STEP)];
    let mut edge = Vec::new();
    for first_row in (0..rows).step_by(ROWS) {
        let height = ROWS.min(rows - first_row);
        let c = &mut c[first_row * b.n..][..height * b.n];
        if b.k == 0 {
            b.start_sums(c);
        }
        for first in (0..b.k).step_by(DEPTH) {
            let depth = DEPTH.min(b.k - first);
            let stride = depth.next_multiple_of(T::STEP);
            if stride == b.k {
                take(&a[first_row * stride..][..height * stride], &mut left[..height * stride]);
            } else {
                for (row, left) in left.chunks_exact_mut(stride).take(height).enumerate() {
                    // Values past the end of k are multiplied by zeros in B.
                    let values = &a[(first_row + row) * b.k + first..][..depth];
                    take(values, &mut left[..depth]);
                }
            }
            for (panel, column) in panels::<T>(b.columns) {
                let right = b.panel::<T>((first, column), stride, panel.width);
                let width = panel.width.min(b.n - column);
                let start = (first == 0).then(|| &b.start[column..]);
                let block = Block { left: &left, rows: height, stride, right, start, width };
                block.multiply(tile, panel, &mut c[column..], b.n, &mut edge);
            }
        }
    }
}

/// For instructions that multiply signed values by signed values.
pub(crate) fn copy(values: &[i8], left: &mut [i8]) {
    left.copy_from_slice(values);
}

/// For instructions that multiply unsigned values by signed values.
#[cfg(target_arch = "x86_64")]
pub(crate) fn add_128(values: &[i8], left: &mut [u8]) {
    left.iter_mut().zip(values).for_each(|(left, value)| *left = *value as u8 ^ 0x80);
}

/// The height of the lowest tile.
fn lowest<T: Tile>() -> usize {
    let lowest = T::PANELS.iter().filter_map(|panel| panel.tiles.last()).map(|(height, _)| *height);
    lowest.max().unwrap_or(1)
}
