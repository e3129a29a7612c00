//! Converts values to bytes and back.

use alloc::vec::Vec;

/// Bytes reinterpreted as signed values.
pub fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|byte| *byte as i8).collect()
}

/// i32 values as little-endian bytes, the form of outputs.
pub fn to_le_bytes(values: &[i32]) -> Vec<u8> {
    let mut bytes = alloc::vec![0; 4 * values.len()];
    bytes.as_chunks_mut().0.iter_mut().zip(values).for_each(|(bytes, value)| *bytes = value.to_le_bytes());
    bytes
}

/// Little-endian bytes as i32 values; up to three bytes at the end are ignored.
pub fn from_le_bytes(bytes: &[u8]) -> Vec<i32> {
    bytes.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}
