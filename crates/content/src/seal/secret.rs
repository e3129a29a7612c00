//! The stored secret, and the keys derived from it.

use age::secrecy::ExposeSecret;
use age::x25519;
use data_encoding::BASE64URL;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Key, Recipient};

const SALT: &[u8] = b"adit/seal/1";
/// How a private key begins, before the digit that ends the prefix.
const PRIVATE: bech32::Hrp = bech32::Hrp::parse_unchecked("AGE-SECRET-KEY-");

/// 32 random bytes. A key is derived for each version, counted from 1.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

/// The stored bytes are not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret has 32 bytes")]
pub struct SecretError;

impl Secret {
    /// A secret of random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Secret(Zeroizing::new(bytes))
    }

    /// A secret that was stored.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SecretError> {
        bytes.try_into().map(Secret::new).map_err(|_| SecretError)
    }

    /// The bytes to store.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The private key of a version.
    pub fn private(&self, version: u32) -> x25519::Identity {
        let bytes = self.derive("age/x25519", version);
        let text = bech32::encode_upper::<bech32::Bech32>(PRIVATE, &*bytes).map(Zeroizing::new);
        // Continuing with another key would seal files that nobody can open, so this panics.
        text.ok().and_then(|text| text.parse().ok()).expect("32 bytes are a key, and its text is read")
    }

    /// The private key's text, as any age tool reads it.
    pub fn private_text(&self, version: u32) -> Zeroizing<String> {
        Zeroizing::new(self.private(version).to_string().expose_secret().to_owned())
    }

    /// The recipient of files that are sealed with this version.
    pub fn recipient(&self, version: u32) -> Recipient {
        Recipient(self.private(version).to_public())
    }

    /// The private keys up to a version, newest first.
    pub fn keys(&self, newest: u32) -> Vec<Key> {
        (1..=newest).rev().map(|version| Key::Private(self.private(version))).collect()
    }

    /// The Fernet key of a version.
    pub fn fernet(&self, version: u32) -> Zeroizing<[u8; 32]> {
        self.derive("fernet", version)
    }

    /// The Fernet key's text, as other programs read it.
    pub fn fernet_text(&self, version: u32) -> Zeroizing<String> {
        Zeroizing::new(BASE64URL.encode(&*self.fernet(version)))
    }

    fn derive(&self, purpose: &str, version: u32) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let info = format!("{purpose}/{version}");
        // HKDF gives up to 8,160 bytes, so it gives 32.
        let _ = Hkdf::<Sha256>::new(Some(SALT), &*self.0).expand(info.as_bytes(), &mut *key);
        key
    }
}
