//! Both native adapters against a real socket: what arrives, what is refused, and that caps hold while reading.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use adit_fetch::{Fetch, FetchError, Method, Request, Reqwest, Ureq};

/// Answers every connection with `answer`, which gets the request's head and body.
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

/// The same for every adapter.
async fn conforms(fetch: impl Fetch) {
    answers_arrive_whole(&fetch).await;
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

#[tokio::test]
async fn reqwest_conforms() {
    conforms(Reqwest::new().unwrap()).await;
}

#[tokio::test]
async fn ureq_conforms() {
    conforms(Ureq::new()).await;
}
