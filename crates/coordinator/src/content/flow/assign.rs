//! Assigns replicas: seals the next copy of a piece for a holder, and stores the root that its answers are checked against.

use adit_core::content_id::output_cid;
use adit_core::kind::store::replica::ReplicaKey;
use adit_core::kind::store::tree;
use adit_protocol::storage::Assignment;
use futures::future::BoxFuture;

use super::{Asker, piece_cid};
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::blocking::blocking;
use crate::content::share::allowed_bytes;
use crate::content::state::ReplicaState;
use crate::content::store::holders::{self, HolderRow};
use crate::content::store::pieces::{self, PieceRow};
use crate::content::store::replicas::{self, ReplicaRow};
use crate::error::Failure;
use crate::limits::AddressBlock;
use crate::people::flow::open::open_session;

/// How many times to try while other holders take the same copies.
const TRIES: usize = 4;

/// Notes that a holder was seen, and loads the replica that is on its way to it.
struct See(Asker);

impl Operation for See {
    type Output = (HolderRow, Option<ReplicaRow>);
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Self::Output, Failure>> {
        Box::pin(async move {
            let Asker { key, contributor, session } = &self.0;
            open_session(batch, contributor, session).await?;
            let row = holders::see(batch.db, &key.0, contributor, batch.now_ms).await?;
            Ok((row, replicas::arriving(batch.db, &key.0).await?))
        })
    }
}

/// Assigns the next replica that fits into the key's room; `None` if there is none. The room is `share_bytes` or what the key's
/// record allows, whichever is less, minus what it holds.
pub(crate) async fn assign(
    app: &App,
    asker: Asker,
    from: Option<AddressBlock>,
    share_bytes: u64,
) -> Result<Option<Assignment>, Failure> {
    let ((holder, arriving), _) = app.store.write(See(asker.clone())).await?;
    let allowed = allowed_bytes(&app.storage, holder.days);
    let answer = |replica: &ReplicaRow| -> Result<Option<Assignment>, Failure> {
        let holding = replica.holding()?;
        Ok(Some(Assignment {
            replica: holding.root,
            bytes: holding.length,
            held_bytes: holder.held_bytes as u64,
            allowed_bytes: allowed,
        }))
    };
    if let Some(replica) = arriving {
        return answer(&replica);
    }
    let room = share_bytes.min(allowed).saturating_sub(holder.held_bytes as u64).min(i64::MAX as u64) as i64;
    let block = from.map(|block| block.as_bytes().to_vec());
    for _ in 0..TRIES {
        let mut db = app.store.read().await?;
        let piece = pieces::to_hand_out(&mut db, &asker.key.0, block.as_deref(), room).await?;
        drop(db);
        let Some(piece) = piece else { return Ok(None) };
        let Some(replica) = seal(app, &asker, &piece).await? else { return Ok(None) };
        let taken = app.store.write(Assign { replica: replica.clone(), block: block.clone() }).await?.0;
        if taken {
            return answer(&replica);
        }
    }
    Ok(None)
}

/// Seals the next copy of a piece. Without a copy of its own, the coordinator asks holders for theirs and returns `None`.
async fn seal(app: &App, asker: &Asker, piece: &PieceRow) -> Result<Option<ReplicaRow>, Failure> {
    let id = piece.id;
    let plain = app.store.read_apart(move |db| Box::pin(async move { pieces::copy(db, id).await })).await?;
    if plain.is_empty() {
        app.store.write(AskBack(id)).await?;
        return Ok(None);
    }
    let key = ReplicaKey::derive(&app.storage_key, &piece_cid(&piece.cid)?, piece.next_copy as u32);
    let root = blocking(move || {
        let mut bytes = plain;
        key.apply(0, &mut bytes);
        tree::hash(&bytes).0
    });
    Ok(Some(ReplicaRow {
        id: 0,
        pin: piece.pin,
        piece: id,
        copy: piece.next_copy,
        miner: asker.key.0.to_vec(),
        root: output_cid(root.await?).digest().to_vec(),
        bytes: piece.bytes,
        state: ReplicaState::Assigned,
    }))
}

struct AskBack(i64);

impl Operation for AskBack {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(pieces::want(batch.db, self.0, true).await?) })
    }
}

struct Assign {
    replica: ReplicaRow,
    block: Option<Vec<u8>>,
}

impl Operation for Assign {
    type Output = bool;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(async move {
            let ReplicaRow { piece, copy, miner, bytes, .. } = &self.replica;
            let busy = replicas::arriving(batch.db, miner).await?.is_some();
            if busy || replicas::had(batch.db, miner, *piece).await? {
                return Ok(false);
            }
            if !pieces::take_copy(batch.db, *piece, *copy).await? {
                return Ok(false);
            }
            let now_ms = batch.now_ms;
            replicas::insert(batch.db, &self.replica, self.block.as_deref(), now_ms).await?;
            holders::hold(batch.db, miner, *bytes, 0).await?;
            Ok(true)
        })
    }
}
