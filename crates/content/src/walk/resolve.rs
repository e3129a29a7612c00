//! Resolves paths.

use ipld_core::ipld::Ipld;

use super::list::slot;
use super::{Part, Step, Walk, WalkError, expect, malformed, slots};
use crate::cid::{self, Block, Cid, DAG_CBOR};
use crate::name::ContentPath;
use crate::slots::Path;
use crate::unixfs::Kind;

/// The largest DAG-CBOR block that a path may lead through, in bytes. Parsed, it takes many times as much memory.
const MAX_DATA_BYTES: usize = 256 << 10;

/// What a path names, and the blocks on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What the path names.
    pub cid: Cid,
    /// Where each of the path's names leads, the root first.
    pub roots: Vec<Cid>,
    /// The blocks that were read on the way, in order, without the one that is found.
    pub blocks: Vec<Block>,
}

/// Follows a path. The only item is what the path names; symbolic links are not followed.
pub struct Resolve {
    /// The names that are left, the next one last.
    names: Vec<String>,
    /// The block that comes next.
    next: Cid,
    /// The level of that block, in a folder of shards.
    level: u32,
    found: Option<Found>,
}

impl Resolve {
    /// Walks along a path.
    pub fn new(path: &ContentPath) -> Self {
        let names = path.names.iter().rev().cloned().collect();
        let found = Found { cid: path.root, roots: vec![path.root], blocks: Vec::new() };
        Resolve { names, next: path.root, level: 0, found: Some(found) }
    }

    fn take(&mut self, block: Block) -> Result<(), WalkError> {
        let (Some(name), Some(found)) = (self.names.last().cloned(), &mut self.found) else {
            return Err(WalkError::Unasked);
        };
        let not_found = || WalkError::NotFound { name: name.clone(), folder: Box::new(*block.cid()) };
        if block.cid().codec() == DAG_CBOR {
            return self.take_data(block);
        }
        let Part::Node(node, message) = Part::read(&block)? else { return Err(not_found()) };
        let below = match message.kind {
            Kind::Directory if self.level == 0 => {
                let link = node.links.iter().find(|link| link.name.as_deref() == Some(name.as_bytes()));
                (link.ok_or_else(not_found)?.cid, true)
            }
            Kind::Shard => {
                let slots = slots(block.cid(), &message)?;
                let wanted = Path::of(name.as_bytes()).slot(slots, self.level).ok_or_else(not_found)?;
                let mut hit = None;
                for link in &node.links {
                    let (slot, rest) = slot(block.cid(), slots, link)?;
                    if slot == wanted && (rest.is_empty() || rest == name.as_bytes()) {
                        hit = Some((link.cid, !rest.is_empty()));
                        break;
                    }
                }
                hit.ok_or_else(not_found)?
            }
            _ => return Err(not_found()),
        };
        let (cid, is_named) = below;
        self.next = cid;
        self.level += 1;
        if is_named {
            self.names.pop();
            self.level = 0;
            found.roots.push(cid);
            found.cid = cid;
        }
        found.blocks.push(block);
        Ok(())
    }
}

impl Resolve {
    /// Follows the path through a DAG-CBOR block, to the first link in it.
    fn take_data(&mut self, block: Block) -> Result<(), WalkError> {
        let Some(found) = &mut self.found else { return Err(WalkError::Unasked) };
        if block.bytes().len() > MAX_DATA_BYTES {
            return Err(malformed(block.cid(), "it is too large to be parsed"));
        }
        let data: Result<Ipld, _> = serde_ipld_dagcbor::from_slice(block.bytes());
        let data = data.map_err(|_| malformed(block.cid(), "it is not DAG-CBOR"))?;
        let mut at = &data;
        loop {
            if let Ipld::Link(link) = at {
                let cid = cid::read_whole(&link.to_bytes());
                let cid = cid.map_err(|_| malformed(block.cid(), "a link in it cannot be read"))?;
                (self.next, self.level, found.cid) = (cid, 0, cid);
                found.roots.push(cid);
                found.blocks.push(block);
                return Ok(());
            }
            let Some(name) = self.names.pop() else { return Err(WalkError::Inside(Box::new(*block.cid()))) };
            let below = match at {
                Ipld::Map(map) => map.get(&name),
                Ipld::List(list) => name.parse::<usize>().ok().and_then(|index| list.get(index)),
                _ => None,
            };
            at = below.ok_or_else(|| WalkError::NotFound { name, folder: Box::new(*block.cid()) })?;
        }
    }
}

impl Walk for Resolve {
    type Item = Found;

    fn step(&mut self) -> Result<Step<Found>, WalkError> {
        loop {
            if self.names.is_empty() {
                return Ok(self.found.take().map_or(Step::Done, Step::Item));
            }
            match Block::inline(&self.next) {
                Some(block) => self.take(block)?,
                None => return Ok(Step::Need(self.next)),
            }
        }
    }

    fn supply(&mut self, block: Block) -> Result<(), WalkError> {
        expect((!self.names.is_empty()).then_some(&self.next), &block)?;
        self.take(block)
    }
}
