//! How fast an engine is, and whether it agrees: found out before it gets its first unit.

use adit_core::vectors::{Generator, START_UP};
use adit_miner::runner::{Engine, EngineError};
use wasm_bindgen::JsValue;

use crate::{now_ms, object};

/// Computes every start-up vector: `{ vector, agrees }` of each.
pub(crate) async fn vectors<E: Engine>(engine: &E) -> Result<Vec<JsValue>, EngineError> {
    let mut agreements = Vec::new();
    for vector in START_UP {
        let (prepared, input) = vector.prepare(|b, k, n| (b.to_vec(), k, n));
        let mut running = adit_core::kernel::Running::new(prepared.into(), input, vector.rows);
        while let Some(step) = running.step(vector.rows) {
            let (b, k, n) = step.packed;
            let packed = engine.pack(b, *k, *n)?;
            engine.multiply(step.activations, step.rows, &packed, step.sums).await?;
            running.advance();
        }
        let agrees = vector.matches(&running.into_output());
        agreements.push(object(&[("vector", vector.name.into()), ("agrees", agrees.into())]));
    }
    Ok(agreements)
}

/// Inner dimension and columns of the trial.
const K: usize = 1024;
const N: usize = 512;
const MAX_ROWS: usize = 2048;
/// How much product work a trial is.
const TRIAL_MS: f64 = 50.0;

/// Multiply-accumulates a second on about 50 ms of product work. The way of rows and sums to the device and back counts.
pub(crate) async fn work_per_s<E: Engine>(engine: &E) -> Result<f64, EngineError> {
    let mut values = Generator::new(1);
    let (b, a) = (values.weights(K * N), values.activations(MAX_ROWS * K));
    let packed = engine.pack(&b, K, N)?;
    let mut sums = vec![0; MAX_ROWS * N];
    let (mut best, mut rows) = (0.0f64, MAX_ROWS / 32);
    let started_ms = now_ms();
    loop {
        let before_ms = now_ms();
        engine.multiply(&a[..rows * K], rows, &packed, &mut sums[..rows * N]).await?;
        let now_ms = now_ms();
        let work = (rows * K * N) as f64;
        best = best.max(work * 1e3 / (now_ms - before_ms).max(0.1));
        if now_ms - started_ms >= TRIAL_MS {
            return Ok(best);
        }
        // The first products are too short for fast engines; they warm them up.
        rows = (rows * 2).min(MAX_ROWS);
    }
}
