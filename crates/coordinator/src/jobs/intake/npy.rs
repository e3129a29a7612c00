//! Parses a matrix from a `.npy` file. Format: NEP 1, and numpy's `numpy/lib/format.py`.

use adit_core::kernel::float::FloatMatrix;
use npyz::{DType, NpyFile, NpyHeader, Order, TypeChar, TypeStr};

use super::error::IntakeError;
use super::parsed::{Matrix, dimensions};

/// A matrix's header is 118 bytes of text in practice; numpy pads it to a multiple of 64.
const MAX_HEADER_BYTES: usize = 1024;
/// The deepest nesting: the dict, then a shape or time unit inside it, plus one spare level.
const MAX_HEADER_DEPTH: usize = 3;
/// The most digits in a header. With fewer than 19, no product of dimensions overflows a u64.
const MAX_HEADER_DIGITS: usize = 18;

/// Parses an integer matrix, transposing Fortran order.
pub(super) fn parse(bytes: &[u8]) -> Result<Matrix, IntakeError> {
    let (header, data) = open(bytes)?;
    let item = integer_type(&header)?;
    let (rows, cols) = shape(&header, data, &item)?;
    let order = header.order();
    let stored = values(&item, NpyFile::with_header(header, data));
    let stored = stored.map_err(|(index, value)| out_of_range(index, value, rows, cols, order))?;
    let values = if order == Order::Fortran { transposed(&stored, rows, cols) } else { stored };
    Ok(Matrix { rows, cols, values })
}

/// Parses a float32 matrix, transposing Fortran order.
pub(super) fn parse_floats(bytes: &[u8]) -> Result<FloatMatrix, IntakeError> {
    let (header, data) = open(bytes)?;
    let item = float_type(&header)?;
    let (rows, cols) = shape(&header, data, &item)?;
    let order = header.order();
    // Cannot fail: the type and length were checked above.
    let stored: Vec<f32> = NpyFile::with_header(header, data).data::<f32>().into_iter().flatten().flatten().collect();
    let values = if order == Order::Fortran { transposed(&stored, rows, cols) } else { stored };
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        let (row, col) = (index / cols as usize, index % cols as usize);
        return Err(IntakeError::NotFinite { row, col, value: values[index].to_string() });
    }
    Ok(FloatMatrix { rows: rows as usize, cols: cols as usize, values })
}

/// Splits a file into its header and data.
fn open(bytes: &[u8]) -> Result<(NpyHeader, &[u8]), IntakeError> {
    screen(header_text(bytes)?)?;
    let mut data = bytes;
    let header = NpyHeader::from_reader(&mut data).map_err(|_| IntakeError::NpyHeader)?;
    if header.uses_pickled_array() {
        return Err(IntakeError::NpyPickled);
    }
    Ok((header, data))
}

/// Rows and columns of a matrix whose data is complete.
fn shape(header: &NpyHeader, data: &[u8], item: &TypeStr) -> Result<(u32, u32), IntakeError> {
    let [rows, cols] = *header.shape() else {
        return Err(IntakeError::NotTwoDimensional { dimensions: header.shape().len() });
    };
    let (rows, cols) = dimensions(rows, cols)?;
    whole(data.len() as u64, u64::from(rows) * u64::from(cols) * item.size_field())?;
    Ok((rows, cols))
}

fn float_type(header: &NpyHeader) -> Result<TypeStr, IntakeError> {
    match header.dtype() {
        DType::Plain(item) if (item.type_char(), item.size_field()) == (TypeChar::Float, 4) => Ok(item),
        other => Err(IntakeError::NpyNotFloat { dtype: other.descr() }),
    }
}

fn header_text(bytes: &[u8]) -> Result<&[u8], IntakeError> {
    let (length, rest) = match bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0, a, b, rest @ ..] => (u32::from_le_bytes([*a, *b, 0, 0]), rest),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0, a, b, c, d, rest @ ..] => {
            (u32::from_le_bytes([*a, *b, *c, *d]), rest)
        }
        _ => return Err(IntakeError::NotNpy),
    };
    let length = length as usize;
    if length > MAX_HEADER_BYTES {
        return Err(IntakeError::NpyHeader);
    }
    rest.get(..length).ok_or(IntakeError::Truncated { expected: length as u64, got: rest.len() as u64 })
}

/// Rejects headers that would break the parser: its grammar retries nested literals at every level, and it multiplies
/// dimensions unchecked.
fn screen(text: &[u8]) -> Result<(), IntakeError> {
    if text.windows(2).any(|pair| pair == b"[(") {
        return Err(IntakeError::NpyDtype { dtype: "structured".into() });
    }
    let (mut depth, mut deepest, mut digits) = (0usize, 0, 0);
    for byte in text {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'0'..=b'9' => digits += 1,
            // Hexadecimal digits would escape the count.
            b'x' | b'X' => return Err(IntakeError::NpyHeader),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > MAX_HEADER_DEPTH || digits > MAX_HEADER_DIGITS { Err(IntakeError::NpyHeader) } else { Ok(()) }
}

fn integer_type(header: &NpyHeader) -> Result<TypeStr, IntakeError> {
    match header.dtype() {
        DType::Plain(item) if matches!(item.type_char(), TypeChar::Int | TypeChar::Uint) => Ok(item),
        other => Err(IntakeError::NpyDtype { dtype: other.descr() }),
    }
}

fn whole(got: u64, expected: u64) -> Result<(), IntakeError> {
    match got {
        _ if got < expected => Err(IntakeError::Truncated { expected, got }),
        _ if got > expected => Err(IntakeError::TrailingBytes { extra: got - expected }),
        _ => Ok(()),
    }
}

/// The values in stored order, or the index and value of the first that does not fit in an i8.
fn values(item: &TypeStr, file: NpyFile<&[u8]>) -> Result<Vec<i8>, (usize, i128)> {
    match (item.type_char(), item.size_field()) {
        (TypeChar::Int, 1) => Ok(file.into_inner().iter().map(|byte| *byte as i8).collect()),
        (TypeChar::Int, 2) => narrowed::<i16>(file),
        (TypeChar::Int, 4) => narrowed::<i32>(file),
        (TypeChar::Int, _) => narrowed::<i64>(file),
        (_, 1) => narrowed::<u8>(file),
        (_, 2) => narrowed::<u16>(file),
        (_, 4) => narrowed::<u32>(file),
        _ => narrowed::<u64>(file),
    }
}

fn narrowed<T>(file: NpyFile<&[u8]>) -> Result<Vec<i8>, (usize, i128)>
where
    T: npyz::Deserialize + TryInto<i8> + Into<i128> + Copy,
{
    // Cannot fail: the type and length were checked above.
    let stored = file.data::<T>().into_iter().flatten().flatten();
    stored.enumerate().map(|(index, value)| value.try_into().map_err(|_| (index, value.into()))).collect()
}

fn out_of_range(index: usize, value: i128, rows: u32, cols: u32, order: Order) -> IntakeError {
    let (row, col) = match order {
        Order::C => (index / cols as usize, index % cols as usize),
        Order::Fortran => (index % rows as usize, index / rows as usize),
    };
    IntakeError::ValueRange { row, col, value }
}

fn transposed<T: Copy>(stored: &[T], rows: u32, cols: u32) -> Vec<T> {
    let (rows, cols) = (rows as usize, cols as usize);
    (0..rows).flat_map(|row| (0..cols).map(move |col| stored[col * rows + row])).collect()
}
