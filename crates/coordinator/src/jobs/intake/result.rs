//! Formats verified outputs as result files, one unit at a time.

use adit_core::assemble::GradientSum;
use adit_core::kernel::{argmax, from_le_bytes};
use npyz::{DType, WriteOptions, WriterBuilder as _};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// The first line of a file of classes; each unit's [`class_lines`] follow.
pub const CLASSES_HEADER: &str = "class\n";

/// The header of a `.npy` file of rows × cols i32, little-endian, row-major (`<i4`).
///
/// The outputs of a `matmul_i8` job, in panel order, follow it unchanged.
pub fn npy_i32_header(rows: u32, cols: u32) -> Vec<u8> {
    npy_header("<i4", rows, cols)
}

/// The header of a `.npy` file of f32 (`<f4`), for a `matmul_f32` job.
pub fn npy_f32_header(rows: u32, cols: u32) -> Vec<u8> {
    npy_header("<f4", rows, cols)
}

fn npy_header(dtype: &str, rows: u32, cols: u32) -> Vec<u8> {
    let dtype = DType::new_scalar(dtype.parse().expect("a type that numpy has"));
    let header = WriteOptions::new_header_only().dtype(dtype).shape(&[rows.into(), cols.into()]);
    header.writer(Vec::new()).write_header_only().expect("a Vec takes every write")
}

/// One class per line, from rows of the last layer's sums (i32, little-endian) before `bias` is added.
///
/// [`adit_core::assemble::columns`] extracts those rows from a unit's output.
pub fn class_lines<'a>(rows: impl Iterator<Item = &'a [u8]>, bias: &[i32]) -> String {
    rows.map(|row| format!("{}\n", argmax(&from_le_bytes(row), bias))).collect()
}

/// A `.safetensors` file of a job's gradient, in I64: `layers.N.weight` \[in, out\], `layers.N.bias` \[out\] and
/// `squared_error` \[1\], the sum over all samples and outputs.
pub fn gradient_file(sum: &GradientSum) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    let bytes = |values: &[i64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let mut tensors = vec![("squared_error".to_owned(), vec![1], bytes(&[sum.squared_error]))];
    for (layer, (weights, biases)) in sum.weights.iter().zip(&sum.biases).enumerate() {
        let shape = vec![weights.len() / biases.len().max(1), biases.len()];
        tensors.push((format!("layers.{layer}.weight"), shape, bytes(weights)));
        tensors.push((format!("layers.{layer}.bias"), vec![biases.len()], bytes(biases)));
    }
    let mut views = Vec::new();
    for (name, shape, bytes) in &tensors {
        views.push((name, TensorView::new(Dtype::I64, shape.clone(), bytes)?));
    }
    safetensors::serialize(views, None)
}
