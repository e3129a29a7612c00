//! The package `check`: a receipt's signatures, log and arithmetic, and the mathematics with the browser's own coins.

use adit_client::{Client, ClientError, Confirmed, Gather};
use adit_core::PublicKey;
use adit_core::statement::ProvenReceipt;
use adit_fetch::Browser;
use js_sys::Uint8Array;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::values::to_js;

/// The most bytes that a tab loads for a check.
const MAX_CHECK_BYTES: u64 = 256 << 20;

/// The outcome of a check: `Checked` of worker/messages.ts.
#[derive(Serialize)]
struct Checked {
    /// Signatures, log and arithmetic.
    proof: Conclusion,
    mathematics: Conclusion,
    /// Where the unit, its blocks and the output came from.
    source: String,
}

#[derive(Serialize)]
#[serde(tag = "found", content = "detail", rename_all = "snake_case")]
enum Conclusion {
    Holds(String),
    Fails(String),
    Unknown(String),
}

/// Checks a receipt under the coordinator's `pinned` key, and the output (`output`, or else the coordinator's copy) against the
/// unit's inputs. Everything that comes from the coordinator is compared with its digest.
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
        Ok(conclusion) => (conclusion, source.into()),
        Err(reason) => (Conclusion::Unknown(reason), String::new()),
    };
    Ok(to_js(&Checked { proof: proof(&proven, &pinned), mathematics, source })?)
}

fn proof(proven: &ProvenReceipt, pinned: &PublicKey) -> Conclusion {
    match proven.verify(pinned) {
        Ok(()) => Conclusion::Holds(
            "The miner signed this output, the coordinator signed a log that holds this receipt, and the amount follows \
             from the work and the price."
                .into(),
        ),
        Err(error) => Conclusion::Fails(format!("{error}.")),
    }
}

/// The error says why the mathematics could not be checked.
async fn mathematics(server: &str, proven: &ProvenReceipt, held: Option<Vec<u8>>) -> Result<Conclusion, String> {
    let wanted = Gather { output: held, max_bytes: MAX_CHECK_BYTES, ..Gather::default() };
    let evidence = Client::new(Browser, server).gather(&proven.receipt, wanted).await.map_err(|error| match error {
        ClientError::TooMuch { .. } => "this unit is too large to be checked in a tab; the command line can".into(),
        error => error.to_string(),
    })?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("the browser gives no randomness: {error}"))?;
    Ok(match evidence.recheck(&proven.receipt, &seed) {
        Ok(Confirmed::Undecided) => Conclusion::Unknown("The receipt itself says that nothing was decided.".into()),
        Ok(confirmed) => Conclusion::Holds(what_holds(&confirmed)),
        Err(error) => Conclusion::Fails(format!("{error}.")),
    })
}

/// What was confirmed, and how surely.
fn what_holds(confirmed: &Confirmed) -> String {
    match confirmed {
        Confirmed::Undecided => "Nothing was decided.".into(),
        Confirmed::Wrong(_) => "The output is wrong, as the receipt says.".into(),
        Confirmed::Tree { here, blocks, .. } if here < blocks => format!(
            "The {here} of {blocks} blocks that are available were hashed again in this browser: their leaves and the root agree."
        ),
        Confirmed::Tree { bytes, .. } => {
            format!("All {bytes} bytes were hashed again in this browser: every leaf and the root agree.")
        }
        Confirmed::Floats { rows, .. } => format!(
            "All {rows} rows are within the tolerance of the product of the inputs, with coins that this browser has just \
             thrown."
        ),
        Confirmed::Products { rows, .. } => format!(
            "Checked against the inputs over all {rows} rows, with coins that this browser has just thrown: a wrong output \
             would have passed with a chance of at most 1 in 2^64."
        ),
    }
}
