//! Stores that keep content and return it: a folder, an IPFS node, gateways, or memory.
//!
//! [`Blocks`] is a source of blocks; a [`Storage`] is a source that also pins. A pin holds everything below its root, or does
//! not exist. [`put`], [`read`], [`list`] and [`look`] work with any of them.
//!
//! ```
//! use adit_content::Profile;
//! use adit_content::storage::{Memory, Storage, put, read};
//!
//! # futures::executor::block_on(async {
//! let storage: &dyn Storage = &Memory::default();
//! let pin = put(storage, b"hello world", Profile::default()).await?;
//! assert_eq!(pin.cid.to_string(), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
//! let piece = read(storage, &pin.cid.into(), 6, 1 << 20).await?;
//! assert_eq!((&piece.bytes[..], piece.size), (&b"world"[..], 11));
//! assert_eq!(storage.pins(None, 10).await?, [pin.clone()]);
//! assert!(storage.unpin(&pin.cid).await?);
//! # Ok::<(), adit_content::storage::StorageError>(())
//! # }).unwrap();
//! ```

mod error;
mod memory;
mod read;
mod read_only;

use std::collections::HashMap;
use std::pin::Pin as Pinned;
use std::sync::Arc;

use crate::cid::{Block, Cid};
use crate::walk::{Step, Walk};

pub use error::StorageError;
pub use memory::Memory;
pub use read::{Listing, Piece, list, look, put, read, resolve};
pub use read_only::ReadOnly;

/// A future answer.
pub type Later<'a, T> = Pinned<Box<dyn Future<Output = Result<T, StorageError>> + Send + 'a>>;

/// A source of blocks.
pub trait Blocks: Send + Sync {
    /// The block with this identifier; [`StorageError::Missing`] if it cannot be found.
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block>;

    /// A faster source for everything below `root`, if there is one. It must be asked in the order of a CAR.
    fn whole(&self, _root: &Cid) -> Option<Arc<dyn Blocks>> {
        None
    }
}

/// A store that keeps what is pinned in it.
pub trait Storage: Blocks {
    /// The name of the store in the flag `--mode`.
    fn mode(&self) -> &'static str;

    /// Keeps `root` and everything below it. Missing blocks come from `source`, or, without one, from wherever the store
    /// itself gets content. Pinning a pinned root again changes nothing.
    fn pin<'a>(&'a self, root: Cid, source: Option<&'a dyn Blocks>) -> Later<'a, Pin>;

    /// Unpins `root`, and frees the blocks that only this pin kept. False if it was not pinned.
    fn unpin<'a>(&'a self, root: &'a Cid) -> Later<'a, bool>;

    /// At most `limit` pins in the order of their [`key`]s, those after `after`.
    fn pins<'a>(&'a self, after: Option<&'a Cid>, limit: usize) -> Later<'a, Vec<Pin>>;

    /// How much is stored.
    fn stat(&self) -> Later<'_, Usage>;
}

/// A pinned root, and the size of everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its root.
    pub cid: Cid,
    /// Its blocks, each counted once; `None` if the store does not report them.
    pub blocks: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
}

/// How much a store keeps. A figure that it does not report is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of pinned roots.
    pub pins: Option<u64>,
    /// The number of blocks, pinned or not.
    pub blocks: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// The most bytes that it accepts.
    pub max_bytes: Option<u64>,
}

/// The key under which a block is stored: its identifier in version 1 and base 32, so that both versions give the same key.
pub fn key(cid: &Cid) -> String {
    Cid::new_v1(cid.codec(), *cid.hash()).to_string()
}

/// The next item of a walk over blocks from `source`.
pub async fn next<W: Walk, B: Blocks + ?Sized>(walk: &mut W, source: &B) -> Result<Option<W::Item>, StorageError> {
    loop {
        match walk.step()? {
            Step::Need(cid) => walk.supply(source.block(&cid).await?)?,
            Step::Item(item) => return Ok(Some(item)),
            Step::Done => return Ok(None),
        }
    }
}

/// Blocks in memory.
impl Blocks for HashMap<Cid, Block> {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        let found = self.get(cid).cloned().ok_or_else(|| StorageError::missing(cid));
        Box::pin(std::future::ready(found))
    }
}
