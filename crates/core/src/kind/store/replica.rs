//! How a replica is sealed: under a key for each copy of a piece, which takes the coordinator's secret to derive.
//!
//! HKDF-SHA256(ikm = the secret, salt = `adit/replica/1`, info = CID bytes of the piece ‖ copy, big-endian) gives 56 bytes: an
//! XChaCha20 key of 32 and a nonce of 24. Replica = piece ⊕ keystream, from block 0. So two replicas of a piece have nothing in
//! common for whoever lacks the secret, and nobody can make one that it has not kept. Sources: RFC 5869;
//! draft-irtf-cfrg-xchacha-03.

use chacha20::XChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::content_id::Cid;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The keystream of one copy of a piece.
pub struct ReplicaKey(Zeroizing<[u8; KEY_BYTES + NONCE_BYTES]>);

impl ReplicaKey {
    /// The key of copy number `copy` of `piece`.
    pub fn derive(secret: &[u8; 32], piece: &Cid, copy: u32) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES + NONCE_BYTES]);
        let info = [&piece.to_bytes()[..], &copy.to_be_bytes()].concat();
        // 56 bytes are within what HKDF can give, 255 · 32.
        let derived = Hkdf::<Sha256>::new(Some(b"adit/replica/1"), secret).expand(&info, &mut *bytes);
        debug_assert!(derived.is_ok());
        ReplicaKey(bytes)
    }

    /// Seals or opens `bytes`, which begin at `offset` of the piece.
    pub fn apply(&self, offset: u64, bytes: &mut [u8]) {
        let (key, nonce) = self.0.split_at(KEY_BYTES);
        let Ok(mut stream) = XChaCha20::new_from_slices(key, nonce) else { return };
        stream.seek(offset);
        stream.apply_keystream(bytes);
    }

    #[cfg(test)]
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        self.0.split_at(KEY_BYTES)
    }
}

/// Without the key.
impl core::fmt::Debug for ReplicaKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ReplicaKey")
    }
}
