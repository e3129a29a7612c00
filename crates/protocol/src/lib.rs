//! The messages of Adit's programs over HTTP: requests, responses, error codes and paths.
//!
//! [`neonet`] holds the calls of a NeoNet server, the original of Adit's protocol. Their paths and fields are unchanged;
//! Adit's own data is in one object, `adit`, which old clients ignore. [`mining`] holds that object and the delivery of
//! outputs, [`jobs`] the requesters' calls, [`records`] the public records, [`error`] every error code.
//!
//! ```
//! use adit_protocol::neonet::RegisterRequest;
//!
//! // A NeoNet client does not send `adit`.
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
pub mod statistics;
pub mod storage;

pub use adit_core::TaskType;
pub use error::{ErrorBody, ErrorCode};
