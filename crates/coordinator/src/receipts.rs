//! Receipts, the log that holds them, and what a checker of one needs: units, blocks, outputs.

pub(crate) mod edge;
pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod store;
