//! Receipts, their log, and what it takes to check a receipt: units, blocks, outputs.

pub(crate) mod edge;
pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod store;
