//! `bench pool`: how many signed attestations a second a local pool takes durably, and how long each waits; its memory with
//! ten thousand members; and what its pages cost with a million attestations.
//!
//! Members are signed and challenged beforehand, so that the clock measures submissions alone: signature, verdict, weight and
//! commit. An empty handler in Flask, with which the original serves, gets the same requests from the same driver.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use adit_bench::pool::{Connection, Member, Served, drive, prepare, request};
use adit_bench::process::Process;
use adit_coordinator::{PoolConfig, serve_pool};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// The variable that names an interpreter with Flask.
const FLASK: &str = "ADIT_FLASK";
/// Members, each with a device.
const MEMBERS: usize = 10_000;
/// Rounds in which every member attests. The first one counts, because a slot counts once.
const ROUNDS: usize = 4;
/// Connections at once.
const CONNECTIONS: usize = 32;
/// Attestations in the database while pages are read.
const ATTESTATIONS: i64 = 1_000_000;
/// How often each page is read.
const READS: usize = 50;
/// The most by which memory may grow from the second round to the last.
const MOST_GROWTH_BYTES: u64 = 8 << 20;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.as_slice() {
        [serve, folder] if serve == "serve" => runtime.block_on(serve_until_parent_ends(Path::new(folder))),
        _ => runtime.block_on(measure(adit_bench::json_file()?)),
    }
}

/// Runs in the child. A line for each attestation is written, as `adit pool` does, and thrown away.
async fn serve_until_parent_ends(folder: &Path) -> Result<()> {
    tracing_subscriber::fmt().with_ansi(false).with_target(false).with_writer(std::io::sink).init();
    let config = PoolConfig::new("127.0.0.1:0".parse()?, database(folder));
    serve_pool(config, |address, _| println!("{address}"), Process::parent_ended()).await?;
    Ok(())
}

fn database(folder: &Path) -> PathBuf {
    folder.join("pool.db")
}

fn serve(folder: &Path) -> Result<Process> {
    Process::this(&["serve".as_ref(), folder.as_os_str()])
}

async fn measure(json: Option<PathBuf>) -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let members: Vec<Member> = (0..MEMBERS).map(Member::new).collect();
    let taken = submissions(folder.path(), &members).await?;
    println!("filling the database with {ATTESTATIONS} attestations ...");
    fill(folder.path())?;
    let pages = pages(folder.path(), &members).await?;
    let flask = flask(taken.requests).await?;
    println!("machine                  {}", adit_bench::machine());
    let report = json!({
        "submissions": taken.report, "pages": pages, "flask": flask, "members": MEMBERS, "connections": CONNECTIONS,
        "machine": adit_bench::machine(),
    });
    if let Some(file) = json {
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}

/// What the rounds showed, and the last round's requests.
struct Taken {
    report: Value,
    requests: Arc<Vec<Vec<u8>>>,
}

async fn submissions(folder: &Path, members: &[Member]) -> Result<Taken> {
    let pool = serve(folder)?;
    let before = pool.resident_bytes()?;
    let mut rounds = Vec::new();
    let mut memory = Vec::new();
    let mut requests = Arc::default();
    for round in 0..ROUNDS {
        println!("signing {MEMBERS} attestations ...");
        requests = Arc::new(prepare(&pool.line, members, round, CONNECTIONS).await?);
        let cpu = pool.processor_s()?;
        // A slot may end between two rounds, so only the first is sure to count.
        let expected = if round == 0 { r#""counted":true"# } else { r#""ok":true"# };
        let served = drive(&pool.line, requests.clone(), CONNECTIONS, expected).await?;
        let cpu_us = (pool.processor_s()? - cpu) * 1e6 / MEMBERS as f64;
        memory.push(pool.resident_bytes()?);
        println!("{}", line(if round == 0 { "counted, durable" } else { "again in the slot" }, &served));
        println!("  of the pool's own      {cpu_us:.0} µs of processor time each");
        rounds.push(json!({ "served": figures(&served), "processor_us": cpu_us }));
    }
    if let Some(Value::Object(first)) = rounds.first().map(|round| round["served"].clone()) {
        println!("goal                     3000 a second and 99 % within 20 ms: {}", verdict(is_fast(&first)));
    }
    let stats = get(&pool.line, "/api/stats").await?;
    ensure!(stats["total_attestations"] == MEMBERS * ROUNDS, "not every attestation is kept: {stats}");
    ensure!(stats["adit"]["verified_miners"] == MEMBERS, "not every member is known: {stats}");
    pool.stop()?;
    let text: Vec<String> = memory.iter().map(|bytes| format!("{:.1}", mib(*bytes))).collect();
    println!("memory by round          {} MiB, {:.1} at the start", text.join(", "), mib(before));
    let grown = memory[ROUNDS - 1].saturating_sub(memory[1]);
    ensure!(grown <= MOST_GROWTH_BYTES, "memory grows by {:.1} MiB from the second round to the last", mib(grown));
    let report = json!({ "rounds": rounds, "resident_bytes_before": before, "resident_bytes": memory });
    Ok(Taken { report, requests })
}

fn is_fast(figures: &serde_json::Map<String, Value>) -> bool {
    let figure = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    figure("per_s") >= 3_000.0 && figure("p99_ms") <= 20.0
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "missed" }
}

fn figures(served: &Served) -> Value {
    json!({ "per_s": served.per_s, "p50_ms": served.within_ms(0.5), "p99_ms": served.within_ms(0.99) })
}

fn line(what: &str, served: &Served) -> String {
    let (half, most) = (served.within_ms(0.5), served.within_ms(0.99));
    format!("{what:<24} {:.0} a second, half within {half:.1} ms, 99 % within {most:.1} ms", served.per_s)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Adds attestations of the members, and shares of a hundred epochs, as years of use would.
fn fill(folder: &Path) -> Result<()> {
    let db = rusqlite::Connection::open(database(folder))?;
    let count = "WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < $1)";
    let there: i64 = db.query_row("SELECT COUNT(*) FROM attestation", [], |row| row.get(0))?;
    db.execute(
        &format!(
            "{count} INSERT INTO attestation (id, member, label, at_ms, entropy, score, fingerprint, counted, reason) \
             SELECT 'filled_' || n, member.id, label, seen_at_ms + n, 0, score, checks, 1, 'counted' \
             FROM number JOIN member ON member.rowid = 1 + n % {MEMBERS}"
        ),
        [ATTESTATIONS - there],
    )?;
    db.execute("UPDATE counter SET value = $1 WHERE name = 'attestations'", [ATTESTATIONS])?;
    db.execute(
        &format!(
            "{count} INSERT INTO share (epoch, batch, member, address, fee, net, at_ms) \
             SELECT n / 1000, 0, id, id, 10, 990, seen_at_ms FROM number JOIN member ON member.rowid = 1 + n % {MEMBERS}"
        ),
        [100_000],
    )?;
    Ok(())
}

/// Reads each page, and what it costs the pool.
async fn pages(folder: &Path, members: &[Member]) -> Result<Value> {
    let pool = serve(folder)?;
    let wallet = format!("/api/miner/{}", members[0].miner);
    let mut report = serde_json::Map::new();
    for path in ["/", "/api/stats", "/api/miners?limit=100", &wallet, "/api/rewards/history?limit=500", "/epoch"] {
        let (mut connection, request) = (Connection::open(&pool.line).await?, request("GET", path, ""));
        let cpu = pool.processor_s()?;
        for _ in 0..READS {
            let (status, body) = connection.send(&request).await?;
            ensure!(status == 200, "{path}: {status} {}", String::from_utf8_lossy(&body));
        }
        let cpu_ms = (pool.processor_s()? - cpu) * 1e3 / READS as f64;
        let name = path.split(['?', 'R']).next().unwrap_or(path);
        println!("{name:<24} {cpu_ms:.1} ms of processor time (goal 20): {}", verdict(cpu_ms <= 20.0));
        report.insert(name.to_owned(), cpu_ms.into());
    }
    pool.stop()?;
    Ok(Value::Object(report))
}

async fn get(address: &str, path: &str) -> Result<Value> {
    let (_, body) = Connection::open(address).await?.send(&request("GET", path, "")).await?;
    Ok(serde_json::from_slice(&body)?)
}

/// The same requests to a handler that does nothing.
async fn flask(requests: Arc<Vec<Vec<u8>>>) -> Result<Option<Value>> {
    let Some(python) = std::env::var_os(FLASK) else {
        println!("Flask, empty handler     skipped: {FLASK} names no interpreter");
        return Ok(None);
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("flask_peer.py");
    let server = Process::start(Command::new(python).arg(script)).context("cannot start Flask")?;
    ensure!(!server.line.is_empty(), "Flask did not start");
    let served = drive(&server.line, requests, CONNECTIONS, "true").await?;
    server.stop()?;
    println!("{}", line("Flask, empty handler", &served));
    Ok(Some(figures(&served)))
}
