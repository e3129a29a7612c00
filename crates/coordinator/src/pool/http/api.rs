//! The five calls of the pool proxy, and the public lists of epochs and fees.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::flow::books::Failure;
use super::super::flow::{claim, reads};
use super::edge::{ApiError, whole};
use super::shapes::{self, MinerView, ShareView, StatsView};
use super::{Answer, Shared};

/// The most members in one answer.
const MOST_MEMBERS: i64 = 10_000;
/// The most rows in one answer.
const MOST_ROWS: i64 = 500;
/// The rows in an answer by default.
const ROWS: i64 = 50;

pub(super) async fn stats(State(pool): Shared) -> Answer<StatsView> {
    let stats = reads::stats(&pool).await?;
    let node = pool.node.as_ref().map(|node| node.url.as_str());
    let mode = match (node, &pool.terms.wallets) {
        (None, _) => "local",
        (Some(_), None) => "direct",
        (Some(_), Some(_)) => "pooled and direct",
    };
    Ok(Json(StatsView::of(&stats, mode, node, &pool.terms.key.public_key().to_string())))
}

#[derive(Deserialize)]
pub(super) struct Page {
    limit: Option<i64>,
    offset: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Which {
    batch: Option<i64>,
}

pub(super) async fn miners(State(pool): Shared, page: Result<Query<Page>, QueryRejection>) -> Answer<Vec<MinerView>> {
    let page = asked(page)?;
    let limit = within("limit", page.limit.unwrap_or(MOST_MEMBERS), 1, MOST_MEMBERS)?;
    let offset = within("offset", page.offset.unwrap_or(0), 0, i64::MAX)?;
    let members = reads::members(&pool, limit, offset).await?;
    let kinds = reads::kinds(&pool).await?;
    Ok(Json(members.into_iter().map(|member| MinerView::of(kinds.of(&member.id), member)).collect()))
}

pub(super) async fn miner(State(pool): Shared, wallet: Result<Path<String>, PathRejection>) -> Answer<MinerView> {
    let missing = || ApiError::new(404, "Miner not found", "miner_not_found");
    let Path(wallet) = wallet.map_err(|_| missing())?;
    let member = reads::member(&pool, &wallet).await?.ok_or_else(missing)?;
    let kinds = reads::kinds(&pool).await?;
    Ok(Json(MinerView::of(kinds.of(&member.id), member)))
}

/// Takes an attestation in the original's format. It has weight 0, because anyone may have sent it.
pub(super) async fn attest(State(pool): Shared, body: Result<Bytes, BytesRejection>) -> Answer<Value> {
    let body = whole(body).map_err(Failure::from)?;
    let noted = claim::claim(&pool, &body).await?;
    Ok(Json(json!({
        "status": "accepted",
        "attestation_id": noted.id,
        "hardware_score": noted.score as f64 / 1e6,
        "contribution_weight": 0.0,
        "adit": { "verified": false, "claimed_weight": noted.weight as f64 / 1e6, "reason": claim::REASON },
    })))
}

pub(super) async fn rewards(State(pool): Shared, page: Result<Query<Page>, QueryRejection>) -> Answer<Vec<ShareView>> {
    let limit = row_limit(&asked(page)?)?;
    Ok(Json(reads::shares(&pool, limit).await?.into_iter().map(ShareView::of).collect()))
}

/// Closed epochs, the newest first.
pub(super) async fn epochs(State(pool): Shared, page: Result<Query<Page>, QueryRejection>) -> Answer<Vec<Value>> {
    let limit = row_limit(&asked(page)?)?;
    Ok(Json(reads::closed(&pool, limit).await?.iter().map(shapes::closed).collect()))
}

/// An epoch's signed list, which `adit pool check` reads: the batch in the query, or the last one.
pub(super) async fn list(
    State(pool): Shared,
    epoch: Result<Path<i64>, PathRejection>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, ApiError> {
    let which = which.map_err(|_| ApiError::new(400, "batch must be an integer", "invalid_query"))?;
    let missing = || {
        ApiError::new(404, "there is no such list: the epoch is not closed, or nobody attested in it", "no_such_epoch")
    };
    let Path(epoch) = epoch.map_err(|_| missing())?;
    Ok(super::edge::json(reads::list(&pool, epoch, which.batch).await?.ok_or_else(missing)?))
}

/// Past, current and announced fees, the newest first.
pub(super) async fn fees(State(pool): Shared) -> Answer<Vec<Value>> {
    Ok(Json(reads::fees(&pool, MOST_ROWS).await?.iter().map(shapes::fee).collect()))
}

pub(super) fn asked(page: Result<Query<Page>, QueryRejection>) -> Result<Page, ApiError> {
    let wrong = |_| ApiError::new(400, "limit and offset must be integers", "invalid_query");
    page.map(|Query(page)| page).map_err(wrong)
}

/// The number of rows to answer with.
pub(super) fn row_limit(page: &Page) -> Result<i64, ApiError> {
    within("limit", page.limit.unwrap_or(ROWS), 1, MOST_ROWS)
}

fn within(name: &str, value: i64, least: i64, most: i64) -> Result<i64, ApiError> {
    let wrong = || ApiError::new(400, &format!("{name} must be from {least} to {most}"), "invalid_query");
    (least..=most).contains(&value).then_some(value).ok_or_else(wrong)
}
