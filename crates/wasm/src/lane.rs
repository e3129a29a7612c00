//! A lane in its worker: orders in, reports out.

use std::sync::Arc;

use adit_core::kernel::engine::Engine;
use adit_core::sign::LeaseId;
use adit_core::vectors;
use adit_core::{Kind, Unit};
use adit_miner::lane::{LaneCommand, LaneEvent};
use adit_miner::runner::{LaneRunner, Slice};
use adit_miner::trial::{self, Rates};
use futures::future::{FutureExt, LocalBoxFuture};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::{now_ms, object};

/// A lane with a backend that agrees with the start-up vectors.
#[wasm_bindgen]
pub struct Lane {
    runner: Box<dyn Runner>,
    backend: String,
    rates: Rates,
    kinds: Vec<Kind>,
    forms: Option<String>,
}

/// A [`LaneRunner`] whatever its engine.
trait Runner {
    fn obey(&mut self, command: LaneCommand);
    fn is_idle(&self) -> bool;
    fn slice(&mut self) -> LocalBoxFuture<'_, Option<Slice>>;
}

impl<E: Engine> Runner for LaneRunner<E> {
    fn obey(&mut self, command: LaneCommand) {
        LaneRunner::obey(self, command);
    }

    fn is_idle(&self) -> bool {
        LaneRunner::is_idle(self)
    }

    fn slice(&mut self) -> LocalBoxFuture<'_, Option<Slice>> {
        LaneRunner::slice(self, now_ms).boxed_local()
    }
}

impl Lane {
    /// Measures `engine` and puts it to work.
    pub(crate) async fn new<E: Engine + 'static>(engine: E, backend: &str) -> Result<Lane, JsError> {
        let kinds = trial::kinds(&engine).await?;
        let rates = Rates::measure(&engine, &kinds, trial::START_UP_MS, now_ms).await?;
        Ok(Lane { rates, ..Lane::unmeasured(engine, backend, kinds) })
    }

    /// Puts `engine` to work on `kinds`.
    pub(crate) fn unmeasured<E: Engine + 'static>(engine: E, backend: &str, kinds: Vec<Kind>) -> Lane {
        let runner = Box::new(LaneRunner::new(engine));
        Lane { runner, backend: backend.into(), rates: Rates::default(), kinds, forms: None }
    }

    #[cfg(feature = "gpu")]
    pub(crate) fn with_forms(self, forms: String) -> Lane {
        Lane { forms: Some(forms), ..self }
    }
}

/// Computes every start-up vector: `{ vector, agrees }` of each.
pub(crate) async fn vectors<E: Engine>(engine: &E) -> Result<Vec<JsValue>, JsError> {
    let mut agreements = Vec::new();
    for vector in vectors::products() {
        let agrees = trial::agrees(engine, vector).await?;
        agreements.push(object(&[("vector", vector.name.into()), ("agrees", agrees.into())]));
    }
    let kinds = trial::kinds(engine).await?;
    for kind in engine.kinds().iter().filter(|kind| !Kind::PRODUCTS.contains(kind)) {
        let agrees = kinds.contains(kind);
        agreements.push(object(&[("vector", kind.name().into()), ("agrees", agrees.into())]));
    }
    Ok(agreements)
}

#[wasm_bindgen]
impl Lane {
    /// What it computes with.
    #[wasm_bindgen(getter)]
    pub fn backend(&self) -> String {
        self.backend.clone()
    }

    /// What it did a second in its trial: multiply-accumulates of int8 and of f32, bytes hashed.
    #[wasm_bindgen(getter)]
    pub fn rates(&self) -> Vec<f64> {
        vec![self.rates.products, self.rates.floats, self.rates.bytes]
    }

    /// Computes from now on only the kinds at which it is faster than a rival with these rates.
    pub fn keep_won(&mut self, rival: &[f64]) {
        let rate = |place: usize| rival.get(place).copied().unwrap_or(0.0);
        let rival = Rates { products: rate(0), floats: rate(1), bytes: rate(2) };
        self.kinds = self.rates.won(&self.kinds, &rival);
    }

    /// The names of the kinds that it computes.
    #[wasm_bindgen(getter)]
    pub fn kinds(&self) -> Vec<String> {
        self.kinds.iter().map(Kind::to_string).collect()
    }

    /// Of a graphics adapter: the forms of its kernels, worth remembering for the adapter.
    #[wasm_bindgen(getter)]
    pub fn forms(&self) -> Option<String> {
        self.forms.clone()
    }

    /// Begins a unit. `unit` is its canonical encoding, `blocks` its inputs in the order of [`Unit::blocks`].
    pub fn start(&mut self, lease: &str, unit: &[u8], blocks: Vec<Uint8Array>) -> Result<(), JsError> {
        let unit = Unit::from_bytes(unit)?;
        let cids = unit.blocks().into_iter().map(|(cid, _)| cid);
        let blocks = cids.zip(blocks.iter().map(|bytes| Arc::new(bytes.to_vec()))).collect();
        self.runner.obey(LaneCommand::Start { lease: lease.parse()?, unit, blocks });
        Ok(())
    }

    /// Works for this part of the time from the next slice on; 0 pauses.
    pub fn duty(&mut self, duty: f64) {
        self.runner.obey(LaneCommand::Duty(duty));
    }

    /// Drops the unit under way.
    pub fn abandon(&mut self) {
        self.runner.obey(LaneCommand::Abandon);
    }

    /// Whether there is nothing to do until the next order.
    pub fn is_idle(&self) -> bool {
        self.runner.is_idle()
    }

    /// Works for a slice: `{ rest_ms, report? }`, or nothing when idle. No other method may be called before it is done.
    pub async fn slice(&mut self) -> JsValue {
        let Some(Slice { event, rest_ms }) = self.runner.slice().await else { return JsValue::UNDEFINED };
        let report = event.map_or(JsValue::UNDEFINED, report);
        object(&[("rest_ms", rest_ms.into()), ("report", report)])
    }
}

/// An event as a `LaneReport` of worker/messages.ts.
fn report(event: LaneEvent) -> JsValue {
    let named = |name: &str| ("event", JsValue::from(name));
    let leased = |lease: LeaseId| ("lease", JsValue::from(lease.to_string()));
    match event {
        LaneEvent::Progress { lease, done_rows, rows } => {
            object(&[named("progress"), leased(lease), ("done_rows", done_rows.into()), ("rows", rows.into())])
        }
        LaneEvent::Done { lease, output, digest, busy_ms } => object(&[
            named("done"),
            leased(lease),
            ("digest", digest.to_string().into()),
            ("busy_ms", busy_ms.into()),
            ("output", Uint8Array::from(&output[..]).into()),
        ]),
        LaneEvent::Failed { lease, reason } => object(&[named("failed"), leased(lease), ("reason", reason.into())]),
        // A runner is told of neither: the worker opens it and says so.
        LaneEvent::Ready { .. } | LaneEvent::Unusable { .. } => JsValue::UNDEFINED,
    }
}
