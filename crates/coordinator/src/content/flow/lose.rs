//! What happens to a replica after it was sent: its holder confirms it, or it is lost and made again for another holder.

use adit_core::Cid;
use adit_protocol::ErrorCode;
use adit_protocol::storage::LossAnswer;
use futures::future::BoxFuture;

use super::{Asker, no_such_replica};
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::content::state::ReplicaState;
use crate::content::store::replicas::{self, ReplicaRow};
use crate::content::store::{holders, pieces, pins};
use crate::error::{Failure, Refusal};
use crate::people::flow::open::open_session;
use crate::store::DbError;

/// The most replicas of one report.
const MAX_LOSSES: usize = 1_000;

/// Moves a replica out of its holder's care. A copy is made for another holder unless the pin has ended. Returns false if the
/// replica had changed its state.
pub(super) async fn drop_replica(
    batch: &mut Batch<'_>,
    replica: &ReplicaRow,
    into: ReplicaState,
) -> Result<bool, DbError> {
    if !replicas::advance(batch.db, replica.id, replica.state, into).await? {
        return Ok(false);
    }
    let was_held = replica.state == ReplicaState::Held;
    holders::hold(batch.db, &replica.miner, -replica.bytes, -i64::from(was_held)).await?;
    pieces::miss_one(batch.db, replica.piece).await?;
    if into == ReplicaState::Lost {
        pins::count_lost(batch.db, replica.pin).await?;
    }
    if was_held {
        pins::recount(batch.db, replica.pin).await?;
    }
    Ok(true)
}

/// Loses all replicas that a holder holds.
pub(super) async fn lose_all(batch: &mut Batch<'_>, miner: &[u8]) -> Result<(), DbError> {
    for replica in replicas::of_holder(batch.db, miner).await? {
        drop_replica(batch, &replica, ReplicaState::Lost).await?;
    }
    Ok(())
}

struct Hold {
    asker: Asker,
    replica: Cid,
}

/// Confirms that a replica arrived whole. From now on it is challenged, and never sent again.
pub(crate) async fn held(app: &App, asker: Asker, replica: Cid) -> Result<(), Failure> {
    app.store.write(Hold { asker, replica }).await?;
    Ok(())
}

impl Operation for Hold {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let Asker { key, contributor, session } = &self.asker;
            open_session(batch, contributor, session).await?;
            let row = replicas::by_root(batch.db, &key.0, self.replica.digest()).await?.ok_or_else(no_such_replica)?;
            match row.state {
                ReplicaState::Held => return Ok(()),
                ReplicaState::Assigned => {}
                ReplicaState::Lost | ReplicaState::Ended => return Err(no_such_replica().into()),
            }
            replicas::advance(batch.db, row.id, ReplicaState::Assigned, ReplicaState::Held).await?;
            holders::hold(batch.db, &row.miner, 0, 1).await?;
            pins::recount(batch.db, row.pin).await?;
            let mut holder = holders::see(batch.db, &key.0, contributor, batch.now_ms).await?;
            if holder.began_at_ms.is_none() {
                holder.began_at_ms = Some(batch.now_ms);
                holders::put(batch.db, &holder).await?;
            }
            Ok(())
        })
    }
}

struct Lose {
    asker: Asker,
    lost: Vec<Cid>,
}

/// Takes a holder's report of lost replicas. It costs nothing if it comes before a challenge.
pub(crate) async fn losses(app: &App, asker: Asker, lost: Vec<Cid>) -> Result<LossAnswer, Failure> {
    if lost.len() > MAX_LOSSES {
        let detail = format!("at most {MAX_LOSSES} replicas in one report; send the others in another");
        return Err(Refusal::new(ErrorCode::InvalidParameter, detail).into());
    }
    let (given_up, _) = app.store.write(Lose { asker, lost }).await?;
    Ok(LossAnswer { given_up })
}

impl Operation for Lose {
    type Output = u64;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<u64, Failure>> {
        Box::pin(async move {
            let Asker { key, contributor, session } = &self.asker;
            open_session(batch, contributor, session).await?;
            let mut given_up = 0;
            for cid in &self.lost {
                let Some(row) = replicas::by_root(batch.db, &key.0, cid.digest()).await? else { continue };
                if !matches!(row.state, ReplicaState::Assigned | ReplicaState::Held) {
                    continue;
                }
                given_up += u64::from(drop_replica(batch, &row, ReplicaState::Lost).await?);
            }
            Ok(given_up)
        })
    }
}
