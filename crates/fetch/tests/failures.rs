//! Network failures over real sockets: every failure is named, an early answer is read, and proxies and redirects lead only
//! where they may.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use adit_fetch::{
    BLOCK_REDIRECTS, Body, Fetch, FetchError, Method, Options, Proxies, Reach, Request, Reqwest, Ureq, follow,
};

/// A server on loopback, and the head of every request that it got.
#[derive(Clone)]
struct Stub {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// Reads only the head of one request from each connection, and lets `answer` do the rest.
    fn new(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stub = Stub { address: listener.local_addr().unwrap(), heads: Arc::default() };
        let (heads, answer) = (stub.heads.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, heads, answer) = (stream.unwrap(), heads.clone(), answer.clone());
                thread::spawn(move || {
                    let head = read_head(&mut stream);
                    heads.lock().unwrap().push(head.clone());
                    answer(&head, &mut stream);
                });
            }
        });
        stub
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// The bytes up to an empty line, or to the end of what came at once if that is no HTTP.
fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
        // The first byte of a TLS handshake.
        if head[0] == 0x16 {
            break;
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn answer(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

const OK: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

fn hasty() -> Options {
    Options { connect_ms: 400, silence_ms: 400, ..Options::default() }
}

fn through(proxy: &str) -> Options {
    Options { proxies: Proxies::own(proxy).unwrap(), ..Options::default() }
}

async fn failure(fetch: &impl Fetch, url: &str) -> (FetchError, String) {
    let error = fetch.fetch(Request::get(url)).await.unwrap_err();
    let said = error.to_string();
    (error, said)
}

/// The causes that both adapters name.
async fn causes_are_named(fetch: impl Fetch) {
    let (error, said) = failure(&fetch, "localhost:8000/v1").await;
    assert_eq!(error, FetchError::NoScheme("localhost:8000/v1".into()));
    assert!(said.ends_with("did you mean http://localhost:8000/v1?"), "{said}");
    let (error, _) = failure(&fetch, "ftp://localhost/").await;
    assert_eq!(error, FetchError::Url("ftp://localhost/".into()));

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (error, said) = failure(&fetch, &format!("http://{closed}/")).await;
    assert!(matches!(error, FetchError::Connect(_)), "{error:?}");
    assert!(said.contains(&format!("{closed} refuses connections")), "{said}");

    let (error, said) = failure(&fetch, "http://no..such..name/").await;
    assert!(matches!(error, FetchError::Connect(_)), "{error:?}");
    assert!(said.contains("the name no..such..name cannot be looked up"), "{said}");

    // TLS servers answer anything else with an alert.
    let of_tls = Stub::new(|_, stream| drop(stream.write_all(&[0x15, 3, 3, 0, 2, 2, 70])));
    let (error, said) = failure(&fetch, &of_tls.url("/")).await;
    assert!(matches!(error, FetchError::Interrupted(_)), "{error:?}");
    assert!(said.contains(&of_tls.address.to_string()) && said.contains("use https instead of http"), "{said}");

    let mute = Stub::new(|_, stream| drop(stream.read(&mut [0])));
    assert_eq!(failure(&fetch, &mute.url("/")).await.0, FetchError::Silent(400));
    let working = fetch.fetch(Request::get(mute.url("/")).answer_ms(700)).await;
    assert_eq!(working, Err(FetchError::Silent(700)));
    let halting = Stub::new(|_, stream| {
        answer(stream, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfive.");
        let _ = stream.read(&mut [0]);
    });
    assert_eq!(failure(&fetch, &halting.url("/")).await.0, FetchError::Silent(400));
}

#[tokio::test]
async fn reqwest_names_causes() {
    causes_are_named(Reqwest::with(hasty()).unwrap()).await;
    let plain = Stub::new(|_, stream| answer(stream, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
    let (error, said) = failure(&Reqwest::new().unwrap(), &format!("https://{}/", plain.address)).await;
    assert!(matches!(error, FetchError::Connect(_)), "{error:?}");
    assert!(said.contains("does not speak TLS: use http instead of https"), "{said}");
}

#[tokio::test]
async fn ureq_names_causes() {
    causes_are_named(Ureq::with(hasty())).await;
}

/// A socket whose backlog is full neither accepts nor refuses a connection.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn connecting_times_out() {
    use socket2::{Domain, Socket, Type};
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let _first = TcpStream::connect(address).unwrap();
    let url = format!("http://{address}/");
    for (_, said) in [failure(&Reqwest::with(hasty()).unwrap(), &url).await, failure(&Ureq::with(hasty()), &url).await]
    {
        assert!(said.contains(&format!("no connection to {address} within 400 ms")), "{said}");
    }
}

const REFUSAL: &str = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";

fn upload(stub: &Stub, body: Body) -> Request {
    Request::new(Method::Post, stub.url("/v1/files")).body(body)
}

/// A server that answers a request's head, and takes no more of the request.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_the_end_of_the_upload_is_read() {
    let (drained, counts) = std::sync::mpsc::channel();
    let stub = Stub::new(move |_, stream| {
        answer(stream, &REFUSAL.replace("Connection: close\r\n", ""));
        drained.send(std::io::copy(stream, &mut std::io::sink()).unwrap_or(0)).unwrap();
    });
    let fetch = Reqwest::new().unwrap();
    let bytes = 256 << 20;
    for body in [Body::chunked(bytes, || Ok(Box::new(std::io::repeat(7)))), Body::from(vec![7; bytes as usize])] {
        let response = fetch.fetch(upload(&stub, body)).await.unwrap();
        assert_eq!((response.status, &response.body[..]), (401, &b"no"[..]));
        // The rest of the upload is not sent.
        let counts = tokio::task::block_in_place(|| counts.recv().unwrap());
        assert!(counts < bytes, "{counts}");
    }
}

/// A server that answers and resets the connection.
#[tokio::test]
async fn an_answer_before_a_reset_is_read() {
    let stub = Stub::new(|_, stream| answer(stream, REFUSAL));
    let fetch = Ureq::new();
    for _ in 0..20 {
        let body = Body::chunked(64 << 20, || Ok(Box::new(std::io::repeat(7))));
        let response = fetch.fetch(upload(&stub, body)).await.unwrap();
        assert_eq!((response.status, &response.body[..]), (401, &b"no"[..]));
    }
    // Without an answer, the failure is reported.
    let mute = Stub::new(|_, _| {});
    let body = Body::chunked(64 << 20, || Ok(Box::new(std::io::repeat(7))));
    let error = fetch.fetch(upload(&mute, body)).await.unwrap_err();
    assert!(matches!(error, FetchError::Interrupted(_)), "{error:?}");
}

/// A proxy that answers in the place of every server.
fn proxy() -> Stub {
    Stub::new(|head, stream| {
        if head.starts_with("CONNECT ") {
            answer(stream, "HTTP/1.1 200 OK\r\n\r\n");
            read_head(stream);
        }
        answer(stream, OK);
    })
}

/// What goes through a proxy, and what does not.
async fn proxies_are_used<F: Fetch>(with: impl Fn(Options) -> F) {
    let (proxy, origin) = (proxy(), Stub::new(|_, stream| answer(stream, OK)));
    let url = format!("http://user:secret@{}", proxy.address);
    let fetch = with(through(&url));
    // An address of the public internet, which nobody connects to.
    let far = "http://1.1.1.1:8000/v1/jobs";
    assert_eq!(fetch.fetch(Request::get(far)).await.unwrap().body, b"ok");
    let heads = proxy.heads();
    assert!(heads.len() == 1 && heads[0].contains("1.1.1.1:8000"), "{heads:?}");
    assert!(heads[0].to_lowercase().contains("proxy-authorization: basic"), "{heads:?}");

    // Nothing to this machine, nothing that a stranger chose, and no secret in clear text.
    assert_eq!(fetch.fetch(Request::get(origin.url("/"))).await.unwrap().body, b"ok");
    let stranger = fetch.fetch(Request::get(origin.url("/")).reach(Reach::Public)).await.unwrap_err();
    assert!(matches!(stranger, FetchError::NotPublic { .. }), "{stranger}");
    let secret = fetch.fetch(Request::get(far).header("authorization", "Bearer t")).await.unwrap_err();
    let expected = FetchError::TokenInClear { proxy: format!("http://{}", proxy.address), host: "1.1.1.1".into() };
    assert_eq!(secret, expected);
    assert_eq!((proxy.heads().len(), origin.heads().len()), (1, 1));

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fetch = with(through(&format!("http://user:secret@{closed}")));
    let (error, said) = failure(&fetch, far).await;
    assert!(matches!(error, FetchError::Connect(_)), "{error:?}");
    assert!(said.contains(&format!("through the proxy http://{closed}")) && !said.contains("secret"), "{said}");
}

#[tokio::test]
async fn reqwest_uses_the_proxy_that_was_chosen() {
    proxies_are_used(|options| Reqwest::with(options).unwrap()).await;
}

#[tokio::test]
async fn ureq_uses_the_proxy_that_was_chosen() {
    proxies_are_used(Ureq::with).await;
}

/// Redirects over real sockets: within the host, in a circle, and to a place that only its owner may choose.
async fn redirects_lead_where_they_may(fetch: impl Fetch) {
    let get = |stub: &Stub, path: &str| Request::get(stub.url(path)).redirects(BLOCK_REDIRECTS).timeout_ms(5_000);
    let private = Stub::new(|_, stream| answer(stream, OK));
    let elsewhere = private.url("/secret");
    let gateway = Stub::new(move |head, stream| {
        let to = match head.split(' ').nth(1).unwrap_or_default() {
            "/block" => return answer(stream, OK),
            "/moved" => "/block",
            "/elsewhere" => &elsewhere,
            "/file" => "file:///etc/passwd",
            _ => "/circle",
        };
        let redirect =
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        answer(stream, &redirect);
    });
    assert_eq!(follow(&fetch, get(&gateway, "/moved")).await.unwrap().body, b"ok");
    let before = gateway.heads().len();
    let circle = follow(&fetch, get(&gateway, "/circle")).await.unwrap_err();
    assert_eq!(circle, FetchError::Redirect("more than 5 times".into()));
    assert_eq!(gateway.heads().len() - before, 6);
    assert!(matches!(follow(&fetch, get(&gateway, "/file")).await, Err(FetchError::Redirect(_))));
    let refused = follow(&fetch, get(&gateway, "/elsewhere")).await.unwrap_err();
    assert!(matches!(refused, FetchError::NotPublic { .. }), "{refused}");
    assert!(private.heads().is_empty());
}

#[tokio::test]
async fn reqwest_is_redirected_to_public_addresses_alone() {
    redirects_lead_where_they_may(Reqwest::new().unwrap()).await;
}

#[tokio::test]
async fn ureq_is_redirected_to_public_addresses_alone() {
    redirects_lead_where_they_may(Ureq::new()).await;
}
