use adit_core::unit::MAX_K;

use crate::GpuError;

/// Checks that `values` is a whole `rows x cols` operand.
pub(crate) fn check(operand: &'static str, values: &[i8], rows: u32, cols: u32) -> Result<(), GpuError> {
    let want = u64::from(rows) * u64::from(cols);
    let got = values.len() as u64;
    if got == want { Ok(()) } else { Err(GpuError::Shape { operand, rows, cols, got, want }) }
}

/// Checks that sums over `k` products fit i32.
pub(crate) fn check_k(k: u32) -> Result<(), GpuError> {
    if k <= MAX_K { Ok(()) } else { Err(GpuError::KTooLarge(k)) }
}
