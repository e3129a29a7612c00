//! HTTP for old machines.

mod early;

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
use ureq::unversioned::transport::{Connector, DefaultConnector, NextTimeout};
use ureq::{SendBody, Timeout, http};

use self::early::ReadsEarlyAnswers;
use crate::proxy::through;
use crate::reach::{NotPublic, Place, all_public};
use crate::request::scheme;
use crate::{AllowedHost, Body, Fetch, FetchError, Incoming, NO_LIMIT_MS, Options, Proxy, Reach, Request};

/// The largest chunk that is read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that are read ahead of the reader.
const AHEAD: usize = 2;

/// HTTP for old machines, without TLS: use a relay to reach `https`. Each request blocks a thread of its own, so any executor
/// will do. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Ureq {
    anywhere: ureq::Agent,
    /// For addresses that somebody else chose. Its connections, which are not shared, lead to checked addresses.
    public: ureq::Agent,
    options: Arc<Options>,
}

impl Ureq {
    /// An adapter that keeps connections for later requests.
    pub fn new() -> Self {
        Self::allowing(&[])
    }

    /// As [`new`](Ureq::new), but requests of [`Reach::Public`] may also go to the hosts `allowed`.
    pub fn allowing(allowed: &[AllowedHost]) -> Self {
        Self::with(Options { allowed: allowed.to_vec(), ..Options::default() })
    }

    /// An adapter that connects as `options` say.
    pub fn with(options: Options) -> Self {
        let config = || {
            let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
            let config = config.max_redirects(0).max_redirects_will_error(false);
            let (connect, silence) = (ms(options.connect_ms), ms(options.silence_ms));
            let config = config.timeout_connect(connect).timeout_per_read(silence).timeout_per_write(silence);
            config.user_agent(concat!("adit/", env!("CARGO_PKG_VERSION"))).build()
        };
        let connector = || DefaultConnector::default().chain(ReadsEarlyAnswers);
        let anywhere = ureq::Agent::with_parts(config(), connector(), DefaultResolver::default());
        let public = ureq::Agent::with_parts(config(), connector(), PublicNames);
        Ureq { anywhere, public, options: Arc::new(options) }
    }

    /// The agent for a request, and the proxy that it uses.
    fn agent(&self, request: &Request) -> Result<(ureq::Agent, Asked), FetchError> {
        let (tls, place) = (scheme(&request.url)?, place(&request.url)?);
        let mut asked = Asked { place, proxy: None, options: self.options.clone() };
        if request.reach == Reach::Public && !asked.place.is_allowed(&self.options.allowed) {
            return Ok((self.public.clone(), asked));
        }
        asked.proxy = self.options.proxies.choose(tls, asked.place.host(), asked.place.port()).cloned();
        match &asked.proxy {
            Some(proxy) if !tls && request.headers.iter().any(|(name, _)| *name == "authorization") => {
                Err(FetchError::TokenInClear { proxy: proxy.to_string(), host: asked.place.host().to_string() })
            }
            _ => Ok((self.anywhere.clone(), asked)),
        }
    }
}

/// Who is asked, and how.
#[derive(Debug)]
struct Asked {
    place: Place,
    proxy: Option<Proxy>,
    options: Arc<Options>,
}

fn ms(ms: u32) -> Option<Duration> {
    Some(Duration::from_millis(ms.into()))
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
        let ((agent, asked), max_bytes) = (self.agent(&request)?, request.max_bytes);
        let spawned = thread::Builder::new().name("fetch".into()).spawn(move || match call(&agent, &request, &asked) {
            Ok(response) => forward(response, (&request, &asked), head, chunks),
            // If this cannot be sent, nobody is waiting any more.
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

fn call(agent: &ureq::Agent, request: &Request, asked: &Asked) -> Result<http::Response<ureq::Body>, FetchError> {
    let mut builder = http::Request::builder().method(request.method.name()).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let within = ms(request.timeout_ms).filter(|_| request.timeout_ms != NO_LIMIT_MS);
    let proxy = asked.proxy.as_ref().map(|proxy| ureq::Proxy::new(proxy.url())).transpose();
    let proxy = proxy.map_err(|error| asked.named(error, request))?;
    let url = |_| FetchError::Url(request.url.clone());
    let silence = ms(asked.silence_ms(request));
    macro_rules! run {
        ($request:expr) => {
            agent.run({
                let request = agent.configure_request($request.map_err(url)?).timeout_global(within);
                request.timeout_per_read(silence).proxy(proxy).build()
            })
        };
    }
    let response = match &request.body {
        Some(Body::Whole(bytes)) => run!(builder.body(&bytes[..])),
        Some(body @ Body::Chunked(upload)) => {
            let unread = |error: std::io::Error| FetchError::Interrupted(error.to_string());
            let sent = builder.header("content-length", body.length());
            run!(sent.body(SendBody::from_owned_reader(upload.open().map_err(unread)?)))
        }
        None => run!(builder.body(())),
    };
    response.map_err(|error| match refusal(&error) {
        Some(refused) => asked.place.refused(refused),
        None => asked.named(error, request),
    })
}

/// Why [`PublicNames`] refused the address, if it did.
fn refusal(error: &ureq::Error) -> Option<&NotPublic> {
    let ureq::Error::Io(error) = error else { return None };
    error.get_ref()?.downcast_ref()
}

/// Sends head and chunks to the waiting task, and stops when it is gone.
fn forward(
    response: http::Response<ureq::Body>,
    (request, asked): (&Request, &Asked),
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
            Err(error) => Err(asked.named(error.into(), request)),
        };
        let last = chunk.is_err();
        if block_on(chunks.send(chunk)).is_err() || last {
            return;
        }
    }
}

impl Asked {
    fn silence_ms(&self, request: &Request) -> u32 {
        self.options.silence_ms.max(request.answer_ms)
    }

    fn named(&self, error: ureq::Error, request: &Request) -> FetchError {
        use std::io::ErrorKind;
        let (place, text) = (&self.place, error.to_string());
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => FetchError::Url(request.url.clone()),
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                self.connect(format!("no connection to {place} within {} ms", self.options.connect_ms))
            }
            ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => FetchError::Silent(self.silence_ms(request)),
            ureq::Error::Timeout(_) => FetchError::Timeout(request.timeout_ms),
            ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => FetchError::Timeout(request.timeout_ms),
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                self.connect(format!("{place} refuses connections ({error})"))
            }
            ureq::Error::TlsRequired => FetchError::Connect("this build speaks http only, not https".into()),
            ureq::Error::HostNotFound => self.connect(format!("the name {} cannot be looked up", place.host())),
            ureq::Error::Io(error) if text.contains("failed to lookup address") => {
                self.connect(format!("the name {} cannot be looked up ({error})", place.host()))
            }
            ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) => self.connect(text),
            ureq::Error::Protocol(_) => FetchError::Interrupted(self.through(format!(
                "{place} does not answer in HTTP ({text}): if it speaks TLS, use https instead of http"
            ))),
            _ => FetchError::Interrupted(self.through(text)),
        }
    }

    fn connect(&self, sentence: String) -> FetchError {
        FetchError::Connect(self.through(sentence))
    }

    fn through(&self, sentence: String) -> String {
        through(sentence, self.proxy.as_ref())
    }
}
