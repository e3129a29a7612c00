//! Attacks that try to exhaust the coordinator, so that nobody else is served.

use std::path::Path;
use std::time::{Duration, Instant};

use adit_core::statement::Verdict;
use adit_protocol::jobs::JobState;
use adit_protocol::mining::Delivered;
use adit_protocol::paths::{self, with};
use adit_support::Client;
use adit_support::program::Program;
use adit_support::raw::{Connection, request};
use anyhow::{Context, Result};
use futures::future::join_all;

use super::{Outcome, Stage};
use crate::target::{Target, lease, timed};

/// Mines until the job is done.
async fn finish(client: &mut Client, job: u64) -> Result<()> {
    client.open().await?;
    while client.job(job).await?.state != JobState::Done {
        let Some(grant) = lease(client, 0).await? else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let output = client.compute(&grant).await?;
        client.deliver(&grant, output).await?;
    }
    Ok(())
}

pub(super) async fn slow_readers(stage: &Stage) -> Result<Outcome> {
    let mut target = Target::start(&stage.program, &[]).await?;
    let job = target.product(8_192, 1_024).await?.job;
    let mut honest = target.client("honest", 1)?;
    finish(&mut honest, job).await?;
    let before = target.memory_mib()?;
    let path = with(paths::JOB_RESULT, &job.to_string());
    let bearer = format!("Bearer {}", target.served.token);
    let mut readers = Vec::new();
    for reader in 0..200 {
        let address = format!("203.0.113.{reader}");
        let mut connection = Connection::open(&target.served.url).await?;
        let headers =
            [("host", "127.0.0.1"), ("x-forwarded-for", address.as_str()), ("authorization", bearer.as_str())];
        connection.write(&request("GET", &path, &headers, b"")).await;
        readers.push(connection);
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let grown = target.memory_mib()?.saturating_sub(before);
    let (ms, status) = timed(&honest, paths::HEALTH).await?;
    let began = Instant::now();
    let ended = target.served.program().terminate().await.is_ok();
    let stopped = began.elapsed().as_secs();
    drop(readers);
    let seen = format!("{grown} MiB more, health {status} in {ms} ms, stopped after {stopped} s");
    Outcome::new(grown < 512 && status == 200 && ended && stopped <= 15, seen)
}

pub(super) async fn slow_senders(stage: &Stage) -> Result<Outcome> {
    let mut target = Target::start(&stage.program, &[]).await?;
    target.product(32_768, 1_024).await?;
    let mut hoarder = target.client("hoarder", 1)?.from_address("203.0.113.1");
    hoarder.open().await?;
    let first = lease(&hoarder, 0).await?.context("no lease")?;
    let output = hoarder.compute(&first).await?;
    hoarder.deliver(&first, output).await?;
    let before = target.memory_mib()?;
    let mut senders = Vec::new();
    for lane in 0..60 {
        let Some(grant) = lease(&hoarder, lane).await? else { break };
        let output = vec![0; grant.unit.output_bytes() as usize];
        let delivery = hoarder.delivery(&grant, &output);
        let (signature, digest) = (hoarder.key.sign(&delivery).to_string(), delivery.digest.to_string());
        let length = output.len().to_string();
        let headers = [
            ("host", "127.0.0.1"),
            ("x-forwarded-for", "203.0.113.1"),
            (paths::SIGNATURE_HEADER, signature.as_str()),
            (paths::DIGEST_HEADER, digest.as_str()),
            ("content-length", length.as_str()),
        ];
        let mut connection = Connection::open(&target.served.url).await?;
        connection.write(&request("PUT", &with(paths::OUTPUT, &grant.lease.lease.to_string()), &headers, b"")).await;
        senders.push(connection);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let grown = target.memory_mib()?.saturating_sub(before);
    let mut honest = target.client("honest", 2)?.from_address("198.51.100.7");
    honest.open().await?;
    let grant = lease(&honest, 0).await?.context("no lease for an honest miner")?;
    let output = honest.compute(&grant).await?;
    let began = Instant::now();
    let answer: Delivered = honest.deliver(&grant, output).await?.json()?;
    let waited = began.elapsed().as_millis();
    let seen = format!(
        "{} deliveries stand, {grown} MiB more; an honest one is {:?} after {waited} ms",
        senders.len(),
        answer.verdict
    );
    Outcome::new(answer.verdict == Verdict::Valid && waited < 5_000 && grown < 256, seen)
}

pub(super) async fn half_requests(stage: &Stage) -> Result<Outcome> {
    let mut target = Target::start(&limited(stage, "ulimit -n 1024")?, &[]).await?;
    let mut halves = Vec::new();
    for _ in 0..1_030 {
        // The coordinator may close excess connections, so a failure here is not an error.
        if let Ok(mut connection) = Connection::open(&target.served.url).await {
            connection.write(b"GET /healthz HTTP/1.1\r\nx-forwarded-for: 203.0.113.1\r\nhost: ").await;
            halves.push(connection);
        }
    }
    let reader = target.client("reader", 1)?;
    let mut answered = None;
    let began = Instant::now();
    while answered.is_none() && began.elapsed() < Duration::from_secs(40) {
        let tried = tokio::time::timeout(Duration::from_secs(2), timed(&reader, paths::HEALTH)).await;
        answered = tried.ok().and_then(Result::ok).map(|_| began.elapsed().as_secs());
    }
    let stop = Instant::now();
    let ended = target.served.program().terminate().await.is_ok();
    let stopped = stop.elapsed().as_secs();
    drop(halves);
    let others =
        answered.map_or("did not answer others".to_owned(), |seconds| format!("answered others after {seconds} s"));
    let seen = format!("{others}, stopped after {stopped} s");
    Outcome::new(answered.is_some_and(|seconds| seconds < 40) && ended && stopped <= 15, seen)
}

/// The program behind a shell that sets a limit first.
pub(super) fn limited(stage: &Stage, limit: &str) -> Result<std::path::PathBuf> {
    let folder = tempfile::TempDir::new()?.keep();
    let script = folder.join("adit");
    std::fs::write(&script, format!("#!/bin/sh\n{limit}\nexec {} \"$@\"\n", stage.program.display()))?;
    executable(&script)?;
    Ok(script)
}

fn executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))?)
}

pub(super) async fn unsigned(stage: &Stage) -> Result<Outcome> {
    let target = Target::start(&stage.program, &[]).await?;
    target.product(1_024, 256).await?;
    let mut miner = target.client("miner", 1)?.from_address("203.0.113.1");
    miner.open().await?;
    let grant = lease(&miner, 0).await?.context("no lease")?;
    let output = miner.compute(&grant).await?;
    let path = with(paths::OUTPUT, &grant.lease.lease.to_string());
    let thief = target.client("thief", 2)?.from_address("198.51.100.7");
    let mut refused = 0;
    for _ in 0..120 {
        let puts = (0..50).map(|_| thief.send(thief.request(reqwest::Method::PUT, &path).body("x")));
        for reply in join_all(puts).await {
            refused += usize::from(reply?.status == 429);
        }
    }
    let answer: Delivered = miner.deliver(&grant, output).await?.json()?;
    let seen = format!("{refused} of 6,000 are told to wait; the lease's holder delivers: {:?}", answer.verdict);
    Outcome::new(refused > 500 && answer.verdict == Verdict::Valid, seen)
}

pub(super) async fn wrong_outputs(stage: &Stage) -> Result<Outcome> {
    let mut target = Target::start(&stage.program, &[]).await?;
    target.product(16_384, 4_096).await?;
    let began = target.processor_time()?;
    let (mut judged, mut refused) = (0u32, 0u32);
    for number in 0..40u16 {
        let name = format!("liar{number}");
        let mut liar = target.client(&name, 2_000 + number)?.from_address(&format!("203.0.113.{number}"));
        if liar.open().await.is_err() {
            refused += 1;
            continue;
        }
        let Some(grant) = lease(&liar, 0).await? else {
            refused += 1;
            continue;
        };
        let reply = liar.deliver(&grant, vec![0; grant.unit.output_bytes() as usize]).await?;
        if reply.status == 200 { judged += 1 } else { refused += 1 }
    }
    let spent = (target.processor_time()? - began).as_millis();
    let seen = format!("{judged} were judged and {refused} refused, for {spent} ms of processor time");
    Outcome::new(judged < 40 && spent < 10_000, seen)
}

/// Starts a program and waits until it ends by itself.
pub(super) async fn ends(program: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let mut program = Program::start(program, arguments)?;
    let ended = tokio::time::timeout(Duration::from_secs(10), program.ended()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let said = program.said().join(" ");
    let failed = matches!(ended, Ok(Ok(status)) if !status.success());
    if !failed {
        let _ = program.kill().await;
    }
    Ok((failed, said))
}
