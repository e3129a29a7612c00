//! The right operand B, stored in the order in which tiles read it.
//!
//! k is cut into blocks of [`DEPTH`], a block into panels of columns, a panel into groups along k. A group holds its
//! GROUP values of one column, then those of the next. Values past the end of k or n are 0.

use crate::tile::{AnyTile, Panel, Tile, with_tile};

/// Length of a block along k. Longer blocks read and write C less often; the widest panel, 64 KiB, still fits the
/// second-level cache, which is as fast as the tiles multiply.
pub(crate) const DEPTH: usize = 1024;

/// A row past the end of k, as wide as the widest panel.
const ZEROS: [i8; 64] = [0; 64];

/// A right operand, packed once for one backend and used by many units. It takes little more than k · n bytes.
#[derive(Clone, Debug)]
pub struct Packed {
    pub(crate) tile: AnyTile,
    pub(crate) k: usize,
    pub(crate) n: usize,
    /// The number of columns, including the padding of the last panel.
    pub(crate) columns: usize,
    pub(crate) values: Vec<i8>,
    /// The initial sum of each column, which cancels what A's offset adds; 0 for the padding.
    pub(crate) start: Vec<i32>,
    /// B packed for the backend that multiplies rows of A with eight bits; made when the first such row arrives.
    #[cfg(target_feature = "relaxed-simd")]
    pub(crate) other: std::sync::OnceLock<Box<Packed>>,
}

impl Packed {
    pub(crate) fn new(tile: AnyTile, b: &[i8], k: usize, n: usize) -> Self {
        assert_eq!(b.len(), k * n, "the operand is not k × n");
        with_tile!(tile, t => pack(t, tile, b, k, n))
    }

    /// `depth` rows, starting at row `first`, of the panel that begins at `column`. The rows lie in one block.
    pub(crate) fn panel<T: Tile>(&self, (first, column): (usize, usize), depth: usize, width: usize) -> &[i8] {
        let block = first / DEPTH * DEPTH;
        let padded = DEPTH.min(self.k - block).next_multiple_of(T::STEP);
        &self.values[block * self.columns + column * padded + (first - block) * width..][..depth * width]
    }

    /// Writes the initial sums of some rows, which are the product if k is 0.
    pub(crate) fn start_sums(&self, c: &mut [i32]) {
        for row in c.chunks_exact_mut(self.n.max(1)) {
            row.copy_from_slice(&self.start[..self.n]);
        }
    }
}

pub(crate) fn pack<T: Tile>(_: T, tile: AnyTile, b: &[i8], k: usize, n: usize) -> Packed {
    let narrowest = T::PANELS.last().map_or(1, |panel| panel.width);
    let columns = n.next_multiple_of(narrowest);
    let mut values = vec![0; k.next_multiple_of(T::STEP) * columns];
    for first in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - first);
        let padded = depth.next_multiple_of(T::STEP);
        for (panel, column) in panels::<T>(columns) {
            let place = &mut values[first * columns + column * padded..][..panel.width * padded];
            let valid = column..n.min(column + panel.width);
            let row = |l: usize| if l < depth { &b[(first + l) * n..][valid.clone()] } else { &ZEROS[..valid.len()] };
            for (l, group) in (0..depth).step_by(T::GROUP).zip(place.chunks_exact_mut(panel.width * T::GROUP)) {
                match T::GROUP {
                    2 => interleave([row(l), row(l + 1)], group),
                    _ => interleave([row(l), row(l + 1), row(l + 2), row(l + 3)], group),
                }
            }
        }
    }
    Packed {
        tile,
        k,
        n,
        columns,
        values,
        start: start::<T>(b, n, columns),
        #[cfg(target_feature = "relaxed-simd")]
        other: Default::default(),
    }
}

/// B in row-major order again.
#[cfg(any(test, target_feature = "relaxed-simd"))]
pub(crate) fn unpack<T: Tile>(_: T, packed: &Packed) -> Vec<i8> {
    let Packed { k, n, columns, values, .. } = packed;
    let mut b = vec![0; k * n];
    for first in (0..*k).step_by(DEPTH) {
        let depth = DEPTH.min(k - first);
        let padded = depth.next_multiple_of(T::STEP);
        for (panel, column) in panels::<T>(*columns) {
            let place = &values[first * columns + column * padded..][..panel.width * padded];
            for (group, cells) in place.chunks_exact(panel.width * T::GROUP).enumerate() {
                for (index, value) in cells.iter().enumerate() {
                    let (l, j) = (group * T::GROUP + index % T::GROUP, column + index / T::GROUP);
                    if l < depth && j < *n {
                        b[(first + l) * n + j] = *value;
                    }
                }
            }
        }
    }
    b
}

/// Writes the first value of every row, then the second of every row, and so on.
fn interleave<const GROUP: usize>(rows: [&[i8]; GROUP], cells: &mut [i8]) {
    let (cells, _) = cells.as_chunks_mut::<GROUP>();
    for (index, cell) in cells.iter_mut().enumerate().take(rows[0].len()) {
        *cell = rows.map(|row| row[index]);
    }
}

fn start<T: Tile>(b: &[i8], n: usize, columns: usize) -> Vec<i32> {
    let mut start = vec![0i32; columns];
    if T::OFFSET != 0 && n != 0 {
        for row in b.chunks_exact(n) {
            for (start, value) in start.iter_mut().zip(row) {
                *start = start.wrapping_sub(T::OFFSET * i32::from(*value));
            }
        }
    }
    start
}

/// The panels that cover `columns`, each with its first column: as many of the widest as fit, then narrower ones.
pub(crate) fn panels<T: Tile>(columns: usize) -> impl Iterator<Item = (&'static Panel<T::Left, T::Right>, usize)> {
    let mut column = 0;
    std::iter::from_fn(move || {
        let panel = T::PANELS.iter().find(|panel| column + panel.width <= columns)?;
        column += panel.width;
        Some((panel, column - panel.width))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backend;
    use adit_core::random::SplitMix64;

    #[test]
    fn packing_is_reversible() {
        let mut values = SplitMix64::new(6);
        for tile in Backend::available().into_iter().filter_map(AnyTile::new) {
            for (k, n) in [(0, 3), (1, 1), (5, 70), (1024, 9), (1027, 33)] {
                let b = values.signed(k * n);
                let packed = Packed::new(tile, &b, k, n);
                assert!(with_tile!(tile, t => unpack(t, &packed)) == b, "{k} x {n}");
            }
        }
    }
}
