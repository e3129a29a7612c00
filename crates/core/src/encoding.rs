//! DAG-CBOR: the one encoding that is signed, and that CIDs are made of.

use alloc::vec::Vec;

use serde::{Serialize, de::DeserializeOwned};

use crate::content_id::{Cid, cbor_cid};

/// The bytes do not decode, or are not the canonical encoding of what they decode to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not DAG-CBOR of this shape.
    #[error("not DAG-CBOR of the expected shape")]
    Malformed,
    /// A second spelling of the same value; dedupe would miss it.
    #[error("not the canonical encoding")]
    NotCanonical,
}

/// A type whose every value has an encoding, so that signing and naming cannot fail.
///
/// That holds for types made of text, bytes, integers, booleans, options, lists, enums and structs. It does not hold for
/// floats, for maps whose keys are not text, or for a serializer that returns errors of its own.
pub trait Canonical: Serialize {}

impl<T: Canonical> Canonical for &T {}

impl Canonical for Cid {}

/// The canonical bytes of `value`.
///
/// # Panics
/// If `T` breaks the promise of [`Canonical`]: bytes that encode nothing must not be signed.
pub fn encode<T: Canonical>(value: &T) -> Vec<u8> {
    match serde_ipld_dagcbor::to_vec(value) {
        Ok(bytes) => bytes,
        Err(_) => panic!("a canonical value has no encoding"),
    }
}

/// The value that `bytes` spell canonically.
pub fn decode<T: Canonical + DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let value: T = serde_ipld_dagcbor::from_slice(bytes).map_err(|_| DecodeError::Malformed)?;
    if encode(&value) == bytes { Ok(value) } else { Err(DecodeError::NotCanonical) }
}

/// The CID of `value`'s canonical bytes.
pub fn cid_of<T: Canonical>(value: &T) -> Cid {
    cbor_cid(&encode(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Pair {
        a: u8,
        bb: u8,
    }

    impl Canonical for Pair {}

    #[derive(Serialize)]
    struct Fraction(f64);

    impl Canonical for Fraction {}

    /// DAG-CBOR cannot encode NaN.
    #[test]
    #[should_panic(expected = "no encoding")]
    fn a_value_without_an_encoding_panics() {
        encode(&Fraction(f64::NAN));
    }

    #[test]
    fn encodings_that_are_not_canonical_are_refused() {
        let canonical = encode(&Pair { a: 1, bb: 2 });
        assert_eq!(canonical, [0xa2, 0x61, b'a', 1, 0x62, b'b', b'b', 2]);
        assert_eq!(decode::<Pair>(&canonical), Ok(Pair { a: 1, bb: 2 }));
        // The same map, with 1 encoded in two bytes.
        let long = [0xa2, 0x61, b'a', 0x18, 1, 0x62, b'b', b'b', 2];
        assert!(decode::<Pair>(&long).is_err());
        // The same map, with its keys out of order.
        let swapped = [0xa2, 0x62, b'b', b'b', 2, 0x61, b'a', 1];
        assert!(decode::<Pair>(&swapped).is_err());
        assert_eq!(decode::<Pair>(&canonical[..5]), Err(DecodeError::Malformed));
    }
}
