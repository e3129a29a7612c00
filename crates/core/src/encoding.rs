//! DAG-CBOR, the one encoding that is signed and named.

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

/// The canonical bytes of `value`.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Our own types hold no floats, no maps with keys other than text and no I/O: encoding cannot fail.
    serde_ipld_dagcbor::to_vec(value).unwrap_or_default()
}

/// The value that `bytes` spell canonically.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let value: T = serde_ipld_dagcbor::from_slice(bytes).map_err(|_| DecodeError::Malformed)?;
    if encode(&value) == bytes { Ok(value) } else { Err(DecodeError::NotCanonical) }
}

/// The CID of `value`'s canonical bytes.
pub fn cid_of<T: Serialize>(value: &T) -> Cid {
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

    #[test]
    fn second_spellings_are_refused() {
        let canonical = encode(&Pair { a: 1, bb: 2 });
        assert_eq!(canonical, [0xa2, 0x61, b'a', 1, 0x62, b'b', b'b', 2]);
        assert_eq!(decode::<Pair>(&canonical), Ok(Pair { a: 1, bb: 2 }));
        // The same map with 1 spelled in two bytes.
        let long = [0xa2, 0x61, b'a', 0x18, 1, 0x62, b'b', b'b', 2];
        assert!(decode::<Pair>(&long).is_err());
        // Keys the other way round.
        let swapped = [0xa2, 0x62, b'b', b'b', 2, 0x61, b'a', 1];
        assert!(decode::<Pair>(&swapped).is_err());
        assert_eq!(decode::<Pair>(&canonical[..5]), Err(DecodeError::Malformed));
    }
}
