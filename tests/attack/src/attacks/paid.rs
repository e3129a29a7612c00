//! Attacks that try to get paid, or paid for, without work.

use std::time::Duration;

use adit_core::content_id::block_cid;
use adit_core::kernel::float::{FloatMatrix, floats, to_bytes};
use adit_core::kind::MatmulF32;
use adit_core::statement::Verdict;
use adit_core::{Amount, Unit};
use adit_protocol::jobs::{DataPlace, FileInfo, JobState, JobWork};
use adit_protocol::mining::Delivered;
use adit_protocol::paths;
use adit_support::scene::account;
use adit_support::{Client, files};
use anyhow::{Context, Result};
use axum::Router;
use axum::http::StatusCode;
use serde_json::json;

use super::{Outcome, Stage};
use crate::target::{Target, lease};

/// The bytes of each block of an audit.
const BLOCK: usize = 1 << 16;

/// A gateway on loopback that gives every request the same answer.
pub(super) async fn gateway(status: StatusCode) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new().fallback(move || async move { status });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// Orders an audit of 64 blocks that a gateway should have.
pub(super) async fn audit(client: &Client, source: &str) -> Result<u64> {
    let lines: String =
        (0..64u64).map(|block| format!("{},{}\n", block_cid(&files::bytes(block, BLOCK)), BLOCK)).collect();
    let file: FileInfo = client.upload_as("blocks", format!("cid,bytes\n{lines}").into_bytes()).await?.json()?;
    let data = DataPlace::Source { source: source.to_owned(), blocks: file.file };
    Ok(client.submit(JobWork::HashTree { data }).await?.job)
}

pub(super) async fn absence(stage: &Stage) -> Result<Outcome> {
    let source = gateway(StatusCode::SERVICE_UNAVAILABLE).await?;
    let mut target = Target::start(&stage.program, &["--source", &source]).await?;
    let client = target.client("requester", 1)?;
    let job = audit(&client, &source).await?;
    let host = source.trim_start_matches("http://");
    let mut miner = target.mine(&["--allow-source", host])?;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let running = miner.is_running()?;
    let job = client.job(job).await?;
    let seen = format!("the job is {:?}, with {} valid units and {} paid", job.state, job.units_valid, job.spent);
    let _ = target.served.program().terminate().await;
    Outcome::new(running && job.state != JobState::Done && job.units_valid == 0, seen)
}

fn matrix(seed: u64, rows: usize, cols: usize) -> FloatMatrix {
    let values = files::values(seed, rows * cols).into_iter().map(|value| f32::from(value) / 128.0).collect();
    FloatMatrix { rows, cols, values }
}

pub(super) async fn floats_lie(stage: &Stage) -> Result<Outcome> {
    let target = Target::start(&stage.program, &[]).await?;
    let mut liar = target.client("liar", 1)?;
    let (a, b) = (matrix(1, 2_048, 512), matrix(2, 512, 64));
    let upload = async |matrix: &FloatMatrix| -> Result<FileInfo> {
        liar.upload_as("npy_f32", files::npy_floats(matrix.rows, matrix.cols, &matrix.values)).await?.json()
    };
    let (a, b) = (upload(&a).await?, upload(&b).await?);
    liar.submit(JobWork::MatmulF32 { a: a.file, b: b.file }).await?;
    liar.open().await?;
    let grant = lease(&liar, 0).await?.context("no lease")?;
    let mut output = floats(&liar.compute(&grant).await?);
    let Unit::MatmulF32(MatmulF32 { b, .. }) = &grant.unit else { anyhow::bail!("another kind") };
    let columns = b.cols as usize;
    // A row that a check suspects and cannot prove wrong, and then rows that are.
    output[0] += 0.002;
    output[columns..].fill(0.0);
    let answer: Delivered = liar.deliver(&grant, to_bytes(&output)).await?.json()?;
    let shown = answer.receipt.receipt.counterexample.is_some();
    let seen = format!("the verdict is {:?}, with a counterexample: {shown}", answer.verdict);
    Outcome::new(answer.verdict == Verdict::Invalid && shown, seen)
}

pub(super) async fn free_keys(stage: &Stage) -> Result<Outcome> {
    let target = Target::start(&stage.program, &[]).await?;
    target.product(8_192, 256).await?;
    let mut hoarded = 0;
    for number in 0..154u16 {
        let name = format!("free{number}");
        let mut key = target.client(&name, 1_000 + number)?.from_address(&format!("203.0.113.{number}"));
        if key.open().await.is_ok() {
            for lane in 0..4 {
                hoarded += usize::from(lease(&key, lane).await?.is_some());
            }
        }
    }
    let mut honest = target.client("honest", 1)?.from_address("198.51.100.7");
    honest.open().await?;
    let (mut done, mut refused) = (0, 0);
    while done + refused < 16 {
        let Some(grant) = lease(&honest, 0).await? else {
            refused += 1;
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        };
        let output = honest.compute(&grant).await?;
        let answer: Delivered = honest.deliver(&grant, output).await?.json()?;
        done += usize::from(answer.verdict == Verdict::Valid);
    }
    let seen =
        format!("the keys held {hoarded} leases; an honest miner did {done} units and was refused {refused} times");
    Outcome::new(done >= 15 && hoarded <= 32, seen)
}

pub(super) async fn budget(stage: &Stage) -> Result<Outcome> {
    let flags = ["--block-budget", "4000000000", "--epoch-seconds", "2"];
    let target = match Target::start(&stage.program, &flags).await {
        Ok(target) => target,
        Err(error) => return Outcome::new(format!("{error:#}").contains("block-budget"), "the setting is refused"),
    };
    target.product(2_048, 256).await?;
    let mut miner = target.client("miner", 1)?;
    miner.open().await?;
    for lane in 0..4 {
        if let Some(grant) = lease(&miner, lane).await? {
            let output = miner.compute(&grant).await?;
            miner.deliver(&grant, output).await?;
        }
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let account = account(&miner).await?.context("no account")?;
    let seen = format!("{} pending and {} paid after five epochs", account.pending, account.posted);
    Outcome::new(account.posted > Amount::ZERO, seen)
}

pub(super) async fn keyless(stage: &Stage) -> Result<Outcome> {
    let target = Target::start(&stage.program, &[]).await?;
    let mut proved = target.client("anna", 1)?;
    proved.open().await?;
    let reply = target.client("anna", 2)?.post(paths::START_SESSION, &json!({ "contributor_id": "anna" })).await?;
    Outcome::new(reply.status == 403, format!("answered {}", reply.status))
}
