//! HTTP for desktops and servers.

mod cause;

use std::error::Error;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ::reqwest::dns::{Addrs, Name, Resolve, Resolving};
use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::FutureExt;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::time::timeout;

use self::cause::{Asked, innermost_cause, silent};
use crate::reach::{Host, NotPublic, Place, all_public};
use crate::request::scheme;
use crate::{AllowedHost, Body, Fetch, FetchError, Incoming, Method, NO_LIMIT_MS, Options, Reach, Request, Upload};

/// The chunks in which uploads are read.
const CHUNK_BYTES: usize = 64 << 10;

/// How long an idle connection is kept: shorter than a coordinator keeps it, so that no request is sent on a closed one.
const IDLE: Duration = Duration::from_secs(10);

/// HTTP for desktops and servers, with TLS. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Reqwest {
    anywhere: reqwest::Client,
    /// For addresses that somebody else chose. Its connections, which are not shared, lead to checked addresses.
    public: reqwest::Client,
    options: Arc<Options>,
}

impl Reqwest {
    /// An adapter that keeps connections for later requests. Fails if the system's certificates cannot be loaded.
    pub fn new() -> Result<Self, FetchError> {
        Self::allowing(&[])
    }

    /// As [`new`](Reqwest::new), but requests of [`Reach::Public`] may also go to the hosts `allowed`.
    pub fn allowing(allowed: &[AllowedHost]) -> Result<Self, FetchError> {
        Self::with(Options { allowed: allowed.to_vec(), ..Options::default() })
    }

    /// An adapter that connects as `options` say.
    pub fn with(options: Options) -> Result<Self, FetchError> {
        let failed = |error: reqwest::Error| FetchError::Connect(innermost_cause(&error));
        let options = Arc::new(options);
        let builder = || {
            let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
            let builder = builder.connect_timeout(Duration::from_millis(options.connect_ms.into()));
            builder.pool_idle_timeout(IDLE).user_agent(concat!("adit/", env!("CARGO_PKG_VERSION")))
        };
        let chosen = options.clone();
        let proxy = reqwest::Proxy::custom(move |url| {
            let (host, port) = (Host::of(url.host_str()?), url.port_or_known_default()?);
            Some(chosen.proxies.choose(url.scheme() == "https", &host, port)?.url().to_owned())
        });
        let anywhere = builder().proxy(proxy).build().map_err(failed)?;
        let public = builder().dns_resolver(PublicNames).build().map_err(failed)?;
        Ok(Reqwest { anywhere, public, options })
    }

    /// The client for a request, and the proxy that it uses; fails if the place is an address that it may not go to.
    fn client(&self, asked: &Asked, reach: Reach) -> Result<&reqwest::Client, FetchError> {
        if asked.is_anywhere(reach, &self.options.allowed) {
            return Ok(&self.anywhere);
        }
        asked.place.check_address().map(|()| &self.public)
    }
}

impl Fetch for Reqwest {
    async fn open(&self, request: Request) -> Result<Incoming, FetchError> {
        let asked = Asked::of(&request, &self.options)?;
        let client = self.client(&asked, request.reach)?;
        let Request { method, url, headers, body, max_bytes, timeout_ms, .. } = request;
        let mut builder = client.request(method.into(), &url);
        if timeout_ms != NO_LIMIT_MS {
            builder = builder.timeout(Duration::from_millis(timeout_ms.into()));
        }
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let (moved, (reader, gone)) = (Moved::default(), oneshot::channel());
        if let Some(body) = body {
            builder = with_body(builder, body, &moved, gone);
        }
        let sent = while_it_moves(builder.send(), &moved, asked.answer).await;
        let response = sent.ok_or_else(|| silent(asked.answer))?.map_err(|error| match refusal(&error) {
            Some(refused) => asked.place.refused(refused),
            None => asked.named(error),
        })?;
        let (status, announced) = (response.status().as_u16(), response.content_length());
        moved.answered(status);
        let headers = text_headers(response.headers());
        let chunks = arriving(response, asked, reader).boxed();
        Incoming::new(status, headers, announced, chunks, max_bytes)
    }
}

/// The chunks of a body. A chunk that does not arrive in time is an error.
fn arriving(response: reqwest::Response, asked: Asked, reader: Reader) -> impl Stream<Item = Chunk> + Send {
    stream::try_unfold((response, asked, reader), |(mut response, asked, reader)| async move {
        let next = timeout(asked.silence, response.chunk()).await.map_err(|_| silent(asked.silence))?;
        let chunk = next.map_err(|error| asked.named(error))?;
        Ok(chunk.map(|chunk| (Vec::from(chunk), (response, asked, reader))))
    })
}

type Chunk = Result<Vec<u8>, FetchError>;
/// The sender is dropped when nobody reads the answer any more, which the upload notices through the receiver.
type Reader = oneshot::Sender<()>;
type Gone = oneshot::Receiver<()>;

/// The progress of an upload, and whether the server has refused it.
#[derive(Clone, Debug, Default)]
struct Moved(Arc<(AtomicU64, AtomicBool)>);

impl Moved {
    fn note(&self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.0.load(Ordering::Relaxed)
    }

    /// Notes that an answer has come, which may be a refusal.
    fn answered(&self, status: u16) {
        self.0.1.store(status >= 300, Ordering::Relaxed);
    }

    fn is_refused(&self) -> bool {
        self.0.1.load(Ordering::Relaxed)
    }
}

/// Waits for an answer while the request's body is being sent, and after that for at most `silence`.
async fn while_it_moves<T>(sent: impl Future<Output = T>, moved: &Moved, silence: Duration) -> Option<T> {
    let mut sent = pin!(sent);
    loop {
        let before = moved.count();
        match timeout(silence, &mut sent).await {
            Ok(answer) => return Some(answer),
            Err(_) if moved.count() != before => {}
            Err(_) => return None,
        }
    }
}

/// The host and port of a URL as the client reads them.
fn place(url: &str) -> Result<Place, FetchError> {
    scheme(url)?;
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

/// The length is announced, so the server reads a body in pieces like any other.
fn with_body(builder: reqwest::RequestBuilder, body: Body, moved: &Moved, gone: Gone) -> reqwest::RequestBuilder {
    let builder = builder.header(reqwest::header::CONTENT_LENGTH, body.length());
    match body {
        Body::Whole(bytes) if bytes.len() <= CHUNK_BYTES => builder.body(Bytes::from_owner(Shared(bytes))),
        Body::Whole(bytes) => {
            let mut rest = Bytes::from_owner(Shared(bytes));
            let pieces =
                std::iter::from_fn(move || (!rest.is_empty()).then(|| Ok(rest.split_to(rest.len().min(CHUNK_BYTES)))));
            builder.body(reqwest::Body::wrap_stream(until_refused(stream::iter(pieces), moved.clone(), gone)))
        }
        Body::Chunked(upload) => {
            let pieces = chunks(upload).map_ok(Bytes::from);
            builder.body(reqwest::Body::wrap_stream(until_refused(pieces, moved.clone(), gone)))
        }
    }
}

/// The pieces of an upload, which stops when the server refuses it. It fails only after the refusal has been read: failing
/// earlier would close the connection and lose the refusal.
fn until_refused(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    moved: Moved,
    gone: Gone,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((pieces.boxed(), moved, gone), |(mut pieces, moved, gone)| async move {
        let piece = pieces.try_next().await?;
        moved.note();
        if moved.is_refused() {
            let _ = gone.await;
            return Err(io::Error::other("the server refused the request"));
        }
        Ok(piece.map(|piece| (piece, (pieces, moved, gone))))
    })
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
