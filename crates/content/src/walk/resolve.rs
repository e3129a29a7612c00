//! What a path names.

use super::list::slot;
use super::{Part, Step, Walk, WalkError, expect, slots};
use crate::cid::{Block, Cid};
use crate::name::ContentPath;
use crate::slots::Path;
use crate::unixfs::Kind;

/// What a path names, and the blocks on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What the path names.
    pub cid: Cid,
    /// Where each of the path's names leads, the root first.
    pub roots: Vec<Cid>,
    /// Every block that was read on the way, in order; what is found is none of them.
    pub blocks: Vec<Block>,
}

/// Follows a path. Its one item is what the path names; symbolic links are not followed.
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
    /// Along a path.
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
