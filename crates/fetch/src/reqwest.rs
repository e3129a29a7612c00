//! HTTP for desktops and servers.

use std::error::Error;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::reqwest::dns::{Addrs, Name, Resolve, Resolving};
use bytes::Bytes;
use futures::future::FutureExt;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::reach::{NotPublic, Place, all_public};
use crate::{AllowedHost, Body, Fetch, FetchError, Incoming, Method, Reach, Request, Upload};

/// The chunks in which uploads are read.
const CHUNK_BYTES: usize = 64 << 10;

/// Connections that wait for the next request end before a coordinator ends them, so that no request meets a closed one.
const IDLE: Duration = Duration::from_secs(10);

/// HTTP for desktops and servers, with TLS. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Reqwest {
    anywhere: reqwest::Client,
    /// For addresses that somebody else chose. It has connections of its own, all to addresses that were checked.
    public: reqwest::Client,
    allowed: Arc<[AllowedHost]>,
}

impl Reqwest {
    /// An adapter that keeps connections for later requests. Fails if the system's certificates cannot be loaded.
    pub fn new() -> Result<Self, FetchError> {
        Self::allowing(&[])
    }

    /// The same, where requests of [`Reach::Public`] may also go to the hosts `allowed`.
    pub fn allowing(allowed: &[AllowedHost]) -> Result<Self, FetchError> {
        let failed = |error: reqwest::Error| FetchError::Connect(innermost_cause(&error));
        let builder = || {
            let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
            builder.pool_idle_timeout(IDLE).user_agent(concat!("adit/", env!("CARGO_PKG_VERSION")))
        };
        let anywhere = builder().build().map_err(failed)?;
        let public = builder().no_proxy().dns_resolver(PublicNames).build().map_err(failed)?;
        Ok(Reqwest { anywhere, public, allowed: allowed.into() })
    }

    /// The client for a request; fails if the place is an address that it may not go to.
    fn client(&self, reach: Reach, place: &Place) -> Result<&reqwest::Client, FetchError> {
        if reach == Reach::Anywhere || place.is_allowed(&self.allowed) {
            return Ok(&self.anywhere);
        }
        place.check_address().map(|()| &self.public)
    }
}

impl Fetch for Reqwest {
    async fn open(&self, request: Request) -> Result<Incoming, FetchError> {
        let Request { method, url, headers, body, max_bytes, timeout_ms, reach } = request;
        let place = place(&url)?;
        let client = self.client(reach, &place)?;
        let mut builder = client.request(method.into(), &url).timeout(Duration::from_millis(timeout_ms.into()));
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        match body {
            Some(Body::Whole(bytes)) => builder = builder.body(Bytes::from_owner(Shared(bytes))),
            Some(body @ Body::Chunked(_)) => builder = chunked(builder, &body),
            None => {}
        }
        let response = builder.send().await.map_err(|error| match refusal(&error) {
            Some(refused) => place.refused(refused),
            None => named(error, &url, timeout_ms),
        })?;
        let (status, announced) = (response.status().as_u16(), response.content_length());
        let headers = text_headers(response.headers());
        let failed = move |error| named(error, &url, timeout_ms);
        let chunks = response.bytes_stream().map_ok(Vec::from).map_err(failed).boxed();
        Incoming::new(status, headers, announced, chunks, max_bytes)
    }
}

/// The host and port of a URL as the client reads them.
fn place(url: &str) -> Result<Place, FetchError> {
    let parsed = reqwest::Url::parse(url).ok();
    let place = parsed.and_then(|parsed| Some(Place::new(parsed.host_str()?, parsed.port_or_known_default()?)));
    place.ok_or_else(|| FetchError::Url(url.into()))
}

/// Looks names up, and refuses those of addresses that are not public. The client connects to the addresses it returns.
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let looked_up = async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            all_public(found.iter().map(SocketAddr::ip))?;
            Ok(Box::new(found.into_iter()) as Addrs)
        };
        looked_up.boxed()
    }
}

/// Why [`PublicNames`] refused the name, if it did.
fn refusal(error: &reqwest::Error) -> Option<&NotPublic> {
    let mut causes = std::iter::successors(error.source(), |&error| error.source());
    causes.find_map(|error| error.downcast_ref())
}

/// The length is announced, so the server reads a body like any other.
fn chunked(builder: reqwest::RequestBuilder, body: &Body) -> reqwest::RequestBuilder {
    let Body::Chunked(upload) = body else { return builder };
    let builder = builder.header(reqwest::header::CONTENT_LENGTH, body.length());
    builder.body(reqwest::Body::wrap_stream(chunks(upload.clone())))
}

/// Files are read on threads that may block.
fn chunks(upload: Upload) -> impl Stream<Item = io::Result<Vec<u8>>> + Send {
    let opened = stream::once(async move { blocking(move || upload.open()).await });
    let read = |source| stream::try_unfold(source, |source| blocking(move || next_chunk(source)));
    opened.map_ok(read).try_flatten()
}

fn next_chunk<R: Read>(mut source: R) -> io::Result<Option<(Vec<u8>, R)>> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let read = source.read(&mut chunk)?;
    chunk.truncate(read);
    Ok((read > 0).then_some((chunk, source)))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
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

/// Lets a request body be sent without a copy.
struct Shared(Arc<Vec<u8>>);

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
        FetchError::Connect(innermost_cause(&error))
    } else {
        FetchError::Interrupted(innermost_cause(&error))
    }
}

/// The innermost cause says most: the layers above it only say that something failed.
fn innermost_cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
