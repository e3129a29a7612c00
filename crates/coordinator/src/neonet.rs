//! Compatibility with NeoNet clients: the shapes of their calls, network fees, phases, and clients without a key.
//!
//! NeoNet is the AI-mining network whose API Adit extends; "the original" is its miner. Nothing here affects payment.

pub(crate) mod flow;
pub mod gas;
pub(crate) mod http;
pub(crate) mod phase;
pub(crate) mod store;
pub(crate) mod task;
