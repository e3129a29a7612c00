//! Blocks over HTTP as a trustless gateway serves them, and what every call says of its token, host and encoding.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use adit_coordinator::{Config, Coordinator};
use adit_core::Cid;
use adit_core::content_id::block_cid;
use adit_protocol::jobs::{DataPlace, FileInfo, JobRequest, JobWork};
use adit_protocol::{ErrorBody, ErrorCode, paths};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use tower::ServiceExt;

const DATA: &[u8] = &[7; 5_000];

/// A coordinator that holds one block.
struct House {
    coordinator: Coordinator,
    router: Router,
    _folder: tempfile::TempDir,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn code(&self) -> ErrorCode {
        let body: ErrorBody = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(self.status, body.code.status());
        body.code
    }
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new("127.0.0.1:0".parse().unwrap(), folder.path().to_owned());
        let coordinator = Coordinator::open(&config).await.unwrap();
        let house = House { router: coordinator.router(None), coordinator, _folder: folder };
        let token = format!("Bearer {}", house.coordinator.token());
        let upload = format!("{}?name=x&format=data", paths::FILES);
        let reply = house.send("POST", &upload, &[("authorization", &token)], DATA.to_vec()).await;
        let FileInfo { file, .. } = serde_json::from_slice(&reply.body).unwrap();
        let work = JobWork::HashTree { data: DataPlace::File { file } };
        let job = JobRequest { demo: true, ..JobRequest::new(work) };
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        let reply = house.send("POST", paths::JOBS, &headers, serde_json::to_vec(&job).unwrap()).await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        house
    }

    async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let request = Request::builder().method(method).uri(target).header("host", "localhost");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.answer(request.body(body.into()).unwrap()).await
    }

    async fn answer(&self, request: Request<Body>) -> Reply {
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn block(&self, name: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", &format!("/ipfs/{name}?format=raw"), headers, Vec::new()).await
    }
}

fn cid() -> Cid {
    block_cid(DATA)
}

#[tokio::test]
async fn a_block_comes_with_what_gateways_say_of_it() {
    let (house, cid) = (House::open().await, cid().to_string());
    let reply = house.block(&cid, &[]).await;
    assert_eq!((reply.status, &reply.body[..]), (200, DATA));
    let etag = format!("\"{cid}.raw\"");
    for (name, value) in [
        ("content-type", "application/vnd.ipld.raw"),
        ("content-disposition", &format!("attachment; filename=\"{cid}.bin\"")),
        ("etag", &etag),
        ("x-ipfs-path", &format!("/ipfs/{cid}")),
        ("x-ipfs-roots", &cid),
        ("cache-control", "public, max-age=29030400, immutable"),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    // The Accept header asks for raw blocks too, but a format in the query decides.
    let accept = [("accept", "text/html, application/vnd.ipld.RAW; q=0.9")];
    assert_eq!(house.send("GET", &format!("/ipfs/{cid}"), &accept, Vec::new()).await.status, 200);
    let car = house.send("GET", &format!("/ipfs/{cid}?format=car"), &accept, Vec::new()).await;
    assert_eq!(car.code(), ErrorCode::InvalidParameter);
    let head = house.send("HEAD", &format!("/ipfs/{cid}?format=raw"), &[("range", "bytes=0-9")], Vec::new()).await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some("5000")));
    assert_eq!(head.header("etag"), Some(etag.as_str()));

    let known = house.block(&cid, &[("if-none-match", &format!("\"other\", W/{etag}"))]).await;
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(etag.as_str())));
    assert_eq!(house.block(&cid, &[("if-none-match", "\"other\"")]).await.status, 200);
}

#[tokio::test]
async fn a_block_has_every_name_of_its_bytes() {
    let house = House::open().await;
    let hash = "12208e50bb63b7e0f15f9c8fdf4f7a1a1d3c1fbd4e7b6ad2b3f4d0b2c7a1b0c9d8e7";
    assert_eq!(hash.len(), 68, "a hash of nothing");
    let digest: String = cid().digest().iter().map(|byte| format!("{byte:02x}")).collect();
    for prefix in ["f01551220", "F01551220", "f01701220", "f01711220"] {
        let name = format!("{prefix}{}", if prefix.starts_with('F') { digest.to_uppercase() } else { digest.clone() });
        let reply = house.block(&name, &[]).await;
        assert_eq!((reply.status, reply.body == DATA), (200, true), "{name}");
        assert_eq!(reply.header("x-ipfs-path"), Some(format!("/ipfs/{name}").as_str()));
        assert_eq!(reply.header("x-ipfs-roots"), Some(cid().to_string().as_str()));
    }
    let probe = house.block("bafkqaaa", &[]).await;
    assert_eq!((probe.status, probe.body.len(), probe.header("etag")), (200, 0, Some("\"bafkqaaa.raw\"")));
    for absent in [block_cid(b"other").to_string(), format!("f0155{hash}"), format!("f01551e20{digest}")] {
        assert_eq!(house.block(&absent, &[]).await.code(), ErrorCode::NoSuchBlock, "{absent}");
    }
    for wrong in ["x", "index.html", "%2e%2e%2fadmin.token", &digest, &format!("{}a", cid())] {
        assert_eq!(house.block(wrong, &[]).await.code(), ErrorCode::InvalidParameter, "{wrong}");
    }
}

#[tokio::test]
async fn pages_read_ranges() {
    let (house, cid) = (House::open().await, cid().to_string());
    let origin = ("origin", "http://localhost");
    let some = house.block(&cid, &[("range", "bytes=10-19"), origin]).await;
    assert_eq!((some.status, &some.body[..]), (206, &DATA[10..20]));
    assert_eq!(some.header("content-range"), Some("bytes 10-19/5000"));
    assert_eq!(some.header("content-length"), Some("10"));
    let exposed = some.header("access-control-expose-headers").unwrap().to_lowercase();
    for name in ["etag", "content-range", "content-length", "x-ipfs-path", "x-ipfs-roots", "retry-after"] {
        assert!(exposed.split(',').any(|known| known.trim() == name), "{name}: {exposed}");
    }
    let beyond = house.block(&cid, &[("range", "bytes=5000-"), origin]).await;
    assert_eq!(beyond.header("content-range"), Some("bytes */5000"));
    assert_eq!(beyond.code(), ErrorCode::RangeNotSatisfiable);
    let asks = [origin, ("access-control-request-method", "GET"), ("access-control-request-headers", "range")];
    let preflight = house.send("OPTIONS", &format!("/ipfs/{cid}"), &asks, Vec::new()).await;
    let allowed = preflight.header("access-control-allow-headers").unwrap().to_lowercase();
    assert!(allowed.contains("range") && allowed.contains("if-none-match"), "{allowed}");
}

#[tokio::test]
async fn a_request_says_its_host_its_token_and_a_plain_body() {
    let house = House::open().await;
    let token = house.coordinator.token().to_owned();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let reply = house.send("GET", paths::MINERS, &[("authorization", &format!("{scheme} {token}"))], vec![]).await;
        assert_eq!(reply.status, 200, "{scheme}");
    }
    let reply = house.send("GET", paths::MINERS, &[("authorization", &format!("Basic {token}"))], vec![]).await;
    assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"adit\""));
    assert_eq!(reply.code(), ErrorCode::TokenRequired);

    let json = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let reply = house.send("POST", paths::REGISTER, &json, b"\x1f\x8b".to_vec()).await;
    assert_eq!(reply.header("accept-encoding"), Some("identity"));
    assert_eq!(reply.code(), ErrorCode::UnsupportedMediaType);

    let without = |version| Request::get(paths::JOBS).version(version).body(Body::empty()).unwrap();
    assert_eq!(house.answer(without(axum::http::Version::HTTP_11)).await.code(), ErrorCode::NoHost);
    assert_eq!(house.answer(without(axum::http::Version::HTTP_10)).await.status, 200);
    let twice = Request::get(paths::JOBS).header("host", "localhost").header("host", "localhost");
    assert_eq!(house.answer(twice.body(Body::empty()).unwrap()).await.code(), ErrorCode::NoHost);
}
