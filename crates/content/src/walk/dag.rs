//! Every block of a DAG, in the order of a CAR: depth first, each block before what it links to.

use std::collections::HashSet;

use ipld_core::serde::ExtractLinks;

use super::{Limits, Step, Walk, WalkError, expect, malformed};
use crate::cid::{Block, Cid, DAG_CBOR, DAG_PB, MAX_INLINE_BYTES, RAW};
use crate::dag_pb::Node;

/// Walks over a DAG. Every block is visited once, however often it is linked to, unless duplicates are asked for.
pub struct Dag {
    limits: Limits,
    /// The blocks so far; `None` if blocks are repeated as often as they are linked to.
    seen: Option<HashSet<Cid>>,
    taken: usize,
    /// The blocks yet to be read, the next one last, with their depths.
    waiting: Vec<(Cid, u32)>,
    ready: Option<Block>,
}

impl Dag {
    /// Walks over `root` and everything below it.
    pub fn new(root: Cid, limits: Limits) -> Self {
        Dag { limits, seen: Some(HashSet::new()), taken: 0, waiting: vec![(root, 0)], ready: None }
    }

    /// As [`new`](Dag::new), but visits a block as often as it is linked to.
    pub fn with_duplicates(root: Cid, limits: Limits) -> Self {
        Dag { seen: None, ..Dag::new(root, limits) }
    }

    fn was_seen(&self, cid: &Cid) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.contains(cid))
    }

    fn take(&mut self, block: Block) -> Result<(), WalkError> {
        let Some((_, depth)) = self.waiting.pop() else { return Err(WalkError::Unasked) };
        if self.taken == self.limits.blocks {
            return Err(WalkError::Blocks(self.limits.blocks));
        }
        self.taken += 1;
        if let Some(seen) = &mut self.seen {
            seen.insert(*block.cid());
        }
        let links = links(&block)?;
        if !links.is_empty() && depth == self.limits.depth {
            return Err(WalkError::Depth(self.limits.depth));
        }
        let below: Vec<_> = links.into_iter().rev().filter(|cid| !self.was_seen(cid)).collect();
        self.waiting.extend(below.into_iter().map(|cid| (cid, depth + 1)));
        if self.waiting.len() > self.limits.pending {
            return Err(WalkError::Pending(self.limits.pending));
        }
        // An identifier that carries its block is never sent as a block.
        self.ready = Block::inline(block.cid()).is_none().then_some(block);
        Ok(())
    }
}

/// What a block links to, in order.
pub fn links(block: &Block) -> Result<Vec<Cid>, WalkError> {
    let cid = block.cid();
    match cid.codec() {
        RAW => Ok(Vec::new()),
        DAG_PB => {
            let node = Node::decode(block.bytes()).map_err(|error| WalkError::Node { cid: Box::new(*cid), error })?;
            Ok(node.links.into_iter().map(|link| link.cid).collect())
        }
        DAG_CBOR => {
            let found: Result<ExtractLinks<MAX_INLINE_BYTES>, _> = serde_ipld_dagcbor::from_slice(block.bytes());
            found.map(ExtractLinks::into_vec).map_err(|_| malformed(cid, "it is not DAG-CBOR"))
        }
        _ => Err(WalkError::Codec { cid: Box::new(*cid) }),
    }
}

impl Walk for Dag {
    type Item = Block;

    fn step(&mut self) -> Result<Step<Block>, WalkError> {
        loop {
            if let Some(block) = self.ready.take() {
                return Ok(Step::Item(block));
            }
            let Some((next, _)) = self.waiting.last() else { return Ok(Step::Done) };
            if self.was_seen(next) {
                self.waiting.pop();
                continue;
            }
            match Block::inline(next) {
                Some(block) => self.take(block)?,
                None => return Ok(Step::Need(*next)),
            }
        }
    }

    fn supply(&mut self, block: Block) -> Result<(), WalkError> {
        expect(self.waiting.last().map(|(cid, _)| cid), &block)?;
        self.take(block)
    }
}
