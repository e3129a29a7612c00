//! The real program on an emulated graphics adapter: both its lanes mine, and the result is exact.

use std::time::Duration;

use adit_core::kernel::matmul_i8;
use adit_protocol::jobs::JobState;
use adit_support::program::{self, Program};
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};

#[tokio::test(flavor = "multi_thread")]
async fn two_lanes_share_an_adapter() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let (server, folder) = (Server::start().await?, tempfile::TempDir::new()?);
    let key = folder.path().join("miner.key");
    let arguments = ["mine", "--server", &server.url, "--cpu", "0", "--gpu", "software", "--key"];
    let key = key.to_str().context("a path that is not UTF-8")?;
    let mut miner = Program::start(&program, &[&arguments[..], &[key]].concat())?;
    if miner.line("Lane 1: gpu").await.is_err() {
        ensure!(std::env::var_os("CI").is_none(), "CI must have an emulated adapter: {:#?}", miner.said());
        eprintln!("SKIPPED: no emulated adapter");
        return Ok(());
    }

    let operator = Client::new(&server, "operator", 1)?;
    let (m, k, n) = (4_000, 64, 256);
    let (a, b) = (files::values(1, m * k), files::values(2, k * n));
    let right = matmul_i8(&a, &b, m, k, n);
    // The lanes ask for work at different times, so one lane may get a whole job.
    while (0..2).any(|lane| !paid(&miner, lane)) {
        let job = operator.submit_matmul(files::npy(m as u32, 64, &a), files::npy(64, 256, &b)).await?.job;
        ensure!(job < 20, "one lane has it all: {:#?}", miner.said());
        while operator.job(job).await?.state != JobState::Done {
            ensure!(miner.is_running()?, "{:#?}", miner.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(files::npy_values(&operator.result(job).await?) == right);
    }
    ensure!(miner.terminate().await?.success(), "{:#?}", miner.said());
    ensure!(!miner.said().iter().any(|line| line.starts_with("[ERROR]")), "{:#?}", miner.said());
    server.assert_balanced().await
}

fn paid(miner: &Program, lane: u32) -> bool {
    miner.said().iter().any(|line| line.starts_with("[REWARD]") && line.ends_with(&format!("| Lane {lane}")))
}
