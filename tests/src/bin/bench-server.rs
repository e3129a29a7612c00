//! Verified units a second that one coordinator commits durably, and what each costs it in processor time.
//!
//! The coordinator runs in a process of its own, so that its processor time is told apart from the drivers'. Units are
//! real and small, outputs are computed beforehand, every answer is a verdict that follows the commit. Then a client
//! with the original's habits (Python, no key) drives the same coordinator, for comparison with the original's server,
//! whose handlers verified nothing and kept everything in memory.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use adit_coordinator::{Config, serve};
use adit_core::kernel::{matmul_i8, to_le_bytes};
use adit_protocol::jobs::{FileInfo, JobWork};
use adit_protocol::mining::Delivered;
use adit_protocol::neonet::Task;
use adit_protocol::paths;
use adit_protocol::records::{LedgerTotals, Overview};
use adit_tests::{Client, bench, files};
use anyhow::{Context, Result, ensure};
use serde_json::json;

/// One job's shape: rows, inner dimension, columns. Its panels have eight rows.
const SHAPE: (usize, usize, usize) = (512, 64, 64);
/// How long the drivers drive.
const SECONDS: u64 = 10;
/// Sessions at once, each with one lane.
const SESSIONS: usize = 32;
/// Jobs that are there at the start: enough for all units.
const JOBS: usize = 1_500;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.first().map(String::as_str) {
        Some("serve") => runtime.block_on(run_coordinator(PathBuf::from(&arguments[1]))),
        _ => runtime.block_on(measure(bench::json_file()?)),
    }
}

/// The child: says where it listens and serves until its input ends.
async fn run_coordinator(data: PathBuf) -> Result<()> {
    let mut config = Config::new("127.0.0.1:0".parse()?, data);
    config.epoch_ms = 3_600_000;
    let ready = |address, coordinator: &adit_coordinator::Coordinator| println!("{address} {}", coordinator.token());
    let parent_ended = async {
        let _ = tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await;
    };
    Ok(serve(config, ready, parent_ended).await?)
}

struct Coordinator {
    process: Child,
    url: String,
    token: String,
}

impl Coordinator {
    fn start(data: &std::path::Path) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let (address, token) = line.trim().split_once(' ').context("the coordinator did not start")?;
        Ok(Coordinator { url: format!("http://{address}"), token: token.to_owned(), process })
    }

    /// Processor seconds so far (user and system), from the kernel's accounting.
    fn processor_s(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat.rsplit_once(')').context("stat")?.1.split_whitespace().collect();
        // Fields 14 and 15 of proc(5), in ticks of 1/100 s.
        Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
    }

    fn stop(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        self.process.wait()?;
        Ok(())
    }
}

async fn measure(json: Option<PathBuf>) -> Result<()> {
    let data = tempfile::TempDir::new()?;
    let coordinator = Coordinator::start(data.path())?;
    let (m, k, n) = SHAPE;
    let (a, b) = (files::values(1, m * k), files::values(2, k * n));
    let operator = Client::at(&coordinator.url, &coordinator.token, "operator", 1)?;
    let a_file: FileInfo = operator.upload("A.npy", files::npy(m as u32, k as u32, &a)).await?.json()?;
    let b_file: FileInfo = operator.upload("B.npy", files::npy(k as u32, n as u32, &b)).await?.json()?;
    let work = JobWork::MatmulI8 { a: a_file.file, b: b_file.file };
    println!("submitting {JOBS} jobs of {m} x {k} x {n} ...");
    for _ in 0..JOBS {
        operator.submit(work.clone()).await?;
    }
    let output = Arc::new(to_le_bytes(&matmul_i8(&a, &b, m, k, n)));
    println!("driving {SESSIONS} sessions for {SECONDS} s ...");
    let units = Arc::new(AtomicU64::new(0));
    let (cpu, start) = (coordinator.processor_s()?, Instant::now());
    let until = start + Duration::from_secs(SECONDS);
    let drive = |number: usize| {
        let client = Client::at(&coordinator.url, &coordinator.token, &format!("driver-{number}"), number as u8 + 1);
        let (output, units) = (output.clone(), units.clone());
        tokio::spawn(async move { drive(client?, &output, &units, until).await })
    };
    for driver in (0..SESSIONS).map(drive).collect::<Vec<_>>() {
        driver.await??;
    }
    let (elapsed, cpu) = (start.elapsed().as_secs_f64(), coordinator.processor_s()? - cpu);
    let units = units.load(Ordering::Relaxed);
    let view: Overview = operator.get(paths::OVERVIEW).await?.json()?;
    ensure!(view.verdicts.valid == units, "{} verdicts for {units} units", view.verdicts.valid);
    let ledger: LedgerTotals = operator.get(paths::LEDGER).await?.json()?;
    ensure!(ledger.balanced, "the ledger is not balanced");
    let python = drive_with_python(&coordinator.url);
    coordinator.stop()?;

    let per_s = units as f64 / elapsed;
    let per_core_s = units as f64 / cpu;
    println!("verified units            {units} in {elapsed:.1} s");
    println!("units a second            {per_s:.0} (drivers on the same processors)");
    println!("units a processor second  {per_core_s:.0} (the coordinator's own time; goal 2000)");
    match &python {
        Some(tasks) => println!("original's habits         {tasks:.0} tasks a second, all paid 0 (Python driver)"),
        None => println!("original's habits         skipped: no python3"),
    }
    println!("machine                   {}", bench::machine());
    let report = json!({
        "units": units, "seconds": elapsed, "units_per_s": per_s, "units_per_processor_s": per_core_s,
        "original_style_tasks_per_s": python, "shape": [m, k, n], "sessions": SESSIONS, "machine": bench::machine(),
    });
    if let Some(file) = json {
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}

/// One session: delivers what was computed beforehand and goes on with the task that comes back.
async fn drive(mut client: Client, output: &[u8], units: &AtomicU64, until: Instant) -> Result<()> {
    client.open().await?;
    let mut task = client.task(0).await?;
    while Instant::now() < until {
        let Some(Task { data, adit: Some(grant), .. }) = task else { anyhow::bail!("the jobs ran out") };
        ensure!(data["inner_size"] == SHAPE.1, "another job's unit");
        let part = part(&grant.unit, output)?;
        let answer: Delivered = client.deliver(&grant, part).await?.json()?;
        ensure!(answer.verdict == adit_core::statement::Verdict::Valid, "{:?}", answer.verdict);
        units.fetch_add(1, Ordering::Relaxed);
        task = answer.next;
    }
    Ok(())
}

/// The unit's rows of the whole output, found by its first panel.
fn part(unit: &adit_core::Unit, output: &[u8]) -> Result<Vec<u8>> {
    use std::sync::OnceLock;
    static PANELS: OnceLock<Vec<adit_core::Cid>> = OnceLock::new();
    let (m, k, n) = SHAPE;
    let panels = PANELS.get_or_init(|| {
        let bytes: Vec<u8> = files::values(1, m * k).into_iter().map(|value| value as u8).collect();
        adit_core::split::cut(&bytes, m as u32, k as u32, unit.input().panel_rows).0.panels
    });
    let first = panels.iter().position(|panel| *panel == unit.input().panels[0]).context("an unknown panel")?;
    let start = first * unit.input().panel_rows as usize * n * 4;
    Ok(output[start..start + unit.output_bytes() as usize].to_vec())
}

fn drive_with_python(url: &str) -> Option<f64> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bench/neonet_driver.py");
    let done = Command::new("python3").arg(script).args([url, "5", "8"]).output().ok()?;
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).ok()?;
    (report["paid"] == 0.0).then(|| report["tasks_per_s"].as_f64())?
}
