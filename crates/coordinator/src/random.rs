//! Randomness from the operating system, for keys, coins, and secret ids.

use adit_protocol::ErrorCode;

use crate::error::Refusal;

/// 32 secret bytes.
pub(crate) fn secret() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// 32 secret bytes for a request. Refuses the request if there are none.
pub(crate) fn random() -> Result<[u8; 32], Refusal> {
    secret().map_err(|error| {
        tracing::error!(%error, "the operating system gives no random bytes");
        Refusal::new(ErrorCode::Unavailable, "the coordinator has no randomness; try again").retry_after(1)
    })
}

/// A random UUID, as text.
pub(crate) fn random_uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
