//! Adds a list of incomplete pins to storage that has none, such as an IPFS node.

use std::sync::Arc;

use adit_content::storage::{Blocks, Later, Pin, Storage, Usage};
use adit_content::{Block, Cid};

use super::wanted::Wanted;

/// Storage, and the list of pins that failed there.
pub(super) struct Noted<S> {
    storage: S,
    wanted: Wanted,
}

impl<S> Noted<S> {
    pub(super) fn new(storage: S, wanted: Wanted) -> Self {
        Noted { storage, wanted }
    }
}

impl<S: Storage> Blocks for Noted<S> {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        self.storage.block(cid)
    }

    fn whole(&self, root: &Cid) -> Option<Arc<dyn Blocks>> {
        self.storage.whole(root)
    }
}

impl<S: Storage> Storage for Noted<S> {
    fn mode(&self) -> &'static str {
        self.storage.mode()
    }

    fn pin<'a>(&'a self, root: Cid, source: Option<&'a dyn Blocks>) -> Later<'a, Pin> {
        Box::pin(async move {
            self.wanted.begin(&root)?;
            let pinned = self.storage.pin(root, source).await;
            match &pinned {
                // Only without `source` can a retry get the blocks again.
                Err(error) if source.is_none() => self.wanted.fail(&root, &error.to_string())?,
                _ => drop(self.wanted.end(&root)?),
            }
            pinned
        })
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> Later<'a, bool> {
        self.storage.unpin(root)
    }

    fn pins<'a>(&'a self, after: Option<&'a Cid>, limit: usize) -> Later<'a, Vec<Pin>> {
        self.storage.pins(after, limit)
    }

    fn stat(&self) -> Later<'_, Usage> {
        self.storage.stat()
    }
}
