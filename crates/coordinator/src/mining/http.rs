//! Deliveries over HTTP.

use adit_core::Signature;
use adit_core::sign::{Digest, LeaseId};
use adit_protocol::mining::Delivered;
use adit_protocol::paths;
use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::{Extension, State};
use axum::http::HeaderMap;

use super::flow::{self, Delivery, SignedOutput};
use crate::http::call::Call;
use crate::http::extract::{Path, header_text};
use crate::http::shed::Caller;
use crate::http::{Answer, Routes, Shared};

pub(crate) fn routes() -> Routes {
    let signature = "Signature over lease, unit, digest and length. Required.";
    let call = Call::put("mining", paths::OUTPUT, "Delivers a unit's output. Repeating it gets the same answer.")
        .header::<Signature>(paths::SIGNATURE_HEADER, signature)
        .header::<Digest>(paths::DIGEST_HEADER, "BLAKE3 of the body. Required.")
        .takes_bytes("The output, of exactly Content-Length bytes.")
        .gives::<Delivered>("The verdict, its receipt, and the next task.");
    Routes::new().call(call, deliver)
}

/// Receives an output and answers with its verdict, its receipt and the lane's next task.
async fn deliver(
    State(app): Shared,
    Path(lease): Path<String>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Delivered> {
    let announced_at_ms = app.clock.now_ms();
    let claim = SignedOutput {
        length: body.size_hint().exact(),
        digest: header_text(&headers, paths::DIGEST_HEADER).and_then(|text| text.parse().ok()),
        signature: header_text(&headers, paths::SIGNATURE_HEADER).and_then(|text| text.parse().ok()),
    };
    if !claim.is_complete() {
        app.may_deliver(caller.0, None)?;
    }
    let opened = match lease.parse::<LeaseId>() {
        Ok(lease) => Delivery::open(&app, &lease, &claim).await,
        Err(_) => Err(super::no_such_lease().into()),
    };
    if claim.is_complete() {
        app.may_deliver(caller.0, opened.as_ref().ok().and_then(Delivery::live))?;
    }
    let delivered = opened?.take(&app, caller.0, body.into_data_stream(), announced_at_ms).await?;
    Ok(Json(view(delivered)))
}

/// The next unit is sent as a NeoNet task with the lease inside, which is what miners have always decoded.
fn view(delivered: flow::Delivered) -> Delivered {
    Delivered {
        lease: delivered.receipt.receipt.lease,
        verdict: delivered.receipt.receipt.verdict,
        reward: delivered.reward(),
        retry_after_ms: delivered.retry_after_ms(),
        next: delivered.next.map(Into::into),
        receipt: delivered.receipt,
    }
}
