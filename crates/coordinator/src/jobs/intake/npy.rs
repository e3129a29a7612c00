//! Parses a matrix from a `.npy` file, as numpy reads it. Format: NEP 1, and numpy's `numpy/lib/format.py`.

mod header;
mod literal;

use adit_core::kernel::float::FloatMatrix;

use super::error::IntakeError;
use super::parsed::{Matrix, dimensions};
use header::{Header, Item};

/// Parses an integer matrix, transposing Fortran order.
pub(super) fn parse(bytes: &[u8]) -> Result<Matrix, IntakeError> {
    let (header, data) = header::open(bytes)?;
    let (bytes, signed, big_endian) = match header.item {
        Item::Integer { bytes, signed, big_endian } => (bytes, signed, big_endian),
        Item::Mask => return Err(IntakeError::NpyMask),
        Item::Float { .. } | Item::Other => return Err(IntakeError::npy_dtype(&header.dtype)),
    };
    let (rows, cols) = shape(&header, data)?;
    let stored = match (bytes, signed) {
        (1, true) => data.iter().map(|byte| *byte as i8).collect(),
        _ => narrowed(data, bytes, signed, big_endian)
            .map_err(|(index, value)| out_of_range(index, value, rows, cols, header.fortran))?,
    };
    let values = if header.fortran { transposed(&stored, rows, cols) } else { stored };
    Ok(Matrix { rows, cols, values })
}

/// Parses a float32 matrix, transposing Fortran order.
pub(super) fn parse_floats(bytes: &[u8]) -> Result<FloatMatrix, IntakeError> {
    let (header, data) = header::open(bytes)?;
    let Item::Float { big_endian } = header.item else {
        return Err(IntakeError::npy_not_float(&header.dtype));
    };
    let (rows, cols) = shape(&header, data)?;
    let value = if big_endian { f32::from_be_bytes } else { f32::from_le_bytes };
    let stored: Vec<f32> = data.as_chunks().0.iter().map(|bytes| value(*bytes)).collect();
    let values = if header.fortran { transposed(&stored, rows, cols) } else { stored };
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        let (row, col) = (index / cols as usize, index % cols as usize);
        return Err(IntakeError::NotFinite { row, col, value: values[index].to_string() });
    }
    Ok(FloatMatrix { rows: rows as usize, cols: cols as usize, values })
}

/// Rows and columns of a matrix whose data is complete.
fn shape(header: &Header, data: &[u8]) -> Result<(u32, u32), IntakeError> {
    let [rows, cols] = header.shape[..] else {
        return Err(IntakeError::NotTwoDimensional { dimensions: header.shape.len() });
    };
    let (rows, cols) = dimensions(rows, cols)?;
    whole(data.len() as u64, u64::from(rows) * u64::from(cols) * header.item.bytes() as u64)?;
    Ok((rows, cols))
}

fn whole(got: u64, expected: u64) -> Result<(), IntakeError> {
    match got {
        _ if got < expected => Err(IntakeError::Truncated { expected, got }),
        _ if got > expected => Err(IntakeError::TrailingBytes { extra: got - expected }),
        _ => Ok(()),
    }
}

/// The values in stored order, or the index and value of the first that does not fit in an i8.
fn narrowed(data: &[u8], bytes: usize, signed: bool, big_endian: bool) -> Result<Vec<i8>, (usize, i128)> {
    let value = |item: &[u8]| {
        let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let raw = if big_endian { item.iter().fold(0, join) } else { item.iter().rev().fold(0, join) };
        let unused = 64 - 8 * bytes as u32;
        if signed { i128::from((raw << unused) as i64 >> unused) } else { i128::from(raw) }
    };
    let items = data.chunks_exact(bytes).map(value).enumerate();
    items.map(|(index, value)| i8::try_from(value).map_err(|_| (index, value))).collect()
}

fn out_of_range(index: usize, value: i128, rows: u32, cols: u32, fortran: bool) -> IntakeError {
    let (row, col) = if fortran {
        (index % rows as usize, index / rows as usize)
    } else {
        (index / cols as usize, index % cols as usize)
    };
    IntakeError::ValueRange { row, col, value }
}

fn transposed<T: Copy>(stored: &[T], rows: u32, cols: u32) -> Vec<T> {
    let (rows, cols) = (rows as usize, cols as usize);
    (0..rows).flat_map(|row| (0..cols).map(move |col| stored[col * rows + row])).collect()
}
