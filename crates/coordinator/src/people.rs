//! Who mines: identities, and the sessions in which they do.

pub(crate) mod flow;
pub(crate) mod identity;
pub(crate) mod store;

/// How long a challenge may be used.
pub(crate) const CHALLENGE_MS: i64 = 120_000;
/// A session without a call for so long has ended.
pub(crate) const SESSION_IDLE_MS: i64 = 600_000;
