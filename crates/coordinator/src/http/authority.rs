//! Whom a coordinator on loopback answers.
//!
//! Only this machine can connect to loopback, but every page in its browser runs on this machine. A page of another origin
//! could read blocks and uploaded inputs; a page whose name was rebound to 127.0.0.1 (DNS rebinding) would even count as the
//! coordinator's own. So a coordinator on loopback answers only under hosts and to pages of origins that are its own or that
//! its operator listed. Programs send no Origin and are not concerned.
//!
//! A coordinator on a public address answers pages of any origin: there are no cookies, and signatures prove who mines.

use std::net::IpAddr;
use std::sync::Arc;

use adit_protocol::ErrorCode;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::config::Config;

/// How much of a foreign name is repeated in the error.
const QUOTED: usize = 100;

/// The hosts and origins of a coordinator.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    /// Whether it listens on loopback.
    local: bool,
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Authority {
    pub(crate) fn new(config: &Config) -> Self {
        let local = config.listen.ip().to_canonical().is_loopback();
        Authority { local, hosts: config.hosts.clone(), origins: config.origins.clone() }
    }

    /// Whether it listens on loopback, where pages of other origins are refused.
    pub(super) fn is_local(&self) -> bool {
        self.local
    }

    /// Whether an operator may call under this host. Addresses and `localhost` cannot be rebound; other names must be
    /// listed.
    pub(super) fn admits_operators(&self, host: &str) -> bool {
        let name = name_of(host);
        is_localhost(name) || address(name).is_some() || self.is_listed(name)
    }

    /// Whose pages may embed the miner, as a policy's source list: those that may call.
    pub(super) fn embedders(&self) -> String {
        if !self.local {
            return "*".to_owned();
        }
        let harmless = |origin: &&String| !origin.contains([';', ',', '\'', '"']);
        let listed = self.origins.iter().filter(harmless).map(String::as_str);
        ["'self'"].into_iter().chain(listed).collect::<Vec<_>>().join(" ")
    }

    /// Refuses a request under a foreign host, or from a page of a foreign origin.
    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        if !self.local {
            return Ok(());
        }
        let named = uri.authority().map(|authority| authority.as_str());
        let hosts = || named.into_iter().chain(texts(headers, header::HOST));
        if let Some(host) = hosts().find(|host| !self.is_own_host(host)) {
            return Err(wrong_host(host));
        }
        let is_foreign = |origin: &&str| !self.is_own_origin(origin, hosts());
        let foreign = texts(headers, header::ORIGIN).find(is_foreign);
        foreign.map_or(Ok(()), |origin| Err(wrong_origin(origin)))
    }

    fn is_own_host(&self, host: &str) -> bool {
        let name = name_of(host);
        is_localhost(name) || address(name).is_some_and(|address| address.is_loopback()) || self.is_listed(name)
    }

    /// Whether a page comes from here: from the host and port that it calls, from a listed host, or from a listed origin.
    fn is_own_origin<'a>(&self, origin: &str, mut called: impl Iterator<Item = &'a str>) -> bool {
        if self.origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin)) {
            return true;
        }
        let Some((_, host)) = origin.split_once("://") else { return false };
        self.is_listed(name_of(host)) || called.any(|called| called.eq_ignore_ascii_case(host))
    }

    fn is_listed(&self, name: &str) -> bool {
        self.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(name))
    }
}

/// Applies [`Authority::check`] to every request, before anything else reads it.
pub(super) async fn guard(State(own): State<Arc<Authority>>, request: Request, next: Next) -> Response {
    match own.check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The header's values. One that is not text becomes empty, which matches no host or origin.
fn texts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).iter().map(|value: &HeaderValue| value.to_str().unwrap_or_default())
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}

fn address(name: &str) -> Option<IpAddr> {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn wrong_host(host: &str) -> ApiError {
    let name: String = name_of(host).chars().take(QUOTED).collect();
    let detail = format!(
        "this coordinator listens on loopback and does not answer under the host `{name}`; if a proxy of yours serves it \
         there, start it with `adit serve --host {name}`"
    );
    ApiError::new(ErrorCode::WrongHost, detail)
}

fn wrong_origin(origin: &str) -> ApiError {
    let origin: String = origin.chars().take(QUOTED).collect();
    let detail = format!(
        "this coordinator listens on loopback and does not answer pages of `{origin}`; if it is a page of yours, start the \
         coordinator with `adit serve --origin {origin}`"
    );
    ApiError::new(ErrorCode::WrongOrigin, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(local: bool) -> Authority {
        let (hosts, origins) = (vec!["adit.example".into()], vec!["http://localhost:3000".into(), "app://page".into()]);
        Authority { local, hosts, origins }
    }

    /// The code of the refusal, if the request is refused.
    fn refused(local: bool, host: Option<&str>, origin: Option<&str>) -> Option<ErrorCode> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::HOST, host), (header::ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        authority(local).check(&Uri::from_static("/v1/jobs"), &headers).err().map(|error| error.body.code)
    }

    #[test]
    fn on_loopback_only_own_and_listed_hosts_are_answered() {
        let own = "127.0.0.1:8000 127.9.9.9 localhost LOCALHOST:80 [::1]:8000 [::1] adit.example adit.EXAMPLE:443 \
            [::ffff:127.0.0.1]:8000";
        for host in own.split_whitespace() {
            assert_eq!(refused(true, Some(host), None), None, "{host}");
        }
        for host in ["", "evil.example", "127.0.0.1.evil.example:8000", "x.localhost", "0.0.0.0:8000", "10.0.0.7", "é"]
        {
            assert_eq!(refused(true, Some(host), None), Some(ErrorCode::WrongHost), "{host}");
            assert_eq!(refused(false, Some(host), None), None, "{host}");
        }
        assert_eq!(refused(true, None, None), None);
        let absolute = Uri::from_static("http://evil.example/v1/jobs");
        assert!(authority(true).check(&absolute, &HeaderMap::new()).is_err());
    }

    #[test]
    fn on_loopback_only_own_and_listed_origins_are_answered() {
        let host = Some("localhost:8000");
        for origin in
            ["http://localhost:8000", "https://LOCALHOST:8000", "https://adit.example", "http://adit.example:81"]
        {
            assert_eq!(refused(true, host, Some(origin)), None, "{origin}");
        }
        for listed in ["http://localhost:3000", "app://page"] {
            assert_eq!(refused(true, host, Some(listed)), None, "{listed}");
        }
        let foreign = "null http://localhost:3001 http://localhost http://127.0.0.1:8000 https://evil.example app://other \
            https://localhost:3000 file:// http://localhost:8000@evil.example http://evil.example/localhost:8000";
        for origin in foreign.split_whitespace() {
            assert_eq!(refused(true, host, Some(origin)), Some(ErrorCode::WrongOrigin), "{origin}");
            assert_eq!(refused(false, host, Some(origin)), None, "{origin}");
        }
        assert_eq!(refused(true, host, Some("")), Some(ErrorCode::WrongOrigin));
        // A page behind a rebound name is of its own origin, but not under a host of ours.
        assert_eq!(refused(true, Some("evil.example"), Some("http://evil.example")), Some(ErrorCode::WrongHost));
    }

    #[test]
    fn on_loopback_only_own_and_listed_origins_embed_the_miner() {
        assert_eq!(authority(true).embedders(), "'self' http://localhost:3000 app://page");
        assert_eq!(authority(false).embedders(), "*");
        let origins = vec!["http://a;script-src".into(), "http://b".into()];
        assert_eq!(Authority { origins, ..authority(true) }.embedders(), "'self' http://b");
    }

    #[test]
    fn operators_call_under_names_that_cannot_be_rebound() {
        for host in ["127.0.0.1:8000", "localhost", "LOCALHOST:80", "[::1]:8000", "adit.example:443", "10.0.0.7"] {
            assert!(authority(false).admits_operators(host), "{host}");
        }
        for host in ["", "evil.example", "127.0.0.1.evil.example:8000", "localhost.evil.example"] {
            assert!(!authority(false).admits_operators(host), "{host}");
        }
    }
}
