//! A coordinator without a socket, and requests whose bodies arrive in two parts.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use adit_coordinator::{Clock, Config, Coordinator, Faults};
use adit_core::Amount;
use adit_support::Reply;
use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, Method, Request};
use http_body::{Frame, SizeHint};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// A small budget, so that some epochs owe more.
pub(crate) const BUDGET: Amount = Amount::from_nano(300);
/// The length of an epoch.
pub(crate) const EPOCH_MS: i64 = 3_600_000;
/// The most live leases of a new key.
pub(crate) const FIRST_IN_FLIGHT: u32 = 4;
/// A time in 2026.
const START_MS: i64 = 1_780_000_000_000;

/// A coordinator that can die at any moment and restarts in the same directory.
pub(crate) struct House {
    data: TempDir,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) coordinator: Option<Coordinator>,
    router: Router,
    change: fn(&mut Config),
}

impl House {
    pub(crate) async fn build() -> Result<Self> {
        // Uploads stay open for as long as the scene likes.
        Self::build_with(|config| config.bodies.grace_ms = 3_600_000).await
    }

    /// Builds one with another configuration.
    pub(crate) async fn build_with(change: fn(&mut Config)) -> Result<Self> {
        // In memory, which is faster than a disk. Power does not fail here.
        let memory = std::path::Path::new("/dev/shm");
        let data = if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? };
        let clock = Clock::standing_still(START_MS);
        let mut house =
            House { data, clock, faults: Faults::default(), coordinator: None, router: Router::new(), change };
        house.rise().await?;
        Ok(house)
    }

    /// Opens the directory as a new process would.
    async fn rise(&mut self) -> Result<()> {
        let mut config = Config::new("127.0.0.1:0".parse()?, self.data.path().to_owned());
        config.epoch_budget = BUDGET;
        config.epoch_ms = EPOCH_MS;
        config.conduct.first_in_flight = FIRST_IN_FLIGHT;
        config.durable = false;
        config.clock = self.clock.clone();
        config.faults = Faults::default();
        (self.change)(&mut config);
        let coordinator = Coordinator::open(&config).await?;
        self.faults = config.faults;
        self.router = coordinator.router(None);
        self.coordinator = Some(coordinator);
        Ok(())
    }

    /// Dies without notice and restarts. Whatever was only in memory is lost.
    pub(crate) async fn crash(&mut self) -> Result<()> {
        self.router = Router::new();
        drop(self.coordinator.take());
        self.rise().await
    }

    pub(crate) fn coordinator(&self) -> &Coordinator {
        self.coordinator.as_ref().expect("it is up")
    }

    /// Sends a request and reads the whole answer.
    pub(crate) fn send(&self, request: Request<Body>) -> impl Future<Output = Reply> + Send + 'static {
        let router = self.router.clone();
        async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
            let (head, body) = response.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            Reply { status: head.status, headers: head.headers, body: body.to_vec() }
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(request(Method::GET, path, HeaderMap::new(), Body::empty())).await
    }

    /// A call with the operator's token.
    pub(crate) async fn operate(&self, method: Method, path: &str, body: Vec<u8>) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {}", self.coordinator().token()).parse().expect("a token"));
        headers.insert("content-type", "application/json".parse().expect("a type"));
        headers.insert("host", "localhost".parse().expect("a host"));
        self.send(request(method, path, headers, body.into())).await
    }
}

pub(crate) fn request(method: Method, path: &str, headers: HeaderMap, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().expect("a path");
    *request.headers_mut() = headers;
    // HTTP/1.1 requires it.
    request.headers_mut().entry("host").or_insert(axum::http::HeaderValue::from_static("localhost"));
    request
}

/// A body whose second half is not sent yet.
pub(crate) struct Halves {
    left: u64,
    first: Option<Bytes>,
    second: mpsc::Receiver<Bytes>,
    waits: Option<oneshot::Sender<()>>,
}

/// A request whose body is being sent.
pub(crate) struct Upload {
    rest: Bytes,
    second: mpsc::Sender<Bytes>,
    answer: JoinHandle<Reply>,
}

impl Upload {
    /// Sends the first half, and runs until the coordinator waits for the second or answers.
    pub(crate) async fn begin(house: &House, method: Method, path: &str, headers: HeaderMap, bytes: Vec<u8>) -> Self {
        let mut first = Bytes::from(bytes);
        let rest = first.split_off(first.len() / 2);
        let (second, receiver) = mpsc::channel(1);
        let (waits, waiting) = oneshot::channel();
        let left = (first.len() + rest.len()) as u64;
        let body = Body::new(Halves { left, first: Some(first), second: receiver, waits: Some(waits) });
        let answer = tokio::spawn(house.send(request(method, path, headers, body)));
        // It answered with an error without reading the whole body.
        let _ = waiting.await;
        Upload { rest, second, answer }
    }

    /// Sends the second half and reads the answer.
    pub(crate) async fn finish(self) -> Result<Reply> {
        let _ = self.second.send(self.rest).await;
        drop(self.second);
        Ok(self.answer.await?)
    }

    /// Breaks the connection.
    pub(crate) async fn cut(self) {
        drop(self.second);
        let _ = self.answer.await;
    }

    /// Lets the coordinator die during the upload.
    pub(crate) async fn die(self) {
        self.answer.abort();
        let _ = self.answer.await;
    }
}

impl HttpBody for Halves {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            self.left -= first.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if let Some(waits) = self.waits.take() {
            let _ = waits.send(());
        }
        let second = std::task::ready!(self.second.poll_recv(context));
        if let Some(second) = &second {
            self.left = self.left.saturating_sub(second.len() as u64);
        }
        Poll::Ready(second.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
