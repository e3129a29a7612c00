//! A lane, as its worker uses it: orders go in, reports come out.

use std::sync::Arc;

use adit_core::kernel::engine::Engine;
use adit_core::sign::LeaseId;
use adit_core::vectors;
use adit_core::{Kind, Unit};
#[cfg(feature = "gpu")]
use adit_miner::admission::{Contender, Rival, admit};
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
    why: String,
    rates: Rates,
    kinds: Vec<Kind>,
    forms: Option<String>,
}

/// A [`LaneRunner`] of any engine.
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
    /// Measures `engine` and puts it to work on all kinds that it computes correctly.
    pub(crate) async fn new<E: Engine + 'static>(engine: E, backend: &str) -> Result<Lane, JsError> {
        let kinds = trial::kinds(&engine).await?;
        let rates = Rates::measure(&engine, &kinds, trial::START_UP_MS, now_ms).await?;
        let why = format!("{rates} in its trial; agrees with every test vector");
        Ok(Lane { rates, ..Lane::unmeasured(engine, backend, &why, kinds) })
    }

    /// Puts `engine` to work on `kinds`.
    pub(crate) fn unmeasured<E: Engine + 'static>(engine: E, backend: &str, why: &str, kinds: Vec<Kind>) -> Lane {
        let runner = Box::new(LaneRunner::new(engine));
        Lane { runner, backend: backend.into(), why: why.into(), rates: Rates::default(), kinds, forms: None }
    }

    #[cfg(feature = "gpu")]
    pub(crate) fn with_forms(self, forms: String) -> Lane {
        Lane { forms: Some(forms), ..self }
    }
}

/// Computes every start-up vector and returns a list of `{ vector, agrees }`.
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
    /// The backend that it computes with.
    #[wasm_bindgen(getter)]
    pub fn backend(&self) -> String {
        self.backend.clone()
    }

    /// Why it was chosen, for people.
    #[wasm_bindgen(getter)]
    pub fn why(&self) -> String {
        self.why.clone()
    }

    /// Its rates in the trial, a second: multiply-accumulates of int8, multiply-accumulates of f32, bytes hashed.
    #[wasm_bindgen(getter)]
    pub fn rates(&self) -> Vec<f64> {
        vec![self.rates.products, self.rates.floats, self.rates.bytes]
    }

    /// Races the graphics adapter `name` against a processor lane with these [`rates`](Lane::rates), if there is one. The
    /// lane keeps the kinds that it wins; the error says that it wins none.
    #[cfg(feature = "gpu")]
    pub fn compete(&mut self, name: &str, rival: Option<Vec<f64>>) -> Result<(), JsError> {
        let rival = match rival.as_deref() {
            Some(&[products, floats, bytes]) => Rival::Processor(Rates { products, floats, bytes }),
            Some(_) => return Err(JsError::new("a lane has three rates")),
            None => Rival::None,
        };
        let admitted = admit(Contender { name, kinds: &self.kinds, rates: self.rates }, rival)?;
        (self.kinds, self.why) = (admitted.kinds, admitted.why);
        Ok(())
    }

    /// The kinds that it computes.
    #[wasm_bindgen(getter)]
    pub fn kinds(&self) -> Vec<String> {
        self.kinds.iter().map(Kind::to_string).collect()
    }

    /// The forms of a graphics adapter's kernels, to be remembered for the adapter.
    #[wasm_bindgen(getter)]
    pub fn forms(&self) -> Option<String> {
        self.forms.clone()
    }

    /// Begins a unit. `unit` is its canonical encoding, `blocks` are its inputs in the order of [`Unit::blocks`], as
    /// `LaneOrder` of worker/messages.ts has them.
    pub fn start(&mut self, lease: &str, unit: &[u8], blocks: Vec<JsValue>) -> Result<(), JsError> {
        let unit = Unit::from_bytes(unit)?;
        let given = blocks.into_iter().zip(unit.blocks());
        let here =
            |(block, (cid, _)): (JsValue, _)| Some((cid, Arc::new(block.dyn_into::<Uint8Array>().ok()?.to_vec())));
        let blocks = given.filter_map(here).collect();
        self.runner.obey(LaneCommand::Start { lease: lease.parse()?, unit, blocks });
        Ok(())
    }

    /// Sets the fraction of the time that it works, from the next slice on; 0 pauses.
    pub fn duty(&mut self, duty: f64) {
        self.runner.obey(LaneCommand::Duty(duty));
    }

    /// Drops the unit under way.
    pub fn abandon(&mut self) {
        self.runner.obey(LaneCommand::Abandon);
    }

    /// Whether it has nothing to do until the next order.
    pub fn is_idle(&self) -> bool {
        self.runner.is_idle()
    }

    /// Works for a slice and returns `{ rest_ms, report? }`, or nothing if it is idle. No other method may be called meanwhile.
    pub async fn slice(&mut self) -> JsValue {
        let Some(Slice { event, rest_ms }) = self.runner.slice().await else { return JsValue::UNDEFINED };
        let report = event.map_or(JsValue::UNDEFINED, |event| report(event, |order| self.runner.obey(order)));
        object(&[("rest_ms", rest_ms.into()), ("report", report)])
    }
}

/// Converts an event to a `LaneReport` of worker/messages.ts. An output is copied, so its buffer goes back to the lane.
fn report(event: LaneEvent, obey: impl FnOnce(LaneCommand)) -> JsValue {
    let named = |name: &str| ("event", JsValue::from(name));
    let leased = |lease: LeaseId| ("lease", JsValue::from(lease.to_string()));
    match event {
        LaneEvent::Progress { lease, done_rows, rows } => {
            object(&[named("progress"), leased(lease), ("done_rows", done_rows.into()), ("rows", rows.into())])
        }
        LaneEvent::Done { lease, output, digest, busy_ms } => {
            let copy = Uint8Array::from(&output[..]);
            obey(LaneCommand::Reuse(output));
            object(&[
                named("done"),
                leased(lease),
                ("digest", digest.to_string().into()),
                ("busy_ms", busy_ms.into()),
                ("output", copy.into()),
            ])
        }
        LaneEvent::Failed { lease, reason } => object(&[named("failed"), leased(lease), ("reason", reason.into())]),
        // The worker reports these itself, when it opens a lane.
        LaneEvent::Ready { .. } | LaneEvent::Unusable { .. } => JsValue::UNDEFINED,
    }
}
