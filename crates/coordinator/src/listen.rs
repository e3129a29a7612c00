//! Connections: how many there may be, how long they may be idle, and how they end when the program stops.
//!
//! A connection costs a file descriptor and some memory for as long as its peer likes, before anything is known about the
//! peer. So there is a cap on all, one on each address block, and a limit on the wait for a request's head. Bodies and
//! handlers are limited where they are read and written.

mod linger;

use std::collections::HashMap;
use std::hash::Hash;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::Service;

use self::linger::{Lingering, Patience, Unread, Watched};
use crate::bodies::Bodies;
use crate::bodies::outgoing::Outgoing;
use crate::bodies::pace::Pace;
use crate::limits::AddressBlock;

/// The most bytes read from a connection at once, which also caps a request's head.
const BUFFER_BYTES: usize = 64 << 10;
/// The most bytes that the system buffers for sending.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 128 << 10;
/// How long to wait for a file descriptor to become free.
const BACK_OFF: Duration = Duration::from_millis(200);
/// How often the log may say that connections are turned away.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Limits of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// The most connections at once. Others are answered 503 and closed.
    pub most: usize,
    /// The most connections of one address block: an IPv4 /24 or an IPv6 /56. An address of loopback, where a proxy may
    /// speak for many, has half of all.
    pub most_of_block: usize,
    /// The longest wait for the whole head of the next request, in ms. It bounds both an idle connection and a slow head.
    pub head_ms: u64,
    /// After this time without a sign of the peer, in ms, the system asks whether it is still there, and closes the
    /// connection if it is not.
    pub probe_ms: u64,
    /// How long open requests may take to end when the program stops, in ms. Then every connection is closed.
    pub drain_ms: u64,
    /// How long a connection is read after its last answer, in ms, if that answer came before the end of the request:
    /// otherwise the peer may never see it.
    pub linger_ms: u64,
    /// The most bytes read in that time.
    pub linger_bytes: u64,
}

impl Default for Connections {
    fn default() -> Self {
        let (head_ms, probe_ms, drain_ms) = (20_000, 60_000, 10_000);
        let (linger_ms, linger_bytes) = (2_000, 16 << 20);
        Connections { most: 4_096, most_of_block: 256, head_ms, probe_ms, drain_ms, linger_ms, linger_bytes }
    }
}

/// Serves `router` until `stop` resolves, then lets open requests end within the drain deadline.
pub async fn listen(
    listener: TcpListener,
    router: Router,
    limits: Connections,
    bodies: Bodies,
    stop: impl Future<Output = ()>,
) {
    let mut door = Door { listener, is_short: false };
    let seats = Seats::new(limits);
    let (graceful, mut open) = (GracefulShutdown::new(), JoinSet::new());
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = open.join_next() => {}
            (stream, peer) = door.next() => match seats.take(peer.ip()) {
                Some(seat) => {
                    let pace = bodies.pace();
                    let connection = Connection { stream, peer, limits, pace, watcher: graceful.watcher(), _seat: seat };
                    open.spawn(connection.serve(router.clone()));
                }
                None => turn_away(stream),
            },
        }
    }
    drop(door);
    if tokio::time::timeout(Duration::from_millis(limits.drain_ms), graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = open.len(), "open requests did not end in time; their connections are closed");
    }
    open.shutdown().await;
}

/// The listening socket.
struct Door {
    listener: TcpListener,
    /// Whether the last connection could not be accepted for lack of some resource.
    is_short: bool,
}

impl Door {
    async fn next(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => {
                    if std::mem::take(&mut self.is_short) {
                        tracing::info!("connections are accepted again");
                    }
                    return accepted;
                }
                Err(error) if is_of_peer(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut self.is_short, true) {
                        tracing::error!(%error, "no connection can be accepted; if file descriptors have run out, raise their limit (LimitNOFILE, ulimit -n)");
                    }
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }
}

/// Whether a connection failed before it was accepted, which says nothing about the next one.
fn is_of_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Answers without reading anything or waiting for the peer.
fn turn_away(stream: TcpStream) {
    const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\n\
        content-type: application/json\r\ncontent-length: 88\r\n\r\n\
        {\"detail\":\"Connections are too many, from your network or in all.\",\"code\":\"unavailable\"}";
    if let Ok(mut stream) = stream.into_std() {
        // The write does not block. A peer that gets only the end of the connection learns as much.
        let _ = stream.write(BUSY);
    }
}

/// An accepted connection.
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    limits: Connections,
    pace: Pace,
    watcher: Watcher,
    _seat: Seat,
}

impl Connection {
    /// Serves requests until either side closes. Errors are those of the peer or the network.
    async fn serve(self, router: Router) {
        let Connection { stream, peer, limits, pace, watcher, _seat } = self;
        // Without it, a peer that vanished holds its place for good.
        let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive(limits));
        // Otherwise the system buffers megabytes for a peer that does not read, and hides for a long time that a slow one
        // has read some of them.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
        let (unread, time) = (Unread::default(), Duration::from_millis(limits.linger_ms));
        let patience = Patience { bytes: limits.linger_bytes, time };
        let stream = Lingering::new(Outgoing::new(stream, pace), unread.clone(), patience);
        let answer = move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request.map(|body| Watched::new(body, unread.clone())))
        };
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(Duration::from_millis(limits.head_ms));
        http.max_buf_size(BUFFER_BYTES);
        let _ = watcher.watch(http.serve_connection(TokioIo::new(stream), service_fn(answer))).await;
    }
}

/// Asks after the whole period, and then four times in quicker succession.
fn keepalive(limits: Connections) -> TcpKeepalive {
    let period = Duration::from_millis(limits.probe_ms);
    let keepalive = TcpKeepalive::new().with_time(period).with_interval((period / 4).max(Duration::from_secs(1)));
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd"))]
    let keepalive = keepalive.with_retries(4);
    keepalive
}

/// Who shares a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    Block(AddressBlock),
    Loopback(IpAddr),
}

impl Network {
    fn of(address: IpAddr) -> Self {
        AddressBlock::of(address).map_or(Network::Loopback(address.to_canonical()), Network::Block)
    }
}

/// The places for connections, and who has them.
#[derive(Clone, Debug)]
struct Seats {
    limits: Connections,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_network: HashMap<Network, usize>,
    said: Option<Instant>,
}

impl Seats {
    fn new(limits: Connections) -> Self {
        Seats { limits, taken: Arc::default() }
    }

    /// A place for a connection from `address`, until it is dropped.
    fn take(&self, address: IpAddr) -> Option<Seat> {
        let network = Network::of(address);
        let most = match network {
            Network::Block(_) => self.limits.most_of_block,
            Network::Loopback(_) => self.limits.most.div_ceil(2),
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, theirs) = (taken.all, taken.by_network.get(&network).copied().unwrap_or(0));
        if all >= self.limits.most || theirs >= most {
            taken.say(all, theirs);
            return None;
        }
        taken.all += 1;
        taken.by_network.insert(network, theirs + 1);
        Some(Seat { network, taken: self.taken.clone() })
    }
}

impl Taken {
    fn say(&mut self, all: usize, of_network: usize) {
        if self.said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            self.said = Some(Instant::now());
            tracing::warn!(
                all,
                of_network,
                "connections are turned away: they are too many, from one network or in all"
            );
        }
    }
}

/// One place.
#[derive(Debug)]
struct Seat {
    network: Network,
    taken: Arc<Mutex<Taken>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(theirs) = taken.by_network.get_mut(&self.network) {
            *theirs -= 1;
            if *theirs == 0 {
                taken.by_network.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(most: usize, most_of_block: usize) -> Seats {
        Seats::new(Connections { most, most_of_block, ..Connections::default() })
    }

    fn taken(seats: &Seats, count: usize, address: &str) -> Vec<Seat> {
        (0..count).filter_map(|_| seats.take(address.parse().unwrap())).collect()
    }

    #[test]
    fn no_network_takes_the_places_of_all() {
        let seats = seats(10, 4);
        let first = taken(&seats, 100, "203.0.113.7");
        assert_eq!((first.len(), taken(&seats, 1, "203.0.113.200").len()), (4, 0));
        assert_eq!(taken(&seats, 100, "2001:db8::1").len(), 4);
        let (local, other) = (taken(&seats, 100, "127.0.0.1"), taken(&seats, 100, "127.0.0.2"));
        assert_eq!((local.len(), other.len()), (5, 1));
        assert!(seats.take("198.51.100.7".parse().unwrap()).is_none());
        drop(first);
        assert_eq!(taken(&seats, 100, "203.0.113.200").len(), 4);
        drop((local, other));
        assert!(seats.taken.lock().unwrap().by_network.is_empty());
    }

    #[tokio::test]
    async fn peers_that_vanish_are_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let socket = SockRef::from(&stream);
        socket.set_tcp_keepalive(&keepalive(Connections::default())).unwrap();
        assert!(socket.keepalive().unwrap());
    }

    /// A refusal comes before the body; the peer sends all of it and then reads.
    #[tokio::test]
    async fn an_early_answer_arrives() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let refuse = || async { (axum::http::StatusCode::UNAUTHORIZED, "no") };
        let router = Router::new().fallback(refuse);
        let patient = Connections { linger_ms: 60_000, ..Connections::default() };
        let serving = listen(listener, router, patient, Bodies::default(), std::future::pending());
        let serving = tokio::spawn(serving);
        let mut peer = TcpStream::connect(address).await.unwrap();
        peer.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 12582912\r\n\r\n").await.unwrap();
        for _ in 0..12 {
            peer.write_all(&vec![7; 1 << 20]).await.unwrap();
        }
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401") && answer.ends_with("no"), "{answer}");
        serving.abort();
    }
}
