//! The check of `hash_tree/2`: that of `hash_tree/1`, extended to the block states that the miner reports.
//!
//! The first part needs the output alone: every state is valid, blocks that are not present have leaves of zeros, and the root
//! is that of the leaves. Then, unless a block is unknown, the coordinator looks up the sampled leaves and some of those
//! reported absent. Where its findings differ from the miner's, nothing is decided: the source may have changed. If the
//! coordinator gets no answer either, nobody is to blame.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::counterexample::Counterexample;
use super::judgement::Judgement;
use super::leaves::{LeafSample, difference, digests, distinct};
use crate::content_id::Cid;
use crate::found::{BlockState, Found};
use crate::kernel::hash_tree::{MISSING, leaf, leaves_of_block, place, root};
use crate::log::Hash;
use crate::sign::LeaseId;
use crate::unit::operand::Operand;

/// The sample that one lease's output is checked with.
#[derive(Clone, Debug)]
pub struct SourceSample(LeafSample);

/// An output, taken apart.
struct Parts<'a> {
    /// The state of every leaf's block.
    states: Vec<BlockState>,
    leaves: &'a [Hash],
    root: &'a Hash,
}

impl<'a> Parts<'a> {
    /// `None` if the length is wrong or a byte is no state.
    fn of(data: &Operand, output: &'a [u8]) -> Option<Self> {
        let (states, rest) = output.split_at_checked(data.panels.len())?;
        let (root, leaves) = digests(data, rest)?.split_last()?;
        let mut of_leaves = Vec::with_capacity(leaves.len());
        for ((_, bytes), state) in data.blocks().zip(states) {
            let state = BlockState::from_byte(*state)?;
            of_leaves.extend((0..leaves_of_block(bytes)).map(|_| state));
        }
        Some(Parts { states: of_leaves, leaves, root })
    }

    /// The first value that contradicts the rest of the output.
    fn contradiction(&self) -> Option<Counterexample> {
        let absent = |(index, (state, got)): (u64, (&BlockState, &Hash))| match state {
            BlockState::Present => None,
            BlockState::Absent | BlockState::Unknown => difference(0, index, got, &MISSING),
        };
        let mut leaves = (0..).zip(self.states.iter().zip(self.leaves));
        leaves.find_map(absent).or_else(|| difference(1, 0, self.root, &self.root_of_leaves()))
    }

    fn root_of_leaves(&self) -> Hash {
        root(self.leaves.as_flattened())
    }

    /// The leaves whose blocks are unknown.
    fn unknown(&self) -> Vec<u64> {
        let unknown = |(_, state): &(u64, &BlockState)| **state == BlockState::Unknown;
        (0..).zip(&self.states).filter(unknown).map(|(index, _)| index).collect()
    }
}

impl SourceSample {
    /// Draws a sample for `lease` from a secret `seed`.
    pub fn draw(seed: &[u8; 32], lease: LeaseId, data: &Operand) -> Self {
        SourceSample(LeafSample::draw(seed, lease, data, true))
    }

    /// Every leaf of `data`: the sample for a recheck.
    pub fn whole(lease: LeaseId, data: &Operand) -> Self {
        SourceSample(LeafSample::whole(lease, data, true))
    }

    /// The leaves of `parts` to look up. If any is unknown, only one of those: it is enough to tell who is to blame.
    fn looked_at(&self, parts: &Parts<'_>) -> BTreeSet<u64> {
        let unknown = parts.unknown();
        if unknown.is_empty() {
            return self.0.looked_at(parts.leaves.as_flattened());
        }
        let one = distinct(&self.0.seed, b"unknown", &self.0.lease, unknown.len() as u64, 1);
        one.into_iter().map(|index| unknown[index as usize]).collect()
    }

    /// The blocks that the check of `output` reads; none if the output contradicts itself.
    pub fn blocks(&self, data: &Operand, output: &[u8]) -> BTreeSet<Cid> {
        let parts = Parts::of(data, output).filter(|parts| parts.contradiction().is_none());
        let looked = parts.map(|parts| self.looked_at(&parts)).unwrap_or_default();
        looked.into_iter().filter_map(|index| Some(place(data, index)?.block)).collect()
    }

    /// Checks `output`. `found` returns what was found of each of its [blocks](SourceSample::blocks).
    pub fn check<'a>(&self, data: &Operand, output: &[u8], found: impl Fn(&Cid) -> Found<&'a [u8]>) -> Judgement {
        let Some(parts) = Parts::of(data, output) else { return Judgement::Wrong(None) };
        if let Some(shown) = parts.contradiction() {
            return Judgement::Wrong(Some(shown));
        }
        let (mut undecided, mut unreachable) = (false, false);
        for index in self.looked_at(&parts) {
            let (Some(at), Some(got)) = (place(data, index), parts.leaves.get(index as usize)) else { continue };
            let state = parts.states[index as usize];
            match (state, self.leaf(&found(&at.block), index, at.from, at.bytes)) {
                (_, Found::Unknown) => unreachable = true,
                (BlockState::Present, Found::Present(want)) if want != *got => {
                    return Judgement::Wrong(difference(0, index, got, &want));
                }
                (BlockState::Present, Found::Present(_)) | (BlockState::Absent, Found::Absent) => {}
                _ => undecided = true,
            }
        }
        match (unreachable, undecided) {
            (true, _) => Judgement::Unreachable,
            (false, true) => Judgement::Undecided,
            (false, false) => Judgement::Right,
        }
    }

    /// What leaf `index` must be, given what was found of its block. A block of another size is unknown.
    fn leaf(&self, found: &Found<&[u8]>, index: u64, from: usize, bytes: usize) -> Found<Hash> {
        match found {
            Found::Present(block) => match block.get(from..from + bytes) {
                Some(bytes) => Found::Present(leaf(&self.0.lease, index, bytes)),
                None => Found::Unknown,
            },
            Found::Absent => Found::Absent,
            Found::Unknown => Found::Unknown,
        }
    }

    /// Whether `example` names a wrong word of a delivered digest and the right word.
    pub fn holds<'a>(
        &self,
        example: &Counterexample,
        data: &Operand,
        output: &[u8],
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> bool {
        let Some(parts) = Parts::of(data, output) else { return false };
        let index = u64::from(example.i);
        let shown = match (example.tensor, parts.states.get(example.i as usize)) {
            (0, Some(state)) => {
                let got = &parts.leaves[example.i as usize];
                let right = || {
                    let at = place(data, index)?;
                    self.leaf(&Found::Present(block(&at.block)?), index, at.from, at.bytes).present()
                };
                let want = if *state == BlockState::Present { right() } else { Some(MISSING) };
                want.and_then(|want| difference(0, index, got, &want))
            }
            (1, _) => difference(1, 0, parts.root, &parts.root_of_leaves()),
            _ => None,
        };
        shown == Some(*example)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::hash_tree::{LEAF_BYTES, TreeHasher};
    use crate::random::SplitMix64;
    use crate::split::cut;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    const LEASE: LeaseId = LeaseId([9; 16]);

    struct Case {
        data: Operand,
        blocks: BTreeMap<Cid, Vec<u8>>,
    }

    impl Case {
        /// Four blocks of three leaves.
        fn new() -> Self {
            let bytes = SplitMix64::new(2).signed(12 * LEAF_BYTES as usize);
            let bytes: Vec<u8> = bytes.into_iter().map(|byte| byte as u8).collect();
            let (data, blocks) = cut(&bytes, bytes.len() as u32, 1, 3 * LEAF_BYTES);
            let blocks = data.panels.iter().zip(blocks).map(|(cid, block)| (*cid, block.to_vec())).collect();
            Case { data, blocks }
        }

        fn found<'a>(&'a self, states: [u8; 4]) -> impl Fn(&Cid) -> Found<&'a [u8]> + Copy {
            move |cid| {
                let index = self.data.panels.iter().position(|panel| panel == cid).unwrap();
                match BlockState::from_byte(states[index]).unwrap() {
                    BlockState::Present => Found::Present(self.blocks[cid].as_slice()),
                    BlockState::Absent => Found::Absent,
                    BlockState::Unknown => Found::Unknown,
                }
            }
        }

        /// The output of a miner that finds these states.
        fn output(&self, states: [u8; 4]) -> Vec<u8> {
            let mut tree = TreeHasher::elsewhere(LEASE, &self.data, self.found(states));
            while let Some(leaves) = tree.next(4) {
                let digests = leaves.digests();
                tree.take(&digests);
            }
            tree.into_output()
        }

        /// What a coordinator that finds `states` says to `output`.
        fn check(&self, output: &[u8], states: [u8; 4]) -> Judgement {
            SourceSample::draw(&[1; 32], LEASE, &self.data).check(&self.data, output, self.found(states))
        }

        fn holds(&self, shown: &Counterexample, output: &[u8]) -> bool {
            let block = |cid: &Cid| self.blocks.get(cid).map(Vec::as_slice);
            SourceSample::whole(LEASE, &self.data).holds(shown, &self.data, output, block)
        }
    }

    /// Replaces the root by that of the leaves, as a liar would.
    fn sealed(mut output: Vec<u8>) -> Vec<u8> {
        let leaves = output.len() - 32;
        let root = root(&output[4..leaves]);
        output[leaves..].copy_from_slice(&root);
        output
    }

    #[test]
    fn findings_that_agree_are_decided() {
        let case = Case::new();
        for states in [[1, 1, 1, 1], [1, 2, 1, 1], [2, 2, 2, 2]] {
            assert_eq!(case.check(&case.output(states), states), Judgement::Right, "{states:?}");
        }
    }

    #[test]
    fn an_unknown_block_decides_nothing() {
        let case = Case::new();
        for states in [[3, 3, 3, 3], [1, 1, 3, 1], [2, 3, 2, 2]] {
            let output = case.output(states);
            assert_eq!(case.check(&output, states), Judgement::Unreachable, "{states:?}");
            assert_eq!(case.check(&output, [1; 4]), Judgement::Undecided, "{states:?}");
            assert_eq!(case.check(&output, [2; 4]), Judgement::Undecided, "{states:?}");
            // One look is enough to tell who is to blame.
            assert_eq!(SourceSample::draw(&[1; 32], LEASE, &case.data).blocks(&case.data, &output).len(), 1);
        }
    }

    #[test]
    fn findings_that_differ_decide_nothing() {
        let case = Case::new();
        assert_eq!(case.check(&case.output([1, 1, 2, 1]), [1; 4]), Judgement::Undecided);
        assert_eq!(case.check(&case.output([1; 4]), [1, 1, 2, 1]), Judgement::Undecided);
        // If the coordinator's own lookup fails, there is no verdict.
        assert_eq!(case.check(&case.output([1; 4]), [1, 1, 3, 1]), Judgement::Unreachable);
        assert_eq!(case.check(&case.output([2; 4]), [3; 4]), Judgement::Unreachable);
    }

    #[test]
    fn zeros_and_other_bytes_are_no_states() {
        let case = Case::new();
        let right = case.output([1; 4]);
        for byte in (0..=u8::MAX).filter(|byte| !(1..=3).contains(byte)) {
            let mut forged = right.clone();
            forged[2] = byte;
            assert_eq!(case.check(&forged, [1; 4]), Judgement::Wrong(None), "{byte}");
        }
        assert_eq!(case.check(&alloc::vec![0; right.len()], [3; 4]), Judgement::Wrong(None));
        for length in [0, 3, 4, right.len() - 1, right.len() - 32] {
            assert_eq!(case.check(&right[..length], [1; 4]), Judgement::Wrong(None), "{length}");
        }
        assert_eq!(case.check(&[&right[..], &[0; 32]].concat(), [1; 4]), Judgement::Wrong(None));
    }

    #[test]
    fn a_digest_without_its_block_and_a_block_without_its_digest_are_wrong() {
        let case = Case::new();
        let states = [1, 2, 3, 1];
        let right = case.output(states);
        // Leaves 0 and 9 are present, 3 is absent, 6 is unknown; 12 is the root.
        for (index, tensor) in [(3, 0), (6, 0), (12, 1)] {
            let mut forged = right.clone();
            forged[4 + 32 * index + 4] ^= 1;
            let forged = if tensor == 0 { sealed(forged) } else { forged };
            let Judgement::Wrong(Some(shown)) = case.check(&forged, [1; 4]) else { panic!("{index} passes") };
            assert_eq!((shown.tensor, shown.j), (tensor, 1));
            assert!(case.holds(&shown, &forged) && !case.holds(&shown, &right), "{shown:?}");
        }
        let mut lazy = case.output([1, 2, 1, 1]);
        lazy[4..36].fill(0);
        let lazy = sealed(lazy);
        let Judgement::Wrong(Some(shown)) = case.check(&lazy, [1, 2, 1, 1]) else { panic!("zeros pass") };
        assert!(case.holds(&shown, &lazy) && (shown.tensor, shown.i) == (0, 0));
    }

    proptest! {
        /// Whatever miner and coordinator find, an honest output is never wrong, and right only if nothing is unknown.
        #[test]
        fn an_honest_output_is_never_wrong(said in prop::array::uniform4(1u8..=3), looked in prop::array::uniform4(1u8..=3)) {
            let case = Case::new();
            let judgement = case.check(&case.output(said), looked);
            prop_assert!(!matches!(judgement, Judgement::Wrong(_)));
            let agreed = said == looked && !said.contains(&3);
            prop_assert_eq!(judgement == Judgement::Right, agreed);
        }

        /// No bytes make the check panic, and what it calls wrong by a value is shown by that value.
        #[test]
        fn any_bytes_are_judged(at in 0usize..420, byte: u8, said in prop::array::uniform4(1u8..=3)) {
            let case = Case::new();
            let mut output = case.output(said);
            let changed = output[at] != byte;
            output[at] = byte;
            let judgement = case.check(&output, [1; 4]);
            prop_assert!(!changed || judgement != Judgement::Right);
            if let Judgement::Wrong(Some(shown)) = judgement {
                prop_assert!(case.holds(&shown, &output));
            }
        }
    }
}
