//! Checks of operands' lengths and inner dimensions.

use crate::GpuError;
use crate::element::Element;

/// Checks that `values` has `rows x cols` numbers.
pub(crate) fn check<T>(operand: &'static str, values: &[T], rows: u32, cols: u32) -> Result<(), GpuError> {
    let want = u64::from(rows) * u64::from(cols);
    let got = values.len() as u64;
    if got == want { Ok(()) } else { Err(GpuError::Shape { operand, rows, cols, got, want }) }
}

/// Checks that k is no larger than the kind allows.
pub(crate) fn check_k<T: Element>(k: u32) -> Result<(), GpuError> {
    if k <= T::MAX_K { Ok(()) } else { Err(GpuError::KTooLarge { k, most: T::MAX_K }) }
}
