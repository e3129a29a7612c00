//! `adit store` itself, with windows of seconds: a replica held, proven and paid; stopped, damaged and started again.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use adit_client::PinOrder;
use adit_coordinator::Storage;
use adit_support::program::{self, Program};
use adit_support::server::LARGE_BUDGET;
use adit_support::{Client, Server};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::town::content;

/// A coordinator with short windows, and a folder for a miner.
struct Desk {
    program: PathBuf,
    server: Server,
    operator: Client,
    folder: TempDir,
}

impl Desk {
    async fn start() -> Result<Option<Self>> {
        let Some(program) = program::find()? else { return Ok(None) };
        let server = Server::start_with(|config| {
            config.storage = Storage { window_ms: 2_000, ask_within_ms: 1_900, ..Storage::default() };
            (config.epoch_budget, config.epoch_ms) = (LARGE_BUDGET, 3_000);
        });
        let server = server.await?;
        let operator = Client::new(&server, "operator", 99)?;
        Ok(Some(Desk { program, server, operator, folder: TempDir::new()? }))
    }

    fn store(&self, flags: &[&str]) -> Result<Program> {
        let key = self.folder.path().join("miner.key");
        let key = key.to_str().context("a path that is not UTF-8")?;
        let usual = ["store", "--coordinator", &self.server.url, "--key", key, "--share", "64MiB", "--json"];
        Program::start(&self.program, &[&usual[..], flags].concat())
    }

    /// Runs `adit content` to its end, in the folder, as the operator does.
    async fn content(&self, arguments: &[&str]) -> Result<Output> {
        let data = self.server.data().to_str().context("a path that is not UTF-8")?;
        let mut command = Command::new(&self.program);
        command.arg("content").args(arguments).args(["--server", &self.server.url, "--data", data]);
        Ok(command.current_dir(self.folder.path()).stdin(Stdio::null()).kill_on_drop(true).output().await?)
    }

    /// The same with `--json`, and what it prints.
    async fn told(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.content(&[arguments, &["--json"]].concat()).await?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// Whether a verdict comes with a reward.
fn is_paid(answered: &Value) -> bool {
    is_some(&answered["reward"])
}

/// Whether an amount is not zero.
fn is_some(amount: &Value) -> bool {
    amount.as_str().is_some_and(|amount| amount.contains(|digit: char| ('1'..='9').contains(&digit)))
}

/// The first event of this name for which `is` holds.
async fn event(program: &mut Program, name: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
    for _ in 0..1_200 {
        let events = program.said();
        let mut events = events.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(event) = events.find(|event| event["event"] == name && is(event)) {
            return Ok(event);
        }
        ensure!(program.is_running()?, "it ended before {name}: {:#?}", program.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("no {name}: {:#?}", program.said())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_held_proven_paid_and_reported_when_it_is_lost() -> Result<()> {
    let Some(desk) = Desk::start().await? else { return Ok(()) };
    let order = PinOrder { replicas: 1, hours: 24, sponsored: true, ..PinOrder::default() };
    let stored = content(20 << 20);
    let pin = desk.operator.api().put_pin(&order, stored.clone()).await?;
    let mut program = desk.store(&[])?;
    event(&mut program, "held", |event| event["replicas"] == 2).await?;
    let paid = event(&mut program, "answered", is_paid).await?;
    ensure!(paid["verdict"] == "valid", "{paid}");
    let key: adit_core::PublicKey =
        serde_json::from_value(event(&mut program, "begins", |_| true).await?["key"].clone())?;
    // The epochs are short: the reward is posted.
    let mut posted = 0;
    for _ in 0..200 {
        posted = desk.operator.api().account(&key).await?.posted.nano();
        if posted > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(posted > 0, "nothing was posted");
    let status = program.terminate().await?;
    ensure!(status.success(), "{status}: {:#?}", program.said());

    // The coordinator's copy goes; the content comes back from the miner, which goes on where it stopped.
    let db = rusqlite::Connection::open(desk.server.data().join("adit.sqlite"))?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.execute("DELETE FROM storage_part", [])?;
    ensure!(desk.operator.api().pin_content(pin.pin).await.is_err());
    let mut program = desk.store(&[])?;
    event(&mut program, "gave_back", |_| true).await?;
    let mut back = Vec::new();
    for _ in 0..200 {
        if let Ok(download) = desk.operator.api().pin_content(pin.pin).await {
            back = download.whole().await?;
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(back == stored, "the content did not come back");

    // A file that is deleted under it is reported before anyone asks.
    let replicas = desk.folder.path().join("miner.replicas");
    let mut files = std::fs::read_dir(&replicas)?.map(|entry| entry.map(|entry| entry.path()));
    let file =
        files.find(|path| path.as_ref().is_ok_and(|path| path.extension().is_none())).context("no replica")??;
    std::fs::remove_file(file)?;
    let lost = event(&mut program, "lost", |_| true).await?;
    ensure!(lost["replicas"] == 1, "{lost}");
    let view = desk.operator.api().holder(&key).await?;
    ensure!(view.replicas == 1 && view.failed == 0, "{view:?}");
    program.terminate().await?;
    desk.server.assert_balanced().await
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_put_with_miners_and_comes_back_from_them() -> Result<()> {
    let Some(desk) = Desk::start().await? else { return Ok(()) };
    let folder = desk.folder.path().join("photos");
    std::fs::create_dir_all(folder.join("1"))?;
    let photo = content(3_000_000);
    std::fs::write(folder.join("1/a.raw"), &photo)?;
    std::fs::write(folder.join("note"), "hello world")?;

    // The price comes first, and the root is the one that `content cid` prints.
    let put = desk.content(&["put", "photos", "--replicas", "1", "--for", "2d", "--escrow"]).await?;
    let (said, shown) = (String::from_utf8_lossy(&put.stderr), String::from_utf8_lossy(&put.stdout));
    ensure!(
        put.status.success() && said.contains("in 1 replicas for 48 h: ") && said.contains("NNET from escrow"),
        "{said}"
    );
    let named = Command::new(&desk.program).args(["content", "cid"]).arg(&folder).output().await?;
    let root = String::from_utf8(named.stdout)?.trim().to_owned();
    ensure!(!root.is_empty() && shown.contains(&root) && shown.contains("0 of 1 replicas held"), "{shown}");

    let mut program = desk.store(&[])?;
    event(&mut program, "held", |_| true).await?;
    event(&mut program, "answered", is_paid).await?;
    let stored = desk.told(&["stored"]).await?;
    let pin = &stored["pins"][0];
    ensure!((&pin["held"], &pin["keys"], &pin["copies"]) == (&1.into(), &1.into(), &1.into()), "{stored}");
    ensure!(is_some(&pin["spent"]) && pin["root"] == root.as_str(), "{stored}");
    let holders = desk.told(&["holders"]).await?;
    ensure!(holders["holders"][0]["replicas"] == 1 && holders["holders"][0]["reported"].is_null(), "{holders}");

    // Without the coordinator's copy it comes back from the miner, as a CAR that unpacks to the same folder.
    let db = rusqlite::Connection::open(desk.server.data().join("adit.sqlite"))?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.execute("DELETE FROM storage_part", [])?;
    let number = pin["pin"].to_string();
    let back = desk.told(&["back", &number, "-o", "photos.car"]).await?;
    ensure!(back["bytes"] == pin["bytes"], "{back}");
    let mut export = Command::new(&desk.program);
    export.args(["content", "export", "photos.car", "-o", "copy"]).current_dir(desk.folder.path());
    let export = export.output().await?;
    ensure!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let copy = desk.folder.path().join("copy");
    ensure!(std::fs::read(copy.join("1/a.raw"))? == photo && std::fs::read(copy.join("note"))? == b"hello world");

    // Ended, the rest of the escrow is returned, and the miner frees the room at its next start.
    let dropped = desk.told(&["drop", &number]).await?;
    ensure!(dropped["pins"][0]["active"] == false && dropped["pins"][0]["held"] == 0, "{dropped}");
    let refused = desk.content(&["back", &number, "-o", "again.car"]).await?;
    ensure!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("stored no longer"));
    ensure!(!desk.folder.path().join("again.car").exists(), "a refused file was left behind");
    program.terminate().await?;
    let mut program = desk.store(&[])?;
    event(&mut program, "released", |event| event["replicas"] == 1).await?;
    program.terminate().await?;
    desk.server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn modes_that_hold_nothing_say_so() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    for (mode, word) in [("gateway", "nothing to prove"), ("pinning", "holds the bytes"), ("local", "IPFS node at")] {
        let mut program = Program::start(&program, &["store", "--mode", mode, "--json"])?;
        let line = program.line(word).await?;
        let error: Value = serde_json::from_str(&line)?;
        ensure!(error["exit_status"] == 1, "{line}");
        ensure!(!program.ended().await?.success());
    }
    Ok(())
}
