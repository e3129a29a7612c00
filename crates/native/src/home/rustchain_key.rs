//! The file of the Ed25519 key that attests to RustChain: `rustchain.key` beside the miner's key.

use std::path::{Path, PathBuf};

use adit_rustchain::SecretKey;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::kept::{self, Secret as Kept, SecretFile};
use super::key::random;

/// A key, where it is kept, and how.
pub(crate) struct RustchainKey {
    pub(crate) secret: SecretKey,
    pub(crate) path: PathBuf,
    pub(crate) made: bool,
    pub(crate) is_sealed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    public_key: String,
    secret: Kept,
}

impl RustchainKey {
    /// Opens the key, or makes one. One in the clear is sealed as soon as there is a passphrase.
    pub(crate) fn open_or_make(path: &Path, passphrase: Option<&str>) -> Result<Self> {
        let Some((stored, seed)) = kept::open::<Stored>(path, passphrase)? else {
            return Self::make(path, passphrase);
        };
        let seed: [u8; 32] =
            seed.as_slice().try_into().with_context(|| format!("{} is not {}", path.display(), Stored::IS))?;
        let secret = SecretKey::from_seed(*Zeroizing::new(seed));
        let is_its_own = secret.public_key().to_string() == stored.public_key;
        ensure!(is_its_own, "{}: secret and public key do not belong together", path.display());
        let is_plain = stored.secret.is_plain();
        if is_plain && passphrase.is_some() {
            kept::replace(path, &Stored::of(&secret, passphrase)?)?;
        }
        Ok(RustchainKey { secret, path: path.to_owned(), made: false, is_sealed: passphrase.is_some() || !is_plain })
    }

    fn make(path: &Path, passphrase: Option<&str>) -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        random(&mut *seed)?;
        let secret = SecretKey::from_seed(*seed);
        if !kept::make(path, &Stored::of(&secret, passphrase)?)? {
            // Another process was first.
            return Self::open_or_make(path, passphrase);
        }
        Ok(RustchainKey { secret, path: path.to_owned(), made: true, is_sealed: passphrase.is_some() })
    }
}

impl Stored {
    fn of(secret: &SecretKey, passphrase: Option<&str>) -> Result<Self> {
        let public_key = secret.public_key().to_string();
        let kept = Kept::keep(&*secret.seed(), &beside(&public_key), passphrase)?;
        Ok(Stored { version: Stored::VERSION, public_key, secret: kept })
    }
}

impl SecretFile for Stored {
    const IS: &'static str = "a RustChain key: restore it from a backup, or move it away to begin with a new wallet";
    fn version(&self) -> u32 {
        self.version
    }
    fn secret(&self) -> &Kept {
        &self.secret
    }
    fn beside(&self) -> Vec<u8> {
        beside(&self.public_key)
    }
}

/// Data authenticated with the secret, so that nobody can put another public key beside it.
fn beside(public_key: &str) -> Vec<u8> {
    format!("adit/rustchain-key/{public_key}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_sealed_and_not_exchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rustchain.key");
        let made = RustchainKey::open_or_make(&path, None).unwrap();
        assert!(made.made && !made.is_sealed && made.path == path);
        let plain = std::fs::read_to_string(&path).unwrap();
        assert!(plain.contains(&hex::encode(*made.secret.seed())));
        let sealed = RustchainKey::open_or_make(&path, Some("p")).unwrap();
        assert!(sealed.is_sealed && !sealed.made && sealed.secret.address() == made.secret.address());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&hex::encode(*made.secret.seed())), "the secret is in the file");
        assert!(
            RustchainKey::open_or_make(&path, None).is_err() && RustchainKey::open_or_make(&path, Some("q")).is_err()
        );
        let public = made.secret.public_key().to_string();
        let other = SecretKey::from_seed([1; 32]).public_key().to_string();
        for damaged in ["", "{}", &text.replace(&public, &other), &plain.replace(&public, &other)] {
            std::fs::write(&path, damaged).unwrap();
            assert!(RustchainKey::open_or_make(&path, Some("p")).is_err(), "{damaged}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged, "a damaged file is kept");
        }
    }
}
