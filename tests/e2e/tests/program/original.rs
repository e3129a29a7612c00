//! `adit mine --original` with a stand-in for NeoNet's own server: results are real, and the program says that nobody
//! verifies them.

use adit_support::Server;
use adit_support::original::Original;
use adit_support::program::{self, Program};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

fn mine(program: &std::path::Path, folder: &TempDir, server: &str, flags: &[&str]) -> Result<Program> {
    let key = folder.path().join("miner.key");
    let key = key.to_str().context("a path that is not UTF-8")?;
    let arguments = ["mine", "--server", server, "--id", "Miner_X", "--cpu", "1", "--gpu", "off", "--key", key];
    Program::start(program, &[&arguments[..], flags].concat())
}

#[tokio::test]
async fn every_task_of_the_original_is_computed_and_called_unverified() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let (folder, original) = (TempDir::new()?, Original::start().await?);
    let mut miner = mine(&program, &folder, &original.url, &["--original", "--max-units", "9"])?;
    ensure!(miner.ended().await?.success(), "{:#?}", miner.said());
    miner.line("[STATUS] 9 tasks").await?;
    let said = miner.said();
    ensure!(said[0].starts_with("[WARN]") && said[0].contains("UNVERIFIED"), "{said:#?}");
    ensure!(
        said.iter().filter(|line| line.starts_with("[DONE]")).all(|line| line.ends_with("unverified")),
        "{said:#?}"
    );

    // Nine paid tasks, and the one that cannot be computed, which the program reports as it is.
    let results = original.results();
    let paid: Vec<&Value> = results.iter().filter(|result| result["paid"] == true).collect();
    assert_eq!((paid.len(), results.len()), (9, 10));
    let refused = results.iter().find(|result| result["paid"] == false).context("none was refused")?;
    assert_eq!(refused["result"]["error"], "matrix_size is out of range");
    ensure!(said.iter().any(|line| line.starts_with("[ERROR] Not taken")), "{said:#?}");
    for result in &results {
        let fields = &result["result"];
        ensure!(fields["compute_time_ms"].is_u64() && fields["contributor_id"] == "miner_x", "{result}");
        ensure!(fields["task_id"].is_string(), "{result}");
    }
    // Known answers: six products with the matrix's own transpose leave zeros, and one amount of twelve is an outlier.
    let of =
        |task_type: &str| paid.iter().find(|result| result["task_type"] == task_type).map(|found| &found["result"]);
    let zeros = "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31";
    assert_eq!(of("matrix_ops").context("no product")?["result_hash"], zeros);
    assert_eq!(of("fraud_detection").context("no fraud")?["analyzed"], 12);
    assert_eq!(of("network_protection").context("no blocks")?["range"], json!([0, 5]));
    assert_eq!(of("inference").context("no inference")?["predictions"].as_array().map(Vec::len), Some(5));

    // The program claimed nothing: heartbeats earned nothing, and the server paid only its rewards for its tasks.
    let beats = original.beats();
    assert_eq!(beats.len(), 3);
    let rewards = [0.5, 0.8, 0.6, 0.3, 0.4, 1.0, 0.5, 0.3, 0.5];
    let (balance, stopped) = original.paid_and_stopped();
    ensure!((balance - rewards.iter().sum::<f64>()).abs() < 1e-9, "{balance}");
    assert_eq!(stopped, 1);
    Ok(())
}

#[tokio::test]
async fn each_server_is_told_from_the_other() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let (folder, original, server) = (TempDir::new()?, Original::start().await?, Server::start().await?);
    // Without the flag the program computes nothing for such a server.
    let mut miner = mine(&program, &folder, &original.url, &[])?;
    miner.line("--original").await?;
    ensure!(!miner.ended().await?.success() && original.results().is_empty());
    let mut miner = mine(&program, &folder, &server.url, &["--original"])?;
    miner.line("mine there without --original").await?;
    ensure!(!miner.ended().await?.success());
    Ok(())
}

#[tokio::test]
async fn it_can_be_read_by_programs_and_stopped() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let (folder, original) = (TempDir::new()?, Original::start().await?);
    let mut miner = mine(&program, &folder, &original.url, &["--original", "--json"])?;
    miner.line("\"reward\"").await?;
    #[cfg(unix)]
    {
        ensure!(miner.terminate().await?.success(), "{:#?}", miner.said());
        miner.line("\"stopped\"").await?;
        assert_eq!(original.paid_and_stopped().1, 1);
    }
    let lines: Vec<Value> = miner.said().iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
    assert_eq!(lines[0]["notice"], "unverified");
    Ok(())
}
