//! The miner's key file.
//!
//! With a passphrase (ADIT_PASSPHRASE) the key is sealed: ChaCha20-Poly1305 under a key that Argon2id (RFC 9106) derives from
//! the passphrase, with 19 MiB and two passes. Without one it is stored in the clear, readable only by its owner.

use std::fmt;
use std::path::Path;

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use anyhow::{Context, Result, bail, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::show;

/// The environment variable that holds the passphrase.
pub(crate) const PASSPHRASE: &str = "ADIT_PASSPHRASE";

/// A key, and how its file protects it.
pub(crate) struct KeyFile {
    pub(crate) key: SecretKey,
    pub(crate) sealing: Sealing,
    pub(crate) made: bool,
}

/// How a file protects a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealing {
    Sealed,
    Plain,
}

impl fmt::Display for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sealing::Sealed => "sealed with a passphrase",
            Sealing::Plain => "not sealed: protected only by the file's permissions (set ADIT_PASSPHRASE to seal it)",
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    public_key: PublicKey,
    secret: Secret,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Secret {
    Plain(Hex),
    Sealed { memory_kib: u32, passes: u32, salt: Hex, nonce: Hex, ciphertext: Hex },
}

/// Bytes that are hex in JSON and wiped when dropped.
struct Hex(Zeroizing<Vec<u8>>);

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(hex::encode(&*self.0)))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        hex::decode(&*text).map(|bytes| Hex(Zeroizing::new(bytes))).map_err(serde::de::Error::custom)
    }
}

const VERSION: u32 = 1;
const MEMORY_KIB: u32 = 19 << 10;
const PASSES: u32 = 2;
/// The most memory that a file may ask for: 1 GiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;

impl KeyFile {
    /// Opens the key, or creates it. An unsealed key is sealed as soon as there is a passphrase.
    pub(crate) fn open_or_make(path: &Path, passphrase: Option<&str>) -> Result<Self> {
        match std::fs::read(path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                if super::close(path).with_context(|| open_to_others(path))? {
                    let path = path.display();
                    show::message(format_args!("{path} was open to other users of this machine; it is closed now"));
                }
                Self::open(path, &text, passphrase)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::make(path, passphrase),
            Err(error) => Err(error).context(path.display().to_string()),
        }
    }

    /// Reads a file's public key and sealing without opening its secret.
    pub(crate) fn look(path: &Path) -> Result<Option<(PublicKey, Sealing)>> {
        let text = match std::fs::read(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(path.display().to_string()),
        };
        let stored = parse(path, &text)?;
        let sealed = matches!(stored.secret, Secret::Sealed { .. });
        Ok(Some((stored.public_key, if sealed { Sealing::Sealed } else { Sealing::Plain })))
    }

    fn open(path: &Path, text: &[u8], passphrase: Option<&str>) -> Result<Self> {
        let stored = parse(path, text)?;
        let sealed = matches!(stored.secret, Secret::Sealed { .. });
        let bytes = match stored.secret {
            Secret::Plain(bytes) => bytes.0,
            sealed => {
                let passphrase = passphrase.with_context(|| {
                    format!("{} is sealed: set {PASSPHRASE} to the passphrase it was sealed with", path.display())
                })?;
                unseal(&sealed, passphrase, &stored.public_key).with_context(|| path.display().to_string())?
            }
        };
        let key = secret_key(&bytes).with_context(|| path.display().to_string())?;
        ensure!(
            key.public_key() == stored.public_key,
            "{}: secret and public key do not belong together",
            path.display()
        );
        if !sealed && passphrase.is_some() {
            store(path, &key, passphrase, |path, text| super::write_private(path, text).map(|()| true))?;
        }
        let sealing = if sealed || passphrase.is_some() { Sealing::Sealed } else { Sealing::Plain };
        Ok(KeyFile { key, sealing, made: false })
    }

    fn make(path: &Path, passphrase: Option<&str>) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        let key = loop {
            random(&mut *bytes)?;
            // All but about one in 2^128 of the 32-byte strings are keys.
            if let Ok(key) = SecretKey::from_bytes(&bytes) {
                break key;
            }
        };
        if !store(path, &key, passphrase, super::make_private)? {
            // Another process was first.
            return Self::open_or_make(path, passphrase);
        }
        let sealing = if passphrase.is_some() { Sealing::Sealed } else { Sealing::Plain };
        Ok(KeyFile { key, sealing, made: true })
    }
}

fn open_to_others(path: &Path) -> String {
    let path = path.display();
    format!("{path} is open to other users of this machine: run `chmod 600 '{path}'` as its owner")
}

fn parse(path: &Path, text: &[u8]) -> Result<Stored> {
    let damaged = || {
        format!(
            "{} is not a key file: restore it from a backup, or move it away to begin with a new key",
            path.display()
        )
    };
    let stored: Stored = serde_json::from_slice(text).with_context(damaged)?;
    ensure!(stored.version == VERSION, "{}: a newer program wrote this key file", path.display());
    Ok(stored)
}

/// Stores the key with `write`, and returns what that returns.
fn store(
    path: &Path,
    key: &SecretKey,
    passphrase: Option<&str>,
    write: impl FnOnce(&Path, &[u8]) -> std::io::Result<bool>,
) -> Result<bool> {
    let secret = match passphrase {
        Some(passphrase) => seal(key, passphrase)?,
        None => Secret::Plain(Hex(Zeroizing::new(key.to_bytes().to_vec()))),
    };
    let stored = Stored { version: VERSION, public_key: key.public_key(), secret };
    let text = Zeroizing::new(serde_json::to_vec_pretty(&stored)?);
    write(path, &text).with_context(|| format!("{}: the key cannot be kept there", path.display()))
}

fn seal(key: &SecretKey, passphrase: &str) -> Result<Secret> {
    let (mut salt, mut nonce) = ([0; 16], [0; 12]);
    random(&mut salt)?;
    random(&mut nonce)?;
    let (bytes, public_key) = (key.to_bytes(), key.public_key());
    let cipher = ChaCha20Poly1305::new(&stretched(passphrase, &salt, MEMORY_KIB, PASSES)?);
    // The public key is authenticated too, so that nobody can replace it.
    let payload = Payload { msg: &bytes[..], aad: &public_key.0 };
    let Ok(ciphertext) = cipher.encrypt(&Nonce::from(nonce), payload) else { bail!("the key cannot be sealed") };
    let hex = |bytes: &[u8]| Hex(Zeroizing::new(bytes.to_vec()));
    let (salt, nonce, ciphertext) = (hex(&salt), hex(&nonce), hex(&ciphertext));
    Ok(Secret::Sealed { memory_kib: MEMORY_KIB, passes: PASSES, salt, nonce, ciphertext })
}

fn unseal(secret: &Secret, passphrase: &str, public_key: &PublicKey) -> Result<Zeroizing<Vec<u8>>> {
    let Secret::Sealed { memory_kib, passes, salt, nonce, ciphertext } = secret else { bail!("it is not sealed") };
    ensure!(*memory_kib <= MAX_MEMORY_KIB && *passes <= MAX_PASSES, "the key file asks for too much memory or time");
    let nonce: [u8; 12] = nonce.0.as_slice().try_into().context("the nonce has the wrong length")?;
    let cipher = ChaCha20Poly1305::new(&stretched(passphrase, &salt.0, *memory_kib, *passes)?);
    let payload = Payload { msg: &ciphertext.0, aad: &public_key.0 };
    match cipher.decrypt(&Nonce::from(nonce), payload) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(_) => bail!("{PASSPHRASE} is not the passphrase it was sealed with, or the file is damaged"),
    }
}

fn stretched(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<Key> {
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

fn secret_key(bytes: &[u8]) -> Result<SecretKey> {
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(bytes.try_into().context("the secret has the wrong length")?);
    SecretKey::from_bytes(&bytes).context("the secret is not a key")
}

fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).context("the operating system gives no random bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/miner.key");
        assert!(KeyFile::look(&path).unwrap().is_none());
        let made = KeyFile::open_or_make(&path, None).unwrap();
        let opened = KeyFile::open_or_make(&path, None).unwrap();
        assert!(made.made && !opened.made);
        assert_eq!(made.key.public_key(), opened.key.public_key());
        assert_eq!(KeyFile::look(&path).unwrap(), Some((made.key.public_key(), Sealing::Plain)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            KeyFile::open_or_make(&path, None).unwrap();
            assert_eq!(mode(&path), 0o600);
        }
    }

    #[test]
    fn a_sealed_key_opens_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("miner.key");
        let plain = KeyFile::open_or_make(&path, None).unwrap();
        let sealed = KeyFile::open_or_make(&path, Some("correct horse")).unwrap();
        assert_eq!((sealed.sealing, sealed.key.public_key()), (Sealing::Sealed, plain.key.public_key()));
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&hex::encode(*plain.key.to_bytes())), "the secret is in the file");
        let refused = |passphrase| format!("{:#}", KeyFile::open_or_make(&path, passphrase).err().unwrap());
        assert!(refused(None).contains("is sealed"));
        assert!(refused(Some("wrong horse")).contains("is not the passphrase"));
        let again = KeyFile::open_or_make(&path, Some("correct horse")).unwrap();
        assert_eq!(again.key.public_key(), plain.key.public_key());
    }

    #[test]
    fn damaged_files_are_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("miner.key");
        KeyFile::open_or_make(&path, Some("p")).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        let other_key =
            |from, to| good.replacen(&format!("\"public_key\": \"{from}"), &format!("\"public_key\": \"{to}"), 1);
        let swapped = if good.contains("\"public_key\": \"02") { other_key("02", "03") } else { other_key("03", "02") };
        let greedy = good.replace("19456", "99999999");
        for damaged in ["", "{}", &good[..good.len() / 2], &swapped, &greedy] {
            fs::write(&path, damaged).unwrap();
            assert!(KeyFile::open_or_make(&path, Some("p")).is_err(), "{damaged}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
