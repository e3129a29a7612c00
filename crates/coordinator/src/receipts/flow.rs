//! Receipts with their proofs, and the data to check them.

use std::sync::Arc;

use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Receipt, Verdict};
use adit_core::{Cid, PublicKey};
use adit_protocol::ErrorCode;
use adit_protocol::records::{ConsistencyProof, ReceiptList, SignedHead};
use futures::stream::{BoxStream, StreamExt};

use super::store as log;
use crate::app::App;
use crate::content::flow as content;
use crate::error::{Failure, Refusal};
use crate::jobs::flow::outputs::pieces;
use crate::jobs::store::{self as jobs, blocks};
use crate::jobs::unit_cut_as;
pub(crate) use crate::mining::no_such_lease;
use crate::mining::store as leases;
use crate::page::Page;
use crate::store::{Db, DbError};

/// Loads a lease's receipt with its proof.
pub(crate) async fn proven(db: &mut Db, lease: &LeaseId) -> Result<ProvenReceipt, Failure> {
    let receipt: Option<Receipt> = log::receipt(db, lease).await?;
    let receipt = receipt.ok_or_else(|| Refusal::new(ErrorCode::NoSuchReceipt, "this lease has no receipt yet"))?;
    Ok(log::prove(db, receipt).await?)
}

pub(crate) async fn receipt(app: &App, lease: &LeaseId) -> Result<ProvenReceipt, Failure> {
    proven(&mut *app.store.read().await?, lease).await
}

/// A page of receipts with their proofs, newest first: for a miner, for a unit, or all.
pub(crate) async fn receipts(
    app: &App,
    miner: Option<PublicKey>,
    unit: Option<Cid>,
    page: Page,
) -> Result<ReceiptList, Failure> {
    let mut db = app.store.read().await?;
    let found = log::receipts(&mut db, miner, unit, page.before, page.rows()).await?;
    let (found, next) = page.cut(found, |receipt| receipt.log_index);
    Ok(ReceiptList { receipts: log::prove_all(&mut db, found).await?, next })
}

pub(crate) async fn head(app: &App) -> Result<SignedHead, Failure> {
    let head = log::latest_head(&mut *app.store.read().await?).await?;
    let (head, signature) =
        head.ok_or_else(|| Refusal::new(ErrorCode::NoSuchReceipt, "the log has no receipts yet"))?;
    Ok(SignedHead { head, signature })
}

/// Proves that the log of `from` entries is a prefix of the log of `to` entries.
pub(crate) async fn consistency(app: &App, from: u64, to: u64) -> Result<ConsistencyProof, Failure> {
    let mut db = app.store.read().await?;
    let size = log::latest_head(&mut db).await?.map_or(0, |(head, _)| head.size);
    if from == 0 || from > to || to > size {
        let detail = format!("choose 1 ≤ from ≤ to ≤ {size}, the log's size");
        return Err(Refusal::new(ErrorCode::InvalidParameter, detail).into());
    }
    Ok(ConsistencyProof { from, to, path: log::consistency(&mut db, from, to).await? })
}

pub(crate) async fn block(app: &App, cid: &Cid) -> Result<Vec<u8>, Failure> {
    let cid = *cid;
    let block = app.store.read_apart(move |db| Box::pin(async move { blocks::block(db, &cid).await })).await?;
    Ok(block.ok_or_else(no_such_block)?)
}

pub(crate) fn no_such_block() -> Refusal {
    Refusal::new(ErrorCode::NoSuchBlock, "this coordinator holds no such raw sha2-256 block")
}

pub(crate) async fn unit(app: &App, cid: &Cid) -> Result<Vec<u8>, Failure> {
    let cid = *cid;
    app.store.read_apart(move |db| Box::pin(async move { unit_bytes(db, &cid).await })).await
}

async fn unit_bytes(db: &mut Db, cid: &Cid) -> Result<Vec<u8>, Failure> {
    let Some(row) = jobs::unit_by_cid(db, cid).await? else {
        return Ok(content::unit_bytes(db, cid).await?.ok_or_else(no_such_unit)?);
    };
    let job = jobs::job(db, row.job).await?.ok_or(DbError::RowNotFound)?;
    Ok(unit_cut_as(&job.template()?, row.run(), &row.cid).to_bytes())
}

pub(crate) fn no_such_unit() -> Refusal {
    Refusal::new(ErrorCode::NoSuchUnit, "no unit has this CID")
}

/// The output behind a valid receipt: its length, and its pieces.
pub(crate) async fn output(
    app: Arc<App>,
    lease: &LeaseId,
) -> Result<(u64, BoxStream<'static, Result<Vec<u8>, Failure>>), Failure> {
    let mut db = app.store.read().await?;
    let lease = leases::lease(&mut db, lease).await?.ok_or_else(no_such_lease)?;
    if lease.verdict != Some(Verdict::Valid) {
        let detail = "only outputs that settled a unit are served, and this lease's did not";
        return Err(Refusal::new(ErrorCode::NotFinished, detail).into());
    }
    let bytes = blocks::output_bytes(&mut db, lease.unit).await?;
    if bytes == 0 {
        return Err(Refusal::new(ErrorCode::ResultGone, "the output is no longer stored").into());
    }
    drop(db);
    Ok((bytes, pieces(app, lease.unit).boxed()))
}
