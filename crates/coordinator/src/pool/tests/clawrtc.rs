//! RustChain's own miner, clawrtc 1.9.0 from PyPI, unmodified, as a member of a pool with a strict node, to a posted share.
//!
//! Test, pool and miner run in a network namespace of their own, in which the address that the miner has built in is one of
//! this machine, and nothing else is there.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::chain::CONFIRMS_MS;
use super::membership::Pooled;
use super::*;
use crate::listen::Connections;

/// This test, as its program knows it.
const NAME: &str = "pool::tests::clawrtc::rustchains_own_miner_ends_with_a_posted_share";
/// Tells the program that it is in a namespace.
const INSIDE: &str = "ADIT_TEST_IN_NAMESPACE";
/// Gives the namespace the address that the miner has built in, and runs a program there.
const ENTER: &str = "ip link set lo up && ip address add 50.28.86.131/32 dev lo && exec \"$@\"";
/// The port of that address.
const PORT: u16 = 8088;
/// How long the miner may take to measure and attest.
const PATIENCE: Duration = Duration::from_secs(150);

/// The interpreter with the miner, named by `cargo xtask test`.
fn python() -> Option<PathBuf> {
    let found = std::env::var_os("ADIT_CLAWRTC").map(PathBuf::from).filter(|python| python.is_file());
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "clawrtc is missing: run `cargo xtask setup`");
    found
}

/// Runs this test again in a namespace. False if this machine makes none.
async fn ran_in_namespace() -> bool {
    let unshare = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "sh", "-c", ENTER, "sh"]).args(arguments).env(INSIDE, "1");
        command
    };
    if !unshare(&["true"]).output().await.is_ok_and(|output| output.status.success()) {
        eprintln!("no network namespace here: the miner runs beside the pool, by path and by proxy only");
        return false;
    }
    let program = std::env::current_exe().unwrap();
    let status = unshare(&[program.to_str().unwrap(), NAME, "--exact", "--nocapture"]).status().await.unwrap();
    assert!(status.success(), "the test failed in its namespace");
    true
}

/// The miner's two files, as `clawrtc install` copies them.
struct Miner {
    python: PathBuf,
    folder: tempfile::TempDir,
}

impl Miner {
    async fn install(python: PathBuf) -> Miner {
        let script = "import clawrtc, os; print(os.path.dirname(clawrtc.__file__))";
        let output = Command::new(&python).args(["-c", script]).output().await.unwrap();
        let package = Path::new(String::from_utf8(output.stdout).unwrap().trim()).join("data");
        let folder = tempfile::tempdir().unwrap();
        for file in ["miner.py", "fingerprint_checks.py"] {
            std::fs::copy(package.join(file), folder.path().join(file)).unwrap();
        }
        Miner { python, folder }
    }

    /// Mines until the miner says that it is ready.
    async fn run(&self, wallet: &str, arguments: &[&str], environment: &[(&str, &str)]) {
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$@\" 2>&1", "sh"])
            .arg(&self.python)
            .arg("-u")
            .arg(self.folder.path().join("miner.py"));
        command.args(["--headless", "--wallet", wallet]).args(arguments).envs(environment.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let is_ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                said.push(line);
                if said.last().is_some_and(|line| line.contains("Miner ready")) {
                    return true;
                }
            }
            false
        };
        let is_ready = tokio::time::timeout(PATIENCE, is_ready).await == Ok(true);
        child.kill().await.unwrap();
        let has_failed = said.iter().any(|line| line.to_lowercase().contains("error"));
        assert!(is_ready && !has_failed, "{said:#?}");
    }
}

async fn row(pooled: &Pooled, wallet: &str) -> Json {
    pooled.world.get(&format!("/api/miner/{wallet}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rustchains_own_miner_ends_with_a_posted_share() {
    let Some(python) = python() else {
        eprintln!("SKIPPED: clawrtc is missing; run `cargo xtask setup`, and name its python in ADIT_CLAWRTC");
        return;
    };
    let is_inside = std::env::var_os(INSIDE).is_some();
    if !is_inside && ran_in_namespace().await {
        return;
    }
    let pooled = Pooled::new(|_| {}).await;
    let listener = TcpListener::bind(if is_inside { ("0.0.0.0", PORT) } else { ("127.0.0.1", 0) }).await.unwrap();
    let address = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let router = pooled.world.pool.router();
    let server = tokio::spawn(listen(listener, router, Connections::default(), Bodies::default(), pending()));
    let miner = Miner::install(python).await;
    if is_inside {
        // With no address at all it finds the pool where it looks for its node. Nothing is signed for it.
        miner.run("clawrtc-direct", &[], &[("NO_PROXY", "*")]).await;
        let direct = row(&pooled, "clawrtc-direct").await;
        assert_eq!((ours(&direct, "verified"), float(&direct, "contribution_weight")), (&false.into(), 0.0));
    }
    let device = pooled.join(1).await;
    let node = format!("http://{address}/t/{}", device.token);
    miner.run(&device.wallet(), &["--node", &node], &[("NO_PROXY", "*")]).await;
    let judged = row(&pooled, &device.wallet()).await;
    assert_eq!((ours(&judged, "kind"), ours(&judged, "verified")), (&"pooled".into(), &true.into()), "{judged:?}");
    // What a strict node makes of this host is the node's, and the member sees why.
    if ours(&judged, "fingerprint_passed").as_bool() == Some(false) {
        assert_eq!(float(&judged, "contribution_weight"), 0.0);
        assert_ne!(ours(&judged, "reason").as_text(), Some("counted"));
        assert!(ours(&judged, "checks").as_object().unwrap().values().any(|verdict| *verdict == "failed".into()));
    }
    // Another node believes it, by the pool as the miner's proxy.
    pooled.next_epoch();
    pooled.node.believe();
    let proxy = format!("http://x:{}@{address}", device.token);
    miner.run(&device.wallet(), &[], &[("HTTP_PROXY", &proxy), ("NO_PROXY", "169.254.169.254")]).await;
    let believed = row(&pooled, &device.wallet()).await;
    assert_eq!(ours(&believed, "reason").as_text(), Some("counted"), "{believed:?}");
    assert_eq!(float(&believed, "hardware_score"), 1.0, "{believed:?}");
    pooled.next_epoch();
    let now_ms = pooled.now_ms();
    locked(&pooled.node.state).chain.settle_admin(EPOCH + 1, now_ms);
    for _ in 0..2 {
        pooled.upkeep().await;
        pooled.world.clock.advance(CONFIRMS_MS);
        let now_ms = pooled.now_ms();
        locked(&pooled.node.state).chain.confirm(now_ms);
    }
    pooled.upkeep().await;
    let payouts = pooled.world.get("/api/payouts").await;
    let to_member = payouts.as_list().unwrap().iter().filter(|row| text(row, "to") == device.payout());
    let posted = to_member.filter(|row| text(row, "state") == "posted").map(|row| text(row, "amount"));
    let posted: Vec<f64> = posted.map(|amount| amount.parse().unwrap()).collect();
    let shares = pooled.world.get("/api/rewards/history").await;
    let share = float(&shares.as_list().unwrap()[0], "net_reward");
    assert!(share > 0.0 && posted.contains(&share), "{share} of {payouts:?}");
    server.abort();
}
