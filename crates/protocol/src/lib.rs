//! The words that Adit's programs say to each other over HTTP.
//!
//! [`neonet`] holds the original's calls: their paths and fields stay as they were, and ours ride along in one object,
//! `adit`, that old clients ignore. [`mining`] holds what rides along and how an output is delivered, [`jobs`] what a
//! requester says, [`records`] what anyone may read, [`error`] every error code.
//!
//! ```
//! use adit_protocol::neonet::RegisterRequest;
//!
//! // A client of the original knows nothing of `adit`.
//! let old: RegisterRequest = serde_json::from_str(r#"{"contributor_id": "Miner_X", "cpu_cores": 8}"#)?;
//! assert_eq!((old.cpu_cores, old.gpu_memory_mb, old.adit.is_none()), (8, 0, true));
//! # Ok::<(), serde_json::Error>(())
//! ```
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod error;
pub mod jobs;
pub mod mining;
pub mod neonet;
pub mod paths;
pub mod records;

pub use adit_core::TaskType;
pub use error::{ErrorBody, ErrorCode};
