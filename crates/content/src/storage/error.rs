//! Why an operation of a store failed.

use crate::cid::{BlockError, Cid};
use crate::walk::WalkError;

/// Why an operation of a store failed. A message contains at most one escaped line of a stranger's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The store does not have the block.
    #[error("block {0} is not here: name a gateway that has it with --gateway, or pin it where it is")]
    Missing(Box<Cid>),
    /// The block was requested elsewhere, and nobody had it.
    #[error("block {cid} is not to be had: {why}")]
    Unavailable {
        /// The block.
        cid: Box<Cid>,
        /// What each place answered.
        why: String,
    },
    /// The store is full.
    #[error("there is no room: {used} of {max} bytes are kept; unpin something, or allow more")]
    Full {
        /// Bytes that are stored.
        used: u64,
        /// The most bytes that may be stored.
        max: u64,
    },
    /// The disk is full.
    #[error("the disk is full: {0}")]
    DiskFull(String),
    /// The store is read-only.
    #[error("{0} keeps nothing: use --mode embedded or --mode local")]
    ReadOnly(&'static str),
    /// It is pinned as a part of something else, or in a way that `unpin` does not undo.
    #[error("{0} is kept as a part of something else: unpin that")]
    Within(Box<Cid>),
    /// Bytes do not match their identifier.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The content is malformed, or of another type than was asked for.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The IPFS node refused the call, or does not answer like an IPFS node.
    #[error("the IPFS node: {0}")]
    Node(String),
    /// An operation on a local file or folder failed.
    #[error("{0}")]
    Disk(String),
}

impl StorageError {
    /// The error for a block that the store does not have.
    pub fn missing(cid: &Cid) -> Self {
        StorageError::Missing(Box::new(*cid))
    }

    /// Whether the same operation may succeed later without any other change.
    pub fn may_pass(&self) -> bool {
        matches!(self, StorageError::Unavailable { .. } | StorageError::Node(_))
    }
}
