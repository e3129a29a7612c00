//! What a request must be before anything else reads it: one with a Host, and a body that is not encoded.

use adit_protocol::ErrorCode;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// The one encoding that is understood.
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Refuses what HTTP/1.1 calls malformed, and bodies in an encoding that nobody here decodes.
pub(super) async fn check(request: Request, next: Next) -> Response {
    if request.version() == Version::HTTP_11 && request.headers().get_all(header::HOST).iter().count() != 1 {
        let detail = "HTTP/1.1 requires one Host header: send the host and port of this coordinator in it";
        return ApiError::new(ErrorCode::NoHost, detail).into_response();
    }
    if !is_plain(request.headers()) {
        let detail = "send the body as it is: no Content-Encoding is understood here";
        let mut response = ApiError::new(ErrorCode::UnsupportedMediaType, detail).into_response();
        response.headers_mut().insert(header::ACCEPT_ENCODING, IDENTITY);
        return response;
    }
    next.run(request).await
}

fn is_plain(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter().map(|value| value.to_str().unwrap_or("?"));
    let mut encodings = encodings.flat_map(|value| value.split(','));
    encodings.all(|encoding| encoding.trim().is_empty() || encoding.trim().eq_ignore_ascii_case("identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_bodies_are_understood() {
        let of = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).unwrap();
            is_plain(&HeaderMap::from_iter([(header::CONTENT_ENCODING, value)]))
        };
        assert!(is_plain(&HeaderMap::new()) && of(b"") && of(b"identity") && of(b"Identity, identity"));
        for encoded in ["gzip", "br", "identity, gzip", "zstd", "gzip;q=1"] {
            assert!(!of(encoded.as_bytes()), "{encoded}");
        }
        assert!(!of(b"\xff"));
    }
}
