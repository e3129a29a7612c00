//! Fernet: AES-128-CBC and HMAC-SHA-256 in base64. Specification: <https://github.com/fernet/spec>.
//!
//! A token is sealed and opened as a whole, so its size is limited. One MAC under the same key authenticates it, so a wrong key
//! cannot be told from changed bytes. A truncated token is recognised by its length, except for one length in 64.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use data_encoding::BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::OpenError;

/// The largest file that is sealed and the largest token that is opened, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

const VERSION: u8 = 0x80;
/// Version, time and initial vector.
const BEFORE: usize = 1 + 8 + 16;
const MAC_BYTES: usize = 32;
const BLOCK_BYTES: usize = 16;

/// Seals bytes at a time in seconds since 1970, with a random initial vector that is used once.
pub fn seal(key: &[u8; 32], time: u64, vector: [u8; 16], plain: &[u8]) -> String {
    let (_, aes_key) = halves(key);
    let sealed = cbc::Encryptor::<Aes128>::new(&aes_key.into(), &vector.into()).encrypt_padded_vec::<Pkcs7>(plain);
    let mut token = [&[VERSION][..], &time.to_be_bytes(), &vector, &sealed].concat();
    let mac = mac(key, &token).finalize().into_bytes();
    token.extend_from_slice(&mac);
    BASE64URL.encode(&token)
}

/// Opens a token with the first key that fits.
pub fn open<'k>(keys: impl IntoIterator<Item = &'k [u8; 32]>, token: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    if token.len() > MAX_BYTES {
        return Err(OpenError::Large(MAX_BYTES));
    }
    let token = token.trim_ascii_end();
    let whole = token.len() / 4 * 4;
    let bytes = BASE64URL.decode(&token[..whole]).map_err(|_| OpenError::NotSealed)?;
    if bytes.first() != Some(&VERSION) {
        return Err(OpenError::NotSealed);
    }
    let sealed = bytes.len().checked_sub(BEFORE + MAC_BYTES).ok_or(OpenError::Truncated)?;
    if whole != token.len() || sealed == 0 || sealed % BLOCK_BYTES != 0 {
        return Err(OpenError::Truncated);
    }
    let (signed, said) = bytes.split_at(bytes.len() - MAC_BYTES);
    let fits = |key: &&'k [u8; 32]| mac(key, signed).verify_slice(said).is_ok();
    let key = keys.into_iter().find(fits).ok_or(OpenError::WrongKeyOrTampered)?;
    let mut vector = [0; 16];
    vector.copy_from_slice(&signed[BEFORE - 16..BEFORE]);
    let opened = cbc::Decryptor::<Aes128>::new(&halves(key).1.into(), &vector.into());
    let opened = opened.decrypt_padded_vec::<Pkcs7>(&signed[BEFORE..]);
    opened.map(Zeroizing::new).map_err(|_| OpenError::WrongKeyOrTampered)
}

/// The halves of a key: for the MAC, and for AES.
fn halves(key: &[u8; 32]) -> ([u8; 16], [u8; 16]) {
    let (mut first, mut second) = ([0; 16], [0; 16]);
    first.copy_from_slice(&key[..16]);
    second.copy_from_slice(&key[16..]);
    (first, second)
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of this length by a copy into its block.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..16].copy_from_slice(&halves(key).0);
    let mut mac = Hmac::<Sha256>::new(&block);
    mac.update(bytes);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str =
        "gAAAAABlU_EAAAECAwQFBgcICQoLDA0ODwZAZ8Ef79r_epkQ472H_-anfD2vPn9Fs8pqp-WItF40RjnLPYTuq6F6vPpmaokBRA==";

    fn key() -> [u8; 32] {
        BASE64URL.decode(b"Ca1qXYaFf-I_JETt64WgMMgSPEbtU70PicrWfmmxXv8=").unwrap().try_into().unwrap()
    }

    #[test]
    fn tokens_are_those_of_other_programs() {
        let vector = std::array::from_fn(|index| index as u8);
        assert_eq!(seal(&key(), 1_700_000_000, vector, b"hello"), TOKEN);
        assert_eq!(&**open([&key()], TOKEN.as_bytes()).unwrap(), b"hello");
        assert_eq!(&**open([&[1; 32], &key()], format!("{TOKEN}\n").as_bytes()).unwrap(), b"hello");
        for length in [0, 1, 15, 16, 17, 1000] {
            let plain = vec![7; length];
            assert_eq!(**open([&key()], seal(&key(), 0, vector, &plain).as_bytes()).unwrap(), plain);
        }
    }

    #[test]
    fn errors_say_as_much_about_a_token_as_the_format_allows() {
        assert!(matches!(open([&[0; 32]], TOKEN.as_bytes()), Err(OpenError::WrongKeyOrTampered)));
        for cut in 1..TOKEN.len() {
            let cut_off = open([&key()], &TOKEN.as_bytes()[..cut]);
            let lengths = (cut / 4 * 3).checked_sub(BEFORE + MAC_BYTES).filter(|bytes| cut % 4 == 0 && bytes % 16 == 0);
            let truncated = matches!(cut_off, Err(OpenError::Truncated));
            assert!(truncated || cut < 4 || lengths.is_some() && cut_off.is_err(), "{cut}: {cut_off:?}");
        }
        for at in 0..TOKEN.len() - 2 {
            let mut changed = TOKEN.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let opened = open([&key()], &changed);
            assert!(matches!(opened, Err(OpenError::WrongKeyOrTampered | OpenError::NotSealed)), "{at}: {opened:?}");
        }
        for text in ["", "hello", "!!!!", "age-encryption.org/v1"] {
            assert!(matches!(open([&key()], text.as_bytes()), Err(OpenError::NotSealed)), "{text}");
        }
    }
}
