//! Ed25519 keys and signatures (RFC 8032), the addresses derived from them, and the names that the node accepts for miners.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The text is malformed; the variant says what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text is not a public key.
    #[error("a public key is 64 hex digits")]
    PublicKey,
    /// The text is not a signature.
    #[error("a signature is 128 hex digits")]
    Signature,
    /// The text is not an address.
    #[error("an address is RTC and 40 lower-case hex digits")]
    Address,
    /// The text is not a miner's name.
    #[error("a miner's name has 1 to 128 of the characters A-Z a-z 0-9 . _ : -")]
    MinerId,
}

/// A secret key. `Debug` does not show it, and its memory is wiped on drop.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of a seed (RFC 8032, 5.1.5).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        SecretKey(SigningKey::from_bytes(&seed))
    }

    /// The seed, wiped on drop.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Its public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.public_key().address()
    }

    /// Signs bytes as they are.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public_key())
    }
}

/// A public key: 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Whether the signature is this key's over these bytes. Keys of small order and malleable signatures never are.
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }

    /// The address: the first 20 bytes of the SHA-256 of the key.
    pub fn address(&self) -> Address {
        let digest: [u8; 32] = Sha256::digest(self.0).into();
        let mut address = [0; 20];
        address.copy_from_slice(&digest[..20]);
        Address(address)
    }

    /// Whether a miner's name is this key's address or hex, so that nobody else can sign for it.
    pub fn owns(&self, miner: &MinerId) -> bool {
        miner.as_str() == self.address().to_string() || miner.as_str() == self.to_string()
    }
}

/// A signature: 128 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// An address: `RTC` and 40 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RTC{}", hex::encode(self.0))
    }
}

/// The node takes hex in either case.
fn bytes_of_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

impl FromStr for PublicKey {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        bytes_of_hex(text).map(PublicKey).ok_or(ParseError::PublicKey)
    }
}

impl FromStr for Signature {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        bytes_of_hex(text).map(Signature).ok_or(ParseError::Signature)
    }
}

impl FromStr for Address {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let digits = text.strip_prefix("RTC").filter(|digits| !digits.bytes().any(|b| b.is_ascii_uppercase()));
        digits.and_then(bytes_of_hex).map(Address).ok_or(ParseError::Address)
    }
}

/// The name under which the node credits a miner: an address, a public key's hex, or any name of its grammar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MinerId(String);

impl MinerId {
    /// The longest name.
    pub const MAX_BYTES: usize = 128;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name looks like an address of Solana, which the node refuses: Base58 of 32 to 44 characters.
    pub fn is_solana(&self) -> bool {
        let base58 = |byte: u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte);
        (32..=44).contains(&self.0.len()) && !self.0.starts_with("RTC") && self.0.bytes().all(base58)
    }

    /// The address, if the name is one. A signed transfer can pay only addresses.
    pub fn address(&self) -> Option<Address> {
        self.0.parse().ok()
    }
}

impl fmt::Display for MinerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Address> for MinerId {
    fn from(address: Address) -> Self {
        MinerId(address.to_string())
    }
}

impl FromStr for MinerId {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        let valid = (1..=MinerId::MAX_BYTES).contains(&text.len()) && text.bytes().all(fits);
        if valid { Ok(MinerId(text.to_owned())) } else { Err(ParseError::MinerId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_the_nodes_grammar() {
        for good in ["a", "0x123", "A-b_c.d:e", &"x".repeat(128)] {
            assert!(good.parse::<MinerId>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "é", "a/b", "a\n", "<b>", "'", &"x".repeat(129)] {
            assert!(bad.parse::<MinerId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn weak_keys_sign_nothing() {
        // The point of order 1: with it, R = identity and s = 0 would verify every message.
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!PublicKey(identity).verifies(b"anything", &Signature(signature)));
    }
}
