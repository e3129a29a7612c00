//! Takes a replica back from its holder when the coordinator needs its piece, and opens it.

use adit_core::Cid;
use adit_core::content_id::block_cid;
use adit_core::kind::store::replica::ReplicaKey;
use adit_core::kind::store::tree;
use adit_protocol::ErrorCode;
use bytes::Bytes;
use futures::future::BoxFuture;

use super::{Asker, no_such_replica, piece_cid};
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::blocking::blocking;
use crate::content::state::ReplicaState;
use crate::content::store::{pieces, pins, replicas};
use crate::error::{Failure, Refusal};
use crate::store::corrupt;

struct Restore {
    pin: i64,
    piece: i64,
    plain: Vec<u8>,
}

/// Checks a replica against its root, opens it, and stores its piece. Does nothing if the piece is not wanted.
pub(crate) async fn give_back(app: &App, asker: Asker, replica: &Cid, sealed: Bytes) -> Result<(), Failure> {
    let mut db = app.store.read().await?;
    let row = replicas::by_root(&mut db, &asker.key.0, replica.digest()).await?;
    let row = row.filter(|row| row.state == ReplicaState::Held).ok_or_else(no_such_replica)?;
    let piece = pieces::piece(&mut db, row.piece).await?.ok_or_else(no_such_replica)?;
    drop(db);
    if piece.wanted == 0 {
        return Ok(());
    }
    let (root, cid) = (row.root.clone(), piece_cid(&piece.cid)?);
    let key = ReplicaKey::derive(&app.storage_key, &cid, row.copy as u32);
    let open = move || {
        if tree::hash(&sealed).0[..] != root[..] {
            return None;
        }
        let mut plain = sealed.to_vec();
        key.apply(0, &mut plain);
        Some((block_cid(&plain) == cid, plain))
    };
    let (is_piece, plain) = blocking(open).await?.ok_or_else(|| {
        let detail =
            "these are not the replica's bytes: they were damaged on the way; send them again, or report the loss";
        Failure::from(Refusal::new(ErrorCode::DigestMismatch, detail))
    })?;
    if !is_piece {
        return Err(corrupt("a replica opens to another piece: DIR/storage.key is not the one that sealed it").into());
    }
    app.store.write(Restore { pin: row.pin, piece: row.piece, plain }).await?;
    Ok(())
}

impl Operation for Restore {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            pieces::insert_copy(batch.db, self.piece, &self.plain).await?;
            pieces::want(batch.db, self.piece, false).await?;
            Ok(pins::recount(batch.db, self.pin).await?)
        })
    }
}
