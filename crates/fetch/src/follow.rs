//! Follows redirects: each hop is a separate request, whose address is checked like the first one's.

use crate::request::scheme;
use crate::{Fetch, FetchError, Incoming, Reach, Request, Response};

/// The most redirects that a request for a block follows.
pub const BLOCK_REDIRECTS: u8 = 5;

/// Sends `request` and follows at most [`Request::redirects`] redirects to `http` and `https` addresses. Only GETs are
/// redirected; with other methods a redirect is the answer.
///
/// The server chooses where a redirect leads. Outside the named host and its subdomains it is therefore
/// followed with [`Reach::Public`](crate::Reach::Public), and without headers that identify the caller.
///
/// ```
/// use adit_fetch::{Request, Response, Scripted, follow};
///
/// let fetch = Scripted::new(|request| match request.url.as_str() {
///     "http://gateway/ipfs/a" => Ok(Response::new(301, "").with_header("location", "/ipfs/b")),
///     _ => Ok(Response::new(200, "block")),
/// });
/// let request = Request::get("http://gateway/ipfs/a").redirects(5);
/// assert_eq!(futures::executor::block_on(follow(&fetch, request)).unwrap().body, b"block");
/// assert_eq!(fetch.seen()[1].url, "http://gateway/ipfs/b");
/// ```
pub async fn follow<F: Fetch>(fetch: &F, request: Request) -> Result<Response, FetchError> {
    open_following(fetch, request).await?.whole().await
}

/// As [`follow`], for bodies that are read as they arrive. The bodies of redirects are not read.
pub async fn open_following<F: Fetch>(fetch: &F, request: Request) -> Result<Incoming, FetchError> {
    if F::FOLLOWS {
        return fetch.open(request).await;
    }
    let (first, mut left, mut request) = (request.url.clone(), request.redirects, request);
    loop {
        let response = fetch.open(request.clone()).await?;
        let Some(location) = redirect(&request, &response) else { return Ok(response) };
        let Some(url) = join(&request.url, location).filter(|url| scheme(url).is_ok()) else {
            return Err(FetchError::Redirect(format!("to {}, which is no http address", shown(location))));
        };
        left = left.checked_sub(1).ok_or_else(|| too_many(request.redirects))?;
        if !is_within(&first, &url) {
            request.reach = Reach::Public;
            request.headers.retain(|(name, _)| HARMLESS.contains(name));
        }
        request.url = url;
    }
}

/// Headers that say nothing about the caller.
const HARMLESS: [&str; 2] = ["accept", "accept-encoding"];
/// The most characters of a foreign address to repeat in a message.
const QUOTED: usize = 200;

fn too_many(most: u8) -> FetchError {
    FetchError::Redirect(format!("more than {most} times"))
}

fn shown(location: &str) -> String {
    location.chars().filter(|c| !c.is_control()).take(QUOTED).collect()
}

/// Where the response sends a request that follows redirects.
fn redirect<'a>(request: &Request, response: &'a Incoming) -> Option<&'a str> {
    let redirects = matches!(response.status, 301 | 302 | 303 | 307 | 308);
    let follows = request.redirects > 0 && request.method == crate::Method::Get;
    if redirects && follows { response.header("location") } else { None }
}

/// Whether `url` is at the host and port of `first`, or at a subdomain. The owner of a name controls its subdomains too, so
/// such a hop reaches nothing that the first request could not.
fn is_within(first: &str, url: &str) -> bool {
    let (Some((tls, host, port)), Some((to_tls, to, to_port))) = (place(first), place(url)) else { return false };
    let is_plain = to.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
    let below = is_plain && to.strip_suffix(&host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // The same host has another port for TLS.
    below && (to_port == port || (!tls && to_tls && (port, to_port) == (80, 443)))
}

/// Whether an address asks for TLS, its host in lower case, and its port.
fn place(url: &str) -> Option<(bool, String, u16)> {
    let tls = scheme(url).ok()?;
    let authority = url.split_once("://")?.1.split(['/', '?', '#', '\\']).next()?;
    let authority = authority.rsplit('@').next()?.to_ascii_lowercase();
    let default = if tls { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, "")) => Some((tls, host.into(), default)),
        Some((host, port)) if !port.contains(']') => Some((tls, host.into(), port.parse().ok()?)),
        _ => Some((tls, authority, default)),
    }
}

/// The address that `location` means in an answer from `base` (RFC 3986, 5.2). Dots in paths are left to the server.
fn join(base: &str, location: &str) -> Option<String> {
    let location = location.trim().split('#').next()?;
    let (scheme, rest) = base.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split(['?', '#']).next()?;
    let is_absolute = location.split(['/', '?']).next().is_some_and(|first| first.contains(':'));
    Some(match location {
        _ if is_absolute => location.to_owned(),
        _ if location.starts_with("//") => format!("{scheme}:{location}"),
        _ if location.starts_with('/') => format!("{scheme}://{authority}{location}"),
        _ if location.starts_with('?') => format!("{scheme}://{authority}{path}{location}"),
        _ => {
            let folder = path.rfind('/').map_or("/", |last| &path[..=last]);
            format!("{scheme}://{authority}{folder}{location}")
        }
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::executor::block_on;

    use super::*;
    use crate::Scripted;

    fn to(location: &str) -> Result<Response, FetchError> {
        Ok(Response::new(302, "").with_header("location", location))
    }

    fn get() -> Request {
        Request::get("http://gateway.example/ipfs/a?format=raw").redirects(BLOCK_REDIRECTS).header("accept", "x")
    }

    #[test]
    fn locations_are_joined_as_browsers_do() {
        for (location, url) in [
            ("https://other.example/x", "https://other.example/x"),
            ("//other.example/x", "http://other.example/x"),
            ("/x?y=1", "http://h:8/x?y=1"),
            ("x", "http://h:8/a/x"),
            ("?z", "http://h:8/a/b?z"),
            (" /x#part ", "http://h:8/x"),
            ("ftp://other/x", "ftp://other/x"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("x?to=http://other", "http://h:8/a/x?to=http://other"),
        ] {
            assert_eq!(join("http://h:8/a/b?c#d", location).as_deref(), Some(url), "{location}");
        }
        assert_eq!(join("http://h", "x").as_deref(), Some("http://h/x"));
    }

    #[test]
    fn five_hops_are_followed_and_not_six() {
        for (hops, answered) in [(0, true), (5, true), (6, false), (1_000, false)] {
            let made = Cell::new(0);
            let fetch = Scripted::new(|_| {
                made.set(made.get() + 1);
                if made.get() > hops { Ok(Response::new(200, "block")) } else { to(&format!("/hop/{}", made.get())) }
            });
            let found = block_on(follow(&fetch, get()));
            assert_eq!(found.is_ok(), answered, "{hops}: {found:?}");
            assert!(made.get() <= 6);
        }
        let fetch = Scripted::new(|_| to("/"));
        let found = block_on(follow(&fetch, get().redirects(0))).unwrap();
        assert_eq!((found.status, fetch.seen().len()), (302, 1));
        assert_eq!(block_on(follow(&Scripted::new(|_| Ok(Response::new(302, ""))), get())).unwrap().status, 302);
    }

    #[test]
    fn only_http_is_followed() {
        for location in ["ftp://x/", "file:///etc/passwd", "javascript:alert(1)", "gopher://x", "data:,x", "http:/x"] {
            let fetch = Scripted::new(|_| to(location));
            let error = block_on(follow(&fetch, get())).unwrap_err();
            assert!(matches!(error, FetchError::Redirect(_)), "{location}: {error}");
            assert_eq!(fetch.seen().len(), 1);
        }
    }

    /// What the sender of the first request allowed applies to its host only.
    #[test]
    fn a_hop_to_another_host_reaches_public_addresses_alone() {
        let second = |location: &str| {
            let sent = Cell::new(0);
            let fetch = Scripted::new(|_| {
                sent.set(sent.get() + 1);
                if sent.get() == 1 { to(location) } else { Ok(Response::new(200, "")) }
            });
            block_on(follow(&fetch, get().header("authorization", "Bearer t"))).unwrap();
            fetch.seen()[1].clone()
        };
        for own in
            ["/x", "http://GATEWAY.example:80/x", "http://cid.ipfs.gateway.example/", "https://gateway.example/x"]
        {
            let request = second(own);
            assert_eq!((request.reach, request.headers.len()), (Reach::Anywhere, 2), "{own}");
        }
        for other in [
            "http://127.0.0.1/",
            "http://gateway.example:8080/",
            "http://gateway.example.evil/",
            "http://evilgateway.example/",
            "http://gateway.example@evil/",
            "http://evil\\.gateway.example/",
            "https://gateway.example:444/",
        ] {
            let request = second(other);
            assert_eq!((request.reach, request.headers.len()), (Reach::Public, 1), "{other}");
        }
    }
}
