//! The file of the secret that content is sealed with.

use std::path::{Path, PathBuf};

use adit_content::seal::Secret;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::kept::{self, Secret as Kept, SecretFile};
use super::key::random;

/// A secret, its newest version, and where it is kept.
pub(crate) struct ContentKey {
    pub(crate) secret: Secret,
    pub(crate) newest: u32,
    pub(crate) path: PathBuf,
    pub(crate) made: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    /// The newest version, which seals. Every version up to it opens.
    newest: u32,
    secret: Kept,
}

impl SecretFile for Stored {
    const IS: &'static str = "a content key: restore it from `adit content key export`";
    fn version(&self) -> u32 {
        self.version
    }
    fn secret(&self) -> &Kept {
        &self.secret
    }
    fn beside(&self) -> Vec<u8> {
        beside(self.newest)
    }
    fn check(&self) -> Result<()> {
        ensure!((1..=MAX_NEWEST).contains(&self.newest), "no key has version {}", self.newest);
        Ok(())
    }
}

/// The most keys that a file may count; each is tried on every file that is opened.
const MAX_NEWEST: u32 = 1000;

impl ContentKey {
    /// Opens the secret, or makes one.
    pub(crate) fn open_or_make(path: &Path, passphrase: Option<&str>) -> Result<Self> {
        if let Some(key) = ContentKey::open(path, passphrase)? {
            return Ok(key);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        random(&mut *bytes)?;
        let key = ContentKey { secret: Secret::new(*bytes), newest: 1, path: path.to_owned(), made: true };
        if key.store_new(passphrase)? {
            return Ok(key);
        }
        // Another process was first.
        ContentKey::open(path, passphrase)?.with_context(|| path.display().to_string())
    }

    /// Opens the secret, if there is one.
    pub(crate) fn open(path: &Path, passphrase: Option<&str>) -> Result<Option<Self>> {
        let Some((stored, bytes)) = kept::open::<Stored>(path, passphrase)? else { return Ok(None) };
        let secret = Secret::from_slice(&bytes).with_context(|| path.display().to_string())?;
        Ok(Some(ContentKey { secret, newest: stored.newest, path: path.to_owned(), made: false }))
    }

    /// Counts up the version that seals.
    pub(crate) fn rotate(&mut self, passphrase: Option<&str>) -> Result<()> {
        ensure!(self.newest < MAX_NEWEST, "a secret has at most {MAX_NEWEST} versions: make a new one");
        self.newest += 1;
        kept::replace(&self.path, &self.stored(passphrase)?)
    }

    /// Stores a secret where there is none yet; false if there is.
    pub(crate) fn store_new(&self, passphrase: Option<&str>) -> Result<bool> {
        ensure!((1..=MAX_NEWEST).contains(&self.newest), "no key has version {}", self.newest);
        kept::make(&self.path, &self.stored(passphrase)?)
    }

    fn stored(&self, passphrase: Option<&str>) -> Result<Stored> {
        let secret = Kept::keep(self.secret.bytes(), &beside(self.newest), passphrase)?;
        Ok(Stored { version: Stored::VERSION, newest: self.newest, secret })
    }
}

/// Data authenticated with the secret, so that nobody can turn the version back.
fn beside(newest: u32) -> Vec<u8> {
    format!("adit/content-key/{newest}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_kept_sealed_rotated_and_not_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("content.key");
        assert!(ContentKey::open(&path, None).unwrap().is_none());
        let mut made = ContentKey::open_or_make(&path, Some("p")).unwrap();
        assert!(made.made && made.newest == 1);
        let before = std::fs::read_to_string(&path).unwrap();
        assert!(!before.contains(&hex::encode(made.secret.bytes())), "the secret is in the file");
        made.rotate(Some("p")).unwrap();
        let again = ContentKey::open_or_make(&path, Some("p")).unwrap();
        assert_eq!((again.newest, again.secret.bytes()), (2, made.secret.bytes()));
        assert!(!again.made && !again.store_new(Some("p")).unwrap());
        assert!(ContentKey::open(&path, Some("q")).is_err() && ContentKey::open(&path, None).is_err());
        let after = std::fs::read_to_string(&path).unwrap();
        for damaged in ["", "{}", &after.replace("\"newest\": 2", "\"newest\": 1"), &after.replace(": 2,", ": 0,")] {
            std::fs::write(&path, damaged).unwrap();
            assert!(ContentKey::open_or_make(&path, Some("p")).is_err(), "{damaged}");
        }
    }
}
