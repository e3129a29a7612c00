//! Targets for what anyone can recheck: a receipt with its unit and output, and proofs of the log.

use std::sync::LazyLock;

use adit_core::encoding::{decode, encode};
use adit_core::log::{Frontier, Hash, Node, consistency_path, inclusion_path, leaf_hash};
use adit_core::log::{verify_consistency, verify_inclusion};
use adit_core::recheck::{self as again, RecheckError};
use adit_core::statement::{Receipt, Verdict};
use adit_core::verify::Counterexample;
use adit_core::{Cid, Unit};

use crate::input::{as_piece, field, piece};
use crate::samples::samples;

/// Input: a unit, a receipt and an output. The blocks are the samples'.
pub(super) fn recheck(mut bytes: &[u8]) {
    let (Ok(unit), Ok(receipt)) = (Unit::from_bytes(piece(&mut bytes)), decode::<Receipt>(piece(&mut bytes))) else {
        return;
    };
    let block = |cid: &Cid| samples().iter().find_map(|sample| sample.block(cid));
    let found = again::recheck(&receipt, &unit, block, bytes, &[23; 32]);
    // A tree is correct only under its lease, and floats are within a tolerance.
    let Some(sample) = samples().iter().find(|sample| sample.unit == unit && sample.is_products()) else { return };
    if receipt.verdict == Verdict::Valid && found.is_ok() {
        assert_eq!(sample.output, bytes, "a wrong output is called right");
    }
    if sample.output == bytes {
        assert!(!matches!(found, Err(RecheckError::Wrong(_))), "a right output is called wrong");
    }
}

pub(super) fn recheck_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for sample in samples() {
        let mut wrong = sample.output.clone();
        wrong[0] ^= 1;
        let got = i32::from_le_bytes([wrong[0], wrong[1], wrong[2], wrong[3]]);
        let example = Some(Counterexample { tensor: 0, i: 0, j: 0, got, want: got ^ 1 });
        let refused = Receipt { counterexample: example, ..sample.receipt(&wrong, Verdict::Invalid) };
        for (receipt, output) in [(sample.receipt(&sample.output, Verdict::Valid), &sample.output), (refused, &wrong)] {
            seeds.push([as_piece(&sample.unit.to_bytes()), as_piece(&encode(&receipt)), output.clone()].concat());
        }
    }
    seeds
}

/// The number of leaves in the log.
const LEAVES: u64 = 200;

/// Every root and every subtree of the log.
struct Log {
    roots: Vec<Hash>,
    nodes: std::collections::BTreeMap<Node, Hash>,
}

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let mut frontier = Frontier::default();
    let mut log = Log { roots: vec![frontier.root()], nodes: Default::default() };
    for leaf in 0..LEAVES {
        log.nodes.extend(frontier.append(leaf_hash(&leaf.to_le_bytes())));
        log.roots.push(frontier.root());
    }
    log
});

/// Input: two positions in the log, and a path of any bytes.
pub(super) fn log(mut bytes: &[u8]) {
    let (first, second) = (u64::from_le_bytes(field(&mut bytes)), u64::from_le_bytes(field(&mut bytes)));
    let path: Vec<Hash> = bytes.chunks_exact(32).map(|hash| hash.try_into().expect("32 bytes")).collect();
    let leaf = leaf_hash(&first.to_le_bytes());
    for root in [&[0; 32], &LOG.roots[(second % (LEAVES + 1)) as usize]] {
        verify_inclusion(&leaf, first, second, &path, root);
        verify_consistency(first, &leaf, second, root, &path);
    }
    // Only the correct path is accepted.
    let size = second % LEAVES + 1;
    let (index, old) = (first % size, first % size + 1);
    let node = |node: Node| LOG.nodes.get(&node).copied().ok_or(node);
    let (root, leaf) = (&LOG.roots[size as usize], leaf_hash(&index.to_le_bytes()));
    let true_path = inclusion_path(index, size, node).expect("every subtree is known");
    assert!(verify_inclusion(&leaf, index, size, &true_path, root));
    assert!(path == true_path || !verify_inclusion(&leaf, index, size, &path, root));
    let true_path = consistency_path(old, size, node).expect("every subtree is known");
    let old_root = &LOG.roots[old as usize];
    assert!(verify_consistency(old, old_root, size, root, &true_path));
    assert!(path == true_path || !verify_consistency(old, old_root, size, root, &path));
}

pub(super) fn log_seeds() -> Vec<Vec<u8>> {
    let node = |node: Node| LOG.nodes.get(&node).copied().ok_or(node);
    let seed = |(first, size): (u64, u64)| {
        let path = inclusion_path(first, size, node).expect("every subtree is known").concat();
        [&first.to_le_bytes()[..], &(size - 1).to_le_bytes(), &path].concat()
    };
    [(0, 1), (0, 2), (4, 7), (63, 64), (64, 65), (130, 200)].map(seed).to_vec()
}
