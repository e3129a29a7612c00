//! Logs one line per request, with an id that ties together all lines of the request.
//!
//! A line has the method, matched route, status and duration. It never has the raw path, headers, queries or bodies,
//! which contain sessions, tokens, signatures and names.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// The header for the request's id, in requests and answers.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id accepted from a request.
const MAX_ID: usize = 64;

/// Handles a request inside a span with its id, and logs the answer.
pub(crate) async fn request(request: Request, next: Next) -> Response {
    let id = given_id(request.headers()).unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = tracing::error_span!("request", id, method = method(&request), route);
    let answered = async move {
        let began = Instant::now();
        let mut response = next.run(request).await;
        let status = response.status().as_u16();
        let duration_ms = began.elapsed().as_secs_f64() * 1e3;
        if status >= 500 {
            tracing::error!(status, duration_ms, "answered");
        } else {
            tracing::info!(status, duration_ms, "answered");
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    };
    answered.instrument(span).await
}

/// The caller's id, if it has only letters, digits, `-`, `_`, `.`, so that nobody can forge lines of the log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    ((1..=MAX_ID).contains(&id.len()) && id.bytes().all(fits)).then(|| id.to_owned())
}

/// The method's name. Nonstandard methods are not logged as sent.
fn method(request: &Request) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_forge_log_lines_are_ignored() {
        let given = |text: &[u8]| {
            let value = HeaderValue::from_bytes(text).unwrap();
            given_id(&HeaderMap::from_iter([(REQUEST_ID, value)]))
        };
        let long = "a".repeat(MAX_ID);
        for id in ["7f", "A-b_c.9", &long] {
            assert_eq!(given(id.as_bytes()).as_deref(), Some(id));
        }
        let longer = "a".repeat(MAX_ID + 1);
        for id in ["", " ", "a b", "a\tb", "\"}", "é", "a/b", "%0a", &longer] {
            assert_eq!(given(id.as_bytes()), None, "{id:?}");
        }
    }
}
