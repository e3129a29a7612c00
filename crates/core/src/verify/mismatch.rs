//! Where a check failed.

/// Where a check failed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Output row.
    pub row: usize,
    /// Which product is wrong: the layer's number from 0; 0 for a single product. A gradient's tensors are numbered in
    /// [`crate::kernel::gradient`].
    pub tensor: usize,
}
