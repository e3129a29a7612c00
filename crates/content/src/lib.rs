//! Content as IPFS names it: UnixFS files and folders, CARs, sealed files, and where they are kept.
//!
//! The crate does no I/O: an importer takes bytes and returns blocks, and a [`walk`] says which block it needs next. The bytes of a
//! [`Block`] hash to its CID; there is no other way to make one, so neither a walk nor a CAR passes on unchecked bytes.
//!
//! ```
//! use std::collections::HashMap;
//! use adit_content::{Block, Cid, FileBuilder, FileWalk, Limits, Profile, Walk, WalkError};
//!
//! let mut blocks = Vec::new();
//! let mut file = FileBuilder::new(Profile::default());
//! file.write(b"hello ", &mut blocks);
//! file.write(b"world", &mut blocks);
//! let file = file.finish(&mut blocks);
//! assert_eq!(file.cid.to_string(), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
//!
//! let store: HashMap<Cid, Block> = blocks.into_iter().map(|block| (*block.cid(), block)).collect();
//! let mut walk = FileWalk::new(file.cid, Limits::default());
//! while let Some(bytes) = walk.next_from(|cid| Ok::<_, WalkError>(store[cid].clone()))? {
//!     assert_eq!(&bytes[..], b"hello world");
//! }
//! # Ok::<(), WalkError>(())
//! ```

pub mod car;
pub mod cid;
pub mod dag_pb;
#[cfg(feature = "remote")]
pub mod gateways;
pub mod import;
pub mod name;
#[cfg(feature = "remote")]
pub mod node;
pub mod profile;
mod protobuf;
#[cfg(feature = "seal")]
pub mod seal;
mod slots;
pub mod storage;
pub mod unixfs;
pub mod walk;

pub use cid::{Block, BlockError, Cid};
pub use import::{FileBuilder, FolderBuilder, ImportError, Imported};
pub use name::ContentPath;
pub use profile::Profile;
pub use protobuf::ProtobufError;
pub use walk::{Dag, FileWalk, Limits, List, Resolve, Stat, Step, Walk, WalkError};
