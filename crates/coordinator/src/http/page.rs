//! Serves the page's files.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use tower::Layer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use super::error::no_such_path;
use crate::app::App;
use crate::source::Sources;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// The page asks for none of these.
const NO_PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
);

/// Serves the built files in `web`. A path without a file gets the same error as any unknown path. Asset names change
/// with their content, so browsers cache assets for good and revalidate documents.
pub(super) fn router(web: &Path, sources: &Sources) -> Router<Arc<App>> {
    let kept = |how: &'static str| {
        let found = move |response: &Response<_>| response.status().is_success().then(|| HeaderValue::from_static(how));
        SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, found)
    };
    let dashboard = ServeFile::new(web.join("dashboard.html")).precompressed_br().precompressed_gzip();
    Router::new()
        .nest_service("/assets", kept("public, max-age=31536000, immutable").layer(files(&web.join("assets"))))
        .route_service("/dashboard", kept("no-cache").layer(dashboard))
        .fallback_service(kept("no-cache").layer(files(web)))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, of_files(policy(sources))))
        .layer(SetResponseHeaderLayer::if_not_present(PERMISSIONS_POLICY, of_files(Some(NO_PERMISSIONS))))
}

fn files(folder: &Path) -> ServeDir<MethodRouter> {
    let files = ServeDir::new(folder).precompressed_br().precompressed_gzip().call_fallback_on_method_not_allowed(true);
    files.fallback(any(no_such_path))
}

/// A header of files and of the answer that a file has not changed, whose headers replace those that the browser keeps.
fn of_files<B>(value: Option<HeaderValue>) -> impl Fn(&Response<B>) -> Option<HeaderValue> + Clone {
    move |response: &Response<B>| {
        let status = response.status();
        value.clone().filter(|_| !status.is_client_error() && !status.is_server_error())
    }
}

/// What documents and workers may load: files of this coordinator, its calls, and data at the gateways that its operator
/// listed. Nobody may frame them, lest another page lead a person to press Start. WebAssembly is compiled, never text.
fn policy(sources: &Sources) -> Option<HeaderValue> {
    let gateways: String = sources.origins().map(|origin| format!(" {origin}")).collect();
    let text = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'{gateways}; style-src \
         'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use futures::future::{BoxFuture, FutureExt, ready};

    use super::*;
    use crate::BlockSource;

    struct Nowhere;

    impl BlockSource for Nowhere {
        fn ask<'a>(&'a self, _: &'a str, _: &'a adit_core::Cid) -> BoxFuture<'a, Option<crate::BlockAnswer>> {
            ready(None).boxed()
        }
    }

    #[test]
    fn workers_may_fetch_from_listed_gateways_alone() {
        let listed = ["https://gateway.example:8080/base", "http://[::1]:5001", "https://x;script-src *,y/z"];
        let sources = Sources::new(listed.map(str::to_owned).to_vec(), Nowhere);
        let policy = policy(&sources).unwrap();
        let policy = policy.to_str().unwrap();
        assert!(
            policy.contains("connect-src 'self' https://gateway.example:8080 http://[::1]:5001; style-src"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"));
    }
}
