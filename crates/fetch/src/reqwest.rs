//! HTTP for desktops and servers.

use std::error::Error;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::{Body, Fetch, FetchError, Incoming, Method, Request, Upload};

/// The chunks in which uploads are read.
const CHUNK_BYTES: usize = 64 << 10;

/// HTTP for desktops and servers, with TLS. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Reqwest(reqwest::Client);

impl Reqwest {
    /// An adapter that keeps connections for later requests. Fails if the system's certificates cannot be loaded.
    pub fn new() -> Result<Self, FetchError> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.user_agent(concat!("adit/", env!("CARGO_PKG_VERSION"))).build();
        client.map(Reqwest).map_err(|error| FetchError::Connect(innermost_cause(&error)))
    }
}

impl Fetch for Reqwest {
    async fn open(&self, request: Request) -> Result<Incoming, FetchError> {
        let Request { method, url, headers, body, max_bytes, timeout_ms } = request;
        let mut builder = self.0.request(method.into(), &url).timeout(Duration::from_millis(timeout_ms.into()));
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        match body {
            Some(Body::Whole(bytes)) => builder = builder.body(Bytes::from_owner(Shared(bytes))),
            Some(body @ Body::Chunked(_)) => builder = chunked(builder, &body),
            None => {}
        }
        let response = builder.send().await.map_err(|error| named(error, &url, timeout_ms))?;
        let (status, announced) = (response.status().as_u16(), response.content_length());
        let headers = text_headers(response.headers());
        let failed = move |error| named(error, &url, timeout_ms);
        let chunks = response.bytes_stream().map_ok(Vec::from).map_err(failed).boxed();
        Incoming::new(status, headers, announced, chunks, max_bytes)
    }
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
