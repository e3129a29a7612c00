//! The holder's place and clock, over what the hold worker provides.

use adit_miner::driver::Runtime;
use adit_miner::store::{Place, PlaceError};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const HOST: &str = r#"
/** What the hold worker provides. A file that is gone is undefined; what has no room throws QuotaExceededError. */
export interface HoldHost {
  /** Takes a `HoldNews` of worker/messages.ts. */
  tell(news: unknown): void;
  sleep(ms: number): Promise<void>;
  length(file: string): Promise<number | undefined>;
  read(file: string, offset: number, bytes: number): Promise<Uint8Array | undefined>;
  append(file: string, bytes: Uint8Array): Promise<void>;
  write(file: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(file: string): Promise<void>;
  index(): Promise<Uint8Array | undefined>;
  keepIndex(index: Uint8Array): Promise<void>;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The hold worker.
    #[wasm_bindgen(typescript_type = "HoldHost")]
    #[derive(Clone)]
    pub type HoldHost;

    #[wasm_bindgen(method)]
    pub(super) fn tell(this: &HoldHost, news: JsValue);
    #[wasm_bindgen(method)]
    async fn sleep(this: &HoldHost, ms: f64);
    #[wasm_bindgen(method, catch)]
    async fn length(this: &HoldHost, file: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn read(this: &HoldHost, file: &str, offset: f64, bytes: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn append(this: &HoldHost, file: &str, bytes: Uint8Array) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn write(this: &HoldHost, file: &str, bytes: Uint8Array) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn rename(this: &HoldHost, from: &str, to: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn remove(this: &HoldHost, file: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn index(this: &HoldHost) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = keepIndex)]
    async fn keep_index(this: &HoldHost, index: Uint8Array) -> Result<JsValue, JsValue>;
}

/// The files that the browser gives to this origin.
pub(super) struct Files(pub(super) HoldHost);

impl Place for Files {
    fn name(&self) -> String {
        "this browser".into()
    }

    async fn length(&self, file: &str) -> Option<u64> {
        self.0.length(file).await.ok()?.as_f64().map(|length| length as u64)
    }

    async fn read(&self, file: &str, offset: u64, bytes: usize) -> Option<Vec<u8>> {
        let read = self.0.read(file, offset as f64, bytes as f64).await.ok()?;
        let read = read.dyn_into::<Uint8Array>().ok()?.to_vec();
        (read.len() == bytes).then_some(read)
    }

    async fn append(&self, file: &str, bytes: &[u8]) -> Result<(), PlaceError> {
        self.0.append(file, bytes.into()).await.map(drop).map_err(|error| failed(&error))
    }

    async fn write(&self, file: &str, bytes: &[u8]) -> Result<(), PlaceError> {
        self.0.write(file, bytes.into()).await.map(drop).map_err(|error| failed(&error))
    }

    async fn rename(&self, from: &str, to: &str) -> Result<(), PlaceError> {
        self.0.rename(from, to).await.map(drop).map_err(|error| failed(&error))
    }

    async fn remove(&self, file: &str) -> Result<(), PlaceError> {
        self.0.remove(file).await.map(drop).map_err(|error| failed(&error))
    }

    async fn index(&self) -> Result<Option<Vec<u8>>, PlaceError> {
        let index = self.0.index().await.map_err(|error| failed(&error))?;
        Ok(index.dyn_into::<Uint8Array>().ok().map(|index| index.to_vec()))
    }

    async fn keep_index(&self, index: &[u8]) -> Result<(), PlaceError> {
        self.0.keep_index(index.into()).await.map(drop).map_err(|error| failed(&error))
    }
}

/// A browser's exception; a DOMException has name and message as an Error has.
fn failed(error: &JsValue) -> PlaceError {
    let error: &js_sys::Error = error.unchecked_ref();
    let text = error.message().as_string().unwrap_or_else(|| "the browser gave no reason".into());
    if error.name() == "QuotaExceededError" { PlaceError::Full(text) } else { PlaceError::Failed(text) }
}

/// The worker's clock.
pub(super) struct Clock(pub(super) HoldHost);

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
