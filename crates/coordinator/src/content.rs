//! Content that miners store: pins cut into pieces, sealed replicas, and the challenges that prove them.
//!
//! The path of a byte: `flow/pins` (a CAR, cut into pieces) → `flow/assign` (a replica for a holder, sealed) → `flow/hand_out`
//! (its bytes, once) → `flow/challenge` (a window's secret moment, a lease) → `flow/answer` (verdict, receipt, money) →
//! `flow/give_back` (the bytes again, when the content is asked for).

pub(crate) mod flow;
pub(crate) mod http;
mod said;
pub(crate) mod share;
pub(crate) mod state;
pub(crate) mod store;
mod terms;
pub(crate) mod window;

pub use terms::Storage;
