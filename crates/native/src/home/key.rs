//! The miner's key file.
//!
//! With a passphrase (ADIT_PASSPHRASE) the key is sealed, in the format that pages export and import. Without one it is stored
//! in the clear, readable only by its owner. What earlier programs sealed is read too.

mod clear;
mod sealed;

use std::fmt;
use std::path::Path;

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::show;
pub(in crate::home) use clear::stretched;
use clear::{Clear, Secret};
use sealed::Sealed;

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

/// Bytes that are hex in JSON and wiped when dropped.
pub(in crate::home) struct Hex(pub(in crate::home) Zeroizing<Vec<u8>>);

impl Hex {
    pub(in crate::home) fn of(bytes: &[u8]) -> Self {
        Hex(Zeroizing::new(bytes.to_vec()))
    }
}

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
        let stored = Stored::parse(path, &text)?;
        Ok(Some((stored.public_key(), stored.sealing())))
    }

    fn open(path: &Path, text: &[u8], passphrase: Option<&str>) -> Result<Self> {
        let stored = Stored::parse(path, text)?;
        let bytes = stored.secret(passphrase).with_context(|| path.display().to_string())?;
        let key = secret_key(&bytes).with_context(|| path.display().to_string())?;
        ensure!(
            key.public_key() == stored.public_key(),
            "{}: secret and public key do not belong together",
            path.display()
        );
        let mut sealing = stored.sealing();
        if sealing == Sealing::Plain && passphrase.is_some() {
            store(path, &key, passphrase, |path, text| super::write_private(path, text).map(|()| true))?;
            sealing = Sealing::Sealed;
        }
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

/// A file, in the format that pages share or in the program's own.
enum Stored {
    Sealed(Sealed),
    Clear(Clear),
}

impl Stored {
    fn parse(path: &Path, text: &[u8]) -> Result<Self> {
        let damaged = || {
            format!(
                "{} is not a key file: restore it from a backup, or move it away to begin with a new key",
                path.display()
            )
        };
        if Sealed::is(text) {
            return Sealed::parse(text).with_context(damaged).map(Stored::Sealed);
        }
        let clear: Clear = serde_json::from_slice(text).with_context(damaged)?;
        ensure!(clear.version == clear::VERSION, "{}: a newer program wrote this key file", path.display());
        Ok(Stored::Clear(clear))
    }

    fn public_key(&self) -> PublicKey {
        match self {
            Stored::Sealed(sealed) => sealed.public_key,
            Stored::Clear(clear) => clear.public_key,
        }
    }

    fn sealing(&self) -> Sealing {
        match self {
            Stored::Clear(Clear { secret: Secret::Plain(_), .. }) => Sealing::Plain,
            _ => Sealing::Sealed,
        }
    }

    fn secret(&self, passphrase: Option<&str>) -> Result<Zeroizing<Vec<u8>>> {
        let passphrase = || {
            passphrase.with_context(|| format!("it is sealed: set {PASSPHRASE} to the passphrase it was sealed with"))
        };
        match self {
            Stored::Sealed(sealed) => sealed.open(passphrase()?),
            Stored::Clear(Clear { secret: Secret::Plain(bytes), .. }) => Ok(bytes.0.clone()),
            Stored::Clear(clear) => clear.open(passphrase()?),
        }
    }
}

/// Stores the key with `write`, and returns what that returns.
fn store(
    path: &Path,
    key: &SecretKey,
    passphrase: Option<&str>,
    write: impl FnOnce(&Path, &[u8]) -> std::io::Result<bool>,
) -> Result<bool> {
    let text = Zeroizing::new(match passphrase {
        Some(passphrase) => serde_json::to_vec_pretty(&Sealed::seal(key, passphrase)?)?,
        None => serde_json::to_vec_pretty(&Clear::of(key))?,
    });
    write(path, &text).with_context(|| format!("{}: the key cannot be kept there", path.display()))
}

fn secret_key(bytes: &[u8]) -> Result<SecretKey> {
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(bytes.try_into().context("the secret has the wrong length")?);
    SecretKey::from_bytes(&bytes).context("the secret is not a key")
}

pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
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
        let greedy = good.replace("600000", "99999999");
        for damaged in ["", "{}", &good[..good.len() / 2], &swapped, &greedy] {
            fs::write(&path, damaged).unwrap();
            assert!(KeyFile::open_or_make(&path, Some("p")).is_err(), "{damaged}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }

    /// Files that were written once and are never made again: by a page, by this program with and without a passphrase, and by
    /// the program before it shared the page's format.
    #[test]
    fn frozen_files_of_page_and_program_open() {
        const PUBLIC: &str = "02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f";
        for (text, passphrase, sealing) in [
            (include_str!("key/frozen/page.json"), Some("größer als 1 × 2"), Sealing::Sealed),
            (include_str!("key/frozen/program.json"), Some("correct horse"), Sealing::Sealed),
            (include_str!("key/frozen/argon2.json"), Some("correct horse"), Sealing::Sealed),
            (include_str!("key/frozen/clear.json"), None, Sealing::Plain),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("miner.key");
            fs::write(&path, text).unwrap();
            let opened = KeyFile::open_or_make(&path, passphrase).unwrap();
            assert_eq!((opened.key.public_key().to_string().as_str(), opened.sealing), (PUBLIC, sealing));
            assert_eq!(*opened.key.to_bytes(), [7; 32]);
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "an opened file stays as it is");
        }
    }
}
