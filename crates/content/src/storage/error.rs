//! Why storage could not do what it was asked to.

use crate::cid::{BlockError, Cid};
use crate::walk::WalkError;

/// Why storage could not do what it was asked to. No text in it holds more of a stranger's than an escaped line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// A block is not there.
    #[error("block {0} is not here: name a gateway that has it with --gateway, or pin it where it is")]
    Missing(Box<Cid>),
    /// It was asked for elsewhere, and nobody had it.
    #[error("block {cid} is not to be had: {why}")]
    Unavailable {
        /// The block.
        cid: Box<Cid>,
        /// What each place answered.
        why: String,
    },
    /// There is no room.
    #[error("there is no room: {used} of {max} bytes are kept; unpin something, or allow more")]
    Full {
        /// Bytes that are kept.
        used: u64,
        /// The most.
        max: u64,
    },
    /// The disk is full.
    #[error("the disk is full: {0}")]
    DiskFull(String),
    /// The place keeps nothing.
    #[error("{0} keeps nothing: use --mode embedded or --mode local")]
    ReadOnly(&'static str),
    /// It is pinned as a part of something else, or in a way that this does not undo.
    #[error("{0} is kept as a part of something else: unpin that")]
    Within(Box<Cid>),
    /// Bytes were not what their name says.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The content is malformed, or something else than was asked for.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// An IPFS node refused, or did not answer as one.
    #[error("the IPFS node: {0}")]
    Node(String),
    /// A file or folder on this machine.
    #[error("{0}")]
    Disk(String),
}

impl StorageError {
    /// That a block is not there.
    pub fn missing(cid: &Cid) -> Self {
        StorageError::Missing(Box::new(*cid))
    }

    /// Whether the same may succeed later, without anybody changing anything.
    pub fn may_pass(&self) -> bool {
        matches!(self, StorageError::Unavailable { .. } | StorageError::Node(_))
    }
}
