//! Serves the page's files.

mod embedded;
mod folder;

use std::path::Path;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use axum::{Router, middleware};
use tower::Layer;
use tower_http::services::ServeDir;
use tower_http::services::fs::Backend;
use tower_http::set_header::SetResponseHeaderLayer;

use self::embedded::InMemory;
use self::folder::OnDisk;
use super::error::no_such_path;
use crate::app::App;
use crate::source::Sources;
use crate::web::Web;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// Permissions that the page does not ask for.
const NO_PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
);

/// Serves the built files. A path without a file gets the same error as any unknown path. Asset names change with their
/// content, so browsers cache assets for good and revalidate documents.
pub(super) fn router(web: &Web, app: &App) -> Router<Arc<App>> {
    match web {
        Web::Folder(folder) => serve(folder, OnDisk, app),
        Web::Embedded(files) => serve(Path::new(""), InMemory(files.clone()), app),
    }
}

fn serve<B: Backend>(root: &Path, backend: B, app: &App) -> Router<Arc<App>> {
    let kept = |how: &'static str| {
        let found = move |response: &Response<_>| response.status().is_success().then(|| HeaderValue::from_static(how));
        SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, found)
    };
    let files = |folder: &Path| files(folder, backend.clone());
    let documents = kept("no-cache").layer(files(root));
    let allows = |frames: &str| {
        SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, of_files(policy(&app.sources, frames)))
    };
    let embed = allows(&app.authority.embedders())
        .layer(middleware::map_request(|asked| at("/embed.html", asked)).layer(documents.clone()));
    Router::new()
        .nest_service("/assets", kept("public, max-age=31536000, immutable").layer(files(&root.join("assets"))))
        .route_service(
            "/dashboard",
            middleware::map_request(|asked| at("/dashboard.html", asked)).layer(documents.clone()),
        )
        .route_service("/stats", middleware::map_request(|asked| at("/stats.html", asked)).layer(documents.clone()))
        .route_service("/embed", embed)
        .fallback_service(documents)
        .layer(allows("'none'"))
        .layer(SetResponseHeaderLayer::if_not_present(PERMISSIONS_POLICY, of_files(Some(NO_PERMISSIONS))))
}

fn files<B: Backend>(folder: &Path, backend: B) -> ServeDir<MethodRouter, B> {
    let files = ServeDir::with_backend(folder, backend)
        .precompressed_br()
        .precompressed_gzip()
        .call_fallback_on_method_not_allowed(true);
    files.fallback(any(no_such_path))
}

/// The document of a path without an extension.
async fn at(file: &'static str, mut request: Request) -> Request {
    *request.uri_mut() = Uri::from_static(file);
    request
}

/// A header's value for files and for 304 answers, whose headers replace those that the browser has cached.
fn of_files<B>(value: Option<HeaderValue>) -> impl Fn(&Response<B>) -> Option<HeaderValue> + Clone {
    move |response: &Response<B>| {
        let status = response.status();
        value.clone().filter(|_| !status.is_client_error() && !status.is_server_error())
    }
}

/// The policy of documents and workers. They may load this coordinator's files, make its calls, and fetch data from the
/// gateways that its operator listed; they may compile WebAssembly, but evaluate no text. `frames` says whose pages may
/// frame them. Most may not be framed, so that no other page can lead a person to press Start; the frame of `<adit-miner>`
/// asks for consent itself, and checks that nothing covers it.
fn policy(sources: &Sources, frames: &str) -> Option<HeaderValue> {
    let gateways: String = sources.origins().map(|origin| format!(" {origin}")).collect();
    let text = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'{gateways}; style-src \
         'self'; img-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {frames}"
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
        let policy = policy(&sources, "'none'").unwrap();
        let policy = policy.to_str().unwrap();
        assert!(
            policy.contains("connect-src 'self' https://gateway.example:8080 http://[::1]:5001; style-src"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"));
    }
}
