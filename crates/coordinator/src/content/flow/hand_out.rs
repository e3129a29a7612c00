//! Sends a replica to its holder, until the holder confirms that it has all of it. It is never sent again, because a holder
//! that could fetch it at will would not have to store it.

use std::sync::Arc;

use adit_core::Cid;
use adit_core::kind::store::replica::ReplicaKey;
use adit_protocol::ErrorCode;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::ops::Range;

use super::lose::drop_replica;
use super::pins::load;
use super::{Asker, no_such_replica, piece_cid};
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::content::state::ReplicaState;
use crate::content::store::pieces::{self, PART_BYTES};
use crate::content::store::replicas::{self, ReplicaRow};
use crate::error::{Failure, Refusal};

/// A replica that may be sent.
pub(crate) struct HandedOut {
    app: Arc<App>,
    replica: i64,
    piece: i64,
    key: Arc<ReplicaKey>,
    pub(crate) bytes: u64,
}

/// Finds a replica that is on its way to its holder. A holder that asks for one it has confirmed does not have it: it is lost.
pub(crate) async fn hand_out(app: Arc<App>, asker: Asker, replica: &Cid) -> Result<HandedOut, Failure> {
    let mut db = app.store.read().await?;
    let row = replicas::by_root(&mut db, &asker.key.0, replica.digest()).await?.ok_or_else(no_such_replica)?;
    let piece = pieces::piece(&mut db, row.piece).await?.ok_or_else(no_such_replica)?;
    drop(db);
    if row.state != ReplicaState::Assigned {
        app.store.write(EndAssignment(row)).await?;
        return Err(handed_out().into());
    }
    let key = Arc::new(ReplicaKey::derive(&app.storage_key, &piece_cid(&piece.cid)?, row.copy as u32));
    Ok(HandedOut { app, replica: row.id, piece: row.piece, key, bytes: row.bytes as u64 })
}

fn handed_out() -> Refusal {
    let detail = "this replica was sent already and is not sent a second time; ask for another one";
    Refusal::new(ErrorCode::ReplicaHandedOut, detail)
}

impl HandedOut {
    /// Streams a range, part by part, sealed as it is read. The stream ends when the holder confirms the replica, because a
    /// download left open would be a copy that it need not store.
    pub(crate) fn parts(self, range: Range<u64>) -> BoxStream<'static, Result<Vec<u8>, Failure>> {
        let HandedOut { app, replica, piece, key, .. } = self;
        let parts = range.start / PART_BYTES..range.end.div_ceil(PART_BYTES);
        let seal = move |part: u64| {
            let (app, key, range) = (app.clone(), key.clone(), range.clone());
            async move {
                if !replicas::is_arriving(&mut *app.store.read().await?, replica).await? {
                    return Err(handed_out().into());
                }
                let mut bytes = load(app, piece, part as i64).await?;
                let first = part * PART_BYTES;
                key.apply(first, &mut bytes);
                let from = range.start.saturating_sub(first) as usize;
                let to = (range.end.saturating_sub(first) as usize).min(bytes.len());
                Ok::<_, Failure>(bytes.get(from..to).unwrap_or_default().to_vec())
            }
        };
        stream::iter(parts.map(Ok)).and_then(seal).boxed()
    }
}

struct EndAssignment(ReplicaRow);

impl Operation for EndAssignment {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if self.0.state == ReplicaState::Held {
                drop_replica(batch, &self.0, ReplicaState::Lost).await?;
            }
            Ok(())
        })
    }
}
