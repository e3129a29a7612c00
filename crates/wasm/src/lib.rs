//! Adit in the browser: conversions between wasm-bindgen and the crates, no rules of its own.
