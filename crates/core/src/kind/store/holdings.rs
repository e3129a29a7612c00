//! What a miner holds: its replicas in the order in which they were assigned.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::tree::CHUNK_BYTES;
use crate::content_id::{Cid, output_cid};
use crate::encoding::Canonical;

/// The largest replica, in bytes.
pub const MAX_REPLICA_BYTES: u64 = 16 << 20;
/// The most replicas of one miner.
pub const MAX_REPLICAS: usize = 1 << 16;

/// A replica: DAG-CBOR writes it as the pair (root, length).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Cid, u64)", into = "(Cid, u64)")]
pub struct Holding {
    /// Its BLAKE3 CID.
    pub root: Cid,
    /// Its bytes.
    pub length: u64,
}

impl From<(Cid, u64)> for Holding {
    fn from((root, length): (Cid, u64)) -> Self {
        Holding { root, length }
    }
}

impl From<Holding> for (Cid, u64) {
    fn from(Holding { root, length }: Holding) -> Self {
        (root, length)
    }
}

/// All replicas of one miner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings(pub Vec<Holding>);

impl Canonical for Holdings {}

impl Holdings {
    /// The bytes of all replicas.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|holding| holding.length).sum()
    }

    /// The chunks of all replicas: T = Σ ⌈length / 1024⌉.
    pub fn chunks(&self) -> u64 {
        self.0.iter().map(|holding| holding.length.div_ceil(CHUNK_BYTES)).sum()
    }

    /// The replica with the chunk at `position`, and the chunk's index in it.
    pub fn find(&self, position: u64) -> Option<(&Holding, u64)> {
        self.place(position).map(|(index, chunk)| (&self.0[index], chunk))
    }

    /// The index of the replica with the chunk at `position`, and the chunk's index in it.
    pub fn place(&self, position: u64) -> Option<(usize, u64)> {
        let mut before = 0;
        for (index, holding) in self.0.iter().enumerate() {
            let after = before + holding.length.div_ceil(CHUNK_BYTES);
            if position < after {
                return Some((index, position - before));
            }
            before = after;
        }
        None
    }

    /// Whether there are some, within the caps, each named by a BLAKE3 CID.
    pub fn are_valid(&self) -> bool {
        let valid = |holding: &Holding| {
            let root: Option<[u8; 32]> = holding.root.digest().try_into().ok();
            (1..=MAX_REPLICA_BYTES).contains(&holding.length)
                && root.is_some_and(|root| output_cid(root) == holding.root)
        };
        (1..=MAX_REPLICAS).contains(&self.0.len()) && self.0.iter().all(valid)
    }
}
