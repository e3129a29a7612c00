//! Pages of other origins, and names rebound to loopback: a coordinator on loopback answers neither.

use std::net::SocketAddr;

use adit_coordinator::{Clock, Config, Coordinator};
use adit_protocol::ErrorCode::{WrongHost, WrongOrigin};
use adit_protocol::paths::{self, with};
use adit_support::{Client, Reply, Scene, Server, raw};
use anyhow::{Context, Result, ensure};
use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;

const FOREIGN: [&str; 4] = ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"];

/// Sends a request with these headers, and the token: it must not help.
async fn send(server: &Server, method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Reply> {
    let token = format!("Bearer {}", server.token());
    let common = [("authorization", token.as_str()), ("content-length", "0"), ("access-control-request-method", "GET")];
    let reply = raw::send(&server.url, &raw::request(method, target, &[headers, &common[..]].concat(), b"")).await?;
    reply.with_context(|| format!("{method} {target}: no answer"))
}

#[tokio::test]
async fn pages_of_other_origins_read_and_start_nothing() -> Result<()> {
    let scene = Scene::start().await?;
    let host = scene.server.url.trim_start_matches("http://");
    for path in paths::ALL.iter().chain(&["/", "/assets/page.js"]) {
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS"] {
            for origin in FOREIGN {
                let reply =
                    send(&scene.server, method, &with(path, "1"), &[("host", host), ("origin", origin)]).await?;
                assert_eq!(reply.code()?, WrongOrigin, "{method} {path} {origin}");
                ensure!(!reply.headers.contains_key("access-control-allow-origin"), "{method} {path} {origin}");
            }
        }
    }
    scene.ends_well().await
}

#[tokio::test]
async fn names_rebound_to_loopback_are_not_answered() -> Result<()> {
    let scene = Scene::start().await?;
    for path in paths::ALL.iter().chain(&["/", "/assets/page.js"]) {
        for host in ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "0.0.0.0:8000", ""] {
            let origin = format!("http://{host}");
            let reply = send(&scene.server, "GET", &with(path, "1"), &[("host", host), ("origin", &origin)]).await?;
            assert_eq!(reply.code()?, WrongHost, "{path} {host}");
        }
    }
    scene.ends_well().await
}

/// Programs send no Origin. The coordinator's own page sends one that it calls, also through a proxy that keeps the Host,
/// such as the one for development. Others are answered once the operator lists them.
#[tokio::test]
async fn own_and_listed_pages_are_answered() -> Result<()> {
    let server = Server::start_with(|config| {
        config.hosts = vec!["adit.example".into()];
        config.origins = vec!["http://localhost:3000".into()];
    });
    let server = server.await?;
    let host = server.url.trim_start_matches("http://");
    for (host, origin) in [
        (host, None),
        (host, Some(server.url.as_str())),
        ("localhost:5173", Some("http://localhost:5173")),
        ("[::1]:5173", Some("http://[::1]:5173")),
        ("adit.example", Some("https://adit.example")),
        (host, Some("https://adit.example")),
        (host, Some("http://localhost:3000")),
    ] {
        let headers = [("host", host)].into_iter().chain(origin.map(|origin| ("origin", origin)));
        let headers: Vec<_> = headers.collect();
        let reply = send(&server, "GET", paths::JOBS, &headers).await?;
        assert_eq!(reply.status, 200, "{host} {origin:?}");
        let allowed = reply.headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap_or_default());
        assert_eq!(allowed, origin, "{host}");
        let reply = send(&server, "OPTIONS", paths::JOBS, &headers).await?;
        ensure!(reply.status.is_success(), "{host} {origin:?}: {}", reply.status);
    }
    server.assert_balanced().await
}

/// On a public address pages of any origin mine and check receipts, under any host.
#[tokio::test]
async fn on_a_public_address_pages_of_any_origin_are_answered() -> Result<()> {
    let data = tempfile::TempDir::new()?;
    let mut config = Config::new(SocketAddr::from(([203, 0, 113, 1], 8000)), data.path().to_owned());
    config.clock = Clock::standing_still(1_780_000_000_000);
    let coordinator = Coordinator::open(&config).await?;
    for origin in FOREIGN {
        let request = Request::get(paths::JOBS).header("host", "pool.example").header("origin", origin);
        let answer = coordinator.router(None).oneshot(request.body(Body::empty())?).await?;
        assert_eq!((answer.status().as_u16(), &answer.headers()["access-control-allow-origin"]), (200, &"*".parse()?));
    }
    coordinator.close().await;
    Ok(())
}

/// Whoever has a CID may read its block, so no public answer lists those of files and inputs.
#[tokio::test]
async fn nobody_lists_files_and_inputs_without_the_token() -> Result<()> {
    let scene = Scene::start().await?;
    let inputs: Vec<String> = {
        let miner = scene.stranger("miner", 3).await?;
        scene.lease(&miner).await?.inputs.iter().map(|input| input.cid.to_string()).collect()
    };
    ensure!(!inputs.is_empty());
    let visitor = Client::at(&scene.server.url, "", "visitor", 4)?;
    for path in paths::ALL {
        for target in [with(path, &scene.job.to_string()), with(path, "miner")] {
            let answer = String::from_utf8_lossy(&visitor.get(&target).await?.body).into_owned();
            ensure!(!inputs.iter().any(|cid| answer.contains(cid)), "{target}: {answer}");
        }
    }
    scene.ends_well().await
}
