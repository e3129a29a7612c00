//! Shorthands for handlers' arguments and answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::error::ApiError;
use crate::app::App;

/// The state that every handler receives.
pub(crate) type Shared = State<Arc<App>>;
pub(crate) type Answer<T> = Result<Json<T>, ApiError>;
