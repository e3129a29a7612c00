//! Gives a session's units back while the session stays open.

use adit_protocol::ErrorCode;
use futures::future::BoxFuture;

use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::mining::flow::lease::{Ending, give_back};
use crate::mining::store as leases;
use crate::people::store as people;

/// Returns all leases of a session to their jobs. The holder does so itself and early, so it counts against nobody.
pub(crate) struct ReturnUnits {
    pub(crate) session: String,
}

impl Operation for ReturnUnits {
    /// How many.
    type Output = u32;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<u32, Failure>> {
        Box::pin(async move {
            if people::session(batch.db, &self.session).await?.is_none() {
                return Err(Refusal::new(ErrorCode::NoSession, "Session not found").into());
            }
            let held = leases::live_of_session(batch.db, &self.session).await?;
            for lease in &held {
                give_back(batch, lease, Ending::Dropped).await?;
                leases::delete_lane(batch.db, lease).await?;
            }
            Ok(held.len() as u32)
        })
    }
}
