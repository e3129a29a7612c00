//! The real program keeps, gives and fetches content: from a gateway of its own, beside one that lies, and with js-ipfs.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adit_support::files;
use adit_support::program::{self, Program};
use anyhow::{Context, Result, ensure};
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

/// The program, and a place for its folders.
struct Desk {
    program: PathBuf,
    at: TempDir,
}

impl Desk {
    fn find() -> Result<Option<Self>> {
        let Some(program) = program::find()? else { return Ok(None) };
        let desk = Desk { program, at: TempDir::new()? };
        std::fs::create_dir_all(desk.at.path().join("folder/below"))?;
        std::fs::write(desk.at.path().join("folder/hello.txt"), "hello world")?;
        std::fs::write(desk.at.path().join("folder/below/large.bin"), files::bytes(5, 5_300_000))?;
        Ok(Some(desk))
    }

    /// Runs `adit content`, with its blocks in the folder `store`.
    async fn content(&self, store: &str, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command.arg("content").args(arguments).args(["--store", store]).current_dir(self.at.path());
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command.output().await?)
    }

    /// The same, which must succeed.
    async fn done(&self, store: &str, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = self.content(store, arguments).await?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(output.stdout)
    }

    async fn json(&self, store: &str, arguments: &[&str]) -> Result<Value> {
        let arguments = [arguments, &["--json"]].concat();
        Ok(serde_json::from_slice(&self.done(store, &arguments).await?)?)
    }

    /// The same, which must fail.
    async fn refused(&self, store: &str, arguments: &[&str]) -> Result<String> {
        let output = self.content(store, arguments).await?;
        ensure!(!output.status.success(), "{arguments:?} did not fail");
        Ok(String::from_utf8(output.stderr)?)
    }

    /// Whether a folder holds what the first one does.
    fn is_whole(&self, copy: &str) -> Result<()> {
        for name in ["hello.txt", "below/large.bin"] {
            let read = |folder: &str| std::fs::read(self.at.path().join(folder).join(name));
            ensure!(read("folder")? == read(copy)?, "{copy}/{name} is another file");
        }
        Ok(())
    }
}

/// A gateway in a process of its own, on what the folder `store` keeps.
async fn gateway(desk: &Desk, store: &str) -> Result<(Program, String)> {
    let folder = desk.at.path().join(store);
    let folder = folder.to_str().context("a path that is not UTF-8")?;
    let arguments = ["content", "gateway", "--listen", "127.0.0.1:0", "--store", folder];
    let mut program = Program::start(&desk.program, &arguments)?;
    let line = program.line("Gateway on ").await?;
    let url = line.strip_prefix("Gateway on ").context("no address")?.to_owned();
    Ok((program, url))
}

/// Passes on what `to` answers, with the last byte changed.
async fn liar(to: String) -> Result<(String, Arc<AtomicUsize>)> {
    let asked = Arc::new(AtomicUsize::new(0));
    let app = axum::Router::new().fallback(lie).with_state((to, asked.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok((url, asked))
}

/// Asks the gateway that it stands for, and changes the last byte.
async fn lie(State((to, asked)): State<(String, Arc<AtomicUsize>)>, uri: Uri) -> Response {
    asked.fetch_add(1, Ordering::Relaxed);
    let Ok(response) = reqwest::get(format!("{to}{uri}")).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or_default();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    let mut body = response.bytes().await.map(Vec::from).unwrap_or_default();
    body.last_mut().into_iter().for_each(|last| *last ^= 1);
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn content_is_kept_given_fetched_and_let_go() -> Result<()> {
    let Some(desk) = Desk::find()? else { return Ok(()) };
    let added = desk.json("a", &["add", "folder"]).await?;
    let cid = added["cid"].as_str().context("no CID")?.to_owned();
    let (mut served, url) = gateway(&desk, "a").await?;

    let refused = desk.refused("b", &["get", &cid, "-o", "copy"]).await?;
    ensure!(refused.contains("is not here: name a gateway"), "{refused}");
    let (lying, asked) = liar(url.clone()).await?;
    let output = desk.content("b", &["get", &cid, "-o", "copy", "--gateway", &lying, "--gateway", &url]).await?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{said}");
    desk.is_whole("copy")?;
    if asked.load(Ordering::Relaxed) > 0 {
        ensure!(
            said.contains(&format!("{lying} is not asked any more: ")) && said.contains("damaged or forged"),
            "{said}"
        );
    }
    desk.done("none", &["get", &cid, "-o", "again", "--mode", "gateway", "--gateway", &url]).await?;
    desk.is_whole("again")?;
    desk.done("c", &["pin", &cid, "--gateway", &url]).await?;
    ensure!(served.terminate().await?.success(), "{:#?}", served.said());

    // Without the gateway: what was read is still there, and so is what was pinned.
    for store in ["b", "c"] {
        ensure!(desk.done(store, &["cat", &format!("{cid}/hello.txt")]).await? == b"hello world");
        let listed = desk.json(store, &["ls", &format!("/ipfs/{cid}")]).await?;
        ensure!(listed["entries"][1]["name"] == "hello.txt" && listed["entries"][1]["bytes"] == 11, "{listed}");
    }
    ensure!(desk.json("c", &["pins"]).await?["pins"][0]["cid"] == cid);
    ensure!(desk.json("b", &["pins"]).await?["pins"] == serde_json::json!([]));
    ensure!(desk.json("c", &["unpin", &cid]).await?["cid"] == cid);
    ensure!(desk.json("c", &["stat"]).await?["blocks"] == 0);
    let refused = desk.refused("c", &["unpin", &cid]).await?;
    ensure!(refused.contains("is not pinned"), "{refused}");

    // What cannot be had stays on the list until it is given up.
    let refused = desk.refused("c", &["pin", &cid, "--gateway", "http://127.0.0.1:1"]).await?;
    ensure!(refused.contains("is not to be had: http://127.0.0.1:1"), "{refused}");
    let failed = desk.json("c", &["failed"]).await?;
    ensure!(failed["failed"][0]["cid"] == cid && failed["failed"][0]["tries"] == 1, "{failed}");
    let (served, url) = gateway(&desk, "a").await?;
    ensure!(desk.json("c", &["retry", "--gateway", &url]).await?["retried"][0]["cid"] == cid);
    ensure!(desk.json("c", &["failed"]).await?["failed"] == serde_json::json!([]));
    served.kill().await
}

/// A js-ipfs daemon. `None` skips a test; with CI set, a missing one fails it.
async fn daemon(repo: &Path) -> Result<Option<(Program, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers/ipfs");
    if !folder.join("node_modules/ipfs-core").is_dir() {
        ensure!(std::env::var_os("CI").is_none(), "js-ipfs is missing: cargo xtask setup installs it");
        eprintln!("SKIPPED: js-ipfs is missing; cargo xtask setup installs it");
        return Ok(None);
    }
    let (script, repo) = (folder.join("daemon.mjs"), repo.to_str().context("a path that is not UTF-8")?);
    let script = script.to_str().context("a path that is not UTF-8")?;
    let mut program = Program::start(Path::new("node"), &[script, repo])?;
    let line = program.line("RPC on ").await?;
    let url = line.strip_prefix("RPC on ").context("no address")?.to_owned();
    Ok(Some((program, url)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_js_ipfs_keeps_content_under_our_name() -> Result<()> {
    let Some(desk) = Desk::find()? else { return Ok(()) };
    let Some((first, url)) = daemon(&desk.at.path().join("first")).await? else { return Ok(()) };
    let local = ["--mode", "local", "--ipfs-api", &url];
    // Its RPC takes no body of more than 1 MiB, and so no whole chunk of unixfs-v1-2025.
    let refused = desk.refused("a", &[&["add", "folder", "--profile", "unixfs-v1-2025"][..], &local].concat()).await?;
    ensure!(refused.contains("413"), "{refused}");
    for profile in ["kubo-v1", "unixfs-v0-2015"] {
        let added = desk.json("a", &[&["add", "folder", "--profile", profile][..], &local].concat()).await?;
        let cid = added["cid"].as_str().context("no CID")?;
        let kept = desk.json("a", &["add", "folder", "--profile", profile]).await?;
        ensure!(kept["cid"] == *cid, "{added} {kept}");
        let pins = desk.json("a", &[&["pins"][..], &local].concat()).await?;
        ensure!(pins["pins"].as_array().is_some_and(|pins| pins.len() > 2), "{pins}");
        desk.done("none", &[&["get", cid, "-o", profile][..], &local].concat()).await?;
        desk.is_whole(profile)?;
        desk.done("a", &[&["unpin", cid][..], &local].concat()).await?;
        let refused = desk.refused("a", &[&["unpin", cid][..], &local].concat()).await?;
        ensure!(refused.contains("Failed to remove pin"), "{refused}");
    }
    ensure!(desk.json("a", &[&["stat"][..], &local].concat()).await?["bytes"].as_u64() > Some(5_000_000));
    first.kill().await?;
    let refused = desk.refused("a", &[&["pins"][..], &local].concat()).await?;
    ensure!(refused.contains("IPFS_API_URL names it"), "{refused}");
    Ok(())
}
