//! The file of the Ed25519 key that attests to RustChain: `rustchain.key` beside the miner's key.

use std::path::{Path, PathBuf};

use adit_rustchain::{PublicKey, SecretKey};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::kept::Secret as Kept;
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

const VERSION: u32 = 1;

impl RustchainKey {
    /// Opens the key, or makes one. One in the clear is sealed as soon as there is a passphrase.
    pub(crate) fn open_or_make(path: &Path, passphrase: Option<&str>) -> Result<Self> {
        let text = match std::fs::read(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Self::make(path, passphrase),
            Err(error) => return Err(error).context(path.display().to_string()),
        };
        super::close(path).with_context(|| path.display().to_string())?;
        let damaged = || {
            let path = path.display();
            format!(
                "{path} is not a RustChain key: restore it from a backup, or move it away to begin with a new wallet"
            )
        };
        let stored: Stored = serde_json::from_slice(&text).with_context(damaged)?;
        ensure!(stored.version == VERSION, "{}: a newer program wrote this file", path.display());
        let public: PublicKey = stored.public_key.parse().with_context(damaged)?;
        let is_plain = stored.secret.is_plain();
        let seed = stored.secret.open(path, passphrase, &beside(&public))?;
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.as_slice().try_into().with_context(damaged)?);
        let secret = SecretKey::from_seed(*seed);
        ensure!(secret.public_key() == public, "{}: secret and public key do not belong together", path.display());
        if is_plain && passphrase.is_some() {
            let text = text_of(&secret, passphrase)?;
            super::write_private(path, &text).with_context(|| path.display().to_string())?;
        }
        Ok(RustchainKey { secret, path: path.to_owned(), made: false, is_sealed: passphrase.is_some() || !is_plain })
    }

    fn make(path: &Path, passphrase: Option<&str>) -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        random(&mut *seed)?;
        let secret = SecretKey::from_seed(*seed);
        let made = super::make_private(path, &text_of(&secret, passphrase)?);
        if !made.with_context(|| format!("{}: the key cannot be kept there", path.display()))? {
            // Another process was first.
            return Self::open_or_make(path, passphrase);
        }
        Ok(RustchainKey { secret, path: path.to_owned(), made: true, is_sealed: passphrase.is_some() })
    }
}

fn text_of(secret: &SecretKey, passphrase: Option<&str>) -> Result<Zeroizing<Vec<u8>>> {
    let public = secret.public_key();
    let kept = Kept::keep(&*secret.seed(), &beside(&public), passphrase)?;
    let stored = Stored { version: VERSION, public_key: public.to_string(), secret: kept };
    Ok(Zeroizing::new(serde_json::to_vec_pretty(&stored)?))
}

/// Data authenticated with the secret, so that nobody can put another public key beside it.
fn beside(public: &PublicKey) -> Vec<u8> {
    format!("adit/rustchain-key/{public}").into_bytes()
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
