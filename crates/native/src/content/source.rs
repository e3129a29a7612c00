//! Where blocking work gets its blocks: from a CAR, or from storage.

use std::sync::Arc;

use adit_content::storage::{Blocks, StorageError};
use adit_content::{Block, Cid, ContentPath, Resolve, Walk};
use anyhow::{Context, Result};
use tokio::runtime::Handle;

/// A source of blocks that may block until it has them.
pub(super) trait Source: Send {
    /// A block, if it is there.
    fn look(&mut self, cid: &Cid) -> Result<Option<Block>>;

    /// The error message for a block that is not there.
    fn missing(&self, cid: &Cid) -> String;

    /// A block that must be there.
    fn block(&mut self, cid: &Cid) -> Result<Block> {
        self.look(cid)?.with_context(|| self.missing(cid))
    }
}

/// Finds what a path names.
pub(super) fn find(source: &mut impl Source, path: &ContentPath) -> Result<Cid> {
    let found = Resolve::new(path).next_from(|cid| source.block(cid))?;
    Ok(found.context("the path names nothing")?.cid)
}

/// The blocks of storage, for threads that may block.
pub(super) struct Stored {
    blocks: Arc<dyn Blocks>,
    runtime: Handle,
    /// The last block, which a caller often looks at and then reads.
    last: Option<Block>,
}

impl Stored {
    /// The blocks of `blocks`. Must be called on the runtime that fetches them.
    pub(super) fn of(blocks: Arc<dyn Blocks>) -> Self {
        Stored { blocks, runtime: Handle::current(), last: None }
    }
}

impl Source for Stored {
    fn look(&mut self, cid: &Cid) -> Result<Option<Block>> {
        if let Some(block) = Block::inline(cid) {
            return Ok(Some(block));
        }
        if let Some(block) = self.last.as_ref().filter(|block| block.cid() == cid) {
            return Ok(Some(block.clone()));
        }
        match self.runtime.block_on(self.blocks.block(cid)) {
            Ok(block) => Ok(Some(self.last.insert(block).clone())),
            Err(StorageError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn missing(&self, cid: &Cid) -> String {
        StorageError::missing(cid).to_string()
    }
}
