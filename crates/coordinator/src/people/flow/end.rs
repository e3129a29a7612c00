//! How a session ends.

use crate::batch::Batch;
use crate::mining::conduct::Deed;
use crate::mining::flow::conduct;
use crate::mining::flow::lease::{Ending, give_back};
use crate::mining::store as leases;
use crate::neonet::store as keyless;
use crate::people::store as people;
use crate::store::DbError;

/// Ends a session and returns its leases to their jobs.
pub(crate) async fn end_session(batch: &mut Batch<'_>, session: &str) -> Result<(), DbError> {
    if people::end_session(batch.db, session, batch.now_ms).await? {
        for held in leases::live_of_session(batch.db, session).await? {
            give_back(batch, &held, Ending::Dropped).await?;
            conduct::add(batch, &held.miner, Deed::Dropped).await?;
        }
        leases::delete_lanes(batch.db, session).await?;
        keyless::delete_tasks(batch.db, session).await?;
    }
    Ok(())
}
