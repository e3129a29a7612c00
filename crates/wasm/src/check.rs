//! A receipt checked in the browser: what it says by itself, and the mathematics with coins of the browser's own.

use std::collections::BTreeMap;

use adit_core::content_id::{MAX_BLOCK_BYTES, block_matches};
use adit_core::recheck::recheck;
use adit_core::statement::{Method, ProvenReceipt, Verdict};
use adit_core::unit::MAX_OUTPUT_BYTES;
use adit_core::{Cid, PublicKey, Unit};
use adit_fetch::{Browser, Fetch, Request};
use adit_protocol::{ErrorBody, paths};
use futures::stream::{StreamExt, TryStreamExt, iter};
use js_sys::Uint8Array;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::values::to_js;

/// More than this is not loaded into a tab to be checked.
const MAX_CHECK_BYTES: u64 = 256 << 20;
/// The largest encoding of a unit.
const MAX_UNIT_BYTES: usize = 4 << 20;
/// Blocks fetched at once.
const AT_ONCE: usize = 8;

/// What was found.
#[derive(Serialize)]
struct Checked {
    proof: Finding,
    mathematics: Finding,
    source: String,
}

#[derive(Serialize)]
#[serde(tag = "found", content = "detail", rename_all = "snake_case")]
enum Finding {
    Holds(String),
    Fails(String),
    Unknown(String),
}

/// Checks a receipt under the coordinator's `pinned` key, and its output (`output`, or the coordinator's copy) against the
/// unit's inputs. Everything that comes from the coordinator is held against its digest.
#[wasm_bindgen]
pub async fn check(
    server: String,
    receipt: JsValue,
    pinned: String,
    output: Option<Uint8Array>,
) -> Result<JsValue, JsError> {
    let proven: ProvenReceipt = serde_wasm_bindgen::from_value(receipt)?;
    let pinned: PublicKey = pinned.parse()?;
    let held = output.map(|bytes| bytes.to_vec());
    let source = match &held {
        Some(_) => {
            "The output is the one that this tab computed; unit and inputs came from the coordinator and match their digests."
        }
        None => "Unit, inputs and output came from the coordinator and match their digests.",
    };
    let (mathematics, source) = match mathematics(&server, &proven, held).await {
        Ok(finding) => (finding, source.into()),
        Err(reason) => (Finding::Unknown(reason), String::new()),
    };
    Ok(to_js(&Checked { proof: proof(&proven, &pinned), mathematics, source })?)
}

fn proof(proven: &ProvenReceipt, pinned: &PublicKey) -> Finding {
    match proven.verify(pinned) {
        Ok(()) => Finding::Holds(
            "The miner signed this output, the coordinator signed a log that holds this receipt, and the amount follows \
             from the work and the price."
                .into(),
        ),
        Err(error) => Finding::Fails(format!("{error}.")),
    }
}

/// The error says why the mathematics could not be looked at.
async fn mathematics(server: &str, proven: &ProvenReceipt, held: Option<Vec<u8>>) -> Result<Finding, String> {
    let receipt = &proven.receipt;
    let unit = get(format!("{server}{}", paths::with(paths::UNIT, &receipt.unit.to_string())), MAX_UNIT_BYTES);
    let unit = Unit::from_bytes(&unit.await?).map_err(|_| "the coordinator's answer is no unit".to_owned())?;
    if unit.input_bytes() + unit.output_bytes() > MAX_CHECK_BYTES {
        return Err("this unit is too large to be checked in a tab; the command line can".into());
    }
    let blocks = blocks(server, &unit).await?;
    let output = match held {
        Some(output) => output,
        None => {
            let path = paths::with(paths::OUTPUT, &receipt.lease.to_string());
            get(format!("{server}{path}"), MAX_OUTPUT_BYTES as usize).await?
        }
    };
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("the browser gives no randomness: {error}"))?;
    let block = |cid: &Cid| blocks.get(cid).map(Vec::as_slice);
    Ok(match recheck(receipt, &unit, block, &output, &seed) {
        Ok(()) if receipt.verdict == Verdict::Inconclusive => {
            Finding::Unknown("The receipt itself says that nothing was decided.".into())
        }
        Ok(()) => Finding::Holds(what_holds(&unit)),
        Err(error) => Finding::Fails(format!("{error}.")),
    })
}

/// What was found to hold, and how surely.
fn what_holds(unit: &Unit) -> String {
    let rows = unit.input().rows;
    match unit.method(1).0 {
        Method::Sampled { .. } => {
            format!("All {rows} bytes were hashed again in this browser: every leaf and the root agree.")
        }
        Method::Statistical { .. } => format!(
            "All {rows} rows are within the tolerance of the product of the inputs, with coins that this browser has just \
             thrown."
        ),
        Method::Freivalds | Method::Recomputed => format!(
            "Checked against the inputs over all {rows} rows, with coins that this browser has just thrown: a wrong output \
             would have passed with a chance of at most 1 in 2^64."
        ),
    }
}

async fn blocks(server: &str, unit: &Unit) -> Result<BTreeMap<Cid, Vec<u8>>, String> {
    let place = unit.source().unwrap_or(server);
    let fetched = unit.blocks().into_iter().map(|(cid, _)| async move {
        let path = paths::with(paths::BLOCK, &cid.to_string());
        let bytes = get(format!("{place}{path}?format=raw"), MAX_BLOCK_BYTES).await?;
        if block_matches(&cid, &bytes) { Ok((cid, bytes)) } else { Err(format!("input block {cid} is damaged")) }
    });
    iter(fetched).buffer_unordered(AT_ONCE).try_collect().await
}

async fn get(url: String, max_bytes: usize) -> Result<Vec<u8>, String> {
    let response = Browser.fetch(Request::get(url).max_bytes(max_bytes)).await.map_err(|error| error.to_string())?;
    if response.status == 200 {
        return Ok(response.body);
    }
    let said = serde_json::from_slice::<ErrorBody>(&response.body).map(|body| body.message());
    Err(said.unwrap_or_else(|_| format!("the coordinator answered {}", response.status)))
}
