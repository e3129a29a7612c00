//! Pins: stores content, cut into pieces, and returns it.

use std::sync::Arc;

use adit_core::Amount;
use adit_core::content_id::block_cid;
use adit_protocol::ErrorCode;
use adit_protocol::storage::PinView;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::lose::drop_replica;
use super::{no_such_pin, views};
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::blocking::blocking;
use crate::content::share;
use crate::content::state::{PinState, ReplicaState};
use crate::content::store::pieces::{self, PART_BYTES};
use crate::content::store::pins::{self, PinRow};
use crate::content::store::replicas;
use crate::error::{Failure, Refusal};
use crate::money::store as ledger;
use crate::money::store::MAX_ISSUED;
use crate::store::{Db, DbError, corrupt};

/// The most replicas of a piece, and hours that content is stored for.
const MAX_REPLICAS: u32 = 32;
const MAX_HOURS: u64 = 24 * 366;
/// The longest name or root.
const MAX_NAME_BYTES: usize = 200;

/// What an operator wants stored.
#[derive(Clone, Debug)]
pub(crate) struct NewPin {
    pub(crate) name: String,
    /// The root of the content, as its owner names it.
    pub(crate) root: String,
    pub(crate) replicas: u32,
    pub(crate) hours: u64,
    /// Whether the epoch's budget pays; otherwise an escrow, filled now.
    pub(crate) sponsored: bool,
}

struct Put {
    new: NewPin,
    price: Amount,
    content: Bytes,
    cids: Vec<String>,
    max_stored_bytes: u64,
}

/// Stores content. The coordinator keeps a copy at once, and replicas are made as holders ask for them.
pub(crate) async fn put(app: &App, new: NewPin, content: Bytes) -> Result<PinView, Failure> {
    let unfit = |detail: String| Failure::from(Refusal::new(ErrorCode::InvalidParameter, detail));
    let is_line = |text: &str| text.len() <= MAX_NAME_BYTES && !text.chars().any(char::is_control);
    if !is_line(&new.name) || !is_line(&new.root) {
        return Err(unfit(format!("name and root must be lines of at most {MAX_NAME_BYTES} bytes")));
    }
    if !(1..=MAX_REPLICAS).contains(&new.replicas) || !(1..=MAX_HOURS).contains(&new.hours) {
        return Err(unfit(format!("replicas must be 1 to {MAX_REPLICAS}, hours 1 to {MAX_HOURS}")));
    }
    if content.is_empty() {
        return Err(Refusal::new(ErrorCode::InvalidFile, "there is nothing to store: the body is empty").into());
    }
    let price = share::price(&app.storage, content.len() as u64, new.replicas, new.hours)
        .ok_or_else(|| unfit("the price is too large: store less, or for a shorter time".into()))?;
    let whole = content.clone();
    let name = move || share::pieces(whole.len() as u64).map(|part| cid_of(&whole, part)).collect();
    let cids = blocking(name).await?;
    let operation = Put { new, price, content, cids, max_stored_bytes: app.max_stored_bytes };
    let (id, _) = app.store.write(operation).await?;
    pin(app, id).await
}

fn cid_of(content: &Bytes, part: std::ops::Range<u64>) -> String {
    block_cid(&content[part.start as usize..part.end as usize]).to_string()
}

impl Operation for Put {
    type Output = i64;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<i64, Failure>> {
        Box::pin(async move {
            if batch.db.stored_bytes()?.saturating_add(self.content.len() as u64) > self.max_stored_bytes {
                let detail =
                    "the store is full: end something that is stored, or give it more room with --max-store-gib";
                return Err(Refusal::new(ErrorCode::StoreFull, detail).into());
            }
            let escrow = if self.new.sponsored { Amount::ZERO } else { self.price };
            let issued = ledger::issued(batch.db).await?;
            if issued.checked_add(escrow).is_none_or(|all| all > MAX_ISSUED) {
                let detail = "the requesters' accounts are used up: nothing more can be put into escrow";
                return Err(Refusal::new(ErrorCode::BudgetTooSmall, detail).into());
            }
            let id = pins::insert(batch.db, &self.row(batch.now_ms)).await?;
            let copies = i64::from(self.new.replicas);
            for (place, (part, cid)) in share::pieces(self.content.len() as u64).zip(&self.cids).enumerate() {
                let bytes = &self.content[part.start as usize..part.end as usize];
                pieces::insert(batch.db, id, place as i64, cid, bytes, copies).await?;
            }
            if escrow > Amount::ZERO {
                let (now_ms, account) = (batch.now_ms, escrow_account(id));
                let (fund, hold) = (format!("pin:{id}:fund"), format!("pin:{id}:escrow"));
                ledger::transfer(batch.db, &fund, ledger::ISSUANCE, ledger::REQUESTER, escrow, now_ms).await?;
                ledger::transfer(batch.db, &hold, ledger::REQUESTER, &account, escrow, now_ms).await?;
            }
            Ok(id)
        })
    }
}

impl Put {
    fn row(&self, now_ms: i64) -> PinRow {
        PinRow {
            id: 0,
            name: self.new.name.clone(),
            root: self.new.root.clone(),
            bytes: self.content.len() as i64,
            pieces: self.cids.len() as i64,
            replicas: i64::from(self.new.replicas),
            state: PinState::Active,
            sponsored: i64::from(self.new.sponsored),
            price: self.price.nano(),
            spent: 0,
            lost: 0,
            held: 0,
            keys: 0,
            networks: 0,
            copies: self.cids.len() as i64,
            ends_at_ms: now_ms + self.new.hours as i64 * 3_600_000,
        }
    }
}

/// The account that holds a pin's price.
pub(super) fn escrow_account(pin: i64) -> String {
    format!("escrow:pin-{pin}")
}

pub(crate) async fn pin(app: &App, id: i64) -> Result<PinView, Failure> {
    let row = pins::pin(&mut *app.store.read().await?, id).await?.ok_or_else(no_such_pin)?;
    Ok(views::pin(&row))
}

struct End(i64);

/// Ends a pin. Passed windows stay paid; the rest of its escrow is returned.
pub(crate) async fn end(app: &App, id: i64) -> Result<PinView, Failure> {
    app.store.write(End(id)).await?;
    pin(app, id).await
}

impl Operation for End {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let row = pins::pin(batch.db, self.0).await?.ok_or_else(no_such_pin)?;
            Ok(end_pin(batch, &row).await?)
        })
    }
}

/// Ends a pin's replicas, deletes the coordinator's copies, and returns the rest of its escrow.
pub(super) async fn end_pin(batch: &mut Batch<'_>, row: &PinRow) -> Result<(), DbError> {
    if !pins::end(batch.db, row.id).await? {
        return Ok(());
    }
    for replica in replicas::of_pin(batch.db, row.id).await? {
        drop_replica(batch, &replica, ReplicaState::Ended).await?;
    }
    pieces::end_of_pin(batch.db, row.id).await?;
    let account = escrow_account(row.id);
    let rest = ledger::balance(batch.db, &account).await?;
    if rest > Amount::ZERO {
        let id = format!("pin:{}:refund", row.id);
        ledger::transfer(batch.db, &id, &account, ledger::REQUESTER, rest, batch.now_ms).await?;
    }
    Ok(())
}

/// A pin's content: its length, and a stream of its parts.
pub(crate) struct Content {
    pub(crate) bytes: u64,
    pub(crate) parts: BoxStream<'static, Result<Vec<u8>, Failure>>,
}

struct Want(Vec<i64>);

impl Operation for Want {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            for piece in &self.0 {
                pieces::want(batch.db, *piece, true).await?;
            }
            Ok(())
        })
    }
}

/// Streams a pin's content. If the coordinator lacks pieces, it asks their holders for them and refuses the call for now.
pub(crate) async fn content(app: Arc<App>, id: i64) -> Result<Content, Failure> {
    let mut db = app.store.read().await?;
    let row = pins::pin(&mut db, id).await?.ok_or_else(no_such_pin)?;
    if row.state != PinState::Active {
        return Err(Refusal::new(ErrorCode::ResultGone, "this content is stored no longer").into());
    }
    let all = pieces::of_pin(&mut db, id).await?;
    let away = without_copy(&mut db, &all).await?;
    drop(db);
    if !away.is_empty() {
        let detail = format!("{} of {} pieces were requested from their holders; try again", away.len(), all.len());
        app.store.write(Want(away)).await?;
        let seconds = app.storage.retry_after_ms().div_ceil(1_000).clamp(1, 60);
        return Err(Refusal::new(ErrorCode::Unavailable, detail).retry_after(seconds).into());
    }
    let parts = all
        .into_iter()
        .flat_map(|piece| (0..(piece.bytes as u64).div_ceil(PART_BYTES)).map(move |part| (piece.id, part as i64)));
    let parts = stream::iter(parts.map(Ok)).and_then(move |(piece, part)| load(app.clone(), piece, part)).boxed();
    Ok(Content { bytes: row.bytes as u64, parts })
}

async fn without_copy(db: &mut Db, all: &[pieces::PieceRow]) -> Result<Vec<i64>, DbError> {
    let mut away = Vec::new();
    for piece in all {
        if !pieces::has_copy(db, piece.id).await? {
            away.push(piece.id);
        }
    }
    Ok(away)
}

/// Loads a part of the coordinator's copy.
pub(super) async fn load(app: Arc<App>, piece: i64, part: i64) -> Result<Vec<u8>, Failure> {
    let found = app.store.read_apart(move |db| Box::pin(async move { pieces::part(db, piece, part).await })).await?;
    Ok(found.ok_or_else(|| corrupt("a part of a piece is missing"))?)
}
