//! The calls of a NeoNet server, so that its clients connect: their shapes, its fees and phases, clients without a key.
//!
//! NeoNet is the miner that Adit's wire comes from; "the original" is its client. Nothing here decides what is paid.

pub(crate) mod flow;
pub mod gas;
pub(crate) mod http;
pub(crate) mod phase;
pub(crate) mod store;
pub(crate) mod task;
