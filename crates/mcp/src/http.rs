//! The server over HTTP, on loopback alone: for whoever has the token, under this machine's own names, and for no page of
//! another origin.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use crate::Server;

/// Where the server answers.
pub const PATH: &str = "/mcp";
/// The largest request: a megabyte of content in which every character is an escape.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Decides who may call.
struct Gate {
    /// The token's digest: the time that comparing digests takes reveals nothing.
    token: [u8; 32],
    hosts: Vec<String>,
}

/// Serves on a listener of this machine's own until the future is dropped.
pub async fn serve(listener: TcpListener, server: Server, token: &str) -> io::Result<()> {
    let app = app(server, listener.local_addr()?, token);
    axum::serve(listener, app).await
}

/// The application for a listener on `address`. Every call needs `token`, as a bearer.
pub fn app(server: Server, address: SocketAddr, token: &str) -> Router {
    let port = address.port();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
    let own = [address.to_string()].into_iter().chain(names.iter().map(|name| format!("{name}:{port}")));
    let gate = Gate { token: Sha256::digest(token).into(), hosts: own.collect() };
    // The gate checks hosts and origins on every path; rmcp's service checks them once more on its own.
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(gate.hosts.clone())
        .with_allowed_origins(gate.hosts.iter().map(|host| format!("http://{host}")))
        .enforce_origin_validation()
        .with_max_request_body_bytes(MAX_BODY_BYTES);
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config);
    // A fallback, so that the layer covers every path.
    Router::new().fallback_service(service).layer(from_fn_with_state(Arc::new(gate), guard))
}

async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.refusal(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

impl Gate {
    fn refusal(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        if !self.is_own_host(headers) {
            let message = "this server answers under this machine's own names alone: call it as 127.0.0.1 or localhost";
            return Some(refuse(StatusCode::FORBIDDEN, message));
        }
        if !self.is_own_origin(headers) {
            return Some(refuse(StatusCode::FORBIDDEN, "this server answers to no page of another origin"));
        }
        // Clients look under other paths for a way to log in. There is none, and 401 there would send them round in circles.
        if request.uri().path() != PATH {
            return Some(refuse(StatusCode::NOT_FOUND, ""));
        }
        if !self.has_token(headers) {
            let message = "the token is missing or wrong: it is in the file mcp.token, beside the miner's key";
            let mut response = refuse(StatusCode::UNAUTHORIZED, message);
            let challenge = HeaderValue::from_static("Bearer realm=\"adit mcp\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            return Some(response);
        }
        None
    }

    fn is_own_host(&self, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(header::HOST).iter();
        let host = named.next().and_then(|host| host.to_str().ok());
        let is_own = |host: &str| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
        host.is_some_and(is_own) && named.next().is_none()
    }

    fn is_own_origin(&self, headers: &HeaderMap) -> bool {
        let is_own = |origin: &HeaderValue| {
            let host = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            host.is_some_and(|host| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)))
        };
        headers.get_all(header::ORIGIN).iter().all(is_own)
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let bearer = given.next().and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
        let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let is_own = |token: &str| <[u8; 32]>::from(Sha256::digest(token)) == self.token;
        token.is_some_and(is_own) && given.next().is_none()
    }
}

fn refuse(status: StatusCode, message: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], message).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(path: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        let hosts = vec!["127.0.0.1:8001".to_owned(), "localhost:8001".to_owned()];
        let gate = Gate { token: Sha256::digest("secret").into(), hosts };
        let mut request = axum::http::Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        gate.refusal(&request.body(axum::body::Body::empty()).unwrap()).map(|response| response.status())
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:8001");
    const TOKEN: (&str, &str) = ("authorization", "Bearer secret");

    #[test]
    fn the_token_opens_and_nothing_else() {
        assert_eq!(status(PATH, &[HOST, TOKEN]), None);
        assert_eq!(status(PATH, &[HOST, ("authorization", "bearer secret")]), None);
        for wrong in ["Bearer", "Bearer ", "Bearer secret2", "Basic secret", "secret", "Bearer Secret"] {
            assert_eq!(status(PATH, &[HOST, ("authorization", wrong)]), Some(StatusCode::UNAUTHORIZED), "{wrong}");
        }
        assert_eq!(status(PATH, &[HOST]), Some(StatusCode::UNAUTHORIZED));
        assert_eq!(status(PATH, &[HOST, TOKEN, TOKEN]), Some(StatusCode::UNAUTHORIZED));
    }

    #[test]
    fn foreign_hosts_and_origins_are_refused_before_the_token_is_looked_at() {
        for host in ["evil.example", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8001.evil.example", ""] {
            assert_eq!(status(PATH, &[("host", host), TOKEN]), Some(StatusCode::FORBIDDEN), "{host}");
        }
        assert_eq!(status(PATH, &[TOKEN]), Some(StatusCode::FORBIDDEN));
        assert_eq!(status(PATH, &[HOST, HOST, TOKEN]), Some(StatusCode::FORBIDDEN));
        for origin in ["https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:8001", ""] {
            assert_eq!(status(PATH, &[HOST, TOKEN, ("origin", origin)]), Some(StatusCode::FORBIDDEN), "{origin}");
        }
        assert_eq!(status(PATH, &[HOST, TOKEN, ("origin", "http://LOCALHOST:8001")]), None);
    }

    #[test]
    fn whoever_looks_for_a_login_learns_that_there_is_none() {
        let discovery = ["/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server/mcp"];
        for path in discovery.into_iter().chain(["/.well-known/openid-configuration", "/register", "/mcp/", "/"]) {
            assert_eq!(status(path, &[HOST]), Some(StatusCode::NOT_FOUND), "{path}");
            assert_eq!(status(path, &[HOST, TOKEN]), Some(StatusCode::NOT_FOUND), "{path}");
        }
    }
}
