//! Mode `local`: a node keeps what is pinned.

use adit_fetch::Fetch;
use futures::stream::{FuturesUnordered, StreamExt};

use super::Node;
use super::calls::Dialect;
use crate::cid::{Block, Cid};
use crate::storage::{Blocks, Later, Pin, Storage, StorageError, Usage, key, next};
use crate::walk::{Dag, Limits};

/// How many blocks are sent to a node at once.
const UNDER_WAY: usize = 8;

impl<F: Fetch + Send + Sync> Node<F> {
    /// Gives the node everything below `root`, and returns how much that was.
    async fn give(&self, root: Cid, source: &dyn Blocks) -> Result<Pin, StorageError> {
        let dialect = self.dialect().await?;
        let (mut walk, mut under_way) = (Dag::new(root, Limits::default()), FuturesUnordered::new());
        let (mut blocks, mut bytes) = (0, 0);
        while let Some(block) = next(&mut walk, source).await? {
            blocks += 1;
            bytes += block.bytes().len() as u64;
            under_way.push(self.give_one(block, dialect));
            if under_way.len() == UNDER_WAY {
                under_way.next().await.transpose()?;
            }
        }
        while under_way.next().await.transpose()?.is_some() {}
        Ok(Pin { cid: root, blocks: Some(blocks), bytes: Some(bytes) })
    }

    async fn give_one(&self, block: Block, dialect: Dialect) -> Result<(), StorageError> {
        self.put_block(&block, dialect).await
    }
}

impl<F: Fetch + Send + Sync> Blocks for Node<F> {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        Box::pin(async move {
            match Block::inline(cid) {
                Some(block) => Ok(block),
                None => self.fetch_block(cid).await,
            }
        })
    }
}

impl<F: Fetch + Send + Sync> Storage for Node<F> {
    fn mode(&self) -> &'static str {
        "local"
    }

    fn pin<'a>(&'a self, root: Cid, source: Option<&'a dyn Blocks>) -> Later<'a, Pin> {
        Box::pin(async move {
            let pin = match source {
                Some(source) => self.give(root, source).await?,
                None => Pin { cid: root, blocks: None, bytes: None },
            };
            self.add_pin(&root).await?;
            Ok(pin)
        })
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> Later<'a, bool> {
        Box::pin(self.remove_pin(root))
    }

    fn pins<'a>(&'a self, after: Option<&'a Cid>, limit: usize) -> Later<'a, Vec<Pin>> {
        Box::pin(async move {
            let (after, mut roots) = (after.map(key), self.list_pins().await?);
            roots.retain(|root| after.as_ref().is_none_or(|after| key(root) > *after));
            roots.sort_by_cached_key(key);
            roots.truncate(limit);
            Ok(roots.into_iter().map(|cid| Pin { cid, blocks: None, bytes: None }).collect())
        })
    }

    fn stat(&self) -> Later<'_, Usage> {
        Box::pin(async move {
            let (kept, pins) = (self.repository().await?, self.list_pins().await?.len() as u64);
            Ok(Usage { pins: Some(pins), blocks: kept.objects, bytes: kept.bytes, max_bytes: kept.max_bytes })
        })
    }
}
