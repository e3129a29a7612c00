//! Input blocks: which are cached, and which are being fetched.

use std::collections::BTreeMap;
use std::sync::Arc;

use adit_core::Cid;

use crate::lane::BlockBytes;

/// Blocks of earlier units. The least recently used ones are dropped first.
#[derive(Debug)]
pub(crate) struct Cache {
    blocks: BTreeMap<Cid, (BlockBytes, u64)>,
    bytes: usize,
    max_bytes: usize,
    uses: u64,
}

impl Cache {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Cache { blocks: BTreeMap::new(), bytes: 0, max_bytes, uses: 0 }
    }

    /// Drops every block. Units under way have theirs.
    pub(crate) fn clear(&mut self) {
        self.blocks.clear();
        self.bytes = 0;
    }

    pub(crate) fn get(&mut self, cid: &Cid) -> Option<BlockBytes> {
        self.uses += 1;
        let (block, used) = self.blocks.get_mut(cid)?;
        *used = self.uses;
        Some(block.clone())
    }

    /// Keeps `block` unless it is larger than the whole cache.
    pub(crate) fn put(&mut self, cid: Cid, block: BlockBytes) {
        if block.len() > self.max_bytes || self.blocks.contains_key(&cid) {
            return;
        }
        while self.bytes + block.len() > self.max_bytes {
            let oldest = self.blocks.iter().min_by_key(|(_, (_, used))| *used).map(|(cid, _)| *cid);
            let Some((gone, _)) = oldest.and_then(|cid| self.blocks.remove(&cid)) else { break };
            self.bytes -= gone.len();
        }
        self.uses += 1;
        self.bytes += block.len();
        self.blocks.insert(cid, (block, self.uses));
    }
}

/// The blocks that lanes wait for.
#[derive(Debug, Default)]
pub(crate) struct Wanted(BTreeMap<Want, Search>);

/// A wanted block. A block that a unit's own source may hold is looked for there for that lane alone, because another source
/// may answer differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Want {
    pub(crate) cid: Cid,
    /// The lane whose unit asks about its source.
    pub(crate) lane: Option<u32>,
}

/// How far the search for a block has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// The unit's source, if it has one: then nobody else is asked.
    pub(crate) source: Option<String>,
    /// How long one request may take.
    pub(crate) timeout_ms: u32,
    /// The gateway that is asked now or next.
    pub(crate) gateway: usize,
    /// Rounds through all places that found nothing.
    pub(crate) rounds: u32,
    /// Whether the source said each time that it does not have the block.
    pub(crate) absent: bool,
    pub(crate) step: Step,
}

impl Search {
    pub(crate) fn new(source: Option<&str>, timeout_ms: u32) -> Self {
        let source = source.map(str::to_owned);
        Search { source, timeout_ms, gateway: 0, rounds: 0, absent: true, step: Step::Queued }
    }
}

/// Where to ask for a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The unit's source.
    Source(String),
    /// A gateway by its index; after the last one, the coordinator.
    Gateway(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Queued,
    Asked,
    Waiting,
}

/// How many blocks are requested at once: enough to fill a connection, few enough for a phone.
const AT_ONCE: usize = 8;

impl Wanted {
    pub(crate) fn add(&mut self, want: Want, search: Search) {
        self.0.entry(want).or_insert(search);
    }

    pub(crate) fn remove(&mut self, want: &Want) -> Option<Search> {
        self.0.remove(want)
    }

    pub(crate) fn get_mut(&mut self, want: &Want) -> Option<&mut Search> {
        self.0.get_mut(want)
    }

    /// Takes the next block that may be requested now, where to request it, and how long that may take.
    pub(crate) fn ask_next(&mut self) -> Option<(Want, Place, u32)> {
        let asked = self.0.values().filter(|search| search.step == Step::Asked).count();
        if asked >= AT_ONCE {
            return None;
        }
        let (want, search) = self.0.iter_mut().find(|(_, search)| search.step == Step::Queued)?;
        search.step = Step::Asked;
        let place = search.source.clone().map_or(Place::Gateway(search.gateway), Place::Source);
        Some((*want, place, search.timeout_ms))
    }

    /// Drops the blocks that are not needed and returns them.
    pub(crate) fn retain(&mut self, needed: impl Fn(&Want) -> bool) -> Vec<Want> {
        let dropped: Vec<Want> = self.0.keys().filter(|want| !needed(want)).copied().collect();
        for want in &dropped {
            self.0.remove(want);
        }
        dropped
    }
}

/// The blocks of one unit as they arrive.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// In the unit's order.
    order: Vec<Cid>,
    here: BTreeMap<Cid, BlockBytes>,
    /// The missing ones, with their sizes.
    missing: BTreeMap<Cid, u32>,
}

/// A block's size differs from the size in the unit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongSize;

impl Gathered {
    pub(crate) fn new(blocks: Vec<(Cid, u32)>) -> Result<Self, WrongSize> {
        let missing: BTreeMap<Cid, u32> = blocks.iter().copied().collect();
        let one_size = blocks.iter().all(|(cid, bytes)| missing.get(cid) == Some(bytes));
        let order = blocks.into_iter().map(|(cid, _)| cid).collect();
        one_size.then_some(Gathered { order, here: BTreeMap::new(), missing }).ok_or(WrongSize)
    }

    /// The blocks that are still missing.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Cid> + '_ {
        self.missing.keys().copied()
    }

    /// The bytes that are still missing.
    pub(crate) fn missing_bytes(&self) -> u64 {
        self.missing.values().map(|bytes| u64::from(*bytes)).sum()
    }

    pub(crate) fn needs(&self, cid: &Cid) -> bool {
        self.missing.contains_key(cid)
    }

    /// Takes a block that was checked against `cid`.
    pub(crate) fn take(&mut self, cid: Cid, block: &BlockBytes) -> Result<(), WrongSize> {
        if self.missing.get(&cid).is_some_and(|bytes| *bytes as usize != block.len()) {
            return Err(WrongSize);
        }
        if self.missing.remove(&cid).is_some() {
            self.here.insert(cid, Arc::clone(block));
        }
        Ok(())
    }

    /// Notes that the source does not have a block: an empty one takes its place.
    pub(crate) fn go_without(&mut self, cid: Cid) {
        if self.missing.remove(&cid).is_some() {
            self.here.insert(cid, BlockBytes::default());
        }
    }

    /// Gives up on all that is missing: nobody can tell whether the source has it.
    pub(crate) fn leave_unknown(&mut self) {
        self.missing.clear();
    }

    /// All known blocks in the unit's order, once none is missing.
    pub(crate) fn complete(&self) -> Option<Vec<(Cid, BlockBytes)>> {
        let here = |cid: &Cid| Some((*cid, self.here.get(cid)?.clone()));
        self.missing.is_empty().then(|| self.order.iter().filter_map(here).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::content_id::block_cid;

    fn block(fill: u8, bytes: usize) -> (Cid, BlockBytes) {
        let block = vec![fill; bytes];
        (block_cid(&block), Arc::new(block))
    }

    #[test]
    fn the_least_recently_used_block_goes_first() {
        let mut cache = Cache::new(25);
        let blocks: Vec<_> = (0..3).map(|fill| block(fill, 10)).collect();
        cache.put(blocks[0].0, blocks[0].1.clone());
        cache.put(blocks[1].0, blocks[1].1.clone());
        assert!(cache.get(&blocks[0].0).is_some());
        cache.put(blocks[2].0, blocks[2].1.clone());
        assert!(cache.get(&blocks[0].0).is_some());
        assert!(cache.get(&blocks[1].0).is_none());
        let (cid, large) = block(9, 26);
        cache.put(cid, large);
        assert!(cache.get(&cid).is_none() && cache.get(&blocks[0].0).is_some());
    }

    #[test]
    fn a_unit_is_complete_with_every_block_in_its_order() {
        let ((a, a_bytes), (b, b_bytes)) = (block(1, 4), block(2, 6));
        let mut gathered = Gathered::new(vec![(b, 6), (a, 4), (b, 6)]).unwrap();
        assert_eq!(gathered.take(a, &b_bytes), Err(WrongSize));
        gathered.take(b, &b_bytes).unwrap();
        assert!(gathered.complete().is_none() && gathered.needs(&a) && !gathered.needs(&b));
        gathered.take(a, &a_bytes).unwrap();
        let cids: Vec<Cid> = gathered.complete().unwrap().into_iter().map(|(cid, _)| cid).collect();
        assert_eq!(cids, [b, a, b]);
        assert!(Gathered::new(vec![(b, 6), (b, 7)]).is_err());
    }

    #[test]
    fn requests_at_once_are_limited() {
        let mut wanted = Wanted::default();
        let want = |fill| Want { cid: block(fill, 1).0, lane: None };
        (0..20).for_each(|fill| wanted.add(want(fill), Search::new(None, 1)));
        assert_eq!(std::iter::from_fn(|| wanted.ask_next()).count(), AT_ONCE);
        assert_eq!(wanted.retain(|_| false).len(), 20);
    }
}
