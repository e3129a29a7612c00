//! Who calls the node's calls through the pool: nobody in particular, or the holder of a token.
//!
//! A token stands in the path (`/t/TOKEN/attest/submit`), or where a client uses the pool as its HTTP proxy, as the password of
//! the proxy's address. The pool is a proxy for its node alone.

use std::sync::Arc;

use adit_rustchain::{Code, Refusal};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use data_encoding::BASE64;

use super::super::PoolApp;
use super::super::flow::join::holder;
use super::super::state::Joined;
use super::edge::NodeError;

/// Where clients of RustChain look for its node, if nobody names another.
const NODES: [&str; 4] = ["50.28.86.131:8088", "50.28.86.131:8099", "rustchain.org", "rustchain.org:80"];
/// What begins a path with a token.
const PREFIX: &str = "/t/";

/// The holder of the token that a call shows, if it shows one.
pub(super) struct Holder(pub(super) Option<Joined>);

/// What a request shows of its caller, noted before a router takes the token from its path.
#[derive(Clone)]
enum Shown {
    Token(String),
    /// A request in absolute form without a token.
    Proxied,
}

/// Notes what a request shows of its caller.
pub(super) fn note(request: &mut Request) {
    let token = token_of(request.uri()).map(str::to_owned).or_else(|| password(request.headers()));
    let shown = match token {
        Some(token) => Shown::Token(token),
        None if request.uri().authority().is_some() => Shown::Proxied,
        None => return,
    };
    request.extensions_mut().insert(shown);
}

impl FromRequestParts<Arc<PoolApp>> for Holder {
    type Rejection = NodeError;
    async fn from_request_parts(parts: &mut Parts, pool: &Arc<PoolApp>) -> Result<Self, NodeError> {
        match parts.extensions.get().cloned() {
            Some(Shown::Token(token)) => Ok(Holder(Some(holder(pool, &token).await?))),
            Some(Shown::Proxied) => {
                let text = "as a proxy this pool serves its members: use http://x:TOKEN@POOL";
                Err(Refusal::saying(Code::SignedEnrollmentRequired, text).into())
            }
            None => Ok(Holder(None)),
        }
    }
}

fn token_of(uri: &Uri) -> Option<&str> {
    uri.path().strip_prefix(PREFIX)?.split('/').next()
}

/// The password of `Proxy-Authorization: Basic`.
fn password(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::PROXY_AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let pair = BASE64.decode(encoded.trim().as_bytes()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = String::from_utf8(pair).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

/// Whether a request in absolute form is for the pool's node: the one it was given, or the one that clients have built in.
pub(super) fn is_for_node(authority: &str, node: Option<&str>) -> bool {
    let own = node.and_then(|node| node.split_once("://")).map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    own.is_some_and(|own| own.eq_ignore_ascii_case(authority))
        || NODES.iter().any(|known| known.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_in_the_path_or_a_proxys_password() {
        assert_eq!(token_of(&"/t/abc/attest/submit".parse().unwrap()), Some("abc"));
        assert_eq!(token_of(&"http://50.28.86.131:8088/attest/submit".parse().unwrap()), None);
        let headers = |value: &str| [(header::PROXY_AUTHORIZATION, value.parse().unwrap())].into_iter().collect();
        // `x:secret`
        assert_eq!(password(&headers("Basic eDpzZWNyZXQ=")).as_deref(), Some("secret"));
        for wrong in ["Bearer eDpzZWNyZXQ=", "Basic !", "Basic", "Basic eA=="] {
            assert_eq!(password(&headers(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn the_pool_is_a_proxy_for_its_node_alone() {
        for authority in ["50.28.86.131:8088", "50.28.86.131:8099", "RustChain.org", "node.example:8099"] {
            assert!(is_for_node(authority, Some("http://node.example:8099")), "{authority}");
        }
        for authority in ["169.254.169.254", "50.28.86.131", "50.28.86.131:22", "x@rustchain.org", "node.example", ""] {
            assert!(!is_for_node(authority, Some("http://node.example:8099")), "{authority}");
        }
        assert!(!is_for_node("node.example:8099", None));
    }
}
