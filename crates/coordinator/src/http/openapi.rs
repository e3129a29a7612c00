//! The API's description.

use adit_protocol::paths;
use axum::Json;
use serde_json::{Value, json};

pub(super) async fn document() -> Json<Value> {
    Json(json!({}))
}
