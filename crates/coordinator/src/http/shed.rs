//! Identifies the caller and applies rate limits, before any of the body is read.
//!
//! Loopback has no address block. A caller there is either the operator, who needs no limit, or a reverse proxy, behind
//! which all callers have the same address. For a proxy, the last address in `X-Forwarded-For` identifies the caller,
//! because the proxy itself added it. That header counts only from loopback. The overall limit applies to loopback,
//! too.

use std::net::{IpAddr, SocketAddr};

use adit_protocol::paths;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Shared;
use super::error::ApiError;
use crate::app::too_many;
use crate::limits::AddressBlock;

/// The header in which a proxy names its client.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address block of a request; `None` if it has no limit of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) Option<AddressBlock>);

/// Refuses requests over the limit. A delivery passes: its handler applies the limit, once it knows whether the lease is
/// live and its key signed.
pub(super) async fn shed(State(app): Shared, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let from = caller(peer, request.headers());
    let delivers = request.method() == Method::PUT
        && request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == paths::OUTPUT);
    let joins = [paths::REGISTER, paths::START_SESSION].contains(&request.uri().path());
    let allowed = if delivers {
        Ok(())
    } else if joins {
        app.limit(|limiter, now_ms| limiter.join(from, now_ms))
    } else {
        app.limit(|limiter, now_ms| limiter.call(from, now_ms))
    };
    request.extensions_mut().insert(Caller(from));
    match allowed {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            ApiError::from(too_many(wait, "too many requests from your network, or from everyone")).into_response()
        }
    }
}

/// The block to limit. Without a socket there is no peer, and only this process can call.
pub(crate) fn caller(peer: Option<IpAddr>, headers: &HeaderMap) -> Option<AddressBlock> {
    let peer = peer?;
    if !peer.to_canonical().is_loopback() {
        return AddressBlock::of(peer);
    }
    let forwarded = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    AddressBlock::of(forwarded.rsplit(',').next()?.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(peer: &str, forwarded: &[&str]) -> Option<AddressBlock> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        caller(Some(peer.parse().unwrap()), &headers)
    }

    #[test]
    fn only_a_proxy_on_loopback_may_name_the_caller() {
        let direct = AddressBlock::of("203.0.113.7".parse().unwrap());
        assert_eq!(block("203.0.113.7", &[]), direct);
        assert_eq!(block("203.0.113.7", &["198.51.100.1"]), direct);
        assert_eq!(block("127.0.0.1", &[]), None);
        assert_eq!(block("::1", &["203.0.113.7"]), direct);
        // The first entries are the client's own and prove nothing.
        assert_eq!(block("127.0.0.1", &["198.51.100.1, 203.0.113.7"]), direct);
        assert_eq!(block("127.0.0.1", &["198.51.100.1", "192.0.2.1,203.0.113.7"]), direct);
        assert_eq!(block("127.0.0.1", &["unknown"]), None);
    }
}
