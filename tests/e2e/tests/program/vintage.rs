//! The `adit` program of an old machine mines under its emulator.
//!
//! `cargo xtask test --only vintage` builds the program for each host and puts its command line into ADIT_VINTAGE, one
//! word a line.

use std::process::Command;
use std::time::{Duration, Instant};

use adit_core::kernel::matmul_i8;
use adit_core::statement::Verdict;
use adit_protocol::jobs::JobState;
use adit_protocol::paths;
use adit_protocol::records::ReceiptList;
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};

/// The most time for all jobs: emulated processors are slow.
const WITHIN: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn an_old_machine_mines_the_same_bits() -> Result<()> {
    let Ok(words) = std::env::var("ADIT_VINTAGE") else {
        println!("skipped: ADIT_VINTAGE is not set; `cargo xtask test --only vintage` sets it");
        return Ok(());
    };
    let server = Server::start().await?;
    let operator = Client::new(&server, "operator", 1)?;
    let (m, k, n) = (80, 33, 17);
    let (a, b) = (files::values(1, m * k), files::values(2, k * n));
    let product = operator.submit_matmul(files::npy(80, 33, &a), files::npy(33, 17, &b)).await?;
    let digits = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits").join(name);
        std::fs::read(&path).with_context(|| path.display().to_string())
    };
    let inference = operator.submit_inference(digits("digits-mlp.safetensors")?, digits("digits.csv")?).await?;

    let home = tempfile::TempDir::new()?;
    let mut words = words.lines();
    let mut miner = Command::new(words.next().context("an empty ADIT_VINTAGE")?)
        .args(words)
        .args(["mine", "--server", &server.url, "--id", "vintage", "--cpu", "1", "--key"])
        .arg(home.path().join("miner.key"))
        .env("HOME", home.path())
        .spawn()?;
    let done = wait(&operator, &[product.job, inference.job], &mut miner).await;
    miner.kill()?;
    miner.wait()?;
    done?;

    assert_eq!(files::npy_values(&operator.result(product.job).await?), matmul_i8(&a, &b, m, k, n));
    assert_eq!(operator.result(inference.job).await?, digits("expected.csv")?);
    let list: ReceiptList = operator.get(&format!("{}?limit=100", paths::RECEIPTS)).await?.json()?;
    ensure!(list.receipts.iter().all(|proven| proven.receipt.verdict == Verdict::Valid));
    list.receipts.iter().try_for_each(|proven| proven.verify(&server.key()))?;
    server.assert_balanced().await
}

async fn wait(operator: &Client, jobs: &[u64], miner: &mut std::process::Child) -> Result<()> {
    let started = Instant::now();
    for job in jobs {
        while operator.job(*job).await?.state != JobState::Done {
            ensure!(started.elapsed() < WITHIN, "job {job} is not done: {:?}", operator.job(*job).await?);
            ensure!(miner.try_wait()?.is_none(), "the miner ended before the jobs did");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}
