//! HTTP as one small trait, with an adapter for each host.
//!
//! One request, one response: no adapter sleeps, retries, follows redirects or decides anything. The caller sets the
//! largest body and the longest time; both caps hold while the body arrives, whether it is read whole or in chunks. The caller
//! also says who chose the address: [`Reach`] keeps strangers from making this machine connect to private addresses.
//!
//! | feature | adapter | host |
//! |---|---|---|
//! | `reqwest` | `Reqwest` | desktops and servers, with TLS; needs a tokio runtime |
//! | `ureq` | `Ureq` | old machines, without TLS; a thread for each request |
//! | `browser` | `Browser` | pages and workers |
//! | – | [`Scripted`] | tests |
//!
//! ```
//! use adit_fetch::{Request, Response, Scripted};
//!
//! let fetch = Scripted::new(|request| {
//!     assert_eq!(request.url, "http://127.0.0.1:8000/healthz");
//!     Ok(Response::new(200, "ok"))
//! });
//! let response = fetch.answer(Request::get("http://127.0.0.1:8000/healthz"))?;
//! assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
//! # Ok::<(), adit_fetch::FetchError>(())
//! ```

use std::future::Future;

mod body;
#[cfg(all(feature = "browser", target_arch = "wasm32"))]
mod browser;
mod follow;
mod options;
mod proxy;
// Only the native adapters check addresses.
#[cfg_attr(not(any(feature = "reqwest", feature = "ureq")), allow(dead_code))]
mod reach;
mod request;
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
mod reqwest;
mod response;
mod scripted;
#[cfg(all(feature = "ureq", not(target_arch = "wasm32")))]
mod ureq;

pub use body::Body;
#[cfg(not(target_arch = "wasm32"))]
pub use body::{Reader, Upload};
#[cfg(all(feature = "browser", target_arch = "wasm32"))]
pub use browser::Browser;
pub use follow::{BLOCK_REDIRECTS, follow, open_following};
pub use options::{CONNECT_MS, Options, SILENCE_MS};
pub use proxy::{InvalidProxy, OWN_VARIABLE, Proxies, Proxy};
pub use reach::{AllowedHost, InvalidHost, Reach};
pub use request::{DEFAULT_MAX_BYTES, DEFAULT_TIMEOUT_MS, Method, NO_LIMIT_MS, Request};
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
pub use reqwest::Reqwest;
#[cfg(not(target_arch = "wasm32"))]
pub use response::http_date;
pub use response::{Incoming, Response};
pub use scripted::Scripted;
#[cfg(all(feature = "ureq", not(target_arch = "wasm32")))]
pub use ureq::Ureq;

/// An HTTP client, as the host provides it.
pub trait Fetch {
    /// Whether the host follows redirects itself, without showing where they lead.
    const FOLLOWS: bool = false;

    /// Sends `request` and returns once the response's head has arrived. Any status is a response.
    fn open(&self, request: Request) -> impl Future<Output = Result<Incoming, FetchError>> + MaybeSend;

    /// Sends `request` and reads the whole response.
    fn fetch(&self, request: Request) -> impl Future<Output = Result<Response, FetchError>> + MaybeSend {
        let opened = self.open(request);
        async move { opened.await?.whole().await }
    }
}

impl<F: Fetch> Fetch for &F {
    const FOLLOWS: bool = F::FOLLOWS;

    fn open(&self, request: Request) -> impl Future<Output = Result<Incoming, FetchError>> + MaybeSend {
        (**self).open(request)
    }
}

/// `Send` natively. In browsers, where everything runs on one thread, every type is.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send> MaybeSend for T {}

/// `Send` natively. In browsers, where everything runs on one thread, every type is.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T> MaybeSend for T {}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address is malformed.
    #[error("the address {0} cannot be used")]
    Url(String),
    /// The address has no scheme.
    #[error("the address {0} has no scheme: did you mean http://{0}?")]
    NoScheme(String),
    /// The request carries a secret, and would carry it through a proxy that can read it.
    #[error(
        "the operators' token would go through the proxy {proxy} unencrypted: use https, or ask {host} without a proxy \
         (NO_PROXY={host} or ADIT_PROXY=none)"
    )]
    TokenInClear {
        /// The proxy, without its password.
        proxy: String,
        /// The host that was asked.
        host: String,
    },
    /// A redirect that is not followed.
    #[error("the address redirects {0}")]
    Redirect(String),
    /// The host is at an address that is not public, and somebody else chose it.
    #[error("{host} is at {address}, which is not a public address; allow it with `--allow-source {host}`")]
    NotPublic {
        /// The host with its port.
        host: String,
        /// Its address.
        address: std::net::IpAddr,
    },
    /// No connection, or no secure one.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The time limit passed.
    #[error("no answer within {0} ms")]
    Timeout(u32),
    /// Nothing was received and nothing could be sent for too long.
    #[error("the connection was silent for {0} ms")]
    Silent(u32),
    /// The response's body is larger than the request allows.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection broke, or the response is not HTTP.
    #[error("the connection broke: {0}")]
    Interrupted(String),
}
