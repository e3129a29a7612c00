//! From verified outputs to result files, a unit at a time.

use adit_core::kernel::{argmax, from_le_bytes};
use npyz::{DType, WriteOptions, WriterBuilder as _};

/// The first line of a file of classes; [`class_lines`] of every unit follow.
pub const CLASSES_HEADER: &str = "class\n";

/// The header of a `.npy` file of rows × cols i32, little-endian, row-major (`<i4`).
///
/// A `matmul_i8` job's outputs, in the order of its panels, are the rest of the file as they are.
pub fn npy_i32_header(rows: u32, cols: u32) -> Vec<u8> {
    let dtype = DType::new_scalar("<i4".parse().expect("a type that numpy has"));
    let header = WriteOptions::new_header_only().dtype(dtype).shape(&[rows.into(), cols.into()]);
    header.writer(Vec::new()).write_header_only().expect("a Vec takes every write")
}

/// One class a line for rows of the last layer's sums (i32, little-endian) before `bias`.
///
/// [`adit_core::assemble::columns`] takes those rows from a unit's output.
pub fn class_lines<'a>(rows: impl Iterator<Item = &'a [u8]>, bias: &[i32]) -> String {
    rows.map(|row| format!("{}\n", argmax(&from_le_bytes(row), bias))).collect()
}
