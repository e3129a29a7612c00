//! The package `cpu`: a lane on one of the processor's cores.

use adit_core::kernel::engine::Processor;
use adit_cpu::Cpu;
use wasm_bindgen::prelude::*;

use crate::lane::{self, Lane};

/// Opens a lane on the best backend of this build that agrees with the start-up vectors.
#[wasm_bindgen]
pub async fn open() -> Result<Lane, JsError> {
    let cpu = Cpu::best()?;
    Lane::new(Processor(cpu), cpu.backend().name()).await
}

/// Every start-up vector and whether the best backend agrees: `[{ vector, agrees }]`.
#[wasm_bindgen]
pub async fn vectors() -> Result<Vec<JsValue>, JsError> {
    lane::vectors(&Processor(Cpu::best()?)).await
}
