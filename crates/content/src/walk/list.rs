//! Lists a folder, whether it is one block or sharded.

use std::collections::{HashSet, VecDeque};

use super::{Limits, Part, Step, Walk, WalkError, expect, malformed, other, slots};
use crate::cid::{Block, Cid};
use crate::dag_pb::{Link, Node};
use crate::slots::{Path, Slots};
use crate::unixfs::Kind;

/// An entry of a folder. Its name is untrusted: see [`crate::name::check_name`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The root of what it names.
    pub cid: Cid,
    /// Its claimed size, including its nodes. Only a hint.
    pub tsize: Option<u64>,
}

/// Walks over a folder's entries. Of two with the same name, the first counts.
pub struct List {
    limits: Limits,
    shards: Vec<Shard>,
    /// The number of slots of every shard, once one has been read.
    slots: Option<Slots>,
    ready: VecDeque<Entry>,
}

/// A block yet to be read, and the slots that lead to it.
struct Shard {
    cid: Cid,
    way: Vec<u64>,
}

impl List {
    /// Walks over the folder `root`.
    pub fn new(root: Cid, limits: Limits) -> Self {
        List { limits, shards: vec![Shard { cid: root, way: Vec::new() }], slots: None, ready: VecDeque::new() }
    }

    fn take(&mut self, block: &Block) -> Result<(), WalkError> {
        let Some(shard) = self.shards.pop() else { return Err(WalkError::Unasked) };
        let cid = block.cid();
        match Part::read(block)? {
            Part::Node(node, message) if message.kind == Kind::Shard => {
                let found = slots(cid, &message)?;
                if self.slots.is_some_and(|slots| slots != found) {
                    return Err(malformed(cid, "it has another fanout than the shard above"));
                }
                self.slots = Some(found);
                self.open_shard(&shard, node, found)
            }
            Part::Node(node, message) if message.kind == Kind::Directory && shard.way.is_empty() => {
                let mut seen = HashSet::new();
                for link in node.links {
                    let entry = entry(cid, &link, link.name.as_deref().unwrap_or_default())?;
                    if seen.insert(entry.name.clone()) {
                        self.ready.push_back(entry);
                    }
                }
                Ok(())
            }
            Part::Node(_, message) => Err(other(cid, message.kind, "a folder")),
            Part::Leaf(_) => Err(other(cid, Kind::File, "a folder")),
        }
    }

    fn open_shard(&mut self, shard: &Shard, node: Node, slots: Slots) -> Result<(), WalkError> {
        let (below, mut seen) = (self.shards.len(), HashSet::new());
        for link in node.links {
            let (slot, name) = slot(&shard.cid, slots, &link)?;
            if !seen.insert(slot) {
                continue;
            }
            let way = [shard.way.as_slice(), &[slot]].concat();
            if name.is_empty() {
                self.shards.push(Shard { cid: link.cid, way });
                continue;
            }
            let path = Path::of(name);
            if !(0u32..).zip(&way).all(|(level, slot)| path.slot(slots, level) == Some(*slot)) {
                return Err(malformed(&shard.cid, "a name stands where its hash does not lead"));
            }
            self.ready.push_back(entry(&shard.cid, &link, name)?);
        }
        if self.shards.len() > self.limits.pending {
            return Err(WalkError::Pending(self.limits.pending));
        }
        // A hash has bits for no more levels, so no lookup would find names below.
        if self.shards[below..].iter().any(|shard| Path::of(b"").slot(slots, shard.way.len() as u32).is_none()) {
            return Err(malformed(&shard.cid, "its shards lie deeper than a hash leads"));
        }
        self.shards[below..].reverse();
        Ok(())
    }
}

/// The slot in a shard's link, and the name after it; empty for a shard below.
pub(super) fn slot<'l>(cid: &Cid, slots: Slots, link: &'l Link) -> Result<(u64, &'l [u8]), WalkError> {
    let found = slots.split(link.name.as_deref().unwrap_or_default());
    found.ok_or_else(|| malformed(cid, "a name does not begin with its slot"))
}

fn entry(cid: &Cid, link: &Link, name: &[u8]) -> Result<Entry, WalkError> {
    let name = std::str::from_utf8(name).map_err(|_| malformed(cid, "a name is not UTF-8"))?;
    Ok(Entry { name: name.to_owned(), cid: link.cid, tsize: link.tsize })
}

impl Walk for List {
    type Item = Entry;

    fn step(&mut self) -> Result<Step<Entry>, WalkError> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Ok(Step::Item(entry));
            }
            let Some(next) = self.shards.last() else { return Ok(Step::Done) };
            match Block::inline(&next.cid) {
                Some(block) => self.take(&block)?,
                None => return Ok(Step::Need(next.cid)),
            }
        }
    }

    fn supply(&mut self, block: Block) -> Result<(), WalkError> {
        expect(self.shards.last().map(|shard| &shard.cid), &block)?;
        self.take(&block)
    }
}
