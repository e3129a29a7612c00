//! A file's bytes, or a range of them, in order.

use std::ops::Range;

use bytes::Bytes;

use super::{Limits, Part, Step, Walk, WalkError, expect, file_size, malformed, other};
use crate::cid::{Block, Cid};
use crate::unixfs::Kind;

/// Walks over a file. Only blocks that hold bytes of the range are requested, so missing blocks matter only there.
pub struct FileWalk {
    range: Range<u64>,
    limits: Limits,
    size: Option<u64>,
    /// The parts yet to be read, the next one last.
    parts: Vec<Waiting>,
    ready: Option<Bytes>,
}

struct Waiting {
    cid: Cid,
    from: u64,
    /// The size that the parent states; `None` for the root.
    size: Option<u64>,
    depth: u32,
}

impl FileWalk {
    /// Walks over the whole file.
    pub fn new(root: Cid, limits: Limits) -> Self {
        FileWalk::over(root, 0..u64::MAX, limits)
    }

    /// Walks over a range of the file's bytes, cut off at the file's end.
    pub fn over(root: Cid, range: Range<u64>, limits: Limits) -> Self {
        let parts = vec![Waiting { cid: root, from: 0, size: None, depth: 0 }];
        FileWalk { range, limits, size: None, parts, ready: None }
    }

    /// The size of the whole file in bytes, once its first block has been read.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    fn take(&mut self, block: &Block) -> Result<(), WalkError> {
        let Some(part) = self.parts.pop() else { return Err(WalkError::Unasked) };
        let cid = block.cid();
        let (own, size, links) = match Part::read(block)? {
            Part::Leaf(bytes) => {
                let size = bytes.len() as u64;
                (bytes, size, Vec::new())
            }
            Part::Node(node, message) => {
                if !matches!(message.kind, Kind::File | Kind::Raw) {
                    return Err(other(cid, message.kind, "a file"));
                }
                let size = file_size(cid, &node, &message)?;
                let links = node.links.into_iter().map(|link| link.cid).zip(message.blocksizes).collect();
                (message.data.unwrap_or_default(), size, links)
            }
        };
        if part.size.is_some_and(|said| said != size) {
            return Err(malformed(cid, "it does not have the bytes that the block above says"));
        }
        self.size.get_or_insert(size);
        if part.from.checked_add(size).is_none() {
            return Err(malformed(cid, "its sizes add up to more than 64 bits"));
        }
        self.give(&own, part.from);
        self.descend(&part, part.from + own.len() as u64, links)
    }

    /// Keeps the part of a block's own bytes that is in the range.
    fn give(&mut self, own: &Bytes, from: u64) {
        let within = |at: u64| at.saturating_sub(from).min(own.len() as u64) as usize;
        let (begin, end) = (within(self.range.start), within(self.range.end));
        if begin < end {
            self.ready = Some(own.slice(begin..end));
        }
    }

    /// Queues the child parts that hold bytes of the range.
    fn descend(&mut self, part: &Waiting, mut from: u64, links: Vec<(Cid, u64)>) -> Result<(), WalkError> {
        if !links.is_empty() && part.depth == self.limits.depth {
            return Err(WalkError::Depth(self.limits.depth));
        }
        let below = self.parts.len();
        for (cid, size) in links {
            let to = from.saturating_add(size);
            if from < self.range.end && to > self.range.start && size > 0 {
                self.parts.push(Waiting { cid, from, size: Some(size), depth: part.depth + 1 });
            }
            from = to;
        }
        if self.parts.len() > self.limits.pending {
            return Err(WalkError::Pending(self.limits.pending));
        }
        self.parts[below..].reverse();
        Ok(())
    }
}

impl Walk for FileWalk {
    type Item = Bytes;

    fn step(&mut self) -> Result<Step<Bytes>, WalkError> {
        loop {
            if let Some(bytes) = self.ready.take() {
                return Ok(Step::Item(bytes));
            }
            let Some(next) = self.parts.last() else { return Ok(Step::Done) };
            match Block::inline(&next.cid) {
                Some(block) => self.take(&block)?,
                None => return Ok(Step::Need(next.cid)),
            }
        }
    }

    fn supply(&mut self, block: Block) -> Result<(), WalkError> {
        expect(self.parts.last().map(|part| &part.cid), &block)?;
        self.take(&block)
    }
}
