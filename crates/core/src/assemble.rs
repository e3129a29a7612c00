//! Puts a job's result together from verified outputs. The caller reads and writes files.

mod gradient;

use alloc::vec::Vec;

pub use gradient::GradientSum;

/// A verified unit's place in its job: the run of panels it covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// First panel.
    pub first: u32,
    /// Number of panels.
    pub count: u32,
}

/// Whether `runs`, in any order, cover panels 0..panels exactly once.
pub fn complete(runs: &[Run], panels: u32) -> bool {
    let mut sorted: Vec<Run> = runs.to_vec();
    sorted.sort_unstable();
    let end = sorted.iter().try_fold(0u32, |next, run| (run.first == next).then(|| next + run.count));
    end == Some(panels)
}

/// Column range `from..to` of every row of a unit's output, little-endian i32, `width` values a row.
///
/// For `matmul_i8` the range is the whole row; for `mlp_i8` the last layer's sums are the result.
pub fn columns(output: &[u8], width: usize, from: usize, to: usize) -> impl Iterator<Item = &[u8]> {
    output.chunks_exact(4 * width.max(1)).map(move |row| &row[4 * from..4 * to])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_an_overlap_or_a_missing_end_is_incomplete() {
        let run = |first, count| Run { first, count };
        assert!(complete(&[run(2, 1), run(0, 2)], 3));
        assert!(!complete(&[run(2, 1), run(0, 1)], 3));
        assert!(!complete(&[run(1, 2), run(0, 2)], 3));
        assert!(!complete(&[run(0, 2)], 3));
        assert!(complete(&[], 0));
    }

    #[test]
    fn columns_are_taken_row_by_row() {
        let output: Vec<u8> = (0..24).collect();
        let last: Vec<&[u8]> = columns(&output, 3, 2, 3).collect();
        assert_eq!(last, [[8, 9, 10, 11], [20, 21, 22, 23]]);
    }
}
