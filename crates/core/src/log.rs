//! The receipts' log: an RFC 6962 Merkle tree, so that no receipt can be dropped or rewritten unnoticed.
//!
//! Source: RFC 6962, section 2.1: leaf = SHA-256(0x00 ‖ entry), node = SHA-256(0x01 ‖ left ‖ right), a tree of n leaves
//! splits at the largest power of two below n.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

/// The hash of a leaf, node or root.
pub type Hash = [u8; 32];

/// The hash of a log entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new_with_prefix([0x00]).chain_update(entry).finalize().into()
}

/// The hash of two subtrees.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([0x01]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of an empty log: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The address of a complete subtree: it covers leaves index · 2^level up to (index + 1) · 2^level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 for leaves.
    pub level: u32,
    /// From the left at its level, from 0.
    pub index: u64,
}

/// The right edge of an append-only log: enough to append to it and to compute its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees that make up the log, largest first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a log of `size` leaves whose complete subtrees are found with `node`.
    pub fn load<E>(size: u64, mut node: impl FnMut(Node) -> Result<Hash, E>) -> Result<Self, E> {
        let peaks = peaks(size).into_iter().map(&mut node).collect::<Result<_, E>>()?;
        Ok(Frontier { size, peaks })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The complete subtrees that make up the log, largest first.
    pub fn peaks(&self) -> impl Iterator<Item = (Node, Hash)> + '_ {
        peaks(self.size).into_iter().zip(self.peaks.iter().copied())
    }

    /// Appends a leaf and returns every subtree that this completes, the leaf itself first.
    pub fn append(&mut self, leaf: Hash) -> Vec<(Node, Hash)> {
        let mut complete = alloc::vec![(Node { level: 0, index: self.size }, leaf)];
        let (mut hash, mut index, mut level) = (leaf, self.size, 0);
        while index & 1 == 1 {
            // An odd index means that its left sibling is the last peak.
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            index >>= 1;
            level += 1;
            complete.push((Node { level, index }, hash));
        }
        self.peaks.push(hash);
        self.size += 1;
        complete
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        let mut right_to_left = self.peaks.iter().rev();
        let Some(last) = right_to_left.next() else {
            return empty_root();
        };
        right_to_left.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The complete subtrees that make up a log of `size` leaves, largest first.
fn peaks(size: u64) -> Vec<Node> {
    let mut start = 0;
    let levels = (0..64).rev().filter(|level| size >> level & 1 == 1);
    levels
        .map(|level| {
            let node = Node { level, index: start >> level };
            start += 1 << level;
            node
        })
        .collect()
}

/// The audit path of leaf `index` in a log of `size` leaves (RFC 6962, 2.1.1), bottom up, from complete subtrees.
///
/// `index` must be below `size`.
pub fn inclusion_path<E>(index: u64, size: u64, mut node: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let split = start + split_point(end - start);
        let sibling = if index < split { (split, end) } else { (start, split) };
        path.push(subtree(sibling.0, sibling.1, &mut node)?);
        (start, end) = if index < split { (start, split) } else { (split, end) };
    }
    path.reverse();
    Ok(path)
}

/// The consistency proof that the log of `old` leaves is a prefix of the log of `size` (RFC 6962, 2.1.2).
///
/// `old` must be 1 ..= `size`.
pub fn consistency_path<E>(old: u64, size: u64, mut node: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    let (mut start, mut end, mut whole) = (0, size, true);
    while end != old {
        let split = start + split_point(end - start);
        if old <= split {
            path.push(subtree(split, end, &mut node)?);
            end = split;
        } else {
            path.push(subtree(start, split, &mut node)?);
            start = split;
            whole = false;
        }
    }
    if !whole {
        path.push(subtree(start, end, &mut node)?);
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two below `size`, for size ≥ 2.
fn split_point(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// The root of leaves start..end, where start is a multiple of the power of two that covers the range.
fn subtree<E>(start: u64, end: u64, node: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    let hashes = peaks(end - start)
        .into_iter()
        .map(|peak| node(Node { level: peak.level, index: (start >> peak.level) + peak.index }))
        .collect::<Result<Vec<Hash>, E>>()?;
    let last = hashes.last().copied().unwrap_or_else(empty_root);
    Ok(hashes.iter().rev().skip(1).fold(last, |right, left| node_hash(left, &right)))
}

/// Whether `leaf` is entry `index` of the log of `size` leaves with this root (RFC 9162, 2.1.3.2).
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let mut hash = *leaf;
    let whole = climb(index, size - 1, path, |sibling, is_left| {
        hash = if is_left { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
    });
    whole && hash == *root
}

/// Whether the log of `old_size` leaves is a prefix of the log of `size` (RFC 9162, 2.1.4.2).
pub fn verify_consistency(old_size: u64, old_root: &Hash, size: u64, root: &Hash, path: &[Hash]) -> bool {
    if old_size == size {
        return path.is_empty() && old_root == root;
    }
    if old_size == 0 || old_size > size {
        return false;
    }
    // A whole tree is its own first subtree, and the path need not name it.
    let (first, path) = match path {
        path if old_size.is_power_of_two() => (old_root, path),
        [first, path @ ..] => (first, path),
        [] => return false,
    };
    let (mut old_hash, mut hash) = (*first, *first);
    let complete = (old_size - 1).trailing_ones();
    let whole = climb((old_size - 1) >> complete, (size - 1) >> complete, path, |sibling, is_left| {
        if is_left {
            old_hash = node_hash(sibling, &old_hash);
        }
        hash = if is_left { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
    });
    whole && old_hash == *old_root && hash == *root
}

/// Goes up from node `position` of a level whose last node is `last`, and tells `join` of each sibling whether it is the left
/// one; false unless the path ends at the root. A node without a right sibling moves up unchanged.
fn climb(mut position: u64, mut last: u64, path: &[Hash], mut join: impl FnMut(&Hash, bool)) -> bool {
    for sibling in path {
        if last == 0 {
            return false;
        }
        let is_left = position & 1 == 1 || position == last;
        join(sibling, is_left);
        while is_left && position & 1 == 0 && position != 0 {
            position >>= 1;
            last >>= 1;
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec;

    /// The Merkle tree hash, as RFC 6962 defines it in section 2.1.
    fn root_by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split_point(leaves.len() as u64) as usize);
                node_hash(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    struct Log {
        leaves: Vec<Hash>,
        nodes: BTreeMap<Node, Hash>,
        roots: Vec<Hash>,
    }

    fn log(size: u64) -> Log {
        let (mut frontier, mut log) =
            (Frontier::default(), Log { leaves: vec![], nodes: BTreeMap::new(), roots: vec![empty_root()] });
        for index in 0..size {
            log.leaves.push(leaf_hash(&index.to_le_bytes()));
            log.nodes.extend(frontier.append(log.leaves[index as usize]));
            log.roots.push(frontier.root());
        }
        log
    }

    fn find(nodes: &BTreeMap<Node, Hash>) -> impl FnMut(Node) -> Result<Hash, Node> + '_ {
        |node| nodes.get(&node).copied().ok_or(node)
    }

    #[test]
    fn roots_follow_the_definition() {
        let log = log(40);
        for size in 0..=40 {
            assert_eq!(log.roots[size], root_by_definition(&log.leaves[..size]));
            let loaded = Frontier::load(size as u64, find(&log.nodes)).unwrap();
            assert_eq!(loaded.root(), log.roots[size]);
        }
    }

    #[test]
    fn an_inclusion_path_holds_only_for_its_leaf_and_place() {
        let log = log(33);
        for size in 1..=33u64 {
            for index in 0..size {
                let path = inclusion_path(index, size, find(&log.nodes)).unwrap();
                let holds = |index, leaf: &Hash, path: &[Hash]| {
                    verify_inclusion(leaf, index, size, path, &log.roots[size as usize])
                };
                let leaf = &log.leaves[index as usize];
                assert!(holds(index, leaf, &path));
                assert!(!holds(index + 1, leaf, &path));
                assert!(!holds(index, &leaf_hash(b"other"), &path));
                assert!(!holds(index, leaf, &[&path[..], &[[0; 32]]].concat()));
                assert!(path.is_empty() || !holds(index, leaf, &path[..path.len() - 1]));
            }
        }
    }

    #[test]
    fn every_prefix_is_consistent_and_no_rewritten_log_is() {
        let log = log(33);
        for size in 1..=33u64 {
            for old in 1..=size {
                let path = consistency_path(old, size, find(&log.nodes)).unwrap();
                let (old_root, root) = (&log.roots[old as usize], &log.roots[size as usize]);
                assert!(verify_consistency(old, old_root, size, root, &path), "{old} of {size}");
                assert!(!verify_consistency(old, &leaf_hash(b"rewritten"), size, root, &path));
                assert!(old == size || !verify_consistency(old, old_root, size, old_root, &path));
            }
        }
    }
}
