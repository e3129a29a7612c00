//! Miners' names over HTTP.

use adit_core::PublicKey;
use adit_protocol::records::Account;
use adit_protocol::statistics::SignedName;
use adit_protocol::{ErrorCode, paths};
use axum::Json;
use axum::extract::State;

use super::flow;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Body, Path};
use crate::http::{Answer, Routes, Shared};

pub(crate) fn routes() -> Routes {
    let call =
        Call::put("records", paths::ACCOUNT_NAME, "Chooses the name under which a miner is listed, signed by its key.")
            .takes::<SignedName>()
            .gives::<Account>("The account.");
    Routes::new().call(call, name)
}

async fn name(State(app): Shared, Path(key): Path<String>, Body(signed): Body<SignedName>) -> Answer<Account> {
    let key: PublicKey =
        key.parse().map_err(|_| ApiError::new(ErrorCode::InvalidPublicKey, "a key is 66 lowercase hex digits"))?;
    Ok(Json(flow::choose_name(&app, key, signed).await?))
}
