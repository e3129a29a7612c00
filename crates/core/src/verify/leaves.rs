//! The check of `hash_tree/1`: secretly drawn leaves are hashed again, and so is the root.
//!
//! If a fraction f of the leaves is wrong, a sample of s leaves misses it with a probability of about (1 − f)^s. Each lease gets
//! a new sample, so a refusal reveals nothing about the next one. If the data is at an external source, the check also looks for
//! some of the leaves that the output reports missing.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::counterexample::Counterexample;
use super::draw::below;
use super::judgement::Judgement;
use crate::content_id::Cid;
use crate::kernel::hash_tree::{DIGEST_BYTES, MISSING, leaf, leaves, place, root, sampled};
use crate::log::Hash;
use crate::sign::LeaseId;
use crate::unit::operand::Operand;

/// How many of the leaves that an output reports missing are looked for.
const MISSING_SAMPLED: usize = 16;

/// The sample that one lease's output is checked with.
#[derive(Clone)]
pub struct LeafSample {
    pub(super) lease: LeaseId,
    pub(super) seed: [u8; 32],
    drawn: BTreeSet<u64>,
    /// Whether the data is at an external source, where the miner may have missed a block that is there now.
    elsewhere: bool,
}

/// Hides the sample.
impl core::fmt::Debug for LeafSample {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LeafSample(secret)")
    }
}

impl LeafSample {
    /// Draws a sample for `lease` from a secret `seed`. `elsewhere` says that the data is at an external source.
    pub fn draw(seed: &[u8; 32], lease: LeaseId, data: &Operand, elsewhere: bool) -> Self {
        let all = leaves(data);
        let drawn = distinct(seed, b"leaves", &lease, all, sampled(all) as usize);
        LeafSample { lease, seed: *seed, drawn, elsewhere }
    }

    /// Every leaf of `data`: the sample for a recheck.
    pub fn whole(lease: LeaseId, data: &Operand, elsewhere: bool) -> Self {
        LeafSample { lease, seed: [0; 32], drawn: (0..leaves(data)).collect(), elsewhere }
    }

    /// The leaves of `output` that are checked: the sample, and some of those that are reported missing.
    pub(super) fn looked_at(&self, output: &[u8]) -> BTreeSet<u64> {
        let mut looked = self.drawn.clone();
        let digests = output.as_chunks::<DIGEST_BYTES>().0.iter().zip(0..);
        let missing: Vec<u64> = digests.filter(|(digest, _)| **digest == MISSING).map(|(_, index)| index).collect();
        if self.elsewhere {
            let some = distinct(&self.seed, b"missing", &self.lease, missing.len() as u64, MISSING_SAMPLED);
            looked.extend(some.into_iter().map(|index| missing[index as usize]));
        }
        looked
    }

    /// The blocks that the check of `output` reads.
    pub fn blocks(&self, data: &Operand, output: &[u8]) -> BTreeSet<Cid> {
        self.looked_at(output).into_iter().filter_map(|index| Some(place(data, index)?.block)).collect()
    }

    /// Checks `output`. `block` returns the bytes that a CID names, or none if they are missing.
    ///
    /// If the data is at an external source, a leaf that is reported missing while its block is there decides nothing, and
    /// neither does the opposite: the source may have changed in between.
    pub fn check<'a>(&self, data: &Operand, output: &[u8], block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Judgement {
        let Some(digests) = digests(data, output) else { return Judgement::Wrong(None) };
        let (of_leaves, of_root) = digests.split_at(digests.len() - 1);
        let mut undecided = false;
        for index in self.looked_at(output) {
            let (Some(at), Some(got)) = (place(data, index), of_leaves.get(index as usize)) else { continue };
            let bytes = block(&at.block).and_then(|block| block.get(at.from..at.from + at.bytes));
            let want = bytes.map_or(MISSING, |bytes| leaf(&self.lease, index, bytes));
            if *got == want {
                continue;
            }
            if self.elsewhere && (*got == MISSING || want == MISSING) {
                undecided = true;
                continue;
            }
            return Judgement::Wrong(difference(0, index, got, &want));
        }
        let want = root(of_leaves.as_flattened());
        if of_root[0] != want {
            return Judgement::Wrong(difference(1, 0, &of_root[0], &want));
        }
        if undecided { Judgement::Undecided } else { Judgement::Right }
    }

    /// Whether `example` names a wrong word of a delivered digest and the right word.
    pub fn holds<'a>(
        &self,
        example: &Counterexample,
        data: &Operand,
        output: &[u8],
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> bool {
        let Some(digests) = digests(data, output) else { return false };
        let (of_leaves, of_root) = digests.split_at(digests.len() - 1);
        let index = u64::from(example.i);
        let found = match example.tensor {
            0 => of_leaves.get(example.i as usize).and_then(|got| {
                let at = place(data, index)?;
                let bytes = block(&at.block)?.get(at.from..at.from + at.bytes)?;
                difference(0, index, got, &leaf(&self.lease, index, bytes))
            }),
            1 => difference(1, 0, &of_root[0], &root(of_leaves.as_flattened())),
            _ => None,
        };
        found == Some(*example)
    }
}

/// The digests of an output, leaves then root; `None` if the length is wrong.
pub(super) fn digests<'a>(data: &Operand, output: &'a [u8]) -> Option<&'a [Hash]> {
    let (digests, rest) = output.as_chunks::<DIGEST_BYTES>();
    (rest.is_empty() && digests.len() as u64 == leaves(data) + 1).then_some(digests)
}

/// The first word that differs. Tensor 0 holds the leaves and tensor 1 the root, in rows of eight little-endian words.
pub(super) fn difference(tensor: u32, index: u64, got: &Hash, want: &Hash) -> Option<Counterexample> {
    let words = |hash: &Hash| -> [i32; 8] {
        core::array::from_fn(|j| i32::from_le_bytes([0, 1, 2, 3].map(|b| hash[4 * j + b])))
    };
    let (got, want) = (words(got), words(want));
    let j = (0..8).find(|j| got[*j] != want[*j])?;
    Some(Counterexample { tensor, i: index as u32, j: j as u32, got: got[j], want: want[j] })
}

/// `count` distinct numbers below `all`, or all of them if there are fewer.
pub(super) fn distinct(seed: &[u8; 32], what: &[u8], lease: &LeaseId, all: u64, count: usize) -> BTreeSet<u64> {
    if all <= count as u64 {
        return (0..all).collect();
    }
    let mut stream = blake3::Hasher::new_keyed(seed).update(what).update(&lease.0).finalize_xof();
    let mut numbers = BTreeSet::new();
    while numbers.len() < count {
        numbers.insert(below(&mut stream, all));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::hash_tree::{LEAF_BYTES, TreeHasher};
    use crate::random::SplitMix64;
    use crate::split::cut;
    use alloc::collections::BTreeMap;

    const LEASE: LeaseId = LeaseId([9; 16]);

    struct Case {
        data: Operand,
        blocks: BTreeMap<Cid, Vec<u8>>,
        output: Vec<u8>,
    }

    fn case(blocks: u32, block_bytes: u32, has: impl Fn(usize) -> bool) -> Case {
        let bytes = SplitMix64::new(2).signed((blocks * block_bytes) as usize);
        let bytes: Vec<u8> = bytes.into_iter().map(|byte| byte as u8).collect();
        let (data, cut) = cut(&bytes, bytes.len() as u32, 1, block_bytes);
        let here = data.panels.iter().zip(cut).enumerate().filter(|(index, _)| has(*index));
        let blocks: BTreeMap<Cid, Vec<u8>> = here.map(|(_, (cid, block))| (*cid, block.to_vec())).collect();
        let mut tree = TreeHasher::new(LEASE, &data, |cid| blocks.get(cid));
        while let Some(leaves) = tree.next(4) {
            let digests = leaves.digests();
            tree.take(&digests);
        }
        Case { data, output: tree.into_output(), blocks }
    }

    impl Case {
        fn check(&self, sample: &LeafSample, output: &[u8]) -> Judgement {
            sample.check(&self.data, output, |cid| self.blocks.get(cid).map(Vec::as_slice))
        }
    }

    /// Recomputes the root over forged leaves, as a cheating miner would.
    fn sealed(mut output: Vec<u8>) -> Vec<u8> {
        let leaves = output.len() - 32;
        let root = root(&output[..leaves]);
        output[leaves..].copy_from_slice(&root);
        output
    }

    #[test]
    fn right_trees_pass_and_every_sampled_forgery_is_proved() {
        let case = case(4, 3 * LEAF_BYTES, |_| true);
        let sample = LeafSample::draw(&[1; 32], LEASE, &case.data, false);
        assert_eq!(case.check(&sample, &case.output), Judgement::Right);
        for index in 0..13 {
            let mut forged = case.output.clone();
            forged[32 * index + 5] ^= 4;
            let forged = if index < 12 { sealed(forged) } else { forged };
            let Judgement::Wrong(Some(shown)) = case.check(&sample, &forged) else { panic!("{index} passes") };
            assert_eq!((shown.tensor, shown.i, shown.j), if index < 12 { (0, index as u32, 1) } else { (1, 0, 1) });
            let block = |cid: &Cid| case.blocks.get(cid).map(Vec::as_slice);
            assert!(sample.holds(&shown, &case.data, &forged, block));
            assert!(!sample.holds(&shown, &case.data, &case.output, block));
            assert!(!sample.holds(&Counterexample { want: shown.got, ..shown }, &case.data, &forged, block));
        }
        assert_eq!(case.check(&sample, &case.output[32..]), Judgement::Wrong(None));
        assert_eq!(case.check(&sample, &[&case.output[..], &[0]].concat()), Judgement::Wrong(None));
    }

    #[test]
    fn leaves_of_another_lease_are_wrong() {
        let case = case(4, 3 * LEAF_BYTES, |_| true);
        let sample = LeafSample::draw(&[1; 32], LeaseId([8; 16]), &case.data, false);
        assert!(matches!(case.check(&sample, &case.output), Judgement::Wrong(Some(_))));
    }

    /// Each sample draws 16 of 256 leaves, a quarter of which are wrong.
    #[test]
    fn wrong_leaves_are_missed_as_rarely_as_stated() {
        let case = case(8, 32 * LEAF_BYTES, |_| true);
        let mut forged = case.output.clone();
        (0..256).step_by(4).for_each(|leaf| forged[32 * leaf] ^= 1);
        let forged = sealed(forged);
        let missed = (0..1_000u16).filter(|seed| {
            let mut secret = [7; 32];
            secret[..2].copy_from_slice(&seed.to_le_bytes());
            let sample = LeafSample::draw(&secret, LEASE, &case.data, false);
            case.check(&sample, &forged) == Judgement::Right
        });
        // Drawing with replacement misses with probability (3/4)^16 = 1 %; drawing without misses a little less.
        let missed = missed.count();
        assert!((1..=25).contains(&missed), "{missed} of 1000");
    }

    #[test]
    fn missing_blocks_are_confirmed_or_undecided() {
        let gone = case(4, 3 * LEAF_BYTES, |block| block != 2);
        let elsewhere = LeafSample::draw(&[1; 32], LEASE, &gone.data, true);
        assert_eq!(gone.check(&elsewhere, &gone.output), Judgement::Right);
        let here = case(4, 3 * LEAF_BYTES, |_| true);
        assert_eq!(here.check(&elsewhere, &gone.output), Judgement::Undecided);
        assert_eq!(gone.check(&elsewhere, &here.output), Judgement::Undecided);
        // When the coordinator holds the blocks, no miner can lack one.
        let given = LeafSample::draw(&[1; 32], LEASE, &gone.data, false);
        assert!(matches!(here.check(&given, &gone.output), Judgement::Wrong(_)));
        assert_eq!(elsewhere.blocks(&gone.data, &gone.output).len(), 4);
    }
}
