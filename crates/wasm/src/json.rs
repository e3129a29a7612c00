//! Values on their way to JavaScript and back. JSON is their form, so that no second format has to be loaded.

use js_sys::JSON;
use serde::Serialize;
use wasm_bindgen::{JsError, JsValue};

/// A value as a JavaScript object.
pub(crate) fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    JSON::parse(&serde_json::to_string(value)?).map_err(|_| JsError::new("not JSON"))
}

/// A JavaScript object as a value.
#[cfg(feature = "check")]
pub(crate) fn from_js<T: serde::de::DeserializeOwned>(value: &JsValue) -> Result<T, JsError> {
    let text = JSON::stringify(value).ok().and_then(|text| text.as_string());
    // From bytes, as answers are read: reading text is other code, and it would have to be loaded too.
    Ok(serde_json::from_slice(text.ok_or_else(|| JsError::new("not JSON"))?.as_bytes())?)
}
