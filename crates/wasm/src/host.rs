//! The driver's traits over what the control worker provides.

use adit_core::sign::LeaseId;
use adit_miner::driver::{Lanes, Runtime};
use adit_miner::journal::{Journal, JournalError};
use adit_miner::lane::LaneCommand;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::object;

#[wasm_bindgen(typescript_custom_section)]
const HOST: &str = r#"
/** What the control worker provides. */
export interface ControlHost {
  /** Takes a `Notice` of worker/wire.ts. */
  tell(notice: unknown): void;
  /** Passes a `LaneOrder` on to a lane; the buffers of `transfer` move with it. */
  order(lane: number, order: unknown, transfer: ArrayBuffer[]): void;
  keep(lease: string, entry: Uint8Array): Promise<void>;
  forget(lease: string): Promise<void>;
  /** Pairs of lease and entry. */
  kept(): Promise<[string, Uint8Array][]>;
  sleep(ms: number): Promise<void>;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The control worker.
    #[wasm_bindgen(typescript_type = "ControlHost")]
    #[derive(Clone)]
    pub type ControlHost;

    #[wasm_bindgen(method)]
    pub(crate) fn tell(this: &ControlHost, notice: JsValue);
    #[wasm_bindgen(method)]
    fn order(this: &ControlHost, lane: u32, order: &JsValue, transfer: &Array);
    #[wasm_bindgen(method, catch)]
    async fn keep(this: &ControlHost, lease: &str, entry: Uint8Array) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn forget(this: &ControlHost, lease: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn kept(this: &ControlHost) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    async fn sleep(this: &ControlHost, ms: f64);
}

/// The journal, in the worker's database.
pub(crate) struct Database(pub(crate) ControlHost);

impl Journal for Database {
    async fn put(&self, lease: LeaseId, entry: Vec<u8>) -> Result<(), JournalError> {
        self.0.keep(&lease.to_string(), Uint8Array::from(&entry[..])).await.map(drop).map_err(broken)
    }

    async fn remove(&self, lease: LeaseId) -> Result<(), JournalError> {
        self.0.forget(&lease.to_string()).await.map(drop).map_err(broken)
    }

    async fn all(&self) -> Result<Vec<(LeaseId, Vec<u8>)>, JournalError> {
        let pairs = Array::from(&self.0.kept().await.map_err(broken)?);
        // Another version may have stored something other than pairs of lease and bytes.
        Ok(pairs.iter().filter_map(|pair| entry(&pair)).collect())
    }
}

fn entry(pair: &JsValue) -> Option<(LeaseId, Vec<u8>)> {
    let pair: &Array = pair.dyn_ref()?;
    let bytes: Uint8Array = pair.get(1).dyn_into().ok()?;
    Some((pair.get(0).as_string()?.parse().ok()?, bytes.to_vec()))
}

fn broken(error: JsValue) -> JournalError {
    let message = error.dyn_ref::<js_sys::Error>().and_then(|error| error.message().as_string());
    JournalError(message.unwrap_or_else(|| "the browser gave no reason".into()))
}

/// The worker's clock and randomness.
pub(crate) struct Clock(pub(crate) ControlHost);

impl Runtime for Clock {
    fn now_ms(&self) -> u64 {
        crate::now_ms() as u64
    }

    async fn sleep(&self, ms: u64) {
        self.0.sleep(ms as f64).await;
    }

    fn random(&self) -> u64 {
        // Without randomness retries are only spread less.
        getrandom::u64().unwrap_or_default()
    }
}

/// The lanes' workers.
pub(crate) struct Workers(pub(crate) ControlHost);

impl Lanes for Workers {
    fn send(&mut self, lane: u32, command: LaneCommand) {
        let transfer = Array::new();
        if let Some(order) = order(command, &transfer) {
            self.0.order(lane, &order, &transfer);
        }
    }
}

/// Converts a command to a `LaneOrder` of worker/messages.ts, and adds its buffers to `transfer`. A lane in a worker has kept
/// its buffer, so the one that was copied here is dropped.
fn order(command: LaneCommand, transfer: &Array) -> Option<JsValue> {
    let typed = |name: &str| ("type", JsValue::from(name));
    Some(match command {
        LaneCommand::Start { lease, unit, blocks } => {
            let block = |bytes: &[u8]| {
                let bytes = Uint8Array::from(bytes);
                transfer.push(&bytes.buffer());
                JsValue::from(bytes)
            };
            let mut given = blocks.iter().peekable();
            let mut next =
                |cid| given.next_if(|(given, _)| *given == cid).map_or(JsValue::NULL, |(_, bytes)| block(bytes));
            let blocks: Array = unit.blocks().into_iter().map(|(cid, _)| next(cid)).collect();
            let unit = Uint8Array::from(&unit.to_bytes()[..]);
            let lease = lease.to_string();
            object(&[typed("start"), ("lease", lease.into()), ("unit", unit.into()), ("blocks", blocks.into())])
        }
        LaneCommand::Duty(duty) => object(&[typed("duty"), ("duty", duty.into())]),
        LaneCommand::Abandon => object(&[typed("abandon")]),
        LaneCommand::Reuse(_) => return None,
    })
}
