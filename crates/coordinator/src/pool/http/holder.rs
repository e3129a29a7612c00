//! Finds the member that makes a call by its token, if it has one.
//!
//! A token is in the path (`/t/TOKEN/attest/submit`), or is the proxy password of a client that uses the pool as its HTTP
//! proxy. The pool is a proxy only for its node.

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

/// The addresses of the node that clients of RustChain have built in.
const NODES: [&str; 4] = ["50.28.86.131:8088", "50.28.86.131:8099", "rustchain.org", "rustchain.org:80"];
/// The start of a path with a token.
const PREFIX: &str = "/t/";

/// The wallet of the call's token; `None` without a token.
pub(super) struct Holder(pub(super) Option<Joined>);

/// How a request identifies its caller. Noted before the router strips the token from the path.
#[derive(Clone)]
enum Shown {
    Token(String),
    /// A request in absolute form without a token.
    Proxied,
}

/// Notes how a request identifies its caller.
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
                let text = "this pool is a proxy only for its members: set the proxy to http://x:TOKEN@POOL";
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

/// Whether a proxy request is for the pool's node: the configured one, or one that clients have built in.
pub(super) fn is_for_node(authority: &str, node: Option<&str>) -> bool {
    let own = node.and_then(|node| node.split_once("://")).map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    own.is_some_and(|own| own.eq_ignore_ascii_case(authority))
        || NODES.iter().any(|known| known.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_in_the_path_or_is_the_proxy_password() {
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
    fn the_pool_is_a_proxy_only_for_its_node() {
        for authority in ["50.28.86.131:8088", "50.28.86.131:8099", "RustChain.org", "node.example:8099"] {
            assert!(is_for_node(authority, Some("http://node.example:8099")), "{authority}");
        }
        for authority in ["169.254.169.254", "50.28.86.131", "50.28.86.131:22", "x@rustchain.org", "node.example", ""] {
            assert!(!is_for_node(authority, Some("http://node.example:8099")), "{authority}");
        }
        assert!(!is_for_node("node.example:8099", None));
    }
}
