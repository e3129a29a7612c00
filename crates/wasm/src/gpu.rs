//! The package `gpu`: a lane on a graphics adapter.

use adit_gpu::{GpuDevice, GpuError, PackedOperand};
use adit_miner::runner::{Engine, EngineError};
use adit_miner::trial::first_disagreement;
use wasm_bindgen::prelude::*;

use crate::lane::{self, Lane};

/// Opens a lane on the best adapter, if it agrees with the start-up vectors. Whether it is worth having is the caller's to
/// decide: adapters that are emulated in software are slower than the processor they run on.
#[wasm_bindgen]
pub async fn open() -> Result<Lane, JsError> {
    let engine = Graphics(GpuDevice::open().await?);
    match first_disagreement(&engine).await? {
        None => Lane::new(engine, "webgpu").await,
        Some(vector) => Err(JsError::new(&format!("the adapter computes vector {vector:?} wrong"))),
    }
}

/// Every start-up vector and whether the adapter agrees: `[{ vector, agrees }]`.
#[wasm_bindgen]
pub async fn vectors() -> Result<Vec<JsValue>, JsError> {
    lane::vectors(&Graphics(GpuDevice::open().await?)).await
}

/// A graphics adapter as an engine.
struct Graphics(GpuDevice);

impl Engine for Graphics {
    type Packed = PackedOperand;
    // The device cuts it once more, into dispatches of at most about 50 ms.
    const SLICE_MS: f64 = 80.0;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<PackedOperand, EngineError> {
        self.0.pack(b, k as u32, n as u32).map_err(failed)
    }

    async fn multiply(&self, a: &[i8], rows: usize, b: &PackedOperand, out: &mut [i32]) -> Result<(), EngineError> {
        let mut sums = Vec::new();
        self.0.multiply(a, rows as u32, b, &mut sums).await.map_err(failed)?;
        out.copy_from_slice(&sums);
        Ok(())
    }
}

fn failed(error: GpuError) -> EngineError {
    EngineError(error.to_string())
}
