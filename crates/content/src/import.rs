//! Turns files, folders and symbolic links into blocks.
//!
//! A [`FileBuilder`] takes a file's bytes in any pieces and gives blocks as soon as they are whole; a [`FolderBuilder`] takes
//! names and what they name. A block always comes after the blocks that it links to. Hashing leaves costs most, and leaves
//! do not depend on each other: callers with several processors make each with [`leaf`] and combine them with [`Layout`].

mod file;
mod folder;
mod shard;

use bytes::Bytes;

use crate::cid::{Block, Cid, DAG_PB, RAW};
use crate::dag_pb::Node;
use crate::name::NameError;
use crate::profile::Profile;
use crate::unixfs::{Kind, UnixFs};

pub use file::{FileBuilder, Layout};
pub use folder::FolderBuilder;

/// Something imported, with what a link to it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The identifier of its root block.
    pub cid: Cid,
    /// Bytes of the file; 0 for anything else.
    pub size: u64,
    /// Bytes of all its blocks, counted once for each link.
    pub tsize: u64,
}

/// Why something cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// A name is not allowed in a folder.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two entries have the same name.
    #[error("two entries of one folder are named {0:?}")]
    Duplicate(String),
    /// Two names collide in all bits of the hash.
    #[error("two names have the same hash, so no folder can hold both")]
    Collision,
}

/// The block of a file's piece, at most [`Profile::chunk_bytes`] long.
pub fn leaf(profile: &Profile, bytes: Bytes) -> (Imported, Block) {
    let size = bytes.len() as u64;
    if profile.raw_leaves {
        let block = Block::make(profile.version, RAW, bytes);
        return (Imported { cid: *block.cid(), size, tsize: size }, block);
    }
    let data = (!bytes.is_empty()).then_some(bytes);
    let message = UnixFs { data, filesize: Some(size), ..UnixFs::new(Kind::File) };
    let (imported, block) = node(profile, Node { links: Vec::new(), data: Some(message.encode()) });
    (Imported { size, ..imported }, block)
}

/// The block of a symbolic link.
pub fn symlink(profile: &Profile, target: &str) -> (Imported, Block) {
    let data = Some(Bytes::copy_from_slice(target.as_bytes()));
    let message = UnixFs { data, ..UnixFs::new(Kind::Symlink) };
    node(profile, Node { links: Vec::new(), data: Some(message.encode()) })
}

/// A node's block. The caller sets the file's size, which is 0 here.
fn node(profile: &Profile, node: Node) -> (Imported, Block) {
    let below = node.links.iter().fold(0u64, |sum, link| sum.saturating_add(link.tsize.unwrap_or_default()));
    let block = Block::make(profile.version, DAG_PB, node.encode());
    let tsize = below.saturating_add(block.bytes().len() as u64);
    (Imported { cid: *block.cid(), size: 0, tsize }, block)
}
