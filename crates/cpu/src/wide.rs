//! The loops around tiles that multiply 16 bits.
//!
//! B is widened, and parts of it added up, for many rows of A at once: in the tile that would take as long as a product in
//! eight. For every block of k, panels of B wait in a second-level cache, rows of A pass over them, and their sums are added
//! to C, row by row: columns of C would fall on few lines of a cache.

use crate::blocks::Block;
use crate::packed::{DEPTH, Packed, panels};
use crate::strassen::{self, Part};
use crate::sums;
use crate::tile::Tile;

/// Rows of A in a block: with 1,024 values of k, 128 KiB.
const ROWS: usize = 64;
/// Columns of B in a block: with 1,024 values of k, 512 KiB; a multiple of every panel's width.
const COLUMNS: usize = 256;

/// C = A · B. The lengths are checked.
pub(crate) fn multiply<T: Tile<Left = i16, Right = i16>>(tile: T, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
    let (products, parts) = strassen::products([rows, b.k, b.n], T::PANELS[0].width);
    let [part_rows, part_k, part_n] = [rows, b.k, b.n].map(|side| side / parts);
    let panels: Vec<_> = panels::<T>(b.columns / parts).collect();
    let depth = DEPTH.min(part_k).next_multiple_of(T::STEP);
    let mut left = vec![0; ROWS.min(part_rows) * depth];
    let mut right = vec![0; COLUMNS.min(b.columns / parts) * depth];
    let (mut sums, mut edge) = (Vec::new(), Vec::new());
    b.start_sums(c);
    for product in products {
        for first in (0..part_k).step_by(DEPTH) {
            let depth = DEPTH.min(part_k - first);
            let stride = depth.next_multiple_of(T::STEP);
            for panels in panels.chunks(COLUMNS / T::PANELS[0].width) {
                let begin = panels[0].1;
                let end = panels.last().map_or(begin, |(panel, column)| part_n.min(column + panel.width));
                for (panel, column) in panels {
                    let right = &mut right[(column - begin) * stride..][..panel.width * stride];
                    let place = |part: &Part| (part.row * part_k + first, part.column * part_n + column);
                    strassen::add_up(product.right, |part| b.panel::<T>(place(part), stride, panel.width), right);
                }
                for top in (0..part_rows).step_by(ROWS) {
                    let rows = top..part_rows.min(top + ROWS);
                    for (row, left) in rows.clone().zip(left.chunks_exact_mut(stride)) {
                        let place = |part: &Part| (part.row * part_rows + row) * b.k + part.column * part_k + first;
                        // What is left over of a group meets zeros in B.
                        strassen::add_up(product.left, |part| &a[place(part)..][..depth], left);
                    }
                    sums.clear();
                    sums.resize(rows.len() * (end - begin), 0);
                    for (panel, column) in panels {
                        let right = &right[(column - begin) * stride..][..panel.width * stride];
                        let width = panel.width.min(end - column);
                        let block = Block { left: &left, rows: rows.len(), stride, right, width };
                        block.multiply(tile, panel, &mut sums[column - begin..], end - begin, &mut edge);
                    }
                    for (row, sums) in rows.zip(sums.chunks_exact(end - begin)) {
                        for part in product.out {
                            let place = (part.row * part_rows + row) * b.n + part.column * part_n + begin;
                            sums::add(&mut c[place..], sums, part.negative);
                        }
                    }
                }
            }
        }
    }
}
