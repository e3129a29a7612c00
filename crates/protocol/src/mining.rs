//! The `adit` object of NeoNet's calls, and the answer to a delivered output.

mod delivered;
pub(crate) mod grant;

pub use delivered::Delivered;
pub use grant::{
    HeartbeatNews, Input, MinerLimits, RegisterGrant, RegisterKey, SessionGrant, SignedStart, TaskAbout, TaskGrant,
};
