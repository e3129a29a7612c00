//! Serves the page's files.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use tower::Layer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use super::error::no_such_path;
use crate::app::App;

/// Serves the built files in `web`. A path without a file gets the same error as any unknown path. Asset names change
/// with their content, so browsers cache assets for good and revalidate documents.
pub(super) fn router(web: &Path) -> Router<Arc<App>> {
    let kept = |how: &'static str| {
        let found = move |response: &Response<_>| response.status().is_success().then(|| HeaderValue::from_static(how));
        SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, found)
    };
    let dashboard = ServeFile::new(web.join("dashboard.html")).precompressed_gzip();
    Router::new()
        .nest_service("/assets", kept("public, max-age=31536000, immutable").layer(files(&web.join("assets"))))
        .route_service("/dashboard", kept("no-cache").layer(dashboard))
        .fallback_service(kept("no-cache").layer(files(web)))
}

fn files(folder: &Path) -> ServeDir<MethodRouter> {
    let files = ServeDir::new(folder).precompressed_gzip().call_fallback_on_method_not_allowed(true);
    files.fallback(any(no_such_path))
}
