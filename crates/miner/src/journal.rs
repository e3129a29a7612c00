//! Outputs that are computed but not yet answered, kept across a crash or a reload. Delivering one again is safe: the same
//! lease gets the same answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use adit_core::encoding::{self, Canonical, DecodeError};
use adit_core::sign::LeaseId;
use adit_core::statement::Delivery;
use adit_core::{Amount, PublicKey, Signature};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where outputs are kept until they are answered: a directory natively, a database in the browser.
pub trait Journal {
    /// Keeps `entry` under `lease` and replaces what was there.
    fn put(&self, lease: LeaseId, entry: Vec<u8>) -> impl Future<Output = Result<(), JournalError>>;
    /// Removes what is kept under `lease`, if anything.
    fn remove(&self, lease: LeaseId) -> impl Future<Output = Result<(), JournalError>>;
    /// Every kept entry.
    fn all(&self) -> impl Future<Output = Result<Vec<(LeaseId, Vec<u8>)>, JournalError>>;
}

impl<J: Journal> Journal for &J {
    fn put(&self, lease: LeaseId, entry: Vec<u8>) -> impl Future<Output = Result<(), JournalError>> {
        (**self).put(lease, entry)
    }

    fn remove(&self, lease: LeaseId) -> impl Future<Output = Result<(), JournalError>> {
        (**self).remove(lease)
    }

    fn all(&self) -> impl Future<Output = Result<Vec<(LeaseId, Vec<u8>)>, JournalError>> {
        (**self).all()
    }
}

/// The journal could not be read or written. Mining goes on, but a crash would now lose the unit under way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be used: {0}")]
pub struct JournalError(pub String);

/// A journal in memory, for tests and for hosts that cannot store anything.
#[derive(Debug, Default)]
pub struct Memory(RefCell<BTreeMap<LeaseId, Vec<u8>>>);

impl Journal for Memory {
    async fn put(&self, lease: LeaseId, entry: Vec<u8>) -> Result<(), JournalError> {
        self.0.borrow_mut().insert(lease, entry);
        Ok(())
    }

    async fn remove(&self, lease: LeaseId) -> Result<(), JournalError> {
        self.0.borrow_mut().remove(&lease);
        Ok(())
    }

    async fn all(&self) -> Result<Vec<(LeaseId, Vec<u8>)>, JournalError> {
        Ok(self.0.borrow().iter().map(|(lease, entry)| (*lease, entry.clone())).collect())
    }
}

/// A signed delivery and its output: all that is needed to send it again and to check the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) coordinator: PublicKey,
    pub(crate) delivery: Delivery,
    pub(crate) signature: Signature,
    /// The base reward that the receipt has to state.
    pub(crate) value: Amount,
    /// The work that the output says was done.
    pub(crate) work: u64,
    pub(crate) lane: u32,
    #[serde(serialize_with = "as_bytes", deserialize_with = "from_bytes")]
    pub(crate) output: Arc<Vec<u8>>,
}

impl Canonical for Entry {}

impl Entry {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::decode(bytes)
    }
}

fn as_bytes<S: Serializer>(output: &Arc<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(output)
}

fn from_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Vec<u8>>, D::Error> {
    serde_bytes::ByteBuf::deserialize(deserializer).map(|bytes| Arc::new(bytes.into_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::content_id::cbor_cid;
    use adit_core::sign::Digest;
    use futures::executor::block_on;

    #[test]
    fn entries_round_trip_and_damaged_ones_are_refused() {
        let (lease, digest) = (LeaseId([1; 16]), Digest([2; 32]));
        let entry = Entry {
            coordinator: PublicKey([3; 33]),
            delivery: Delivery { lease, unit: cbor_cid(b"unit"), digest, length: 3 },
            signature: Signature([4; 64]),
            value: Amount::from_nano(5),
            work: 6,
            lane: 7,
            output: Arc::new(vec![0, 128, 255]),
        };
        let bytes = entry.to_bytes();
        assert_eq!(Entry::from_bytes(&bytes), Ok(entry));
        assert!(Entry::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn the_memory_journal_keeps_and_forgets() {
        let (journal, lease) = (Memory::default(), LeaseId([1; 16]));
        block_on(journal.put(lease, vec![1])).unwrap();
        block_on(journal.put(lease, vec![2])).unwrap();
        assert_eq!(block_on(journal.all()), Ok(vec![(lease, vec![2])]));
        block_on(journal.remove(lease)).unwrap();
        assert_eq!(block_on(journal.all()), Ok(vec![]));
    }
}
