//! The calls for joining, new tokens, leaving, confirming devices, payouts and sub-wallets.

use adit_rustchain::member::VERSION;
use axum::Json;
use axum::body::Bytes;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use serde_json::{Value, json};

use super::super::flow::books::Failure;
use super::super::flow::confirm as confirms;
use super::super::flow::join::{self, FOR_GOOD, Granted, TAKES_NOTHING};
use super::super::flow::reads;
use super::super::state::{Payout, SubWallet};
use super::api::{Page, asked, row_limit};
use super::edge::whole;
use super::shapes::{MinerView, rtc};
use super::{Answer, Shared};

/// Gives a challenge, and the terms that a member signs.
pub(super) async fn offer(State(pool): Shared) -> Answer<Value> {
    let offer = join::offer(&pool).await?;
    Ok(Json(json!({
        "challenge": offer.challenge,
        "pool": pool.terms.key.public_key().to_string(),
        "fee_bps": offer.fee_bps,
        "version": VERSION,
        "modes": offer.modes,
        "payout_minimum": rtc(pool.terms.payout_minimum),
        "warnings": { "pooled": [FOR_GOOD], "direct": [TAKES_NOTHING] },
    })))
}

pub(super) async fn join(State(pool): Shared, body: Result<Bytes, BytesRejection>) -> Answer<Value> {
    let welcome = join::join(&pool, &whole(body).map_err(Failure::from)?).await?;
    let is_pooled = welcome.joined.is_pooled();
    Ok(Json(json!({
        "member": welcome.joined.member,
        "token": welcome.token,
        "mode": welcome.joined.mode,
        "sub_wallet": is_pooled.then_some(welcome.joined.wallet),
        "warnings": [if is_pooled { FOR_GOOD } else { TAKES_NOTHING }],
    })))
}

pub(super) async fn ask(State(pool): Shared, body: Result<Bytes, BytesRejection>) -> Answer<Value> {
    let granted = join::ask(&pool, &whole(body).map_err(Failure::from)?).await?;
    Ok(Json(match granted {
        Granted::Token(token) => json!({ "token": token }),
        Granted::Leaving(text) => json!({ "state": "leaving", "message": text }),
        Granted::Key(seed) => json!({ "state": "left", "seed": seed }),
    }))
}

/// What the operator confirms of a device: its member's row as it is now.
pub(super) async fn confirm(State(pool): Shared, body: Result<Bytes, BytesRejection>) -> Answer<MinerView> {
    let member = confirms::confirm(&pool, &whole(body).map_err(Failure::from)?).await?;
    Ok(Json(MinerView::of("local", member)))
}

/// Transfers, the newest first.
pub(super) async fn payouts(State(pool): Shared, page: Result<Query<Page>, QueryRejection>) -> Answer<Vec<Value>> {
    let limit = row_limit(&asked(page)?)?;
    Ok(Json(reads::payouts(&pool, limit).await?.iter().map(payout).collect()))
}

fn payout(payout: &Payout) -> Value {
    json!({
        "tx_hash": payout.hash,
        "from": payout.address,
        "to": payout.recipient,
        "for": payout.account.as_deref().unwrap_or("sweep"),
        "amount": rtc(payout.micro),
        "nonce": payout.nonce.to_string(),
        "state": payout.state,
        "node_says": payout.told,
        "made_at_ms": payout.at_ms,
    })
}

/// The pool's wallets, and whether the history of each sums to its balance.
pub(super) async fn sub_wallets(State(pool): Shared) -> Answer<Vec<Value>> {
    Ok(Json(reads::sub_wallets(&pool).await?.iter().map(sub_wallet).collect()))
}

fn sub_wallet(wallet: &SubWallet) -> Value {
    let state = match (&wallet.doubt, wallet.read_at_ms) {
        (Some(_), _) => "unreconciled",
        (None, Some(_)) => "reconciled",
        (None, None) => "not read yet",
    };
    json!({
        "address": wallet.address,
        "balance": rtc(wallet.booked),
        "state": state,
        "reason": wallet.doubt,
        "read_at_ms": wallet.read_at_ms,
        "unreadable_since_ms": wallet.failing_at_ms,
    })
}
