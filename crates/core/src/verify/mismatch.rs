//! Where a check failed.

use super::counterexample::Counterexample;

/// Where a check failed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Output row.
    pub row: usize,
    /// Which product is wrong: the layer's number from 0; 0 for a single product. A gradient's tensors are numbered in
    /// [`crate::kernel::gradient`].
    pub tensor: usize,
}

impl Mismatch {
    /// Where a counterexample points, or the beginning if there is none.
    pub(crate) fn shown_by(shown: Option<Counterexample>) -> Self {
        shown.map_or(Mismatch { row: 0, tensor: 0 }, |shown| Mismatch {
            row: shown.i as usize,
            tensor: shown.tensor as usize,
        })
    }
}
