//! Miners: their identities and sessions.

pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod identity;
pub(crate) mod store;

/// How long a challenge is valid.
pub(crate) const CHALLENGE_MS: i64 = 120_000;
/// A session without calls for this long has ended.
pub(crate) const SESSION_IDLE_MS: i64 = 600_000;
