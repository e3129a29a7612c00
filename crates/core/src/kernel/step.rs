//! A request to a backend: one product.

/// One product to compute: `sums` = `left` (rows × k) · `right`.
#[derive(Debug)]
pub struct Step<'a, Packed> {
    /// The left operand, row-major.
    pub left: &'a [i8],
    /// Its rows.
    pub rows: usize,
    /// The right operand.
    pub right: Right<'a, Packed>,
    /// Where the rows × n sums go.
    pub sums: &'a mut [i32],
}

/// The right operand of a step.
#[derive(Debug)]
pub enum Right<'a, Packed> {
    /// Packed, because all units of a job share it.
    Packed(&'a Packed),
    /// Computed during the unit, k × n row-major, and packed for this product only.
    Fresh {
        /// The values.
        values: &'a [i8],
        /// Rows.
        k: usize,
        /// Columns.
        n: usize,
    },
}
