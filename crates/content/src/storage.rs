//! What keeps content and gives it back, whatever lies behind it: a folder, an IPFS node, gateways, or memory.
//!
//! [`Blocks`] is where blocks come from; a [`Storage`] is such a place that also pins. What a pin names is there whole or not
//! at all. [`put`], [`read`], [`list`] and [`look`] work with any of them.
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

/// An answer that is waited for.
pub type Later<'a, T> = Pinned<Box<dyn Future<Output = Result<T, StorageError>> + Send + 'a>>;

/// Where blocks come from.
pub trait Blocks: Send + Sync {
    /// The block of this name; [`StorageError::Missing`] if it is not to be had.
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block>;

    /// A source for everything below `root`, asked for in the order of a CAR, if there is a faster one than this.
    fn whole(&self, _root: &Cid) -> Option<Arc<dyn Blocks>> {
        None
    }
}

/// A place that keeps what is pinned there.
pub trait Storage: Blocks {
    /// Which place this is, as the flag `--mode` names it.
    fn mode(&self) -> &'static str;

    /// Keeps `root` and everything below it. What it lacks it takes from `source`, or, without one, from where it gets
    /// content itself. Pinning again what is pinned changes nothing.
    fn pin<'a>(&'a self, root: Cid, source: Option<&'a dyn Blocks>) -> Later<'a, Pin>;

    /// Lets go of `root` and of what only it kept. False if it was not pinned.
    fn unpin<'a>(&'a self, root: &'a Cid) -> Later<'a, bool>;

    /// At most `limit` pins in the order of their [`key`]s, those after `after`.
    fn pins<'a>(&'a self, after: Option<&'a Cid>, limit: usize) -> Later<'a, Vec<Pin>>;

    /// How much is kept.
    fn stat(&self) -> Later<'_, Usage>;
}

/// Something that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its root.
    pub cid: Cid,
    /// Its blocks, each counted once; `None` where the place does not say.
    pub blocks: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
}

/// How much a place keeps. `None` is what it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many roots are pinned.
    pub pins: Option<u64>,
    /// How many blocks there are, pinned or not.
    pub blocks: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// The most bytes that it takes.
    pub max_bytes: Option<u64>,
}

/// The name under which a block is kept: its identifier in version 1 and base 32, so that both versions of a name are one.
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
