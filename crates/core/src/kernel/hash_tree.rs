//! Leaves, and the root over them: specified in [`crate::kind::hash_tree`] and [`crate::kind::hash_tree_2`].

use alloc::vec;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::content_id::Cid;
use crate::found::Found;
use crate::log::{Frontier, Hash};
use crate::sign::LeaseId;
use crate::unit::operand::Operand;

/// Bytes of a leaf. The last leaf of a block may be shorter.
pub const LEAF_BYTES: u32 = 16 << 10;
/// Bytes of a digest.
pub const DIGEST_BYTES: usize = 32;
/// At least this many leaves are hashed again, if there are as many.
pub const LEAST_SAMPLED: u64 = 16;
/// One leaf in this many is hashed again.
pub const SAMPLED_PART: u64 = 64;
/// The leaf of missing bytes. Nobody knows a message with this SHA-256.
pub const MISSING: Hash = [0; 32];

/// The number of leaves of a data set.
pub fn leaves(data: &Operand) -> u64 {
    data.blocks().map(|(_, bytes)| leaves_of_block(bytes)).sum()
}

/// The number of leaves of a block.
pub(crate) fn leaves_of_block(bytes: u32) -> u64 {
    u64::from(bytes.div_ceil(LEAF_BYTES))
}

/// How many of `leaves` are hashed again: one in [`SAMPLED_PART`], at least [`LEAST_SAMPLED`]. If a fraction f of the leaves is
/// wrong, s samples all miss it with a probability of about (1 − f)^s.
pub fn sampled(leaves: u64) -> u64 {
    leaves.div_ceil(SAMPLED_PART).max(LEAST_SAMPLED).min(leaves)
}

/// Where a leaf's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The block.
    pub block: Cid,
    /// The leaf's first byte in the block.
    pub from: usize,
    /// The leaf's length.
    pub bytes: usize,
}

/// Where the bytes of leaf `index` are.
pub fn place(data: &Operand, index: u64) -> Option<Place> {
    let mut first = 0;
    for (block, bytes) in data.blocks() {
        let count = leaves_of_block(bytes);
        if index < first + count {
            let from = (index - first) as u32 * LEAF_BYTES;
            return Some(Place { block, from: from as usize, bytes: (bytes - from).min(LEAF_BYTES) as usize });
        }
        first += count;
    }
    None
}

/// The prefix that is hashed before a leaf's bytes.
pub fn head(lease: &LeaseId, index: u64, bytes: usize) -> [u8; 29] {
    let mut head = [0x00; 29];
    head[1..17].copy_from_slice(&lease.0);
    head[17..25].copy_from_slice(&index.to_le_bytes());
    head[25..].copy_from_slice(&(bytes as u32).to_le_bytes());
    head
}

/// The digest of one leaf.
pub fn leaf(lease: &LeaseId, index: u64, bytes: &[u8]) -> Hash {
    Sha256::new_with_prefix(head(lease, index, bytes.len())).chain_update(bytes).finalize().into()
}

/// The root over `leaves` of 32 bytes each.
pub fn root(leaves: &[u8]) -> Hash {
    let mut tree = Frontier::default();
    for leaf in leaves.as_chunks().0 {
        tree.append(*leaf);
    }
    tree.root()
}

/// A tree under way, some leaves at a time. Drop it to stop.
#[derive(Debug)]
pub struct TreeHasher<Block> {
    lease: LeaseId,
    /// Each with the size that it must have.
    blocks: Vec<(Option<Block>, u32)>,
    bytes: u64,
    done_bytes: u64,
    /// The block under way, and the next byte in it.
    block: usize,
    from: usize,
    /// What the output begins with: the state of each block, if the data is at an external source.
    states: Vec<u8>,
    leaves: Vec<u8>,
}

/// Leaves to hash next, all of the same length.
#[derive(Debug)]
pub struct Leaves<'a> {
    /// The lease that keys them.
    pub lease: LeaseId,
    /// The index of the first. The others follow it.
    pub first: u64,
    /// Their bytes.
    pub bytes: Vec<&'a [u8]>,
}

impl Leaves<'_> {
    /// Their digests, by the reference.
    pub fn digests(&self) -> Vec<Hash> {
        (self.first..).zip(&self.bytes).map(|(index, bytes)| leaf(&self.lease, index, bytes)).collect()
    }
}

impl<Block: AsRef<[u8]>> TreeHasher<Block> {
    /// Starts on `data`. `block` returns the bytes that a CID names, or none if they are missing.
    pub fn new(lease: LeaseId, data: &Operand, block: impl Fn(&Cid) -> Option<Block>) -> Self {
        let given =
            |(cid, bytes): (Cid, u32)| (block(&cid).filter(|block| block.as_ref().len() == bytes as usize), bytes);
        Self::start(lease, data, data.blocks().map(given).collect(), Vec::new())
    }

    /// Starts on `data` at an external source. `found` says what the source has; a block of another size is unknown.
    pub fn elsewhere(lease: LeaseId, data: &Operand, found: impl Fn(&Cid) -> Found<Block>) -> Self {
        let mut states = Vec::with_capacity(data.panels.len());
        let looked = data.blocks().map(|(cid, bytes)| {
            let found = match found(&cid) {
                Found::Present(block) if block.as_ref().len() != bytes as usize => Found::Unknown,
                found => found,
            };
            states.push(found.state() as u8);
            (found.present(), bytes)
        });
        let blocks = looked.collect();
        Self::start(lease, data, blocks, states)
    }

    fn start(lease: LeaseId, data: &Operand, blocks: Vec<(Option<Block>, u32)>, states: Vec<u8>) -> Self {
        let leaves = Vec::with_capacity((leaves(data) as usize + 1) * DIGEST_BYTES);
        TreeHasher { lease, blocks, bytes: data.bytes(), done_bytes: 0, block: 0, from: 0, states, leaves }
    }

    /// The number of bytes of the data.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number of bytes hashed so far.
    pub fn done_bytes(&self) -> u64 {
        self.done_bytes
    }

    /// The next leaves, at most `most` but at least one; `None` when none is left. They stay the same until their digests are
    /// [taken](TreeHasher::take).
    pub fn next(&mut self, most: usize) -> Option<Leaves<'_>> {
        self.pass_missing();
        let mut bytes: Vec<&[u8]> = Vec::new();
        'blocks: for (place, (block, _)) in self.blocks.iter().enumerate().skip(self.block) {
            let from = if place == self.block { self.from } else { 0 };
            let Some(block) = block else { break };
            for leaf in block.as_ref()[from..].chunks(LEAF_BYTES as usize) {
                if bytes.len() == most.max(1) || bytes.first().is_some_and(|first| first.len() != leaf.len()) {
                    break 'blocks;
                }
                bytes.push(leaf);
            }
        }
        let first = (self.leaves.len() / DIGEST_BYTES) as u64;
        (!bytes.is_empty()).then_some(Leaves { lease: self.lease, first, bytes })
    }

    /// Takes the digests of the next leaves.
    pub fn take(&mut self, digests: &[Hash]) {
        self.leaves.extend_from_slice(digests.as_flattened());
        for _ in digests {
            let size = self.blocks.get(self.block).map_or(0, |(_, size)| *size as usize);
            let bytes = (size - self.from).min(LEAF_BYTES as usize);
            self.done_bytes += bytes as u64;
            self.from += bytes;
            if self.from == size {
                (self.block, self.from) = (self.block + 1, 0);
            }
        }
    }

    /// Skips the leaves of missing blocks, which need no hashing.
    fn pass_missing(&mut self) {
        while let Some((None, size)) = self.blocks.get(self.block) {
            self.take(&vec![MISSING; leaves_of_block(*size) as usize]);
        }
    }

    /// The output, once every leaf is hashed.
    pub fn into_output(self) -> Vec<u8> {
        let root = root(&self.leaves);
        [&self.states[..], &self.leaves, &root].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;
    use crate::split::cut;
    use alloc::collections::BTreeMap;

    fn data(bytes: usize, block_bytes: u32) -> (Operand, BTreeMap<Cid, Vec<u8>>) {
        let bytes: Vec<u8> = SplitMix64::new(5).signed(bytes).into_iter().map(|byte| byte as u8).collect();
        let (operand, blocks) = cut(&bytes, bytes.len() as u32, 1, block_bytes);
        let named = operand.panels.iter().zip(blocks).map(|(cid, block)| (*cid, block.to_vec())).collect();
        (operand, named)
    }

    /// Hashes a tree, at most `most` leaves at a time.
    fn output<Block: AsRef<[u8]>>(mut tree: TreeHasher<Block>, most: usize) -> Vec<u8> {
        while let Some(leaves) = tree.next(most) {
            let digests = leaves.digests();
            tree.take(&digests);
        }
        assert_eq!(tree.done_bytes(), tree.bytes());
        tree.into_output()
    }

    #[test]
    fn leaves_and_root_follow_the_definition() {
        let (operand, blocks) = data(150_001, 40_000);
        let lease = LeaseId([7; 16]);
        let output = output(TreeHasher::new(lease, &operand, |cid| blocks.get(cid)), 1);
        // Three leaves in each of three blocks of 40,000 bytes, two in the last.
        assert_eq!((leaves(&operand), output.len()), (11, 12 * 32));
        for index in 0..11 {
            let Place { block, from, bytes } = place(&operand, index).unwrap();
            assert_eq!(
                bytes,
                [16_384, 16_384, 7_232, 16_384, 16_384, 7_232, 16_384, 16_384, 7_232, 16_384, 13_617][index as usize]
            );
            let want = leaf(&lease, index, &blocks[&block][from..][..bytes]);
            assert_eq!(output[index as usize * 32..][..32], want);
        }
        assert!(place(&operand, 11).is_none());
        assert_eq!(output[352..], root(&output[..352]));
    }

    #[test]
    fn only_the_leaves_of_missing_blocks_are_zero() {
        let (operand, blocks) = data(100_000, 40_000);
        let gone = operand.panels[1];
        let tree = TreeHasher::new(LeaseId([1; 16]), &operand, |cid| blocks.get(cid).filter(|_| *cid != gone));
        let missing: Vec<bool> = output(tree, 4).as_chunks().0.iter().map(|leaf| *leaf == MISSING).collect();
        assert_eq!(missing, [false, false, false, true, true, true, false, false, false]);
    }

    /// The digests are those of the first version with the same blocks.
    #[test]
    fn states_come_before_the_leaves() {
        let (operand, blocks) = data(100_000, 25_000);
        let [_, absent, unknown, wrong] = operand.panels[..] else { panic!("four blocks") };
        let found = |cid: &Cid| match *cid {
            cid if cid == absent => Found::Absent,
            cid if cid == unknown => Found::Unknown,
            cid if cid == wrong => Found::Present(&[0; 7][..]),
            cid => Found::Present(&blocks[&cid][..]),
        };
        let states = output(TreeHasher::elsewhere(LeaseId([1; 16]), &operand, found), 4);
        let given = |cid: &Cid| blocks.get(cid).filter(|_| *cid == operand.panels[0]);
        let digests = output(TreeHasher::new(LeaseId([1; 16]), &operand, given), 4);
        assert_eq!(states, [&[1, 2, 3, 3][..], &digests].concat());
    }

    #[test]
    fn leaves_hashed_together_equal_leaves_hashed_alone() {
        let (operand, blocks) = data(10 * LEAF_BYTES as usize + 5, 9 * LEAF_BYTES);
        let tree = || TreeHasher::new(LeaseId([3; 16]), &operand, |cid| blocks.get(cid));
        // The ten whole leaves of both blocks are hashed together; the last one has five bytes and is hashed alone.
        assert_eq!(tree().next(usize::MAX).map(|leaves| leaves.bytes.len()), Some(10));
        for most in [2, 3, 4, 100] {
            assert_eq!(output(tree(), most), output(tree(), 1));
        }
    }

    #[test]
    fn samples_grow_with_the_tree_and_never_fall_below_a_minimum() {
        assert_eq!([1, 15, 16, 1_000, 1_024, 1_025, 4_096].map(sampled), [1, 15, 16, 16, 16, 17, 64]);
    }
}
