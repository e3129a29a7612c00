//! A miner's key on its way from the vault.

use adit_core::sign::SecretKey;
use wasm_bindgen::prelude::*;

/// Derives the public key of a secret one, as hex. The error says that the bytes are not a key.
#[wasm_bindgen]
pub fn public_key(secret: &[u8]) -> Result<String, JsError> {
    Ok(secret_key(secret)?.public_key().to_string())
}

pub(crate) fn secret_key(secret: &[u8]) -> Result<SecretKey, JsError> {
    let bytes = secret.try_into().map_err(|_| JsError::new("a secret key has 32 bytes"))?;
    Ok(SecretKey::from_bytes(bytes)?)
}
