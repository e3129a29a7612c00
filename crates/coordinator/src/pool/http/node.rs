//! The calls of a RustChain node, which the pool relays to its node or answers itself.

use adit_rustchain::attestation::{Attestation, CHALLENGE_S, workload};
use adit_rustchain::epoch::SLOTS;
use adit_rustchain::{Code, Json, MinerId, Number, calls};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::super::flow::node::{Relayed, ask, relay};
use super::super::flow::record::Recorded;
use super::super::flow::{challenge as challenges, pooled, reads, submit as submissions};
use super::Shared;
use super::edge::{NodeError, json, whole};
use super::holder::Holder;

type Answered = Result<Response, NodeError>;

/// Relays the node's answer unchanged.
fn passed_on(relayed: Relayed) -> Response {
    let mut response = json(relayed.body);
    *response.status_mut() = StatusCode::from_u16(relayed.status).unwrap_or(StatusCode::BAD_GATEWAY);
    if let Some(seconds) = relayed.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn own(answer: Json) -> Answered {
    Ok(json(answer.canonical()))
}

pub(super) async fn challenge(State(pool): Shared, holder: Holder, body: Result<Bytes, BytesRejection>) -> Answered {
    match challenges::challenge(&pool, holder.0.as_ref(), &whole(body)?).await? {
        challenges::Answer::Node(relayed) => Ok(passed_on(relayed)),
        challenges::Answer::Own(given) => own(Json::object([
            ("nonce", given.nonce.into()),
            ("expires_at", (given.now_s + CHALLENGE_S).into()),
            ("bound_miner", given.miner.map_or(Json::Null, Json::from)),
            ("server_time", given.now_s.into()),
        ])),
    }
}

pub(super) async fn submit(State(pool): Shared, holder: Holder, body: Result<Bytes, BytesRejection>) -> Answered {
    match submissions::submit(&pool, holder.0.as_ref(), whole(body)?.to_vec()).await? {
        submissions::Answer::Node(relayed) => Ok(passed_on(relayed)),
        submissions::Answer::Own(recorded, attestation) => own(accepted(&recorded, &attestation)),
    }
}

/// The answer to an attestation in the node's format, with the pool's verdict in `adit`.
fn accepted(recorded: &Recorded, attestation: &Attestation) -> Json {
    let device = &attestation.device;
    let checks = Json::parse(recorded.checks.as_bytes()).unwrap_or(Json::Null);
    let ours = Json::object([
        ("counted", recorded.reason.is_none().into()),
        ("reason", recorded.reason.clone().map_or(Json::Null, Json::from)),
        ("checks", checks),
        ("counted_slots", recorded.slots.into()),
        ("score", Number::micro(recorded.score).into()),
        ("weight", Number::micro(recorded.weight).into()),
    ]);
    Json::object([
        ("ok", true.into()),
        ("status", "accepted".into()),
        ("ticket_id", recorded.ticket.as_str().into()),
        (
            "device",
            Json::object([
                ("device_family", device.family.as_str().into()),
                ("device_arch", device.arch.as_str().into()),
                ("device_model", device.model.as_str().into()),
            ]),
        ),
        ("fingerprint_passed", recorded.passed.into()),
        ("temporal_review_flag", false.into()),
        ("measurement_binding_state", attestation.binding.name().into()),
        ("measurement_workload_next", (workload(&attestation.nonce) as i64).into()),
        ("macs_recorded", (attestation.signals.macs.len() as i64).into()),
        ("warthog_bonus", Number::micro(1_000_000).into()),
        ("adit", ours),
    ])
}

pub(super) async fn epoch(State(pool): Shared, _: Holder) -> Answered {
    if let Some(node) = &pool.node {
        return Ok(passed_on(ask(&pool, node, calls::EPOCH).await?));
    }
    let (epoch, slot) = reads::now(&pool);
    own(Json::object([
        ("epoch", epoch.into()),
        ("slot", slot.into()),
        ("epoch_pot", Number::micro(pool.terms.epoch_reward).into()),
        ("enrolled_miners", reads::enrolled(&pool).await?.into()),
        ("blocks_per_epoch", SLOTS.into()),
        ("total_supply_rtc", adit_rustchain::epoch::SUPPLY_RTC.into()),
    ]))
}

/// Relays a signed enrolment. An unsigned one is answered here, because the node would always refuse it, and an accepted
/// attestation has enrolled the miner already.
pub(super) async fn enroll(State(pool): Shared, holder: Holder, body: Result<Bytes, BytesRejection>) -> Answered {
    let body = whole(body)?;
    let request = Json::parse(&body).map_err(|_| Code::InvalidJsonObject)?;
    let named = request.member("miner_pubkey").or_else(|| request.member("miner")).and_then(Json::as_text);
    let miner: MinerId = named.ok_or(Code::MissingMiner)?.parse().map_err(|_| Code::InvalidMiner)?;
    let is_signed = request.member("public_key").is_some_and(|key| !key.is_null());
    if let Some(node) = pool.node.as_ref().filter(|_| is_signed) {
        return Ok(passed_on(relay(node, calls::ENROLL.to_owned(), body.to_vec()).await?));
    }
    let member = reads::attested(&pool, &miner).await?.ok_or(Code::NoRecentAttestation)?;
    let pooled = holder.0.filter(|holder| holder.is_pooled() && holder.wallet == miner.as_str());
    if let Some((node, holder)) = pool.node.as_ref().zip(pooled) {
        // A refusal is not an error: the attestation has enrolled the wallet.
        if let Some(relayed) = pooled::enroll(&pool, node, &holder, &request).await? {
            return Ok(passed_on(relayed));
        }
    }
    let (epoch, _) = reads::now(&pool);
    let ticket = member.ticket.map_or(Json::Null, Json::from);
    own(Json::object([
        ("ok", true.into()),
        ("epoch", epoch.into()),
        ("weight", Number::micro(member.score).into()),
        ("hw_weight", Number::micro(member.score).into()),
        ("fingerprint_failed", (member.passed == 0).into()),
        ("miner_pk", miner.as_str().into()),
        ("adit", Json::object([("enrolled_by", "attestation".into()), ("ticket", ticket)])),
    ]))
}

pub(super) async fn health(State(pool): Shared) -> Answered {
    own(Json::object([
        ("ok", true.into()),
        ("version", concat!("adit-pool ", env!("CARGO_PKG_VERSION")).into()),
        ("uptime_s", (pool.clock.elapsed_ms() / 1_000).into()),
        ("db_rw", true.into()),
    ]))
}

/// Whether a miner may produce the current header. Without a node nobody may.
pub(super) async fn eligibility(State(pool): Shared, _: Holder, RawQuery(query): RawQuery) -> Answered {
    if let Some(node) = &pool.node {
        let query = query.filter(|query| query.len() <= 256).unwrap_or_default();
        return Ok(passed_on(ask(&pool, node, &format!("{}?{query}", calls::ELIGIBILITY)).await?));
    }
    let (_, slot) = reads::now(&pool);
    own(Json::object([("eligible", false.into()), ("reason", "not_your_turn".into()), ("slot", slot.into())]))
}

pub(super) async fn headers(State(pool): Shared, _: Holder, body: Result<Bytes, BytesRejection>) -> Answered {
    let body = whole(body)?;
    match &pool.node {
        Some(node) => Ok(passed_on(relay(node, calls::HEADERS.to_owned(), body.to_vec()).await?)),
        None => Err(Code::NotSlotProducer.into()),
    }
}
