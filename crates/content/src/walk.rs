//! Walks over blocks: a file's bytes, a folder's names, what a path names, every block of a DAG.
//!
//! A walk does no I/O: it says which block it needs, and the caller supplies it from a folder, a CAR or the
//! network. Memory is bounded by [`Limits`], time by what the caller does with the items.

mod dag;
mod file;
mod list;
mod resolve;
mod scope;

use bytes::Bytes;

use crate::cid::{Block, Cid, DAG_PB, RAW};
use crate::dag_pb::{Node, NodeError};
use crate::slots::{HASH, Slots};
use crate::unixfs::{Kind, UnixFs, UnixFsError};

pub use dag::{Dag, links};
pub use file::FileWalk;
pub use list::{Entry, List};
pub use resolve::{Found, Resolve};
pub use scope::{ByteRange, CarWalk, InvalidRange, Scope};

/// Limits of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most links from the root to a block.
    pub depth: u32,
    /// The most pending links.
    pub pending: usize,
    /// The most blocks of a walk that remembers the blocks it has seen.
    pub blocks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 256, pending: 1 << 17, blocks: 1 << 22 }
    }
}

/// What a walk does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// The walk needs this block.
    Need(Cid),
    /// The walk has found this item.
    Item(T),
    /// The walk is complete.
    Done,
}

/// A walk over blocks, which the caller supplies.
pub trait Walk {
    /// What it finds.
    type Item;

    /// The next step. While a block is needed, every call returns the same step.
    fn step(&mut self) -> Result<Step<Self::Item>, WalkError>;

    /// Takes the block that the walk needs.
    fn supply(&mut self, block: Block) -> Result<(), WalkError>;

    /// The next item, with blocks from `source`.
    fn next_from<E: From<WalkError>>(
        &mut self,
        mut source: impl FnMut(&Cid) -> Result<Block, E>,
    ) -> Result<Option<Self::Item>, E> {
        loop {
            match self.step()? {
                Step::Need(cid) => self.supply(source(&cid)?)?,
                Step::Item(item) => return Ok(Some(item)),
                Step::Done => return Ok(None),
            }
        }
    }
}

/// Why a walk ends early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// A block was supplied that the walk did not ask for.
    #[error("a block was supplied that was not asked for")]
    Unasked,
    /// A node cannot be read.
    #[error("block {cid}: {error}")]
    Node {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong.
        error: NodeError,
    },
    /// A node's UnixFS message cannot be read.
    #[error("block {cid}: {error}")]
    UnixFs {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong.
        error: UnixFsError,
    },
    /// A node contradicts itself or the node above it.
    #[error("block {cid} is malformed: {why}")]
    Malformed {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong.
        why: &'static str,
    },
    /// The block is of another type.
    #[error("{cid} is {what}, not {wanted}")]
    Other {
        /// The block.
        cid: Box<Cid>,
        /// What it is.
        what: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The block's codec is not supported.
    #[error("block {cid} has the codec 0x{:x}, which is not supported", .cid.codec())]
    Codec {
        /// The block.
        cid: Box<Cid>,
    },
    /// There is nothing of that name.
    #[error("there is no {name:?} in {folder}")]
    NotFound {
        /// The name that was looked up.
        name: String,
        /// The folder that was searched.
        folder: Box<Cid>,
    },
    /// A path ends inside a block, where no link is.
    #[error("the path ends inside block {0}: only whole blocks are given")]
    Inside(Box<Cid>),
    /// The walk goes too deep.
    #[error("the blocks lie more than {0} links deep")]
    Depth(u32),
    /// Too many links are pending.
    #[error("more than {0} links are pending")]
    Pending(usize),
    /// There are too many blocks.
    #[error("more than {0} blocks")]
    Blocks(usize),
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stat {
    /// A file, with its bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A symbolic link, with its target.
    Symlink(String),
}

/// The type of a block.
pub fn stat(block: &Block) -> Result<Stat, WalkError> {
    match Part::read(block)? {
        Part::Leaf(bytes) => Ok(Stat::File(bytes.len() as u64)),
        Part::Node(node, message) => match message.kind {
            Kind::Raw | Kind::File => Ok(Stat::File(file_size(block.cid(), &node, &message)?)),
            Kind::Directory | Kind::Shard => Ok(Stat::Folder),
            Kind::Symlink => {
                let target = message.data.unwrap_or_default();
                let target = String::from_utf8(target.to_vec());
                target.map(Stat::Symlink).map_err(|_| malformed(block.cid(), "the link's target is not text"))
            }
            Kind::Metadata => Err(other(block.cid(), Kind::Metadata, "a file or a folder")),
        },
    }
}

/// A block as UnixFS sees it.
enum Part {
    /// Plain bytes of a file.
    Leaf(Bytes),
    /// A node with its message.
    Node(Node, UnixFs),
}

impl Part {
    fn read(block: &Block) -> Result<Self, WalkError> {
        let cid = block.cid();
        match cid.codec() {
            RAW => Ok(Part::Leaf(block.bytes().clone())),
            DAG_PB => {
                let node =
                    Node::decode(block.bytes()).map_err(|error| WalkError::Node { cid: Box::new(*cid), error })?;
                let data = node.data.clone().ok_or_else(|| malformed(cid, "the node has no UnixFS message"))?;
                let message = UnixFs::decode(&data);
                let message = message.map_err(|error| WalkError::UnixFs { cid: Box::new(*cid), error })?;
                Ok(Part::Node(node, message))
            }
            _ => Err(WalkError::Codec { cid: Box::new(*cid) }),
        }
    }
}

/// A file's size, after checking that all sizes in its node agree.
fn file_size(cid: &Cid, node: &Node, message: &UnixFs) -> Result<u64, WalkError> {
    if node.links.len() != message.blocksizes.len() {
        return Err(malformed(cid, "it has not one size for each link"));
    }
    if node.links.iter().any(|link| link.name.as_ref().is_some_and(|name| !name.is_empty())) {
        return Err(malformed(cid, "a part of a file has a name"));
    }
    let size = message.size().ok_or_else(|| malformed(cid, "its sizes add up to more than 64 bits"))?;
    match message.filesize {
        Some(said) if said != size => Err(malformed(cid, "its size is not the sum of its parts")),
        _ => Ok(size),
    }
}

/// The slots of a shard.
fn slots(cid: &Cid, message: &UnixFs) -> Result<Slots, WalkError> {
    if message.hash_type != Some(HASH) {
        return Err(malformed(cid, "the folder's hash is not murmur3-x64-64"));
    }
    let slots = message.fanout.and_then(Slots::of);
    slots.ok_or_else(|| malformed(cid, "the folder's fanout is not a power of two from 8 to 1024"))
}

fn malformed(cid: &Cid, why: &'static str) -> WalkError {
    WalkError::Malformed { cid: Box::new(*cid), why }
}

fn other(cid: &Cid, kind: Kind, wanted: &'static str) -> WalkError {
    let what = match kind {
        Kind::Raw | Kind::File => "a file",
        Kind::Directory | Kind::Shard => "a folder",
        Kind::Symlink => "a symbolic link",
        Kind::Metadata => "metadata",
    };
    WalkError::Other { cid: Box::new(*cid), what, wanted }
}

/// Checks that a supplied block is the one that was needed.
fn expect(needed: Option<&Cid>, block: &Block) -> Result<(), WalkError> {
    if needed == Some(block.cid()) { Ok(()) } else { Err(WalkError::Unasked) }
}
