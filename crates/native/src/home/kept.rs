//! How a file keeps a secret that is not the miner's key.
//!
//! With a passphrase (ADIT_PASSPHRASE) it is sealed: ChaCha20-Poly1305 under a key that Argon2id (RFC 9106) derives from
//! the passphrase, with 19 MiB and two passes. Without one it is stored in the clear, readable only by its owner.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::home::PASSPHRASE;
use crate::home::key::{Hex, random, stretched};

/// A file with a secret and what stands in it in the clear.
pub(in crate::home) trait SecretFile: Serialize + DeserializeOwned {
    /// What the file is, and what to do if it is damaged; completes "PATH is not …".
    const IS: &'static str;
    /// The version that this program writes.
    const VERSION: u32 = 1;
    /// The version in the file.
    fn version(&self) -> u32;
    /// The secret.
    fn secret(&self) -> &Secret;
    /// What is authenticated with the secret, so that nobody can put another beside it.
    fn beside(&self) -> Vec<u8>;
    /// Whether what is in the clear can be right.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Opens a file, if there is one: what stands in it, and its secret. Closes it to other users of this machine.
pub(in crate::home) fn open<F: SecretFile>(
    path: &Path,
    passphrase: Option<&str>,
) -> Result<Option<(F, Zeroizing<Vec<u8>>)>> {
    let text = match std::fs::read(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(path.display().to_string()),
    };
    super::close(path).with_context(|| path.display().to_string())?;
    let file: F = serde_json::from_slice(&text).with_context(|| format!("{} is not {}", path.display(), F::IS))?;
    ensure!(file.version() == F::VERSION, "{}: a newer program wrote this file", path.display());
    file.check().with_context(|| path.display().to_string())?;
    let secret = file.secret().open(path, passphrase, &file.beside())?;
    Ok(Some((file, secret)))
}

/// The text of a file, wiped when dropped.
fn text<F: SecretFile>(file: &F) -> Result<Zeroizing<Vec<u8>>> {
    Ok(Zeroizing::new(serde_json::to_vec_pretty(file)?))
}

/// Writes a file where there is none yet; false if there is.
pub(in crate::home) fn make<F: SecretFile>(path: &Path, file: &F) -> Result<bool> {
    let made = super::make_private(path, &text(file)?);
    made.with_context(|| format!("{}: the key cannot be kept there", path.display()))
}

/// Writes a file in the place of the one that is there.
pub(in crate::home) fn replace<F: SecretFile>(path: &Path, file: &F) -> Result<()> {
    super::write_private(path, &text(file)?).with_context(|| path.display().to_string())
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::home) enum Secret {
    Plain(Hex),
    Sealed { memory_kib: u32, passes: u32, salt: Hex, nonce: Hex, ciphertext: Hex },
}

const MEMORY_KIB: u32 = 19 << 10;
const PASSES: u32 = 2;
/// The most memory that a file may ask for: 1 GiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;

impl Secret {
    /// Keeps a secret, sealed if there is a passphrase. `beside` is authenticated with it.
    pub(in crate::home) fn keep(secret: &[u8], beside: &[u8], passphrase: Option<&str>) -> Result<Self> {
        match passphrase {
            Some(passphrase) => seal(secret, beside, passphrase),
            None => Ok(Secret::Plain(Hex::of(secret))),
        }
    }

    /// Whether it is in the clear.
    pub(in crate::home) fn is_plain(&self) -> bool {
        matches!(self, Secret::Plain(_))
    }

    /// Opens the secret of the file at `path`.
    fn open(&self, path: &Path, passphrase: Option<&str>, beside: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        if let Secret::Plain(bytes) = self {
            return Ok(bytes.0.clone());
        }
        let passphrase = passphrase.with_context(|| {
            format!("{} is sealed: set {PASSPHRASE} to the passphrase it was sealed with", path.display())
        })?;
        unseal(self, passphrase, beside).with_context(|| path.display().to_string())
    }
}

fn seal(secret: &[u8], beside: &[u8], passphrase: &str) -> Result<Secret> {
    let (mut salt, mut nonce) = ([0; 16], [0; 12]);
    random(&mut salt)?;
    random(&mut nonce)?;
    let cipher = ChaCha20Poly1305::new(&stretched(passphrase, &salt, MEMORY_KIB, PASSES)?);
    let payload = Payload { msg: secret, aad: beside };
    let Ok(ciphertext) = cipher.encrypt(&Nonce::from(nonce), payload) else { bail!("the key cannot be sealed") };
    let (salt, nonce, ciphertext) = (Hex::of(&salt), Hex::of(&nonce), Hex::of(&ciphertext));
    Ok(Secret::Sealed { memory_kib: MEMORY_KIB, passes: PASSES, salt, nonce, ciphertext })
}

fn unseal(secret: &Secret, passphrase: &str, beside: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let Secret::Sealed { memory_kib, passes, salt, nonce, ciphertext } = secret else { bail!("it is not sealed") };
    ensure!(*memory_kib <= MAX_MEMORY_KIB && *passes <= MAX_PASSES, "the key file asks for too much memory or time");
    let nonce: [u8; 12] = nonce.0.as_slice().try_into().context("the nonce has the wrong length")?;
    let cipher = ChaCha20Poly1305::new(&stretched(passphrase, &salt.0, *memory_kib, *passes)?);
    let payload = Payload { msg: &ciphertext.0, aad: beside };
    match cipher.decrypt(&Nonce::from(nonce), payload) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(_) => bail!("{PASSPHRASE} is not the passphrase it was sealed with, or the file is damaged"),
    }
}
