//! `adit pool` and `adit attest` as people run them.

use std::path::Path;
use std::process::Stdio;

use adit_rustchain::attestation::{Check, Device, Draft, Measured, Signals};
use adit_rustchain::{Json, MinerId, Number, SecretKey};
use adit_support::program::{Program, find};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

/// A running pool and its address.
pub(super) async fn pool(program: &Path, database: &Path, flags: &[&str]) -> Result<(Program, String)> {
    let database = database.to_str().context("a path that is not UTF-8")?;
    let arguments = [&["pool", "--host", "127.0.0.1", "--port", "0", "--db-path", database], flags].concat();
    // The passphrase seals the secret of the sub-wallets, without which nobody may join with one.
    let program = program.to_str().context("a path that is not UTF-8")?;
    let arguments = [&["ADIT_PASSPHRASE=p", program][..], &arguments].concat();
    let mut pool = Program::start(Path::new("env"), &arguments)?;
    let line = pool.line("Pool on http://").await?;
    let url = line.split_once("on ").and_then(|(_, rest)| rest.split(',').next()).context("no address")?;
    Ok((pool, url.to_owned()))
}

/// Attests once. Returns what was printed on standard output.
async fn attest(program: &Path, flags: &[&str], home: &Path) -> Result<String> {
    let mut command = Command::new(program);
    command.args(["attest", "--once"]).args(flags).arg("--key").arg(home.join("miner.key"));
    let output = command.env("ADIT_PASSPHRASE", "p").stdin(Stdio::null()).output().await?;
    let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(output.status.success(), "{err}");
    Ok(out)
}

pub(super) async fn get(url: &str) -> Result<Value> {
    Ok(serde_json::from_str(&reqwest::get(url).await?.text().await?)?)
}

/// Whatever this host is, the pool and its member agree on every check, and through a second pool as its node too.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_attests_to_a_pool_and_through_one() -> Result<()> {
    let Some(program) = find()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let (_node, node_url) = pool(&program, &folder.path().join("node.db"), &[]).await?;
    let flags = ["--node-url", &node_url, "--pool-fee", "0.02"];
    let (mut relay, url) = pool(&program, &folder.path().join("pool.db"), &flags).await?;
    let out = attest(&program, &["--pool", &url, "--json"], folder.path()).await?;
    let round: Value = serde_json::from_str(&out)?;
    let wallet = round["wallet"].as_str().context("no wallet")?;
    let passed = round["fingerprint_passed"] == true;
    assert_eq!(round["checks"]["anti_emulation"]["verdict"] == "passed", passed, "{out}");
    for server in [&node_url, &url] {
        let row = get(&format!("{server}/api/miner/{wallet}")).await?;
        assert_eq!(row["adit"]["verified"], true, "{row}");
        for (name, check) in round["checks"].as_object().context("no checks")? {
            assert_eq!(row["adit"]["checks"][name], check["verdict"], "{name}: {row}");
        }
    }
    // A pool lists no miners as a node does, so only the first has a score to give.
    let row = get(&format!("{node_url}/api/miner/{wallet}")).await?;
    assert_eq!(row["contribution_weight"].as_f64() > Some(0.0), passed, "{row}");
    relay.line(&format!("miner={wallet}")).await?;
    // The key is sealed, and its secret opens with the passphrase alone.
    let text = std::fs::read_to_string(folder.path().join("rustchain.key"))?;
    assert!(text.contains("ciphertext") && !text.contains("plain"));
    // Both of the original's curl lines.
    let body = r#"{"wallet":"test-wallet","device_id":"test-device","device_arch":"PowerPC G4","device_family":"PowerPC","entropy_score":75.0}"#;
    let client = reqwest::Client::new();
    let sent = client.post(format!("{node_url}/api/attest")).header("content-type", "application/json").body(body);
    assert_eq!(sent.send().await?.status(), 200);
    let stats = get(&format!("{node_url}/api/stats")).await?;
    assert_eq!((&stats["total_miners"], &stats["total_attestations"]), (&2.into(), &2.into()));
    #[cfg(unix)]
    ensure!(relay.terminate().await?.success());
    Ok(())
}

async fn post(url: &str, body: String) -> Result<Value> {
    let sent = reqwest::Client::new().post(url).header("content-type", "application/json").body(body);
    Ok(serde_json::from_str(&sent.send().await?.text().await?)?)
}

/// An attestation of a device that passes, whatever this host is. Returns the wallet.
async fn attest_by_hand(url: &str) -> Result<MinerId> {
    let key = SecretKey::from_seed([1; 32]);
    let miner: MinerId = key.address().into();
    let challenge = post(&format!("{url}/attest/challenge"), format!(r#"{{"miner":"{miner}"}}"#)).await?;
    let check = |name: &str, data: Json| {
        let data = [(name.to_owned(), data)].into();
        Check { passed: true, data }
    };
    let measured = Measured {
        checks: [
            ("clock_drift".to_owned(), check("cv", Number::micro(12_345).into())),
            ("anti_emulation".to_owned(), check("vm_indicators", Json::List(Vec::new()))),
        ]
        .into(),
        samples_ns: vec![800_000, 990_000],
        workload_ns: 57_360,
    };
    let device = Device { family: "x86_64".into(), arch: "modern".into(), serial: "1".into(), ..Device::default() };
    let signals = Signals { hostname: "host-00".into(), ..Signals::default() };
    let nonce = challenge["nonce"].as_str().context("no challenge")?;
    let draft = Draft { miner: &miner, label: "rig", nonce, device: &device, signals: &signals, measured: &measured };
    let answer = post(&format!("{url}/attest/submit"), draft.sign(&key).1).await?;
    ensure!(answer["adit"]["counted"] == true, "{answer}");
    Ok(miner)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_confirms_a_device_by_hand() -> Result<()> {
    let Some(program) = find()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let (database, others) = (folder.path().join("pool.db"), folder.path().join("other.db"));
    let (_pool, url) = pool(&program, &database, &[]).await?;
    let (_other, _) = pool(&program, &others, &[]).await?;
    let wallet = attest_by_hand(&url).await?;
    let row = get(&format!("{url}/api/miner/{wallet}")).await?;
    assert_eq!(row["hardware_score"], 1.0, "{row}");
    let device = row["adit"]["device"].as_str().context("no device")?;
    let is_g4 = ["--family", "powerpc", "--arch", "G4"];
    for (database, arguments, says) in [
        (&folder.path().join("none.db"), &is_g4[..], "name the pool's database"),
        (&others, &is_g4, "is another"),
        (&database, &["--family", "Amiga", "--arch", "1200"], "there is no family"),
        (&database, &["--family", "PowerPC"], "--arch"),
        (&database, &is_g4, "is PowerPC g4; it scores 2.5"),
        (&database, &["--withdraw"], "it scores 1"),
        (&database, &["--family", "SPARC", "--arch", "sparc_v9"], "it scores 1.25"),
    ] {
        let mut command = Command::new(&program);
        command.args(["pool", "confirm", device, "--pool", &url, "--db-path"]).arg(database).args(arguments);
        let output = command.stdin(Stdio::null()).output().await?;
        let said = String::from_utf8([output.stdout, output.stderr].concat())?;
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    let row = get(&format!("{url}/api/miner/{wallet}")).await?;
    assert_eq!((&row["hardware_score"], &row["device_family"]), (&1.25.into(), &"SPARC".into()), "{row}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_refused_with_a_sentence() -> Result<()> {
    let Some(program) = find()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("list.json");
    std::fs::write(&list, "{}")?;
    let list = list.to_str().context("a path that is not UTF-8")?;
    for (arguments, says) in [
        (&["pool", "--pool-fee", "0.5"][..], "from 0 to 0.05"),
        (&["pool", "--node-url", "rustchain.org", "--port", "0"], "must begin with https://"),
        (&["pool", "check", list], "is not a pool's list"),
        (&["attest", "--once"], "--node"),
        (&["attest", "--once", "--node", "http://127.0.0.1:1"], "cannot connect"),
    ] {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(folder.path()).env("HOME", folder.path()).stdin(Stdio::null());
        let output = command.output().await?;
        let err = String::from_utf8(output.stderr)?;
        assert!(!output.status.success() && err.contains(says), "{arguments:?}: {err}");
    }
    Ok(())
}
