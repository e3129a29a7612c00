//! Accounts and epochs over HTTP.

use adit_core::PublicKey;
use adit_protocol::records::{Account, EpochList};
use adit_protocol::{ErrorCode, paths};
use axum::Json;
use axum::extract::State;

use super::flow;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::{Answer, Routes, Shared};

pub(crate) fn routes() -> Routes {
    let get = |path, summary| Call::get("records", path, summary);
    Routes::new()
        .call(get(paths::ACCOUNT, "One miner's account.").gives::<Account>("The account."), account)
        .call(get(paths::EPOCHS, "Epochs, newest first.").gives::<EpochList>("At most 50 epochs."), epochs)
}

async fn account(State(app): Shared, Path(key): Path<String>) -> Answer<Account> {
    let key: PublicKey =
        key.parse().map_err(|_| ApiError::new(ErrorCode::InvalidPublicKey, "a key is 66 lowercase hex digits"))?;
    let account = flow::account(&app, &key).await?;
    Ok(Json(account.ok_or_else(|| ApiError::new(ErrorCode::NotRegistered, "this key has no account yet"))?))
}

async fn epochs(State(app): Shared) -> Answer<EpochList> {
    Ok(Json(EpochList { epochs: flow::epochs(&app).await? }))
}
