//! Content that miners store: pins cut into pieces, sealed replicas, and the challenges that prove them.
//!
//! A byte's way: `flow/pins` cuts content into pieces, `flow/assign` seals a replica of a piece for a holder, `flow/hand_out`
//! sends it, `flow/challenge` leases a challenge at a secret moment of each window, `flow/answer` checks the answer and pays,
//! and `flow/give_back` takes the replica back when the coordinator has lost its own copy.

pub(crate) mod flow;
pub(crate) mod http;
mod said;
pub(crate) mod share;
pub(crate) mod state;
pub(crate) mod store;
mod terms;
pub(crate) mod window;

pub use terms::Storage;
