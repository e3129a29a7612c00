//! The loops around the tiles, which keep what is read again in the nearest cache that holds it.
//!
//! For every block of rows and of k: A is copied into the form the tiles read, every panel of B passes over it, and the
//! sums are added up in C itself. A, a panel and the rows of C stay in a second-level cache meanwhile, what one tile reads of
//! A in the first. Source: Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication", section 4.

use crate::packed::{DEPTH, Packed, panels};
use crate::tile::{Panel, Tile, with_tile};

/// A block of A takes this much of a second-level cache, and leaves room there for its rows of C, which every block of k adds
/// to, and for a panel of B.
const LEFT_BYTES: usize = 96 << 10;

/// C = A · B for `rows` rows of `a`.
pub(crate) fn multiply(a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
    assert_eq!(a.len(), rows * b.k, "the left operand is not rows × k");
    assert_eq!(c.len(), rows * b.n, "the result is not rows × n");
    if c.is_empty() {
        return;
    }
    with_tile!(b.tile, tile => tile.product(a, rows, b, c));
}

/// C += A · B, the values of A as `left_of` gives them. `begin` sets the sums of some rows up, just before they are in use.
pub(crate) fn all_blocks<T: Tile>(
    tile: T,
    a: &[i8],
    rows: usize,
    b: &Packed,
    c: &mut [i32],
    begin: impl Fn(&mut [i32]),
    left_of: impl Fn(i8) -> T::Left,
) {
    // 96 rows of bytes, 48 of pairs: a multiple of every tile's height.
    let block_rows = LEFT_BYTES / (DEPTH * size_of::<T::Left>());
    // The lowest tile reads all of its rows, also where there are fewer.
    let most_rows = block_rows.min(rows).next_multiple_of(lowest::<T>());
    let mut left = vec![T::Left::default(); most_rows * DEPTH.min(b.k).next_multiple_of(T::STEP)];
    let mut edge = Vec::new();
    for first_row in (0..rows).step_by(block_rows) {
        let height = block_rows.min(rows - first_row);
        let c = &mut c[first_row * b.n..][..height * b.n];
        begin(c);
        for first in (0..b.k).step_by(DEPTH) {
            let depth = DEPTH.min(b.k - first);
            let stride = depth.next_multiple_of(T::STEP);
            for (row, left) in left.chunks_exact_mut(stride).take(height).enumerate() {
                // What is left over of a group meets zeros in B.
                let values = &a[(first_row + row) * b.k + first..][..depth];
                left.iter_mut().zip(values).for_each(|(left, value)| *left = left_of(*value));
            }
            for (panel, column) in panels::<T>(b.columns) {
                let right = &b.values[first * b.columns + column * stride..][..panel.width * stride];
                let block = Block { left: &left, rows: height, stride, right, n: b.n, column };
                block.multiply(tile, panel, c, &mut edge);
            }
        }
    }
}

/// Rows of the lowest tile.
fn lowest<T: Tile>() -> usize {
    let lowest = T::PANELS.iter().filter_map(|panel| panel.tiles.last()).map(|(height, _)| *height);
    lowest.max().unwrap_or(1)
}

/// One block of A and one panel of B.
struct Block<'a, Left> {
    left: &'a [Left],
    rows: usize,
    stride: usize,
    right: &'a [i8],
    n: usize,
    column: usize,
}

impl<Left> Block<'_, Left> {
    #[allow(unsafe_code, reason = "tiles are code for one kind of processor")]
    fn multiply<T: Tile<Left = Left>>(&self, _: T, panel: &Panel<Left>, c: &mut [i32], edge: &mut Vec<i32>) {
        let mut row = 0;
        for (index, (height, run)) in panel.tiles.iter().enumerate() {
            let least = if index + 1 == panel.tiles.len() { 1 } else { *height };
            while self.rows - row >= least {
                let left = &self.left[row * self.stride..];
                // SAFETY: a value of T exists only where the processor has its instructions.
                let run = |c: &mut [i32], c_stride| unsafe { run(left, self.stride, self.right, c, c_stride) };
                let valid = (panel.width.min(self.n - self.column), (*height).min(self.rows - row));
                let c = &mut c[row * self.n + self.column..];
                if valid == (panel.width, *height) {
                    run(c, self.n);
                } else {
                    self.at_the_edge(panel.width, *height, valid, c, edge, run);
                }
                row += valid.1;
            }
        }
    }

    /// A tile that is wider or taller than what is left of C goes through a buffer.
    fn at_the_edge(
        &self,
        width: usize,
        height: usize,
        valid: (usize, usize),
        c: &mut [i32],
        edge: &mut Vec<i32>,
        run: impl FnOnce(&mut [i32], usize),
    ) {
        edge.clear();
        edge.resize(width * height, 0);
        run(edge, width);
        for (row, sums) in edge.chunks_exact(width).take(valid.1).enumerate() {
            for (value, sum) in c[row * self.n..][..valid.0].iter_mut().zip(sums) {
                *value = value.wrapping_add(*sum);
            }
        }
    }
}
