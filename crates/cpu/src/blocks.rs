//! Runs the product on the backend for which B was packed, and the tiles over one block.

use crate::packed::Packed;
use crate::sums;
use crate::tile::{Panel, Tile, with_tile};

/// C = A · B for `rows` rows of `a`.
pub(crate) fn multiply(a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
    assert_eq!(a.len(), rows * b.k, "the left operand is not rows × k");
    assert_eq!(c.len(), rows * b.n, "the result is not rows × n");
    if c.is_empty() {
        return;
    }
    with_tile!(b.tile, tile => tile.product(a, rows, b, c));
}

/// One block of A and one panel of B. `width` of the panel's columns belong to C; the rest is padding.
pub(crate) struct Block<'a, Left: 'static, Right: 'static> {
    pub(crate) left: &'a [Left],
    pub(crate) rows: usize,
    pub(crate) stride: usize,
    pub(crate) right: &'a [Right],
    /// The first sums of the panel's columns, as in [`RunTile`](crate::tile::RunTile).
    pub(crate) start: Option<&'a [i32]>,
    pub(crate) width: usize,
}

impl<Left, Right> Block<'_, Left, Right> {
    /// C += A · B, or C = `start` + A · B. `edge` buffers tiles that reach past the end of C.
    #[allow(unsafe_code, reason = "tiles are code for one kind of processor")]
    pub(crate) fn multiply<T: Tile<Left = Left, Right = Right>>(
        &self,
        _: T,
        panel: &Panel<Left, Right>,
        c: &mut [i32],
        c_stride: usize,
        edge: &mut Vec<i32>,
    ) {
        let mut row = 0;
        for (index, (height, run)) in panel.tiles.iter().enumerate() {
            let least = if index + 1 == panel.tiles.len() { 1 } else { *height };
            while self.rows - row >= least {
                let left = &self.left[row * self.stride..];
                // SAFETY: the value of T proves that the processor has its instructions.
                let run = |start, c: &mut [i32], c_stride| unsafe {
                    run(left, self.stride, self.right, start, c, c_stride);
                };
                let rows = (*height).min(self.rows - row);
                let c = &mut c[row * c_stride..];
                if (self.width, rows) == (panel.width, *height) {
                    run(self.start, c, c_stride);
                } else {
                    edge.clear();
                    edge.resize(panel.width * height, 0);
                    run(self.start, edge, panel.width);
                    for (sums, c) in edge.chunks_exact(panel.width).take(rows).zip(c.chunks_mut(c_stride)) {
                        let sums = &sums[..self.width];
                        match self.start {
                            Some(_) => c[..self.width].copy_from_slice(sums),
                            None => sums::add(c, sums, false),
                        }
                    }
                }
                row += rows;
            }
        }
    }
}
