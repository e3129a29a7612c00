use std::error::Error;
use std::time::Duration;

use bytes::Bytes;

use crate::{Body, Fetch, FetchError, Method, Request, Response};

/// HTTP for desktops and servers, with TLS. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Reqwest(reqwest::Client);

impl Reqwest {
    /// Connections are kept for later requests. Fails where the host's certificates cannot be loaded.
    pub fn new() -> Result<Self, FetchError> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.user_agent(concat!("adit/", env!("CARGO_PKG_VERSION"))).build();
        client.map(Reqwest).map_err(|error| FetchError::Connect(with_causes(&error)))
    }
}

impl Fetch for Reqwest {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        let Request { method, url, headers, body, max_bytes, timeout_ms } = request;
        let failed = |error: reqwest::Error| named(error, &url, timeout_ms);
        let mut builder = self.0.request(method.into(), &url).timeout(Duration::from_millis(timeout_ms.into()));
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = body {
            builder = builder.body(Bytes::from_owner(Shared(body)));
        }
        let mut response = builder.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let announced = response.content_length().unwrap_or(0);
        if announced > max_bytes as u64 {
            return Err(FetchError::TooLarge(max_bytes));
        }
        let headers = text_headers(response.headers());
        let mut body = Vec::with_capacity(announced as usize);
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > max_bytes {
                return Err(FetchError::TooLarge(max_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body })
    }
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Delete => Self::DELETE,
        }
    }
}

/// Lets a request body be sent from where it lies.
struct Shared(Body);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn text_headers(headers: &reqwest::header::HeaderMap) -> Vec<(String, String)> {
    let text = headers.iter().filter_map(|(name, value)| Some((name.as_str().into(), value.to_str().ok()?.into())));
    text.collect()
}

fn named(error: reqwest::Error, url: &str, timeout_ms: u32) -> FetchError {
    let error = error.without_url();
    if error.is_builder() {
        FetchError::Url(url.into())
    } else if error.is_timeout() {
        FetchError::Timeout(timeout_ms)
    } else if error.is_connect() {
        FetchError::Connect(with_causes(&error))
    } else {
        FetchError::Interrupted(with_causes(&error))
    }
}

/// The innermost cause says most: the layers above it only say that something failed.
fn with_causes(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
