//! Plain code for every processor. The compiler may still vectorize it.

use super::{Panel, Tile};
use crate::packed::Packed;
use crate::wide;

/// Runs everywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

const GROUP: usize = 2;
/// The width of a tile, small enough for processors with few registers.
const WIDTH: usize = 4;

impl Tile for Portable {
    type Left = i16;
    type Right = i16;
    const GROUP: usize = GROUP;
    const OFFSET: i32 = 0;
    const PANELS: &'static [Panel<i16, i16>] = &[Panel { width: WIDTH, tiles: &[(2, tile::<2>), (1, tile::<1>)] }];

    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
        wide::multiply(self, a, rows, b, c);
    }
}

fn tile<const HEIGHT: usize>(
    a: &[i16],
    a_stride: usize,
    b: &[i16],
    start: Option<&[i32]>,
    c: &mut [i32],
    c_stride: usize,
) {
    let (groups, _) = b.as_chunks::<{ WIDTH * GROUP }>();
    let rows: [&[i16]; HEIGHT] = std::array::from_fn(|row| &a[row * a_stride..][..groups.len() * GROUP]);
    let mut sums = [[0i32; WIDTH]; HEIGHT];
    for (group, right) in groups.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            let (even, odd) = (i32::from(row[group * GROUP]), i32::from(row[group * GROUP + 1]));
            for (column, sum) in sums.iter_mut().enumerate() {
                let pair = even * i32::from(right[column * GROUP]) + odd * i32::from(right[column * GROUP + 1]);
                *sum = sum.wrapping_add(pair);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        let row = &mut c[row * c_stride..][..WIDTH];
        if let Some(start) = start {
            row.copy_from_slice(&start[..WIDTH]);
        }
        for (value, sum) in row.iter_mut().zip(sums) {
            *value = value.wrapping_add(*sum);
        }
    }
}
