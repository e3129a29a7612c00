//! Finds sessions on behalf of their owners.

use adit_protocol::ErrorCode;

use crate::batch::Batch;
use crate::error::{Failure, Refusal};
use crate::people::store::{self as people, SessionRow};

/// Finds an owner's session, open or not.
pub(super) async fn own_session(
    batch: &mut Batch<'_>,
    contributor: &str,
    session: &str,
) -> Result<SessionRow, Failure> {
    let found = people::session(batch.db, session).await?;
    let found = found.ok_or_else(|| Refusal::new(ErrorCode::NoSession, "Session not found"))?;
    if found.contributor != contributor {
        return Err(Refusal::new(ErrorCode::NotYourSession, "Session belongs to another contributor").into());
    }
    Ok(found)
}

/// Finds an owner's open session and marks it as seen.
pub(crate) async fn open_session(
    batch: &mut Batch<'_>,
    contributor: &str,
    session: &str,
) -> Result<SessionRow, Failure> {
    if let Some(open) = people::touch_session(batch.db, session, contributor, batch.now_ms).await? {
        return Ok(open);
    }
    own_session(batch, contributor, session).await?;
    Err(Refusal::new(ErrorCode::NoSession, "Session not found: it has ended; start another").into())
}
