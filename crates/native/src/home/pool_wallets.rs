//! The file of the secret that a pool's sub-wallets are made of. It holds other people's money, so it is always sealed.

use std::path::Path;

use adit_rustchain::WalletSecret;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::kept::{self, Secret as Kept, SecretFile};
use super::key::random;

/// Opens and makes the file.
pub(crate) struct PoolWallets;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    /// The address of wallet 0.
    treasury: String,
    secret: Kept,
}

impl PoolWallets {
    /// Opens the secret, or makes one.
    pub(crate) fn open_or_make(path: &Path, passphrase: &str) -> Result<WalletSecret> {
        if let Some(secret) = PoolWallets::open(path, passphrase)? {
            return Ok(secret);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        random(&mut *bytes)?;
        let secret = WalletSecret::new(*bytes);
        if kept::make(path, &Stored::of(&secret, passphrase)?)? {
            return Ok(secret);
        }
        // Another process was first.
        PoolWallets::open(path, passphrase)?.with_context(|| path.display().to_string())
    }

    /// Opens the secret, if there is one.
    pub(crate) fn open(path: &Path, passphrase: &str) -> Result<Option<WalletSecret>> {
        let Some((_, bytes)) = kept::open::<Stored>(path, Some(passphrase))? else { return Ok(None) };
        let bytes: [u8; 32] =
            bytes.as_slice().try_into().with_context(|| format!("{} is not {}", path.display(), Stored::IS))?;
        Ok(Some(WalletSecret::new(bytes)))
    }
}

impl Stored {
    fn of(secret: &WalletSecret, passphrase: &str) -> Result<Self> {
        let treasury = secret.key(0).address().to_string();
        let kept = Kept::keep(secret.bytes(), &beside(&treasury), Some(passphrase))?;
        Ok(Stored { version: Stored::VERSION, treasury, secret: kept })
    }
}

impl SecretFile for Stored {
    const IS: &'static str = "the secret of a pool's sub-wallets: restore it from a backup";
    fn version(&self) -> u32 {
        self.version
    }
    fn secret(&self) -> &Kept {
        &self.secret
    }
    fn beside(&self) -> Vec<u8> {
        beside(&self.treasury)
    }
}

fn beside(treasury: &str) -> Vec<u8> {
    format!("adit/pool-wallets/{treasury}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.db.wallets");
        let made = PoolWallets::open_or_make(&path, "p").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&hex::encode(made.bytes())), "the secret is in the file");
        assert_eq!(PoolWallets::open_or_make(&path, "p").unwrap().bytes(), made.bytes());
        assert!(PoolWallets::open_or_make(&path, "q").is_err());
        let other = WalletSecret::new([1; 32]).key(0).address().to_string();
        let treasury = made.key(0).address().to_string();
        for damaged in ["", "{}", &text.replace(&treasury, &other)] {
            std::fs::write(&path, damaged).unwrap();
            assert!(PoolWallets::open_or_make(&path, "p").is_err(), "{damaged}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged, "a damaged file is kept");
        }
    }
}
