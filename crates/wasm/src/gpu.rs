//! The package `gpu`: a lane on a graphics adapter.

use adit_gpu::{AdapterChoice, Graphics, Kernels};
use adit_miner::admission::ANOTHER_LANE;
use adit_miner::trial::first_disagreement;
use wasm_bindgen::prelude::*;

use crate::lane::{self, Lane};

const BACKEND: &str = "webgpu";

/// Opens a lane on the best adapter, if it agrees with the start-up vectors. `remembered` are the [forms](Lane::forms) that won
/// on it before; without them the forms race, for less than a second. Then the lane has to [compete](Lane::compete): adapters
/// that are emulated in software are slower than the processor that they run on.
#[wasm_bindgen]
pub async fn open(remembered: Option<String>) -> Result<Lane, JsError> {
    let remembered = remembered.and_then(|forms| forms.parse().ok());
    let engine = agreeing(remembered).await?;
    let forms = engine.kernels().to_string();
    Ok(Lane::new(engine, BACKEND).await?.with_forms(forms))
}

/// Opens a further lane on an adapter, with the forms and kinds of its first lane. It is not measured: the first may be at work.
#[wasm_bindgen]
pub async fn join(forms: &str, kinds: Vec<String>) -> Result<Lane, JsError> {
    let engine = agreeing(Some(forms.parse()?)).await?;
    let kinds = kinds.iter().map(|kind| kind.parse()).collect::<Result<_, _>>()?;
    Ok(Lane::unmeasured(engine, BACKEND, ANOTHER_LANE, kinds))
}

async fn agreeing(kernels: Option<Kernels>) -> Result<Graphics, JsError> {
    let engine = Graphics::open(AdapterChoice::Any, |_| kernels).await?;
    match first_disagreement(&engine).await? {
        None => Ok(engine),
        Some(vector) => Err(JsError::new(&format!("the adapter computes vector {vector:?} wrong"))),
    }
}

/// Computes every start-up vector on the best adapter and returns `[{ vector, agrees }]`.
#[wasm_bindgen]
pub async fn vectors() -> Result<Vec<JsValue>, JsError> {
    lane::vectors(&Graphics::open(AdapterChoice::Any, |_| None).await?).await
}
