//! Selects the blocks of the CAR that a trustless gateway returns: those along the path, then the requested part of what the
//! path names. Specification: <https://specs.ipfs.tech/http-gateways/trustless-gateway/>.

use std::collections::{HashSet, VecDeque};
use std::str::FromStr;

use super::{Dag, FileWalk, Found, Limits, List, Stat, Step, Walk, WalkError, stat};
use crate::cid::{Block, Cid, DAG_PB};

/// How much of what a path names is asked for (`dag-scope`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Its first block.
    Block,
    /// All blocks of a file, or of a folder without what is in it.
    Entity,
    /// Everything below.
    #[default]
    All,
}

/// Which bytes of a file are asked for (`entity-bytes=from:to`, both included; negative numbers count from the end).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    from: i64,
    /// None for the end.
    to: Option<i64>,
}

/// The text is not a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write entity-bytes as FROM:TO or FROM:*, with the last byte included")]
pub struct InvalidRange;

impl FromStr for ByteRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let (from, to) = text.split_once(':').ok_or(InvalidRange)?;
        let from: i64 = from.parse().map_err(|_| InvalidRange)?;
        let to: Option<i64> = if to == "*" { None } else { Some(to.parse().map_err(|_| InvalidRange)?) };
        let same_end = |to: &i64| (from >= 0) == (*to >= 0);
        if to.filter(same_end).is_some_and(|to| to < from) { Err(InvalidRange) } else { Ok(ByteRange { from, to }) }
    }
}

impl ByteRange {
    /// The range in a file of `size` bytes, clamped to the file.
    fn of(self, size: u64) -> std::ops::Range<u64> {
        let at = |end: i64| match u64::try_from(end) {
            Ok(end) => end,
            Err(_) => size.saturating_sub(end.unsigned_abs()),
        };
        let end = |to: i64| if to < 0 && to.unsigned_abs() > size { 0 } else { at(to).saturating_add(1) };
        let from = at(self.from).min(size);
        from..self.to.map_or(size, end).clamp(from, size)
    }
}

impl std::fmt::Display for ByteRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.to {
            Some(to) => write!(f, "{}:{to}", self.from),
            None => write!(f, "{}:*", self.from),
        }
    }
}

/// Walks over the blocks of an answer, in their order.
pub struct CarWalk {
    ready: VecDeque<Block>,
    below: Below,
    bytes: Option<ByteRange>,
    /// The blocks that were returned, if none may be repeated.
    came: Option<HashSet<Cid>>,
}

/// What follows the path's blocks.
enum Below {
    /// This block, and nothing else.
    Only(Cid),
    /// This block, which determines what follows.
    Entity(Cid),
    /// The blocks of a file.
    File(FileWalk),
    /// The blocks of a folder.
    Folder(List),
    /// Everything.
    Whole(Dag),
    Nothing,
}

impl CarWalk {
    /// Walks over what was found. `bytes` implies [`Scope::Entity`] and is ignored for anything but a file.
    pub fn new(found: Found, scope: Scope, bytes: Option<ByteRange>, duplicates: bool) -> Self {
        let limits = Limits::default();
        let below = match scope {
            _ if bytes.is_some() => Below::Entity(found.cid),
            Scope::Entity => Below::Entity(found.cid),
            Scope::Block => Below::Only(found.cid),
            Scope::All if duplicates => Below::Whole(Dag::with_duplicates(found.cid, limits)),
            Scope::All => Below::Whole(Dag::new(found.cid, limits)),
        };
        let came = (!duplicates).then(HashSet::new);
        let mut walk = CarWalk { ready: VecDeque::new(), below, bytes, came };
        found.blocks.into_iter().for_each(|block| walk.give(block));
        walk
    }

    /// Queues a block, unless its identifier contains it or it was returned before.
    fn give(&mut self, block: Block) {
        let is_new = self.came.as_mut().is_none_or(|came| came.insert(*block.cid()));
        if is_new && Block::inline(block.cid()).is_none() {
            self.ready.push_back(block);
        }
    }

    /// Begins to walk over a file or a folder, whose first block this is.
    fn enter(&mut self, block: &Block) -> Result<(), WalkError> {
        let (cid, limits) = (*block.cid(), Limits::default());
        self.below = match (cid.codec() == DAG_PB).then(|| stat(block)) {
            Some(Ok(Stat::File(size))) => {
                let range = self.bytes.map_or(0..size, |bytes| bytes.of(size));
                Below::File(FileWalk::over(cid, range, limits))
            }
            Some(Ok(Stat::Folder)) => Below::Folder(List::new(cid, limits)),
            // Anything but a file or a folder consists of this block only.
            _ => Below::Only(cid),
        };
        self.supply(block.clone())
    }
}

impl Walk for CarWalk {
    type Item = Block;

    fn step(&mut self) -> Result<Step<Block>, WalkError> {
        loop {
            if let Some(block) = self.ready.pop_front() {
                return Ok(Step::Item(block));
            }
            let needed = match &mut self.below {
                Below::Only(cid) | Below::Entity(cid) => Some(*cid),
                Below::File(walk) => needed(walk)?,
                Below::Folder(walk) => needed(walk)?,
                Below::Whole(walk) => match walk.step()? {
                    Step::Item(block) => {
                        self.give(block);
                        continue;
                    }
                    Step::Need(cid) => Some(cid),
                    Step::Done => None,
                },
                Below::Nothing => None,
            };
            match needed {
                None => return Ok(Step::Done),
                Some(cid) => match Block::inline(&cid) {
                    Some(block) => self.supply(block)?,
                    None => return Ok(Step::Need(cid)),
                },
            }
        }
    }

    fn supply(&mut self, block: Block) -> Result<(), WalkError> {
        match &mut self.below {
            Below::Only(cid) if cid == block.cid() => self.below = Below::Nothing,
            Below::Entity(cid) if cid == block.cid() => return self.enter(&block),
            Below::File(walk) => walk.supply(block.clone())?,
            Below::Folder(walk) => walk.supply(block.clone())?,
            Below::Whole(walk) => return walk.supply(block),
            Below::Only(_) | Below::Entity(_) | Below::Nothing => return Err(WalkError::Unasked),
        }
        self.give(block);
        Ok(())
    }
}

/// The block that a walk needs next. The items that it finds are dropped.
fn needed<W: Walk>(walk: &mut W) -> Result<Option<Cid>, WalkError> {
    loop {
        match walk.step()? {
            Step::Need(cid) => return Ok(Some(cid)),
            Step::Item(_) => {}
            Step::Done => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_from_either_end_and_are_clamped() {
        let of = |text: &str| text.parse::<ByteRange>().map(|range| range.of(1000));
        for (text, range) in [
            ("0:*", 0..1000),
            ("512:1023", 512..1000),
            ("0:0", 0..1),
            ("5:*", 5..1000),
            ("-5:*", 995..1000),
            ("-9999:*", 0..1000),
            ("0:-3", 0..998),
            ("-10:-5", 990..996),
            ("2000:*", 1000..1000),
            ("-1:0", 999..999),
            ("0:-9999", 0..0),
            ("0:9223372036854775807", 0..1000),
        ] {
            assert_eq!(of(text), Ok(range), "{text}");
            assert_eq!(text.parse::<ByteRange>().unwrap().to_string(), text);
        }
        for text in ["", "5", "a:b", "*:5", "5:4", "-3:-4", ":", "5:", "1:2:3", "99999999999999999999:*"] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
