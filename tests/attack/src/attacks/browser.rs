//! What a hostile web page, and a hostile coordinator, may reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adit_protocol::paths;
use anyhow::Result;
use axum::Router;
use axum::http::StatusCode;
use reqwest::Method;

use super::paid::audit;
use super::{Outcome, Stage};
use crate::target::Target;

pub(super) async fn origins(stage: &Stage) -> Result<Outcome> {
    let target = Target::start(&stage.program, &[]).await?;
    let client = target.client("reader", 1)?;
    let get =
        |name: &'static str, value: &'static str| client.request(Method::GET, paths::OVERVIEW).header(name, value);
    let foreign_origin = client.send(get("origin", "https://evil.example")).await?.status;
    let foreign_host = client.send(get("host", "evil.example")).await?.status;
    let none = client.get(paths::OVERVIEW).await?.status;
    let seen = format!("a foreign origin: {foreign_origin}, a foreign host: {foreign_host}, neither: {none}");
    Outcome::new(foreign_origin == 403 && foreign_host == 421 && none == 200, seen)
}

pub(super) async fn frames(stage: &Stage) -> Result<Outcome> {
    if !stage.web.is_dir() {
        return Outcome::new(false, "skipped: the page is not built (`cargo xtask web`)");
    }
    let web = stage.web.to_string_lossy();
    let target = Target::start(&stage.program, &["--web", &web]).await?;
    let page = target.client("reader", 1)?.get("/").await?;
    let policy = page.headers.get("content-security-policy").and_then(|value| value.to_str().ok()).unwrap_or("none");
    let held = policy.contains("frame-ancestors 'none'") && page.headers.contains_key("permissions-policy");
    Outcome::new(held, format!("the page's policy: {policy}"))
}

pub(super) async fn deputy(stage: &Stage) -> Result<Outcome> {
    let hits = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let source = format!("http://{}", listener.local_addr()?);
    let counted = hits.clone();
    let router = Router::new().fallback(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { StatusCode::NOT_FOUND }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let target = Target::start(&stage.program, &["--source", &source]).await?;
    audit(&target.client("requester", 1)?, &source).await?;
    let miner = target.mine(&[])?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let told = miner.said().iter().any(|line| line.contains("--allow-source"));
    let hits = hits.load(Ordering::Relaxed);
    miner.kill().await?;
    // The coordinator itself asks the source that its operator listed, twice for a block that the miner could not reach.
    Outcome::new(hits <= 4, format!("{hits} requests for 64 blocks; the miner names the flag that allows them: {told}"))
}
