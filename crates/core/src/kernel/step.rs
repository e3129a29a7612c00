//! One product, as a backend is asked for it.

/// One product to be computed: `sums` = `left` (rows × k) · `right`.
#[derive(Debug)]
pub struct Step<'a, Packed> {
    /// Left operand, row-major.
    pub left: &'a [i8],
    /// Its rows.
    pub rows: usize,
    /// Right operand.
    pub right: Right<'a, Packed>,
    /// Where the rows × n sums go.
    pub sums: &'a mut [i32],
}

/// A right operand.
#[derive(Debug)]
pub enum Right<'a, Packed> {
    /// Shared by all units of a job.
    Packed(&'a Packed),
    /// Made on the way, k × n row-major: to be packed for this product alone.
    Fresh {
        /// The values.
        values: &'a [i8],
        /// Rows.
        k: usize,
        /// Columns.
        n: usize,
    },
}
