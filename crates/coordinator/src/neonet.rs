//! Compatibility with NeoNet clients: the shapes of their calls, network fees, phases, and clients without a key.
//!
//! NeoNet is the miner whose wire format Adit extends; "the original" means its client. Nothing here affects payment.

pub(crate) mod flow;
pub mod gas;
pub(crate) mod http;
pub(crate) mod phase;
pub(crate) mod store;
pub(crate) mod task;
