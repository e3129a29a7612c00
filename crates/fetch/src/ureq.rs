//! HTTP for old machines.

use std::io::Read;
use std::thread;
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::executor::block_on;
use futures::sink::SinkExt;
use futures::stream::StreamExt;
use ureq::{SendBody, http};

use crate::{Body, Fetch, FetchError, Incoming, Request};

/// The largest chunk that is read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that are read ahead of the reader.
const AHEAD: usize = 2;

/// HTTP for old machines, without TLS: put a relay that speaks `https` in front. Each request blocks a thread of its own, so
/// every executor will do. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Ureq(ureq::Agent);

impl Ureq {
    /// An adapter that keeps connections for later requests.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = config.max_redirects(0).max_redirects_will_error(false);
        Ureq(config.user_agent(concat!("adit/", env!("CARGO_PKG_VERSION"))).build().into())
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
        let (agent, max_bytes) = (self.0.clone(), request.max_bytes);
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
    response.map_err(|error| named(error, request))
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
