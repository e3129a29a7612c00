//! The loops around tiles that multiply 16-bit values.
//!
//! B is widened, and its parts are added, once for many rows of A; inside the tile that would cost as much as one
//! product in eight. For every block of k, panels of B stay in the second-level cache while rows of A are multiplied
//! with them, and sums go to C row by row, because columns of C would compete for few cache sets.

use std::ops::Range;

use crate::blocks::Block;
use crate::packed::{DEPTH, Packed, panels};
use crate::strassen::{self, Part, Product};
use crate::sums;
use crate::tile::{Panel, Tile};

/// Rows of A in a block: 128 KiB with 1,024 values of k.
const ROWS: usize = 64;
/// Columns of B in a block: 512 KiB with 1,024 values of k. A multiple of every panel's width.
const COLUMNS: usize = 256;

/// The first sums of a panel's columns, as many as the widest panel has.
const ZEROS: [i32; 64] = [0; 64];

/// A panel of a part of B, and its first column.
type Placed = (&'static Panel<i16, i16>, usize);

/// C = A · B. The caller has checked the lengths.
pub(crate) fn multiply<T: Tile<Left = i16, Right = i16>>(tile: T, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
    let (products, parts) = strassen::products([rows, b.k, b.n], T::PANELS[0].width);
    let part = [rows, b.k, b.n].map(|side| side / parts);
    let panels: Vec<Placed> = panels::<T>(b.columns / parts).collect();
    let mut work = Work { tile, a, b, part, left: Vec::new(), right: Vec::new(), sums: Vec::new(), edge: Vec::new() };
    if b.k == 0 {
        b.start_sums(c);
    }
    for product in products {
        for first in (0..part[1]).step_by(DEPTH) {
            let depth = first..part[1].min(first + DEPTH);
            for panels in panels.chunks(COLUMNS / T::PANELS[0].width) {
                work.widen_panels(product, &depth, panels);
                for top in (0..part[0]).step_by(ROWS) {
                    let rows = top..part[0].min(top + ROWS);
                    work.widen_rows(product, &depth, &rows);
                    work.multiply(&depth, rows.len(), panels);
                    work.carry(c, product, &depth, &rows, panels);
                }
            }
        }
    }
}

struct Work<'a, T> {
    tile: T,
    a: &'a [i8],
    b: &'a Packed,
    /// Rows, inner dimension and columns of the product of two parts.
    part: [usize; 3],
    /// Rows of A, panels of B, and rows of their product.
    left: Vec<i16>,
    right: Vec<i16>,
    sums: Vec<i32>,
    edge: Vec<i32>,
}

impl<T: Tile<Left = i16, Right = i16>> Work<'_, T> {
    fn widen_panels(&mut self, product: &Product, depth: &Range<usize>, panels: &[Placed]) {
        let ([_, part_k, part_n], stride) = (self.part, stride::<T>(depth));
        self.right.clear();
        for (panel, column) in panels {
            let place = |part: &Part| (part.row * part_k + depth.start, part.column * part_n + column);
            let values = |part: &Part| self.b.panel::<T>(place(part), stride, panel.width);
            strassen::add_up(product.right, values, panel.width * stride, &mut self.right);
        }
    }

    fn widen_rows(&mut self, product: &Product, depth: &Range<usize>, rows: &Range<usize>) {
        let ([part_rows, part_k, _], stride) = (self.part, stride::<T>(depth));
        self.left.clear();
        for row in rows.clone() {
            let place = |part: &Part| (part.row * part_rows + row) * self.b.k + part.column * part_k + depth.start;
            // Values past the end of k are multiplied by zeros in B.
            strassen::add_up(product.left, |part| &self.a[place(part)..][..depth.len()], stride, &mut self.left);
        }
    }

    fn multiply(&mut self, depth: &Range<usize>, rows: usize, panels: &[Placed]) {
        let (columns, stride) = (self.columns(panels), stride::<T>(depth));
        // Written before they are read, so what an earlier block left need not be cleared.
        self.sums.resize(rows * columns.len(), 0);
        // The tiles add nothing to A, so all columns start at zero.
        const { assert!(T::OFFSET == 0) };
        for (panel, column) in panels {
            let (width, column) = (panel.width.min(columns.end - column), column - columns.start);
            let right = &self.right[column * stride..][..panel.width * stride];
            let start = Some(&ZEROS[..panel.width]);
            let block = Block { left: &self.left, rows, stride, right, start, width };
            block.multiply(self.tile, panel, &mut self.sums[column..], columns.len(), &mut self.edge);
        }
    }

    /// Takes the sums to C: what nothing went to before is written, not read.
    fn carry(&self, c: &mut [i32], product: &Product, depth: &Range<usize>, rows: &Range<usize>, panels: &[Placed]) {
        let ([part_rows, _, part_n], columns) = (self.part, self.columns(panels));
        for (row, sums) in rows.clone().zip(self.sums.chunks_exact(columns.len())) {
            let place = |part: &Part| {
                let begin = (part.row * part_rows + row) * self.b.n + part.column * part_n + columns.start;
                begin..begin + columns.len()
            };
            for part in product.first {
                match depth.start {
                    0 => c[place(part)].copy_from_slice(sums),
                    _ => sums::add(&mut c[place(part)], sums, false),
                }
            }
            for part in product.next {
                sums::add(&mut c[place(part)], sums, part.negative);
            }
        }
    }

    /// The columns of a part that the panels cover; the last panel may reach past their end.
    fn columns(&self, panels: &[Placed]) -> Range<usize> {
        let begin = panels.first().map_or(0, |(_, column)| *column);
        begin..panels.last().map_or(begin, |(panel, column)| self.part[2].min(column + panel.width))
    }
}

fn stride<T: Tile>(depth: &Range<usize>) -> usize {
    depth.len().next_multiple_of(T::STEP)
}
