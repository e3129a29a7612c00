//! The header of a `.npy` file: a Python dict with the type of an item, the order and the shape.

use super::literal::{self, Literal};
use crate::jobs::intake::error::IntakeError;

/// As much as numpy reads (`max_header_size`).
const MAX_HEADER_BYTES: usize = 10_000;
/// A longer header is padded, and padding ends with a line break.
const UNPADDED_BYTES: usize = 1024;

/// A header, with the type's name for messages.
pub(super) struct Header {
    pub(super) item: Item,
    pub(super) dtype: String,
    pub(super) fortran: bool,
    pub(super) shape: Vec<u64>,
}

/// The type of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Integers of 1, 2, 4 or 8 bytes.
    Integer { bytes: usize, signed: bool, big_endian: bool },
    /// f32.
    Float { big_endian: bool },
    /// Booleans.
    Mask,
    /// Any other type.
    Other,
}

impl Item {
    /// The size of an item that can be read.
    pub(super) fn bytes(self) -> usize {
        match self {
            Item::Integer { bytes, .. } => bytes,
            Item::Float { .. } => 4,
            Item::Mask | Item::Other => 1,
        }
    }
}

/// Splits a file into its header and data.
pub(super) fn open(bytes: &[u8]) -> Result<(Header, &[u8]), IntakeError> {
    let (length, rest) = match bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0, a, b, rest @ ..] => (u32::from_le_bytes([*a, *b, 0, 0]), rest),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0, a, b, c, d, rest @ ..] => {
            (u32::from_le_bytes([*a, *b, *c, *d]), rest)
        }
        // What numpy.ndarray.dump writes.
        [0x80, 2..=5, ..] => return Err(IntakeError::NpyPickled),
        _ => return Err(IntakeError::NotNpy),
    };
    let length = length as usize;
    if length > MAX_HEADER_BYTES {
        return Err(IntakeError::NpyHeader);
    }
    let Some((text, data)) = rest.split_at_checked(length) else {
        return Err(IntakeError::Truncated { expected: length as u64, got: rest.len() as u64 });
    };
    if length > UNPADDED_BYTES && !text.ends_with(b"\n") {
        return Err(IntakeError::NpyHeader);
    }
    // Only names of fields may be other than ASCII, and a matrix has none.
    Ok((header(&String::from_utf8_lossy(text))?, data))
}

fn header(text: &str) -> Result<Header, IntakeError> {
    let Some(Literal::Dict(entries)) = literal::parse(text) else { return Err(IntakeError::NpyHeader) };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    for (key, value) in entries {
        let Literal::Text(key) = key else { return Err(IntakeError::NpyHeader) };
        let place = match key.as_str() {
            "descr" => &mut descr,
            "fortran_order" => &mut fortran,
            "shape" => &mut shape,
            _ => return Err(IntakeError::NpyHeader),
        };
        if place.replace(value).is_some() {
            return Err(IntakeError::NpyHeader);
        }
    }
    let (Some(descr), Some(Literal::Bool(fortran)), Some(Literal::Tuple(shape))) = (descr, fortran, shape) else {
        return Err(IntakeError::NpyHeader);
    };
    let (item, dtype) = match descr {
        Literal::Text(descr) => (item(&descr)?, format!("'{descr}'")),
        Literal::List(_) | Literal::Tuple(_) => (Item::Other, "structured".to_owned()),
        _ => return Err(IntakeError::NpyHeader),
    };
    Ok(Header { item, dtype, fortran, shape: dimensions(shape)? })
}

/// The dimensions. Their product fits in a u64.
fn dimensions(shape: Vec<Literal>) -> Result<Vec<u64>, IntakeError> {
    let dimension = |literal| if let Literal::Integer(size) = literal { Some(size) } else { None };
    let sizes: Option<Vec<u64>> = shape.into_iter().map(dimension).collect();
    let fits = |sizes: &Vec<u64>| sizes.iter().try_fold(1u64, |product, size| product.checked_mul(*size)).is_some();
    sizes.filter(fits).ok_or(IntakeError::NpyHeader)
}

/// The type that numpy makes of a name: a byte order, then a kind with a size (`i2`), a character (`h`) or a name (`int16`).
fn item(descr: &str) -> Result<Item, IntakeError> {
    let name = descr.strip_prefix(['<', '>', '=', '|']).unwrap_or(descr);
    let big_endian = descr.starts_with('>');
    let integer = |bytes, signed| Ok(Item::Integer { bytes, signed, big_endian });
    match name {
        "b" | "i1" | "int8" | "byte" => integer(1, true),
        "h" | "i2" | "int16" | "short" => integer(2, true),
        "i" | "i4" | "int32" | "intc" => integer(4, true),
        "l" | "q" | "p" | "i8" | "int64" | "int" | "int_" | "intp" | "long" | "longlong" => integer(8, true),
        "B" | "u1" | "uint8" | "ubyte" => integer(1, false),
        "H" | "u2" | "uint16" | "ushort" => integer(2, false),
        "I" | "u4" | "uint32" | "uintc" => integer(4, false),
        "L" | "Q" | "P" | "u8" | "uint64" | "uint" | "uintp" | "ulong" | "ulonglong" => integer(8, false),
        "f" | "f4" | "float32" | "single" => Ok(Item::Float { big_endian }),
        "?" | "b1" | "bool" | "bool_" => Ok(Item::Mask),
        "O" | "O4" | "O8" | "object" | "object_" => Err(IntakeError::NpyPickled),
        _ if is_other(name) => Ok(Item::Other),
        _ => Err(IntakeError::NpyHeader),
    }
}

/// Whether numpy has a type of this name that holds no integers, f32 or booleans.
fn is_other(name: &str) -> bool {
    let kinds = ['f', 'c', 'S', 'a', 'U', 'V', 'M', 'm', 'd', 'g', 'e', 'D', 'F', 'G'];
    let words = ["half", "double", "longdouble", "str", "bytes", "void", "datetime", "timedelta"];
    let sized = name.strip_prefix(kinds).is_some_and(|size| {
        let digits = size.trim_start_matches(|c: char| c.is_ascii_digit());
        digits.is_empty() || digits.starts_with('[') && digits.ends_with(']')
    });
    sized || words.iter().any(|word| name.starts_with(word)) || name.starts_with("float") || name.starts_with("complex")
}
