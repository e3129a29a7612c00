//! The packages `cpu` and `relaxed`: a lane on a processor's core.

use adit_core::kernel::engine::Processor;
use adit_cpu::Cpu;
use wasm_bindgen::prelude::*;

use crate::lane::{self, Lane};

/// Opens a lane on this build's best backend that agrees with the start-up vectors.
#[wasm_bindgen]
pub async fn open() -> Result<Lane, JsError> {
    let cpu = Cpu::best()?;
    Lane::new(Processor(cpu), cpu.backend().name()).await
}

/// Computes every start-up vector on the best backend and returns `[{ vector, agrees }]`.
#[wasm_bindgen]
pub async fn vectors() -> Result<Vec<JsValue>, JsError> {
    lane::vectors(&Processor(Cpu::best()?)).await
}
