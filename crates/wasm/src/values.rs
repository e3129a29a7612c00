//! Values on their way to JavaScript, in the shapes that `JSON.parse` would give them.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::{Error, Serializer};
use wasm_bindgen::{JsCast, JsValue};

/// Converts a value to a JavaScript object. Integers above 2^53, such as sums of work over months, are rounded to a number.
pub(crate) fn to_js(value: &impl Serialize) -> Result<JsValue, Error> {
    let exact = Serializer::json_compatible();
    value.serialize(&exact).or_else(|_| {
        let whole = exact.serialize_large_number_types_as_bigints(true);
        Ok(rounded(value.serialize(&whole)?))
    })
}

/// The value with a number in the place of each BigInt.
fn rounded(value: JsValue) -> JsValue {
    if value.is_bigint() {
        let unsigned = u64::try_from(value).map(|integer| integer as f64);
        return unsigned
            .or_else(|value| i64::try_from(value).map(|integer| integer as f64))
            .map_or(JsValue::NULL, JsValue::from);
    }
    if let Some(object) = value.dyn_ref::<Object>() {
        for key in Object::keys(object) {
            let field = Reflect::get(object, &key).unwrap_or_default();
            // Fails only on frozen objects and proxies.
            let _ = Reflect::set(object, &key, &rounded(field));
        }
    }
    value
}
