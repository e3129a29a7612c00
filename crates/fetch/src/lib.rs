//! HTTP as one small trait, with an adapter for each host.
//!
//! One request, one answer: nothing here sleeps, retries, follows redirects or decides anything. The caller says how many
//! bytes it will take and how long it will wait; both caps hold while the answer is read.
//!
//! | feature | adapter | host |
//! |---|---|---|
//! | `reqwest` | `Reqwest` | desktops and servers, with TLS; needs a tokio runtime |
//! | `ureq` | `Ureq` | old machines, without TLS; a thread for each request |
//! | `browser` | `Browser` | pages and workers |
//! | – | [`Scripted`] | tests |
//!
//! ```
//! use adit_fetch::{Fetch, Request, Response, Scripted};
//!
//! let fetch = Scripted::new(|request| {
//!     assert_eq!(request.url, "http://127.0.0.1:8000/healthz");
//!     Ok(Response::new(200, "ok"))
//! });
//! let answer = fetch.answer(Request::get("http://127.0.0.1:8000/healthz"))?;
//! assert_eq!((answer.status, &answer.body[..]), (200, &b"ok"[..]));
//! # Ok::<(), adit_fetch::FetchError>(())
//! ```

use std::future::Future;
use std::sync::Arc;

#[cfg(all(feature = "browser", target_arch = "wasm32"))]
mod browser;
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
mod reqwest;
mod scripted;
#[cfg(all(feature = "ureq", not(target_arch = "wasm32")))]
mod ureq;

#[cfg(all(feature = "browser", target_arch = "wasm32"))]
pub use browser::Browser;
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
pub use reqwest::Reqwest;
pub use scripted::Scripted;
#[cfg(all(feature = "ureq", not(target_arch = "wasm32")))]
pub use ureq::Ureq;

/// One HTTP exchange. Futures need not be `Send`: a host that is single-threaded brings what it has.
pub trait Fetch {
    /// Sends `request` and reads the whole answer. Any status is an answer; an error means that there is none.
    fn fetch(&self, request: Request) -> impl Future<Output = Result<Response, FetchError>>;
}

impl<F: Fetch> Fetch for &F {
    fn fetch(&self, request: Request) -> impl Future<Output = Result<Response, FetchError>> {
        (**self).fetch(request)
    }
}

/// What is sent as a body: shared, so that sending it again copies nothing.
pub type Body = Arc<Vec<u8>>;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// `http` or `https`, with host and path.
    pub url: String,
    /// Lower-case names and their values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, with its exact length known.
    pub body: Option<Body>,
    /// The largest body that will be taken, in bytes.
    pub max_bytes: usize,
    /// How long the whole exchange may take.
    pub timeout_ms: u32,
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

/// What a request takes unless it says otherwise.
pub const DEFAULT_MAX_BYTES: usize = 1 << 20;
/// How long a request waits unless it says otherwise.
pub const DEFAULT_TIMEOUT_MS: u32 = 20_000;

impl Request {
    /// A request without a body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        let (max_bytes, timeout_ms) = (DEFAULT_MAX_BYTES, DEFAULT_TIMEOUT_MS);
        Request { method, url: url.into(), headers: Vec::new(), body: None, max_bytes, timeout_ms }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// A POST of JSON text.
    pub fn post_json(url: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        let request = Self::new(Method::Post, url).header("content-type", "application/json");
        request.body(Arc::new(json.into()))
    }

    /// Adds a header. `name` is lower case.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets the largest body that will be taken, in bytes.
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets how long the whole exchange may take.
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Lower-case names and their values; those that are not text are left out.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Response { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header. `name` is lower case.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Retry-After in milliseconds, where the answer gives it in seconds.
    ///
    /// ```
    /// let answer = adit_fetch::Response::new(503, "").with_header("retry-after", "7");
    /// assert_eq!(answer.retry_after_ms(), Some(7_000));
    /// ```
    pub fn retry_after_ms(&self) -> Option<u64> {
        let seconds: u64 = self.header("retry-after")?.trim().parse().ok()?;
        seconds.checked_mul(1_000)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address cannot be used.
    #[error("the address {0} cannot be used")]
    Url(String),
    /// Nobody answers there, or not safely.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// It took too long.
    #[error("no answer within {0} ms")]
    Timeout(u32),
    /// The answer's body is larger than the request allows.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection broke, or the answer is not HTTP.
    #[error("the connection broke: {0}")]
    Interrupted(String),
}
