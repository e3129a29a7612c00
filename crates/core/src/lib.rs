//! Adit's facts and pure functions: kinds of work, units, kernels, verification, rewards, amounts, signing, encoding.
//!
//! Nothing here reads a clock, draws a random number or does I/O; what a rule needs is an argument. So the same code runs in
//! the coordinator, in every miner, in the browser and on a PowerPC from 2003.
//!
//! To follow one unit through these files: [`split`] cuts operands into panels, [`kind`] specifies the work, a [`unit`] is a piece
//! of it, a [`statement`] leases it, a [`kernel`] computes it, [`verify`] checks the output, [`reward`] prices it, a [`statement`]
//! in the [`log`] is its receipt, [`assemble`] puts the job's result together, and [`recheck`] lets anyone check it again. [`reduce`]
//! is not on this path: reductions are never delegated.
//!
//! ```
//! use adit_core::{kernel, verify::{CheckLayer, Coins, check_rows}};
//!
//! let (m, k, n) = (2, 3, 2);
//! let a = [1i8, 2, 3, 4, 5, 6];
//! let b = [7i8, 8, 9, 10, 11, 12];
//! let c = kernel::matmul_i8(&a, &b, m, k, n);
//! assert_eq!(c, [58, 64, 139, 154]);
//!
//! // The coordinator draws secret coins before it sees the output.
//! let layer = CheckLayer::linear(&b, k, n, Coins::from_seed(&[7; 32], 0, n));
//! assert_eq!(check_rows(&[layer.clone()], &a, &c), None);
//! let forged = [58, 64, 139, 155];
//! assert!(check_rows(&[layer], &a, &forged).is_some());
//! ```
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod amount;
pub mod assemble;
pub mod content_id;
pub mod encoding;
mod found;
pub mod kernel;
pub mod kind;
pub mod log;
#[cfg(feature = "openapi")]
mod openapi;
pub mod random;
pub mod recheck;
pub mod reduce;
pub mod reward;
pub mod sha256;
pub mod sign;
pub mod split;
pub mod statement;
mod task_type;
pub mod unit;
pub mod vectors;
pub mod verify;

pub use amount::Amount;
pub use content_id::Cid;
pub use found::{BlockState, Found};
pub use kind::Kind;
pub use sign::{PublicKey, Signature};
pub use task_type::TaskType;
pub use unit::Unit;
