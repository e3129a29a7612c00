//! Which proxy a request goes through.
//!
//! The environment names proxies, as it does for other programs: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, and exceptions in
//! `NO_PROXY`. `ADIT_PROXY` comes before them all, and `ADIT_PROXY=none` means no proxy. Requests to addresses that are not
//! public never use one: on a proxy, loopback and private addresses mean other machines.

use std::fmt;
use std::net::IpAddr;

use crate::reach::{Host, is_public};
use crate::request::scheme;

/// The variable that names a proxy for this program only.
pub const OWN_VARIABLE: &str = "ADIT_PROXY";

/// The proxies for requests. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    except: Vec<Exception>,
}

/// A proxy, and the variable that names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: String,
    shown: String,
    variable: String,
}

/// A variable names a proxy that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} names a proxy that cannot be used: write http://HOST:PORT, or set ADIT_PROXY=none to use none")]
pub struct InvalidProxy {
    /// The variable.
    pub variable: String,
}

impl Proxies {
    /// The proxies that an environment names. `variable` looks a variable up.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidProxy> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        if let Some(own) = variable(OWN_VARIABLE) {
            return Self::own(&own);
        }
        // Lower case comes first, as everywhere.
        let either = |name: &str| {
            let found = [name.to_ascii_lowercase(), name.to_owned()].into_iter();
            let mut found = found.filter_map(|name| Some((variable(&name)?, name)));
            found.next().map(|(value, name)| Proxy::parse(&value, &name)).transpose()
        };
        let all = either("ALL_PROXY")?;
        // Under CGI a request's Proxy header becomes this variable.
        let http = if variable("REQUEST_METHOD").is_some() { None } else { either("HTTP_PROXY")? };
        let except = variable("no_proxy").or(variable("NO_PROXY")).unwrap_or_default();
        Ok(Proxies {
            http: http.or_else(|| all.clone()),
            https: either("HTTPS_PROXY")?.or(all),
            except: except.split([',', ' ']).filter_map(Exception::parse).collect(),
        })
    }

    /// The proxy that [`OWN_VARIABLE`] names: one for everything, or `none`.
    pub fn own(value: &str) -> Result<Self, InvalidProxy> {
        if value.trim().eq_ignore_ascii_case("none") {
            return Ok(Proxies::default());
        }
        let proxy = Proxy::parse(value, OWN_VARIABLE)?;
        Ok(Proxies { http: Some(proxy.clone()), https: Some(proxy), except: Vec::new() })
    }

    /// The proxy for `http` addresses, and that for `https` ones.
    pub fn both(&self) -> (Option<&Proxy>, Option<&Proxy>) {
        (self.http.as_ref(), self.https.as_ref())
    }

    /// The proxy for a request to `url`.
    pub fn for_url(&self, url: &str) -> Option<&Proxy> {
        let tls = scheme(url).ok()?;
        let authority = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
        let authority = authority.rsplit('@').next()?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port.parse().ok()),
            _ => (authority, None),
        };
        self.choose(tls, &Host::of(host), port.unwrap_or(if tls { 443 } else { 80 }))
    }

    pub(crate) fn choose(&self, tls: bool, host: &Host, port: u16) -> Option<&Proxy> {
        let proxy = if tls { self.https.as_ref() } else { self.http.as_ref() };
        proxy.filter(|_| !is_near(host) && !self.except.iter().any(|except| except.covers(host, port)))
    }
}

/// Whether a host is this machine or on its network, as far as its name tells.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Address(address) => !is_public(*address),
        Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
    }
}

/// Adds the proxy that a request went through to a sentence about the request.
#[cfg(any(feature = "reqwest", feature = "ureq"))]
pub(crate) fn through(sentence: String, proxy: Option<&impl fmt::Display>) -> String {
    match proxy {
        Some(proxy) => format!("{sentence}, through the proxy {proxy}"),
        None => sentence,
    }
}

impl Proxy {
    fn parse(value: &str, variable: &str) -> Result<Self, InvalidProxy> {
        let value = value.trim();
        let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
        let scheme = scheme.to_ascii_lowercase();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let place = authority.rsplit('@').next().unwrap_or_default();
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let usable = ["http", "https"].contains(&scheme.as_str()) && !place.starts_with(':');
        if !usable || place.is_empty() || !place.bytes().all(named) {
            return Err(InvalidProxy { variable: variable.into() });
        }
        let (url, shown) = (format!("{scheme}://{authority}"), format!("{scheme}://{place}"));
        Ok(Proxy { url, shown, variable: variable.into() })
    }

    /// Its address, with the password if it has one.
    #[cfg_attr(not(any(feature = "reqwest", feature = "ureq")), allow(dead_code))]
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The variable that names it.
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

/// Its address, without a password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self}, {})", self.variable)
    }
}

/// Hosts that are asked without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name, and all names below it.
    Name(String),
    /// Addresses with this prefix of this many bits.
    Block(IpAddr, u32),
}

impl Exception {
    /// `*`, `NAME`, `.NAME`, `*.NAME`, `ADDRESS` or `ADDRESS/BITS`, with a port or without. Others are ignored.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let hosts = match host.split_once('/') {
            Some((address, bits)) => Hosts::Block(address.parse().ok()?, bits.parse().ok()?),
            None if host == "*" => Hosts::All,
            None => match Host::of(host.trim_start_matches('*').trim_start_matches('.')) {
                Host::Address(address) => Hosts::Block(address, u32::MAX),
                Host::Name(name) if name.is_empty() => return None,
                Host::Name(name) => Hosts::Name(name),
            },
        };
        Some(Exception { hosts, port })
    }

    fn covers(&self, host: &Host, port: u16) -> bool {
        let same_host = match (&self.hosts, host) {
            (Hosts::All, _) => true,
            (Hosts::Name(name), Host::Name(host)) => {
                host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Hosts::Block(block, bits), Host::Address(address)) => shares_prefix(*block, *address, *bits),
            _ => false,
        };
        same_host && self.port.is_none_or(|only| only == port)
    }
}

fn shares_prefix(block: IpAddr, address: IpAddr, bits: u32) -> bool {
    match (block.to_canonical(), address.to_canonical()) {
        (IpAddr::V4(block), IpAddr::V4(address)) => {
            (block.to_bits() ^ address.to_bits()).checked_shr(32 - bits.min(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(block), IpAddr::V6(address)) => {
            (block.to_bits() ^ address.to_bits()).checked_shr(128 - bits.min(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Proxies, InvalidProxy> {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Proxies::of_environment(find)
    }

    /// The proxy for a URL, as it is shown.
    fn shown(variables: &[(&str, &str)], url: &str) -> Option<String> {
        of(variables).unwrap().for_url(url).map(ToString::to_string)
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let set = [("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "https://b:2"), ("ALL_PROXY", "c:3")];
        assert_eq!(shown(&set, "http://x.org/").as_deref(), Some("http://a:1"));
        assert_eq!(shown(&set, "https://x.org").as_deref(), Some("https://b:2"));
        assert_eq!(shown(&set[2..], "https://x.org").as_deref(), Some("http://c:3"));
        assert_eq!(shown(&[("http_proxy", "a"), ("HTTP_PROXY", "b")], "http://x.org").as_deref(), Some("http://a"));
        assert_eq!(shown(&[("HTTP_PROXY", "a"), ("REQUEST_METHOD", "GET")], "http://x.org"), None);
        assert_eq!(shown(&[("HTTPS_PROXY", "a")], "http://x.org"), None);
        assert_eq!(shown(&[("HTTP_PROXY", " ")], "http://x.org"), None);
    }

    #[test]
    fn our_own_variable_wins() {
        let set = [("ADIT_PROXY", "http://own:1"), ("HTTP_PROXY", "http://a:1"), ("NO_PROXY", "*")];
        assert_eq!(shown(&set, "http://x.org").as_deref(), Some("http://own:1"));
        assert_eq!(shown(&set, "https://x.org").as_deref(), Some("http://own:1"));
        assert_eq!(shown(&[("ADIT_PROXY", "None"), ("HTTP_PROXY", "http://a:1")], "http://x.org"), None);
    }

    #[test]
    fn near_addresses_are_asked_without_a_proxy() {
        let set = [("ADIT_PROXY", "http://p:1")];
        for near in
            ["localhost", "LOCALHOST:8000", "a.localhost", "127.0.0.1:8000", "10.1.2.3", "192.168.0.1", "[::1]:80"]
        {
            assert_eq!(shown(&set, &format!("http://{near}/v1")), None, "{near}");
        }
        for far in ["1.1.1.1", "x.org:8000", "user@x.org", "[2606:4700::1111]:80", "localhost.org"] {
            assert!(shown(&set, &format!("http://{far}/v1")).is_some(), "{far}");
        }
    }

    #[test]
    fn exceptions_are_names_addresses_and_blocks() {
        let direct = |except: &str, host: &str| {
            shown(&[("ALL_PROXY", "p:1"), ("NO_PROXY", except)], &format!("http://{host}/")).is_none()
        };
        for (except, host) in [
            ("*", "x.org"),
            ("x.org", "x.org"),
            ("x.org", "a.x.org"),
            (".x.org", "a.x.org"),
            ("*.x.org", "a.X.org"),
            ("y.org, x.org", "x.org:81"),
            ("x.org:81", "x.org:81"),
            ("1.1.0.0/16", "1.1.2.3"),
            ("1.1.2.3", "1.1.2.3:80"),
            ("0.0.0.0/0", "8.8.8.8"),
            ("2606:4700::/32", "[2606:4700::1]"),
        ] {
            assert!(direct(except, host), "{except} {host}");
        }
        for (except, host) in [
            ("x.org", "ax.org"),
            ("x.org", "x.org.evil"),
            ("x.org:81", "x.org"),
            ("1.1.0.0/16", "1.2.2.3"),
            ("", "x.org"),
            (",.,", "x.org"),
            ("1.1.0.0/x", "1.1.0.0"),
        ] {
            assert!(!direct(except, host), "{except} {host}");
        }
    }

    #[test]
    fn passwords_are_not_shown_and_strange_proxies_are_refused() {
        let proxies = of(&[("HTTPS_PROXY", "http://user:pass%40@p.lan:3128/")]).unwrap();
        let proxy = proxies.for_url("https://x.org").unwrap();
        assert_eq!(proxy.url(), "http://user:pass%40@p.lan:3128");
        assert!(!format!("{proxy} {proxies:?}").contains("pass"));
        for wrong in ["socks5://p:1080", "http://", "http://:80", "ftp://p", "http://p q", "http://a@"] {
            let error = of(&[("ALL_PROXY", wrong)]).unwrap_err();
            assert_eq!(error.variable, "ALL_PROXY", "{wrong}");
            assert!(error.to_string().contains("ADIT_PROXY=none"));
        }
    }
}
