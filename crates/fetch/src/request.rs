//! A request: method, address, headers, body, and the two caps that hold while its answer arrives.

use std::sync::Arc;

use crate::{Body, FetchError, Reach};

/// The body cap of a request that sets none.
pub const DEFAULT_MAX_BYTES: usize = 1 << 20;
/// The time limit of a request that sets none.
pub const DEFAULT_TIMEOUT_MS: u32 = 20_000;

/// No time limit, for bodies of any length.
pub const NO_LIMIT_MS: u32 = u32::MAX;

/// One HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// An `http` or `https` address with host and path.
    pub url: String,
    /// Lower-case names with their values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, whose length is known before it is sent.
    pub body: Option<Body>,
    /// The largest response body to accept, in bytes.
    pub max_bytes: usize,
    /// The time limit for the whole exchange, until the last byte of the response; [`NO_LIMIT_MS`] is none. Silence ends it
    /// in any case, see [`crate::Options::silence_ms`].
    pub timeout_ms: u32,
    /// How long the server may work before it answers, in ms, if that is more than the longest silence.
    pub answer_ms: u32,
    /// How many redirects [`crate::follow`] takes. Browsers hide where a redirect leads, so unless this is 0
    /// they follow redirects themselves, up to a limit of their own.
    pub redirects: u8,
    /// Where it may go. Browsers ignore this and apply their own rules about what pages may reach.
    pub reach: Reach,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// DELETE.
    Delete,
}

impl Method {
    /// The method's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        let (max_bytes, timeout_ms) = (DEFAULT_MAX_BYTES, DEFAULT_TIMEOUT_MS);
        let (url, reach) = (url.into(), Reach::Anywhere);
        Request {
            method,
            url,
            headers: Vec::new(),
            body: None,
            max_bytes,
            timeout_ms,
            answer_ms: 0,
            redirects: 0,
            reach,
        }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// A POST of JSON text.
    pub fn post_json(url: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        Self::new(Method::Post, url).json(json)
    }

    /// Sets a body of JSON text.
    pub fn json(self, json: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/json").body(Arc::new(json.into()))
    }

    /// Adds a header. `name` is lower case.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets the largest response body to accept, in bytes.
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets the time limit for the whole exchange.
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// Sets how long the server may work before it answers.
    pub fn answer_ms(mut self, answer_ms: u32) -> Self {
        self.answer_ms = answer_ms;
        self
    }

    /// Sets how many redirects [`crate::follow`] takes.
    pub fn redirects(mut self, redirects: u8) -> Self {
        self.redirects = redirects;
        self
    }

    /// Sets where it may go.
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }
}

/// Whether the address asks for TLS; fails unless it begins with `http://` or `https://`.
pub(crate) fn scheme(url: &str) -> Result<bool, FetchError> {
    match url.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => Ok(false),
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => Ok(true),
        Some(_) => Err(FetchError::Url(url.into())),
        None => Err(FetchError::NoScheme(url.into())),
    }
}
