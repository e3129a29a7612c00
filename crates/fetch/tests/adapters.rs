//! Every native adapter: those for the network against a real socket, and the scripted one where no socket is needed.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use adit_fetch::{
    AllowedHost, Body, Fetch, FetchError, Incoming, Method, Reach, Request, Reqwest, Response, Scripted, Ureq,
};

/// A server that answers every connection with `answer`, which gets the request's head and body.
fn server(answer: impl Fn(&str, &[u8], &mut TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (answer, mut stream) = (answer.clone(), stream.unwrap());
            thread::spawn(move || {
                let (head, body) = read_request(&mut stream);
                answer(&head, &body, &mut stream);
            });
        }
    });
    address
}

fn read_request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return (head, bytes[end + 4..].to_vec());
            }
        }
        match stream.read(&mut piece).unwrap() {
            0 => return (String::new(), bytes),
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

/// What every adapter for the network does.
async fn conforms(fetch: impl Fetch) {
    answers_arrive_whole(&fetch).await;
    answers_arrive_in_chunks(&fetch).await;
    a_chunked_body_above_the_cap_is_cut_off(&fetch).await;
    a_body_that_ends_early_is_an_error(&fetch).await;
    uploads_are_read_while_they_are_sent(&fetch).await;
    an_upload_that_becomes_shorter_is_not_sent_whole(&fetch).await;
    caps_hold_with_and_without_a_length(&fetch).await;
    redirects_are_answers(&fetch).await;
    silence_times_out(&fetch).await;
    failures_are_named(&fetch).await;
}

async fn answers_arrive_whole(fetch: &impl Fetch) {
    let address = server(|head, body, stream| {
        assert!(head.starts_with("put /v1/x?y=1 http/1.1"), "{head}");
        assert!(head.lines().any(|line| line == "adit-session: s"), "{head}");
        assert_eq!(body, [0, 1, 255]);
        let answer = b"HTTP/1.1 404 Not Found\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nlost";
        stream.write_all(answer).unwrap();
    });
    let request = Request::new(Method::Put, format!("http://{address}/v1/x?y=1"));
    let request = request.header("adit-session", "s").body(Arc::new(vec![0, 1, 255]));
    let response = fetch.fetch(request).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (404, &b"lost"[..]));
    assert_eq!(response.retry_after_ms(), Some(3_000));
}

/// The first chunk arrives before the server has sent the second.
async fn answers_arrive_in_chunks(fetch: &impl Fetch) {
    let (proceed, told) = std::sync::mpsc::channel::<()>();
    let told = std::sync::Mutex::new(told);
    let address = server(move |_, _, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfirst,").unwrap();
        told.lock().unwrap().recv().unwrap();
        stream.write_all(b"last.").unwrap();
    });
    let mut incoming = fetch.open(Request::get(format!("http://{address}/"))).await.unwrap();
    assert_eq!(incoming.status, 200);
    assert_eq!(incoming.chunk().await.unwrap().unwrap(), b"first,");
    proceed.send(()).unwrap();
    assert_eq!(incoming.chunk().await.unwrap().unwrap(), b"last.");
    assert_eq!(incoming.chunk().await, Ok(None));
}

/// What arrives of a body before its end or its first error, and that error.
async fn drain(mut incoming: Incoming) -> (usize, Option<FetchError>) {
    let mut received = 0;
    loop {
        match incoming.chunk().await {
            Ok(Some(chunk)) => received += chunk.len(),
            Ok(None) => return (received, None),
            Err(error) => return (received, Some(error)),
        }
    }
}

async fn a_chunked_body_above_the_cap_is_cut_off(fetch: &impl Fetch) {
    let endless = server(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while stream.write_all(&[&b"400\r\n"[..], &[7; 0x400], b"\r\n"].concat()).is_ok() {}
    });
    let request = Request::get(format!("http://{endless}/")).max_bytes(100_000).timeout_ms(5_000);
    let (received, error) = drain(fetch.open(request).await.unwrap()).await;
    assert!(received > 0 && received <= 100_000, "{received}");
    assert_eq!(error, Some(FetchError::TooLarge(100_000)));
}

async fn a_body_that_ends_early_is_an_error(fetch: &impl Fetch) {
    let with_length = server(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.");
    });
    let in_chunks = server(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfive.\r\n");
    });
    for address in [with_length, in_chunks] {
        let (received, error) = drain(fetch.open(Request::get(format!("http://{address}/"))).await.unwrap()).await;
        assert!(received <= 5);
        assert!(matches!(error, Some(FetchError::Interrupted(_))), "{error:?}");
    }
}

async fn uploads_are_read_while_they_are_sent(fetch: &impl Fetch) {
    let address = server(|head, body, stream| {
        assert!(head.lines().any(|line| line == "content-length: 1000000"), "{head}");
        assert!(body.len() == 1_000_000 && body.iter().all(|byte| *byte == 7));
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    // The source has more bytes than announced: the rest is not read. Opening it again starts from the beginning.
    let body = Body::chunked(1_000_000, || Ok(Box::new(std::io::repeat(7))));
    for _ in 0..2 {
        let request = Request::new(Method::Post, format!("http://{address}/")).body(body.clone());
        assert_eq!(fetch.fetch(request).await.unwrap().body, b"ok");
    }
}

async fn an_upload_that_becomes_shorter_is_not_sent_whole(fetch: &impl Fetch) {
    let address = server(|_, body, stream| {
        assert!(body.len() < 1_000);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let body = Body::chunked(1_000, || Ok(Box::new(&b"four"[..])));
    let request = Request::new(Method::Post, format!("http://{address}/")).body(body).timeout_ms(5_000);
    let error = fetch.fetch(request).await.unwrap_err();
    assert!(matches!(error, FetchError::Interrupted(_)), "{error:?}");
}

async fn caps_hold_with_and_without_a_length(fetch: &impl Fetch) {
    let announced = server(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        thread::sleep(Duration::from_secs(20));
    });
    let endless = server(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[7; 1024]).is_ok() {}
    });
    let exact = server(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nexactly10!");
    });
    for (address, max_bytes) in [(announced, 1_000), (endless, 100_000)] {
        let request = Request::get(format!("http://{address}/")).max_bytes(max_bytes).timeout_ms(5_000);
        assert_eq!(fetch.fetch(request).await, Err(FetchError::TooLarge(max_bytes)));
    }
    let ten = |max_bytes| Request::get(format!("http://{exact}/")).max_bytes(max_bytes);
    assert_eq!(fetch.fetch(ten(10)).await.unwrap().body, b"exactly10!");
    assert_eq!(fetch.fetch(ten(9)).await, Err(FetchError::TooLarge(9)));
}

async fn redirects_are_answers(fetch: &impl Fetch) {
    let address = server(|_, _, stream| {
        let answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).unwrap();
    });
    assert_eq!(fetch.fetch(Request::get(format!("http://{address}/"))).await.unwrap().status, 302);
}

async fn silence_times_out(fetch: &impl Fetch) {
    let address = server(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.");
        thread::sleep(Duration::from_secs(5));
    });
    let request = Request::get(format!("http://{address}/")).timeout_ms(300);
    assert_eq!(fetch.fetch(request).await, Err(FetchError::Timeout(300)));
}

async fn failures_are_named(fetch: &impl Fetch) {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = fetch.fetch(Request::get(format!("http://{closed}/"))).await.unwrap_err();
    assert!(matches!(refused, FetchError::Connect(_)), "{refused}");
    let malformed = fetch.fetch(Request::get("http://")).await.unwrap_err();
    assert!(matches!(malformed, FetchError::Url(_)), "{malformed}");
    let cut = server(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.");
    });
    let broken = fetch.fetch(Request::get(format!("http://{cut}/"))).await.unwrap_err();
    assert!(matches!(broken, FetchError::Interrupted(_)), "{broken}");
}

/// A server on loopback, and the number of connections to it.
fn counted() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, calls) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counter = calls.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.unwrap();
            read_request(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    (port, calls)
}

/// A stranger's request reaches loopback only if the owner allowed it, whatever name the address has.
async fn strangers_choose_public_addresses<F: Fetch>(allowing: impl Fn(&[AllowedHost]) -> F) {
    let (port, calls) = counted();
    let to = |host: &str| Request::get(format!("http://{host}:{port}/")).timeout_ms(5_000);
    let guarded = allowing(&[]);
    // The owner's own request leaves a connection behind, which must not serve the stranger's.
    assert_eq!(guarded.fetch(to("localhost")).await.unwrap().body, b"ok");
    for host in
        ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::ffff:127.0.0.1]"]
    {
        let error = guarded.fetch(to(host).reach(Reach::Public)).await.unwrap_err();
        assert!(matches!(error, FetchError::NotPublic { .. }), "{host}: {error}");
    }
    let said = guarded.fetch(to("localhost").reach(Reach::Public)).await.unwrap_err().to_string();
    assert!(said.contains(&format!("--allow-source localhost:{port}")), "{said}");
    assert_eq!(calls.load(Ordering::SeqCst), 1);

    let other: AllowedHost = format!("localhost:{}", port ^ 1).parse().unwrap();
    let error = allowing(&[other]).fetch(to("localhost").reach(Reach::Public)).await.unwrap_err();
    assert!(matches!(error, FetchError::NotPublic { .. }), "{error}");
    let listed: AllowedHost = format!("localhost:{port}").parse().unwrap();
    assert_eq!(allowing(&[listed]).fetch(to("localhost").reach(Reach::Public)).await.unwrap().body, b"ok");
}

#[tokio::test]
async fn reqwest_lets_strangers_choose_public_addresses_alone() {
    strangers_choose_public_addresses(|allowed| Reqwest::allowing(allowed).unwrap()).await;
}

#[tokio::test]
async fn ureq_lets_strangers_choose_public_addresses_alone() {
    strangers_choose_public_addresses(Ureq::allowing).await;
}

#[tokio::test]
async fn reqwest_conforms() {
    conforms(Reqwest::new().unwrap()).await;
}

#[tokio::test]
async fn ureq_conforms() {
    conforms(Ureq::new()).await;
}

#[tokio::test]
async fn the_scripted_twin_cuts_off_and_ends_early_as_they_do() {
    let answers = Scripted::new(|_| Ok(Response::new(200, vec![7; 5_000])));
    let (received, error) = drain(answers.open(Request::get("http://host/").max_bytes(4_000)).await.unwrap()).await;
    assert!(received > 0 && received <= 4_000, "{received}");
    assert_eq!(error, Some(FetchError::TooLarge(4_000)));
    let short = Scripted::new(|_| Ok(Response::new(200, "five.").with_header("content-length", "10")));
    let (received, error) = drain(short.open(Request::get("http://host/")).await.unwrap()).await;
    assert_eq!(received, 5);
    assert!(matches!(error, Some(FetchError::Interrupted(_))), "{error:?}");
}

/// A task on any thread may call: futures are `Send` where the adapter is `Sync`.
#[tokio::test]
async fn futures_are_send() {
    async fn sum(fetch: impl Fetch + Sync, url: String) -> usize {
        let mut incoming = fetch.open(Request::get(url)).await.unwrap();
        let mut sum = 0;
        while let Some(chunk) = incoming.chunk().await.unwrap() {
            sum += chunk.len();
        }
        sum
    }
    let address = server(|_, _, stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour").unwrap());
    let url = format!("http://{address}/");
    assert_eq!(tokio::spawn(sum(Reqwest::new().unwrap(), url.clone())).await.unwrap(), 4);
    assert_eq!(tokio::spawn(sum(Ureq::new(), url)).await.unwrap(), 4);
}
