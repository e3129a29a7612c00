//! RustChain's own miner, clawrtc 1.9.0 from PyPI, unmodified: to a local pool, and through a pool as a direct and as a pooled
//! member, by a token in the path and by the pool as its HTTP proxy.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use adit_support::program::{Program, find};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::program::{get, pool};

/// The interpreter with the miner. `None` skips a test; with CI set, a missing one fails it.
fn python() -> Result<Option<PathBuf>> {
    let found = std::env::var_os("ADIT_CLAWRTC").map(PathBuf::from).filter(|python| python.is_file());
    if found.is_none() {
        ensure!(std::env::var_os("CI").is_none(), "clawrtc is missing: run `cargo xtask setup`");
        eprintln!("SKIPPED: clawrtc is missing; run `cargo xtask setup`, and name its python in ADIT_CLAWRTC");
    }
    Ok(found)
}

/// Copies what `clawrtc install` copies, and nothing else: without the rest of the package it cannot sign.
async fn install(python: &Path, folder: &Path) -> Result<PathBuf> {
    let script = "import clawrtc, os; print(os.path.dirname(clawrtc.__file__))";
    let output = Command::new(python).args(["-c", script]).output().await?;
    let package = PathBuf::from(String::from_utf8(output.stdout)?.trim()).join("data");
    for file in ["miner.py", "fingerprint_checks.py"] {
        std::fs::copy(package.join(file), folder.join(file)).with_context(|| package.display().to_string())?;
    }
    Ok(folder.join("miner.py"))
}

async fn join(program: &Path, url: &str, home: &Path, flag: &str) -> Result<Value> {
    let mut command = Command::new(program);
    command.args(["pool", "join", "--pool", url, "--json", flag]).arg("--key").arg(home.join("miner.key"));
    let output = command.env("ADIT_PASSPHRASE", "p").stdin(Stdio::null()).output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Runs the miner until it says that it is ready. Whatever does not go to its node goes to the pool as its proxy, so nothing
/// leaves this machine.
async fn mine(python: &Path, miner: &Path, url: &str, joined: &Value, wallet: &str, by_path: bool) -> Result<()> {
    let token = joined["token"].as_str().context("no token")?;
    let host = url.strip_prefix("http://").context("no address")?;
    let proxy = format!("HTTP_PROXY=http://x:{token}@{host}");
    let past = format!("NO_PROXY=169.254.169.254{}", if by_path { ",127.0.0.1" } else { "" });
    let (python, miner) = (python.to_str().context("a path")?, miner.to_str().context("a path")?);
    let node = format!("{url}/t/{token}");
    let mut arguments = vec![proxy.as_str(), &past, python, "-u", miner, "--headless", "--wallet", wallet];
    if by_path {
        arguments.extend(["--node", &node]);
    }
    let mut running = Program::start(Path::new("env"), &arguments)?;
    running.line("Miner ready").await?;
    let errors: Vec<String> = running.said().into_iter().filter(|line| line.to_lowercase().contains("error")).collect();
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rustchains_own_miner_runs_unmodified() -> Result<()> {
    let (Some(program), Some(python)) = (find()?, python()?) else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let miner = install(&python, folder.path()).await?;
    let (_node, node_url) = pool(&program, &folder.path().join("node.db"), &[]).await?;
    let (_relay, url) = pool(&program, &folder.path().join("pool.db"), &["--node-url", &node_url]).await?;
    // Local mode.
    let local = join(&program, &node_url, folder.path(), "--direct").await?;
    mine(&python, &miner, &node_url, &local, "clawrtc-local", true).await?;
    let row = get(&format!("{node_url}/api/miner/clawrtc-local")).await?;
    assert_eq!((&row["adit"]["verified"], &row["contribution_weight"]), (&false.into(), &0.0.into()), "{row}");
    // Direct: nothing is signed for it.
    let direct = join(&program, &url, folder.path(), "--direct").await?;
    mine(&python, &miner, &url, &direct, "clawrtc-direct", false).await?;
    let row = get(&format!("{node_url}/api/miner/clawrtc-direct")).await?;
    assert_eq!((&row["adit"]["verified"], &row["total_attestations"]), (&false.into(), &1.into()), "{row}");
    // Pooled: the node has a verified attestation of the sub-wallet, by path and by proxy.
    let pooled = join(&program, &url, folder.path(), "--yes").await?;
    let wallet = pooled["sub_wallet"].as_str().context("no sub-wallet")?;
    for by_path in [true, false] {
        mine(&python, &miner, &url, &pooled, wallet, by_path).await?;
    }
    for (server, kind) in [(&node_url, "local"), (&url, "pooled")] {
        let row = get(&format!("{server}/api/miner/{wallet}")).await?;
        assert_eq!((&row["adit"]["verified"], &row["adit"]["kind"]), (&true.into(), &kind.into()), "{row}");
        assert_eq!(row["total_attestations"], 2, "{row}");
        // What the checks make of this host is shown, whatever it is.
        assert!(row["adit"]["checks"]["anti_emulation"].is_string(), "{row}");
    }
    Ok(())
}
