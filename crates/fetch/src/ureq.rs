//! HTTP for old machines.

use std::io::Read;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::executor::block_on;
use futures::sink::SinkExt;
use futures::stream::StreamExt;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{SendBody, http};

use crate::reach::{NotPublic, Place, all_public};
use crate::{AllowedHost, Body, Fetch, FetchError, Incoming, Reach, Request};

/// The largest chunk that is read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that are read ahead of the reader.
const AHEAD: usize = 2;

/// HTTP for old machines, without TLS: put a relay that speaks `https` in front. Each request blocks a thread of its own, so
/// every executor will do. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Ureq {
    anywhere: ureq::Agent,
    /// For addresses that somebody else chose. It has connections of its own, all to addresses that were checked.
    public: ureq::Agent,
    allowed: Arc<[AllowedHost]>,
}

impl Ureq {
    /// An adapter that keeps connections for later requests.
    pub fn new() -> Self {
        Self::allowing(&[])
    }

    /// The same, where requests of [`Reach::Public`] may also go to the hosts `allowed`.
    pub fn allowing(allowed: &[AllowedHost]) -> Self {
        let config = || {
            let config = ureq::Agent::config_builder().http_status_as_error(false);
            let config = config.max_redirects(0).max_redirects_will_error(false);
            config.user_agent(concat!("adit/", env!("CARGO_PKG_VERSION")))
        };
        let direct = config().proxy(None).build();
        let public = ureq::Agent::with_parts(direct, DefaultConnector::default(), PublicNames);
        Ureq { anywhere: config().build().into(), public, allowed: allowed.into() }
    }

    /// The agent for a request.
    fn agent(&self, request: &Request) -> Result<&ureq::Agent, FetchError> {
        let allowed = request.reach == Reach::Anywhere || place(&request.url)?.is_allowed(&self.allowed);
        Ok(if allowed { &self.anywhere } else { &self.public })
    }
}

/// The host and port of a URL as the agent reads them.
fn place(url: &str) -> Result<Place, FetchError> {
    let uri = url.parse::<http::Uri>().ok();
    let place = uri.and_then(|uri| {
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        Some(Place::new(uri.host()?, uri.port_u16().unwrap_or(default)))
    });
    place.ok_or_else(|| FetchError::Url(url.into()))
}

/// Looks names and addresses up, and refuses those that are not public. The agent connects to the addresses it returns.
#[derive(Debug)]
struct PublicNames;

impl Resolver for PublicNames {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        all_public(found.iter().map(|address| address.ip())).map_err(std::io::Error::other)?;
        Ok(found)
    }
}

impl Default for Ureq {
    fn default() -> Self {
        Self::new()
    }
}

type Chunk = Result<Vec<u8>, FetchError>;

impl Fetch for Ureq {
    async fn open(&self, request: Request) -> Result<Incoming, FetchError> {
        let (head, arrived) = oneshot::channel();
        let (chunks, body) = mpsc::channel(AHEAD);
        let (agent, max_bytes) = (self.agent(&request)?.clone(), request.max_bytes);
        let spawned = thread::Builder::new().name("fetch".into()).spawn(move || match call(&agent, &request) {
            Ok(response) => forward(response, &request, head, chunks),
            // Nobody waits any more if this cannot be sent.
            Err(error) => drop(head.send(Err(error))),
        });
        spawned.map_err(|error| FetchError::Connect(error.to_string()))?;
        let gone = |_| Err(FetchError::Interrupted("the thread of the request ended".into()));
        let Head { status, headers, announced } = arrived.await.unwrap_or_else(gone)?;
        Incoming::new(status, headers, announced, body.boxed(), max_bytes)
    }
}

struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    announced: Option<u64>,
}

fn call(agent: &ureq::Agent, request: &Request) -> Result<http::Response<ureq::Body>, FetchError> {
    let mut builder = http::Request::builder().method(request.method.name()).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let within = Some(Duration::from_millis(request.timeout_ms.into()));
    let url = |_| FetchError::Url(request.url.clone());
    let response = match &request.body {
        Some(Body::Whole(bytes)) => {
            let sent = builder.body(&bytes[..]).map_err(url)?;
            agent.run(agent.configure_request(sent).timeout_global(within).build())
        }
        Some(body @ Body::Chunked(upload)) => {
            let unread = |error: std::io::Error| FetchError::Interrupted(error.to_string());
            let sent = builder.header("content-length", body.length());
            let sent = sent.body(SendBody::from_owned_reader(upload.open().map_err(unread)?)).map_err(url)?;
            agent.run(agent.configure_request(sent).timeout_global(within).build())
        }
        None => agent.run(agent.configure_request(builder.body(()).map_err(url)?).timeout_global(within).build()),
    };
    response.map_err(|error| match refusal(&error) {
        Some(refused) => place(&request.url).map_or_else(|error| error, |place| place.refused(refused)),
        None => named(error, request),
    })
}

/// Why [`PublicNames`] refused the address, if it did.
fn refusal(error: &ureq::Error) -> Option<&NotPublic> {
    let ureq::Error::Io(error) = error else { return None };
    error.get_ref()?.downcast_ref()
}

/// Sends head and chunks to the task that waits for them, and ends when it no longer does.
fn forward(
    response: http::Response<ureq::Body>,
    request: &Request,
    head: oneshot::Sender<Result<Head, FetchError>>,
    mut chunks: mpsc::Sender<Chunk>,
) {
    let (parts, body) = response.into_parts();
    let text =
        parts.headers.iter().filter_map(|(name, value)| Some((name.as_str().into(), value.to_str().ok()?.into())));
    let (headers, announced) = (text.collect(), body.content_length());
    if head.send(Ok(Head { status: parts.status.as_u16(), headers, announced })).is_err() {
        return;
    }
    let mut body = body.into_reader();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let chunk = match body.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => Ok(buffer[..read].to_vec()),
            Err(error) => Err(named(error.into(), request)),
        };
        let last = chunk.is_err();
        if block_on(chunks.send(chunk)).is_err() || last {
            return;
        }
    }
}

fn named(error: ureq::Error, request: &Request) -> FetchError {
    use std::io::ErrorKind;
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => FetchError::Url(request.url.clone()),
        ureq::Error::Timeout(_) => FetchError::Timeout(request.timeout_ms),
        ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => FetchError::Timeout(request.timeout_ms),
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            FetchError::Connect(error.to_string())
        }
        ureq::Error::TlsRequired => FetchError::Connect("this build speaks http only, not https".into()),
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => FetchError::Connect(error.to_string()),
        error => FetchError::Interrupted(error.to_string()),
    }
}
