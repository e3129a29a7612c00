//! What handlers take and give.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::error::ApiError;
use crate::app::App;

/// What every handler works with.
pub(crate) type Shared = State<Arc<App>>;
/// JSON, or an error.
pub(crate) type Answer<T> = Result<Json<T>, ApiError>;
