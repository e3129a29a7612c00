//! Storage in memory, for tests.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Blocks, Later, Pin, Storage, StorageError, Usage, key, next};
use crate::cid::{Block, Cid};
use crate::walk::{Dag, Limits};

/// Storage in memory.
#[derive(Default)]
pub struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    blocks: HashMap<String, Block>,
    /// The pins, and the keys of the blocks that each holds.
    pins: BTreeMap<String, (Pin, HashSet<String>)>,
}

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Blocks for Memory {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        let found = self.kept().blocks.get(&key(cid)).map(|block| block.bytes().clone());
        let block = found.ok_or_else(|| StorageError::missing(cid)).and_then(|bytes| Ok(Block::verify(*cid, bytes)?));
        Box::pin(std::future::ready(block))
    }
}

/// Reads blocks from memory first, then from the source.
struct Both<'a>(&'a Memory, Option<&'a dyn Blocks>);

impl Blocks for Both<'_> {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        Box::pin(async move {
            match (self.0.block(cid).await, self.1) {
                (Err(_), Some(source)) => source.block(cid).await,
                (found, _) => found,
            }
        })
    }
}

impl Storage for Memory {
    fn mode(&self) -> &'static str {
        "memory"
    }

    fn pin<'a>(&'a self, root: Cid, source: Option<&'a dyn Blocks>) -> Later<'a, Pin> {
        Box::pin(async move {
            let (mut walk, mut blocks, both) = (Dag::new(root, Limits::default()), Vec::new(), Both(self, source));
            while let Some(block) = next(&mut walk, &both).await? {
                blocks.push((key(block.cid()), block));
            }
            let bytes = blocks.iter().map(|(_, block)| block.bytes().len() as u64).sum();
            let pin = Pin { cid: root, blocks: Some(blocks.len() as u64), bytes: Some(bytes) };
            let names = blocks.iter().map(|(name, _)| name.clone()).collect();
            let mut kept = self.kept();
            kept.blocks.extend(blocks);
            kept.pins.insert(key(&root), (pin.clone(), names));
            Ok(pin)
        })
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> Later<'a, bool> {
        let mut kept = self.kept();
        let was = kept.pins.remove(&key(root)).is_some();
        let held: HashSet<String> = kept.pins.values().flat_map(|(_, names)| names.iter().cloned()).collect();
        kept.blocks.retain(|name, _| held.contains(name));
        Box::pin(std::future::ready(Ok(was)))
    }

    fn pins<'a>(&'a self, after: Option<&'a Cid>, limit: usize) -> Later<'a, Vec<Pin>> {
        let (after, kept) = (after.map(key), self.kept());
        let later = kept.pins.iter().filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after));
        let found = later.take(limit).map(|(_, (pin, _))| pin.clone()).collect();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn stat(&self) -> Later<'_, Usage> {
        let kept = self.kept();
        let bytes = kept.blocks.values().map(|block| block.bytes().len() as u64).sum();
        let (pins, blocks) = (kept.pins.len() as u64, kept.blocks.len() as u64);
        let usage = Usage { pins: Some(pins), blocks: Some(blocks), bytes: Some(bytes), max_bytes: None };
        Box::pin(std::future::ready(Ok(usage)))
    }
}
