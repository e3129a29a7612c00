//! The keys of a pool's sub-wallets: HKDF-SHA256 (RFC 5869) of one secret, so that a backup of it is a backup of all.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::key::SecretKey;

/// The salt of the derivation.
const SALT: &[u8] = b"adit/pool-wallet/1";

/// The secret from which a pool's sub-wallets are made. Wiped on drop.
#[derive(Clone)]
pub struct WalletSecret(Zeroizing<[u8; 32]>);

impl WalletSecret {
    /// The secret of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        WalletSecret(Zeroizing::new(bytes))
    }

    /// The bytes. Seal them before you store them.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of a sub-wallet: its seed is HKDF-SHA256(secret, salt `adit/pool-wallet/1`, info = index as u32
    /// big-endian). An index is never used for two members.
    pub fn key(&self, index: u32) -> SecretKey {
        let mut seed = Zeroizing::new([0; 32]);
        // Fails only for outputs longer than 255 hashes.
        let made = Hkdf::<Sha256>::new(Some(SALT), &*self.0).expand(&index.to_be_bytes(), &mut *seed);
        debug_assert!(made.is_ok());
        SecretKey::from_seed(*seed)
    }
}

impl std::fmt::Debug for WalletSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WalletSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac`: RFC 5869 with one block.
    #[test]
    fn a_seed_is_that_of_rfc_5869() {
        let secret = WalletSecret::new([7; 32]);
        let seeds = [SEED_0, SEED_1].map(str::to_owned);
        assert_eq!([0, 1].map(|index| hex::encode(*secret.key(index).seed())), seeds);
        assert!(!format!("{secret:?}").contains('7'));
    }

    const SEED_0: &str = "27872ead31f2d06f4b267b01c0b3e14396c541db2754b26b6853e1c25a64ec69";
    const SEED_1: &str = "85f4717915116ddc523575335695f59f88e2dcc1e79a9352898d2b3db39a7d1f";
}
