//! Mode `gateway`: content is read, and nothing is stored.

use std::sync::Arc;

use super::{Blocks, Later, Pin, Storage, StorageError, Usage};
use crate::cid::{Block, Cid};

/// A read-only store.
pub struct ReadOnly(pub Arc<dyn Blocks>);

fn refuse<'a, T: Send + 'a>() -> Later<'a, T> {
    Box::pin(std::future::ready(Err(StorageError::ReadOnly("mode gateway"))))
}

impl Blocks for ReadOnly {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        self.0.block(cid)
    }

    fn whole(&self, root: &Cid) -> Option<Arc<dyn Blocks>> {
        self.0.whole(root)
    }
}

impl Storage for ReadOnly {
    fn mode(&self) -> &'static str {
        "gateway"
    }

    fn pin<'a>(&'a self, _: Cid, _: Option<&'a dyn Blocks>) -> Later<'a, Pin> {
        refuse()
    }

    fn unpin<'a>(&'a self, _: &'a Cid) -> Later<'a, bool> {
        refuse()
    }

    fn pins<'a>(&'a self, _: Option<&'a Cid>, _: usize) -> Later<'a, Vec<Pin>> {
        refuse()
    }

    fn stat(&self) -> Later<'_, Usage> {
        Box::pin(std::future::ready(Ok(Usage::default())))
    }
}
