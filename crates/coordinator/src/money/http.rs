//! Accounts and epochs over HTTP.

use adit_core::PublicKey;
use adit_protocol::records::{Account, EpochList};
use adit_protocol::statistics::Earnings;
use adit_protocol::{ErrorCode, paths};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::flow;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Path, Query};
use crate::http::{Answer, Routes, Shared};

pub(crate) fn routes() -> Routes {
    let get = |path, summary| Call::get("records", path, summary);
    let earnings_call = get(paths::EARNINGS, "What a miner earns, and what it was paid day by day.")
        .query::<EarningsQuery>()
        .gives::<Earnings>("The amounts.");
    let account_call = get(paths::ACCOUNT, "One miner's account.").gives::<Account>("The account.");
    Routes::new().call(account_call, account).call(earnings_call, earnings).call(
        get(paths::EPOCHS, "Epochs, newest first.").query::<EpochsQuery>().gives::<EpochList>("At most 50 epochs."),
        epochs,
    )
}

async fn account(State(app): Shared, Path(key): Path<String>) -> Answer<Account> {
    let account = flow::account(&app, &parsed(&key)?).await?;
    Ok(Json(account.ok_or_else(unknown)?))
}

fn parsed(key: &str) -> Result<PublicKey, ApiError> {
    key.parse().map_err(|_| ApiError::new(ErrorCode::InvalidPublicKey, "a key is 66 lowercase hex digits"))
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::NotRegistered, "this key has no account yet")
}

#[derive(Deserialize, IntoParams)]
struct EarningsQuery {
    /// How many days: 1 to 90, by default 30.
    days: Option<i64>,
}

async fn earnings(State(app): Shared, Path(key): Path<String>, Query(query): Query<EarningsQuery>) -> Answer<Earnings> {
    let found = flow::earnings(&app, &parsed(&key)?, query.days.unwrap_or(30).clamp(1, 90)).await?;
    Ok(Json(found.ok_or_else(unknown)?))
}

#[derive(Deserialize, IntoParams)]
struct EpochsQuery {
    /// Only epochs with a smaller number: `next` of the page before.
    before: Option<u64>,
    /// How many epochs at most: 1 to 50, by default 50.
    limit: Option<i64>,
}

async fn epochs(State(app): Shared, Query(query): Query<EpochsQuery>) -> Answer<EpochList> {
    Ok(Json(flow::epochs(&app, query.before, query.limit).await?))
}
