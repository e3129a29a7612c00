//! secp256k1 keys and signatures over domain-separated statements.
//!
//! A signature covers SHA-256(`adit/<what>/1` ‖ 0x00 ‖ canonical DAG-CBOR), so a signature for one purpose is worthless for
//! another. Only low-s signatures are accepted: a key has one signature for each statement (deterministic by RFC 6979), and
//! nobody can re-encode it.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::encoding::{self, Canonical};

/// The text is not lowercase hex of the right length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not lowercase hex of the right length")]
pub struct ParseHexError;

macro_rules! hex_bytes {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        ///
        /// Text and JSON carry it as lowercase hex, DAG-CBOR as bytes.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseHexError;
            fn from_str(text: &str) -> Result<Self, ParseHexError> {
                let mut bytes = [0; $length];
                if text.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(ParseHexError);
                }
                hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseHexError)?;
                Ok($name(bytes))
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = ParseHexError;
            fn try_from(bytes: &[u8]) -> Result<Self, ParseHexError> {
                bytes.try_into().map($name).map_err(|_| ParseHexError)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
                } else {
                    let bytes = serde_bytes::ByteBuf::deserialize(deserializer)?;
                    Self::try_from(bytes.as_slice()).map_err(de::Error::custom)
                }
            }
        }
    };
}

hex_bytes!(
    /// A compressed secp256k1 public key.
    PublicKey, 33
);
hex_bytes!(
    /// A secp256k1 signature: r ‖ s, low-s.
    Signature, 64
);
hex_bytes!(
    /// A 32-byte digest.
    Digest, 32
);
hex_bytes!(
    /// A lease's id: random, chosen by the coordinator.
    LeaseId, 16
);
hex_bytes!(
    /// A single-use challenge: random, chosen by the coordinator.
    Challenge, 32
);

/// A statement that can be signed.
pub trait Statement: Canonical {
    /// Its purpose, in the signature's domain `adit/<what>/1`.
    const WHAT: &'static str;
}

/// The digest that a signature of `statement` covers.
pub fn signing_digest<T: Statement>(statement: &T) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"adit/");
    hasher.update(T::WHAT.as_bytes());
    hasher.update(b"/1\0");
    hasher.update(encoding::encode(statement));
    hasher.finalize().into()
}

/// A secret key. `Debug` does not show it, and its memory is wiped on drop.
#[derive(Clone)]
pub struct SecretKey(k256::ecdsa::SigningKey);

/// The bytes are not a secp256k1 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secp256k1 key")]
pub struct InvalidKey;

impl SecretKey {
    /// The key with these bytes: a number of at least 1 and below the group's order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidKey> {
        k256::ecdsa::SigningKey::from_slice(bytes).map(SecretKey).map_err(|_| InvalidKey)
    }

    /// The key's bytes. Seal them before you store them.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// Its public key.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 33];
        let point = self.0.verifying_key().to_sec1_point(true);
        bytes.copy_from_slice(point.as_bytes());
        PublicKey(bytes)
    }

    /// Signs `statement`. The same statement always gets the same signature.
    pub fn sign<T: Statement>(&self, statement: &T) -> Signature {
        self.sign_digest(&signing_digest(statement))
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Signature {
        // Fails only for digests shorter than half a field element, which 32 bytes are not.
        let signed: Result<k256::ecdsa::Signature, _> = self.0.sign_prehash(digest);
        Signature(signed.map_or([0; 64], |signature| signature.normalize_s().to_bytes().into()))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// The signature is malformed, has a high s, or is not this key's signature over this statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid signature by this key over this statement")]
pub struct InvalidSignature;

impl PublicKey {
    /// Whether the bytes are a point of the curve in its compressed form.
    pub fn is_valid(&self) -> bool {
        self.point().is_ok()
    }

    fn point(&self) -> Result<k256::ecdsa::VerifyingKey, InvalidSignature> {
        // SEC 1 also has a compact form (05), which would be a second spelling of the same key.
        if !matches!(self.0[0], 2 | 3) {
            return Err(InvalidSignature);
        }
        k256::ecdsa::VerifyingKey::from_sec1_bytes(&self.0).map_err(|_| InvalidSignature)
    }

    /// Checks that this key signed `statement`, with a low s.
    pub fn verify<T: Statement>(&self, statement: &T, signature: &Signature) -> Result<(), InvalidSignature> {
        self.verify_digest(&signing_digest(statement), signature)
    }

    fn verify_digest(&self, digest: &[u8; 32], signature: &Signature) -> Result<(), InvalidSignature> {
        let key = self.point()?;
        let parsed = k256::ecdsa::Signature::from_slice(&signature.0).map_err(|_| InvalidSignature)?;
        if parsed.normalize_s() != parsed {
            return Err(InvalidSignature);
        }
        key.verify_prehash(digest, &parsed).map_err(|_| InvalidSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[derive(Serialize)]
    struct Said(u64);
    impl Canonical for Said {}
    impl Statement for Said {
        const WHAT: &'static str = "said";
    }
    #[derive(Serialize)]
    struct Meant(u64);
    impl Canonical for Meant {}
    impl Statement for Meant {
        const WHAT: &'static str = "meant";
    }

    fn key() -> SecretKey {
        SecretKey::from_bytes(&[7; 32]).unwrap()
    }

    #[test]
    fn a_signature_holds_for_one_statement_purpose_and_key() {
        let signature = key().sign(&Said(1));
        let public = key().public_key();
        assert_eq!(public.verify(&Said(1), &signature), Ok(()));
        assert!(public.verify(&Said(2), &signature).is_err());
        assert!(public.verify(&Meant(1), &signature).is_err());
        assert!(SecretKey::from_bytes(&[8; 32]).unwrap().public_key().verify(&Said(1), &signature).is_err());
        assert_eq!(key().sign(&Said(1)), signature);
    }

    #[test]
    fn high_s_is_refused() {
        let signature = key().sign(&Said(1));
        let low = k256::ecdsa::Signature::from_slice(&signature.0).unwrap();
        let high = k256::ecdsa::Signature::from_scalars(low.r().to_bytes(), (-*low.s()).to_bytes()).unwrap();
        assert_ne!(high, low);
        assert!(key().public_key().verify(&Said(1), &Signature(high.to_bytes().into())).is_err());
        assert!(key().public_key().verify(&Said(1), &Signature([0; 64])).is_err());
    }

    #[test]
    fn text_is_lowercase_hex_of_the_right_length() {
        let key = key().public_key();
        assert_eq!(key.to_string().parse::<PublicKey>(), Ok(key));
        assert!(key.to_string().to_uppercase().parse::<PublicKey>().is_err());
        assert!("00".parse::<PublicKey>().is_err());
        assert!(!PublicKey([0; 33]).is_valid());
        let mut compact = key;
        compact.0[0] = 5;
        assert!(key.is_valid() && !compact.is_valid());
    }

    #[test]
    fn debug_output_hides_the_secret() {
        assert_eq!(alloc::format!("{:?}", key()), "SecretKey(..)");
    }
}
