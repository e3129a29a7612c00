//! Public views of pins and holders.

use adit_core::kind::store::missing_at_most_ppm;
use adit_core::kind::store::score::{PEERS, score_micro};
use adit_core::{Amount, PublicKey};
use adit_protocol::ErrorCode;
use adit_protocol::storage::{HolderList, HolderView, PROVES, PinList, PinView};

use crate::app::App;
use crate::content::Storage;
use crate::content::share::allowed_bytes;
use crate::content::state::PinState;
use crate::content::store::holders::{self, HolderRow};
use crate::content::store::pins::{self, PinRow};
use crate::content::store::reports;
use crate::error::{Failure, Refusal};
use crate::store::{Db, DbError, corrupt};

/// The most pins in one listing.
const MAX_PINS: i64 = 200;

pub(super) fn pin(row: &PinRow) -> PinView {
    PinView {
        pin: row.id as u64,
        name: row.name.clone(),
        root: row.root.clone(),
        bytes: row.bytes as u64,
        pieces: row.pieces as u64,
        replicas: row.replicas as u32,
        held: row.held as u64,
        lost: row.lost as u64,
        keys: row.keys as u64,
        networks: row.networks as u64,
        copies: row.copies as u64,
        active: row.state == PinState::Active,
        ends_at_ms: row.ends_at_ms,
        sponsored: row.sponsored == 1,
        price: Amount::from_nano(row.price),
        spent: Amount::from_nano(row.spent),
    }
}

/// The newest pins.
pub(crate) async fn list(app: &App) -> Result<PinList, Failure> {
    let newest = pins::newest(&mut *app.store.read().await?, MAX_PINS).await?;
    Ok(PinList { pins: newest.iter().map(pin).collect() })
}

async fn view(db: &mut Db, row: &HolderRow, terms: &Storage) -> Result<HolderView, DbError> {
    let key = PublicKey::try_from(row.key.as_slice()).map_err(|_| corrupt("a key has the wrong length"))?;
    let said = reports::newest(db, &row.contributor).await?;
    Ok(HolderView {
        key,
        contributor: row.contributor.clone(),
        replicas: row.replicas as u64,
        held_bytes: row.held_bytes as u64,
        allowed_bytes: allowed_bytes(terms, row.days),
        passed: row.passed as u64,
        failed: row.failed as u64,
        missed: row.missed as u64,
        window_ms: terms.window_ms,
        draws: row.draws as u64,
        missing_at_most_ppm: missing_at_most_ppm(row.draws as u64),
        score_micro: u64::try_from(score_micro(row.score as u128, PEERS)).unwrap_or(u64::MAX),
        proves: PROVES.into(),
        reported: said.and_then(|said| serde_json::from_str(&said).ok()),
    })
}

/// What a key holds and has proved.
pub(crate) async fn holder(app: &App, key: &PublicKey) -> Result<HolderView, Failure> {
    let mut db = app.store.read().await?;
    let row = holders::holder(&mut db, &key.0).await?;
    let row = row.ok_or_else(|| Refusal::new(ErrorCode::NotRegistered, "this key has never held a replica"))?;
    Ok(view(&mut db, &row, &app.storage).await?)
}

/// The holders with the highest scores.
pub(crate) async fn holders(app: &App, limit: i64) -> Result<HolderList, Failure> {
    let mut db = app.store.read().await?;
    let mut views = Vec::new();
    for row in holders::leaders(&mut db, limit).await? {
        views.push(view(&mut db, &row, &app.storage).await?);
    }
    Ok(HolderList { holders: views })
}
