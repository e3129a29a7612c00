//! What rides along in `adit`, and how an output is delivered.

mod delivered;
pub(crate) mod grant;

pub use delivered::Delivered;
pub use grant::{Input, MinerLimits, RegisterGrant, RegisterKey, SessionGrant, SignedStart, TaskGrant};
