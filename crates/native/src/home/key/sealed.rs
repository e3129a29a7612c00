//! The format that pages and this program share, `adit-key/1`: AES-256-GCM under a key that PBKDF2-HMAC-SHA-256 derives from a
//! passphrase in Unicode's form NFKC. Browsers have nothing slower to derive a key with. The page's side is worker/vault.ts.

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use anyhow::{Context, Result, bail, ensure};
use pbkdf2::pbkdf2_hmac;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{Hex, PASSPHRASE, random};

const FORMAT: &str = "adit-key/1";
const KDF: &str = "PBKDF2-HMAC-SHA-256";
const CIPHER: &str = "AES-256-GCM";
/// From OWASP's Password Storage Cheat Sheet (2023), for PBKDF2-HMAC-SHA-256.
const ITERATIONS: u32 = 600_000;
/// The most iterations that a file may ask for.
const MAX_ITERATIONS: u32 = 10_000_000;

/// A key that a passphrase opens.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    format: String,
    pub(super) public_key: PublicKey,
    kdf: Kdf,
    cipher: Cipher,
    sealed: Hex,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    iterations: u32,
    salt: Hex,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    name: String,
    iv: Hex,
}

impl Sealed {
    /// Whether a file names a format, as the program's own does not.
    pub(super) fn is(text: &[u8]) -> bool {
        let value: Result<serde_json::Value, _> = serde_json::from_slice(text);
        value.is_ok_and(|value| value.get("format").is_some())
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self> {
        let sealed: Sealed = serde_json::from_slice(text)?;
        let names = (sealed.format.as_str(), sealed.kdf.name.as_str(), sealed.cipher.name.as_str());
        ensure!(names == (FORMAT, KDF, CIPHER), "this program opens {FORMAT} with {KDF} and {CIPHER} alone");
        let iterations = sealed.kdf.iterations;
        ensure!((1..=MAX_ITERATIONS).contains(&iterations), "the file asks for {iterations} iterations");
        Ok(sealed)
    }

    pub(super) fn seal(key: &SecretKey, passphrase: &str) -> Result<Self> {
        let (mut salt, mut iv) = ([0; 16], [0; 12]);
        random(&mut salt)?;
        random(&mut iv)?;
        let cipher = Aes256Gcm::new(&stretched(passphrase, &salt, ITERATIONS));
        let payload = Payload { msg: &key.to_bytes()[..], aad: FORMAT.as_bytes() };
        let Ok(sealed) = cipher.encrypt(&Nonce::from(iv), payload) else { bail!("the key cannot be sealed") };
        Ok(Sealed {
            format: FORMAT.into(),
            public_key: key.public_key(),
            kdf: Kdf { name: KDF.into(), iterations: ITERATIONS, salt: Hex::of(&salt) },
            cipher: Cipher { name: CIPHER.into(), iv: Hex::of(&iv) },
            sealed: Hex::of(&sealed),
        })
    }

    pub(super) fn open(&self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>> {
        let iv: [u8; 12] = self.cipher.iv.0.as_slice().try_into().context("the iv has the wrong length")?;
        let cipher = Aes256Gcm::new(&stretched(passphrase, &self.kdf.salt.0, self.kdf.iterations));
        let payload = Payload { msg: &self.sealed.0, aad: FORMAT.as_bytes() };
        match cipher.decrypt(&Nonce::from(iv), payload) {
            Ok(bytes) => Ok(Zeroizing::new(bytes)),
            Err(_) => bail!("{PASSPHRASE} is not the passphrase it was sealed with, or the file is damaged"),
        }
    }
}

fn stretched(passphrase: &str, salt: &[u8], iterations: u32) -> Key<Aes256Gcm> {
    let words = Zeroizing::new(passphrase.nfkc().collect::<String>());
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2_hmac::<Sha256>(words.as_bytes(), salt, iterations, &mut *key);
    Key::<Aes256Gcm>::from(*key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_has_the_fields_and_figures_of_the_pages_files() {
        let key = SecretKey::from_bytes(&[7; 32]).unwrap();
        let value = serde_json::to_value(Sealed::seal(&key, "correct horse").unwrap()).unwrap();
        let page: serde_json::Value = serde_json::from_str(include_str!("frozen/page.json")).unwrap();
        let shape = |value: &serde_json::Value| {
            let texts = ["format", "public_key"].map(|name| value[name].clone());
            let lengths = [&value["kdf"]["salt"], &value["cipher"]["iv"], &value["sealed"]];
            let lengths = lengths.map(|hex| hex.as_str().unwrap().len());
            (
                texts,
                value["kdf"]["name"].clone(),
                value["kdf"]["iterations"].clone(),
                value["cipher"]["name"].clone(),
                lengths,
            )
        };
        assert_eq!(shape(&value), shape(&page));
        assert_eq!(value.as_object().unwrap().len(), page.as_object().unwrap().len());
    }

    #[test]
    fn other_formats_and_greedy_files_are_refused() {
        let good = include_str!("frozen/page.json");
        assert!(Sealed::is(good.as_bytes()) && Sealed::parse(good.as_bytes()).is_ok());
        for (from, to) in [
            ("adit-key/1", "adit-key/2"),
            ("600000", "10000001"),
            ("600000", "0"),
            ("GCM", "CBC"),
            ("SHA-256", "SHA-1"),
        ] {
            let text = good.replace(from, to);
            assert!(text != good && Sealed::parse(text.as_bytes()).is_err(), "{from} to {to}");
        }
    }
}
