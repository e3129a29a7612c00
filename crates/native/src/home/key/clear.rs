//! The program's own format: a key in the clear, or as earlier programs sealed it, with ChaCha20-Poly1305 under a key that
//! Argon2id (RFC 9106) derives from the passphrase.

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use anyhow::{Context, Result, bail, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Hex, PASSPHRASE};

pub(super) const VERSION: u32 = 1;
/// The most memory that a file may ask for: 1 GiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clear {
    pub(super) version: u32,
    pub(super) public_key: PublicKey,
    pub(super) secret: Secret,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Secret {
    Plain(Hex),
    Sealed { memory_kib: u32, passes: u32, salt: Hex, nonce: Hex, ciphertext: Hex },
}

impl Clear {
    /// The key in the clear.
    pub(super) fn of(key: &SecretKey) -> Self {
        let secret = Secret::Plain(Hex(Zeroizing::new(key.to_bytes().to_vec())));
        Clear { version: VERSION, public_key: key.public_key(), secret }
    }

    /// Opens what an earlier program sealed.
    pub(super) fn open(&self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>> {
        let Secret::Sealed { memory_kib, passes, salt, nonce, ciphertext } = &self.secret else {
            bail!("it is not sealed")
        };
        ensure!(
            *memory_kib <= MAX_MEMORY_KIB && *passes <= MAX_PASSES,
            "the key file asks for too much memory or time"
        );
        let nonce: [u8; 12] = nonce.0.as_slice().try_into().context("the nonce has the wrong length")?;
        let cipher = ChaCha20Poly1305::new(&stretched(passphrase, &salt.0, *memory_kib, *passes)?);
        // The public key is authenticated too, so that nobody can replace it.
        let payload = Payload { msg: &ciphertext.0, aad: &self.public_key.0 };
        match cipher.decrypt(&Nonce::from(nonce), payload) {
            Ok(bytes) => Ok(Zeroizing::new(bytes)),
            Err(_) => bail!("{PASSPHRASE} is not the passphrase it was sealed with, or the file is damaged"),
        }
    }
}

pub(in crate::home) fn stretched(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<Key> {
    let params = Params::new(memory_kib, passes, 1, Some(32));
    let params = params.map_err(|error| anyhow::anyhow!("key stretching: {error}"))?;
    let mut key = Zeroizing::new([0; 32]);
    let stretched = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        passphrase.as_bytes(),
        salt,
        &mut *key,
    );
    stretched.map_err(|error| anyhow::anyhow!("key stretching: {error}"))?;
    Ok(Key::from(*key))
}
