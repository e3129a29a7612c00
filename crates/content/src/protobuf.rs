//! The part of protobuf that dag-pb and UnixFS need. Every length is checked before it is used.

use bytes::Bytes;

/// Why bytes are not protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// The bytes end inside a field.
    #[error("the bytes end inside a field")]
    Short,
    /// A number does not end, or is larger than 64 bits.
    #[error("a number has no end within 64 bits")]
    Varint,
    /// A field is not allowed here, or has the wrong wire type.
    #[error("field {0} is not allowed here, or has the wrong wire type")]
    Field(u64),
}

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u64),
    Bytes(Bytes),
    Fixed32(u32),
    Fixed64,
}

/// Reads a message field by field.
pub(crate) struct Fields(pub(crate) Bytes);

impl Fields {
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value)>, ProtobufError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = tag >> 3;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed64)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(usize::try_from(length).map_err(|_| ProtobufError::Short)?)?)
            }
            5 => {
                let bytes = self.take(4)?;
                Value::Fixed32(bytes.as_ref().try_into().map(u32::from_le_bytes).unwrap_or_default())
            }
            _ => return Err(ProtobufError::Field(field)),
        };
        if field == 0 { Err(ProtobufError::Field(0)) } else { Ok(Some((field, value))) }
    }

    pub(crate) fn varint(&mut self) -> Result<u64, ProtobufError> {
        let mut value = 0u64;
        for index in 0..10 {
            let byte = *self.0.first().ok_or(ProtobufError::Short)?;
            let _ = self.0.split_to(1);
            if index == 9 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ProtobufError::Varint)
    }

    fn take(&mut self, length: usize) -> Result<Bytes, ProtobufError> {
        if length > self.0.len() { Err(ProtobufError::Short) } else { Ok(self.0.split_to(length)) }
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_number(out: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(out, field << 3);
    put_varint(out, value);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(crate) fn put_fixed32(out: &mut Vec<u8>, field: u64, value: u32) {
    put_varint(out, field << 3 | 5);
    out.extend_from_slice(&value.to_le_bytes());
}

/// The number of bytes that encode a number.
pub(crate) const fn varint_len(value: u64) -> usize {
    let bits = (64 - value.leading_zeros()) as usize;
    if bits == 0 { 1 } else { bits.div_ceil(7) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_within_64_bits() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value), "{value}");
            assert_eq!(Fields(out.into()).varint(), Ok(value));
        }
        let endless = Bytes::from(vec![0xff; 11]);
        assert_eq!(Fields(endless).varint(), Err(ProtobufError::Varint));
        assert_eq!(Fields(Bytes::from_static(&[0x80])).varint(), Err(ProtobufError::Short));
        let two_to_64 = Bytes::from_static(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]);
        assert_eq!(Fields(two_to_64).varint(), Err(ProtobufError::Varint));
    }

    #[test]
    fn a_length_beyond_the_end_takes_nothing() {
        let mut bytes = vec![0x0a];
        put_varint(&mut bytes, u64::MAX);
        assert_eq!(Fields(bytes.into()).next(), Err(ProtobufError::Short));
    }
}
