//! Adit in the browser: conversions between wasm-bindgen and the crates, no rules of its own.
//!
//! It becomes seven web packages, see wasm-pack.toml. `control` is the miner's machine and driver, for the control worker, which
//! loads `check` when a person wants a receipt checked. `cpu`, the same with relaxed SIMD as `relaxed`, and `gpu` open a
//! [`Lane`](lane::Lane) in a compute worker. `content` names files by their CIDs, and
//! `hold` holds replicas. Two more packages are for benchmarks.
#![cfg(target_arch = "wasm32")]

#[cfg(feature = "bench")]
pub mod bench;
#[cfg(feature = "bench-gpu")]
pub mod bench_gpu;
#[cfg(all(feature = "bench", target_feature = "simd128"))]
pub mod bench_roof;
#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "content")]
pub mod content;
#[cfg(feature = "control")]
pub mod control;
#[cfg(feature = "cpu")]
pub mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(feature = "hold")]
pub mod hold;
#[cfg(feature = "control")]
mod host;
#[cfg(any(feature = "control", feature = "hold"))]
pub mod key;
#[cfg(any(feature = "cpu", feature = "gpu"))]
pub mod lane;
#[cfg(any(feature = "control", feature = "check", feature = "hold"))]
mod values;

#[cfg(any(feature = "control", feature = "cpu", feature = "gpu"))]
use wasm_bindgen::JsValue;

/// A JavaScript object with these fields.
#[cfg(any(feature = "control", feature = "cpu", feature = "gpu"))]
fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        // Fails only on frozen objects and proxies.
        let _ = js_sys::Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

/// Milliseconds of a monotonic clock.
#[cfg(any(feature = "control", feature = "cpu", feature = "gpu", feature = "hold"))]
fn now_ms() -> f64 {
    use wasm_bindgen::JsCast;
    let performance = js_sys::global().dyn_ref::<web_sys::WorkerGlobalScope>().and_then(|scope| scope.performance());
    performance.map_or_else(js_sys::Date::now, |performance| performance.now())
}
